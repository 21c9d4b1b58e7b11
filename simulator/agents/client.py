"""A client agent and its session, as the stickiness store, the clients and the nodes know them.

What agents do is in `simulator.clients`. One session object is shared by all that know of it; which actor may read
which field, and how late, is decided where messages are delivered: `weight` is the SAM's, `published_weight` what an
edge can tell, `client_weight` what the client has been told. May import: links' contracts. Does not act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from simulator.agents.trips import RoundTrips, round_trips
from simulator.engine.columns import Vector

if TYPE_CHECKING:
    from simulator.agents.policies import GroupPolicy
    from simulator.links import Line, Path

SessionId: TypeAlias = Any  # an int; typed as one, a compiler would make a new object for each dictionary that it is in


class Client:
    """One agent: its links, its measurements, its session."""

    __slots__ = (
        "back_s",
        "bandwidth",
        "base_s",
        "down",
        "down_line",
        "expected_rtt_s",
        "group",
        "heard_edge",
        "heard_rtt_s",
        "index",
        "loss",
        "near_site",
        "others",
        "outstanding_at",
        "salt",
        "session",
        "trips",
        "up",
        "up_line",
    )

    def __init__(
        self,
        group: GroupPolicy,
        index: int,
        salt: int,
        up: list[Path],
        down: list[Path],
        base_s: Vector,
        back_s: Vector,
        expected_rtt_s: list[float],
        lines: tuple[Line, Line],
        near_site: str | None,
    ) -> None:
        # What every request looks at comes first: where this is compiled, these are neighbours in memory.
        self.session: Session | None = None
        self.up_line, self.down_line = lines
        self.up = up
        self.down = down
        self.base_s = base_s  # constant latency to each edge, and back
        self.back_s = back_s
        self.loss = -1.0  # below 0: nothing measured yet; like the others it begins with the first measurement
        self.bandwidth = 0.0  # of the links that its answers came by, bytes/s: moving average; 0 before the first
        self.heard_rtt_s = 0.0
        self.heard_edge = -1  # the edge that it measured first, and its round trips' moving average: often the only one
        self.others: RoundTrips | None = None  # the same of all other edges that it measured
        self.group = group
        self.near_site = near_site
        self.index = index
        self.salt = salt
        self.expected_rtt_s = expected_rtt_s
        self.outstanding_at: dict[int, int] | None = None
        self.trips: RoundTrips | None = None  # where a balancer decides: what it has measured, in place of its own

    def note_rtt(self, edge: int, rtt_s: float, gain: float) -> None:
        """A round trip to an edge was measured: its moving average follows, or begins."""
        if edge == self.heard_edge:
            self.heard_rtt_s += gain * (rtt_s - self.heard_rtt_s)
        elif self.heard_edge < 0:
            self.heard_edge, self.heard_rtt_s = edge, rtt_s
        else:
            others = self.others
            if others is None:
                others = self.others = round_trips(len(self.base_s))
            others.note(edge, rtt_s, gain)

    @property
    def rtt_s(self) -> dict[int, float] | None:
        """Moving averages of the round trips that it measured, by edge, seconds; None before the first."""
        if self.trips is not None:
            return self.trips.by_edge or None
        if self.heard_edge < 0:
            return None
        return {self.heard_edge: self.heard_rtt_s, **(self.others.by_edge if self.others is not None else {})}

    def note_heard(self, gain: float) -> None:
        """Something was answered: the moving average of its loss goes down, or begins at 0."""
        self.loss = self.loss * (1.0 - gain) if self.loss > 0.0 else 0.0

    def note_lost(self, gain: float) -> None:
        """Something was not answered: the moving average of its loss goes up, or begins at 1."""
        self.loss = self.loss + gain * (1.0 - self.loss) if self.loss >= 0.0 else 1.0


class Grant:
    """A lease as its authority knows it."""

    __slots__ = ("over", "renewer", "session", "until_s")

    def __init__(self, session: Session, renewer: int, until_s: float) -> None:
        self.session = session
        self.over = False  # whether it was found to have ended; it stays while locks are under their delay
        self.renewer = renewer
        self.until_s = until_s


class Session:
    """One session of one client, from its establishment to its close."""

    __slots__ = (
        "client",
        "client_weight",
        "closing",
        "edge",
        "established",
        "establishing",
        "expired",
        "first",
        "grant",
        "held",
        "last_edge",
        "last_served",
        "last_used_s",
        "outstanding",
        "over",
        "probe_s",
        "published_weight",
        "session_id",
        "slot",
        "standing",
        "started_s",
        "successor",
        "tally",
        "weight",
    )

    def __init__(self, session_id: SessionId, client: Client, started_s: float) -> None:
        # What every request looks at comes first, as in a client.
        self.session_id = session_id
        self.established = False
        self.closing = False
        self.first = True  # the first request goes to the edge of the establishment
        self.tally = 0  # 1: a request of the window ended; 2: it counts, with those that it replaced; 4: one failed
        self.outstanding = 0
        self.edge = -1  # edge_node_id: its current edge
        self.last_edge = -1  # edge of the last request, for the length of stays
        self.last_served = -1  # edge whose L1 was asked last, for the cause of a miss
        self.client_weight = 0.0
        self.published_weight = 0.0
        self.slot = -1  # where the SAM keeps its rows; none before it is admitted
        self.grant: Grant | None = None  # its lease, as the core that is its authority knows it
        self.client = client
        self.standing: list[int] | None = None  # open sessions at each edge, where somebody wants to know
        self.weight = 0.0
        self.started_s = started_s
        self.establishing = False
        self.expired = False
        self.over = False  # the client wants nothing more of it: closed, or expired and replaced
        self.last_used_s = started_s
        self.probe_s = float("nan")  # round trip of the probe before the establishment, if there was one
        self.held: dict[tuple[int, int], int] | None = None  # locks it believes it holds, with tokens
        self.successor: Session | None = None

    def stand_at(self, edge: int) -> None:
        """From now on its current edge is this one."""
        standing = self.standing
        if standing is not None:
            if self.edge >= 0:
                standing[self.edge] -= 1
            standing[edge] += 1
        self.edge = edge

    def end(self) -> None:
        """The client wants nothing more of it."""
        standing = self.standing
        if standing is not None and self.edge >= 0:
            standing[self.edge] -= 1
        self.standing = None
        self.over = True
