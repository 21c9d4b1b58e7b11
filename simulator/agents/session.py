"""Session metadata, as the stickiness store, the client and the nodes know it.

One object is shared by all of them; which actor may read which field, and how late, is decided where messages are
delivered: `weight` is the SAM's, `published_weight` what an edge can tell, `client_weight` what the client has been
told. May import: the vocabulary only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.messages import Attempt
    from simulator.server.core import Grant

SessionId: TypeAlias = Any  # an int; typed as one, a compiler would make a new object for each dictionary that it is in


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
        "pending",
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
        self.session_id = session_id
        self.client = client
        self.slot = -1  # where the SAM keeps its rows; none before it is admitted
        self.started_s = started_s
        self.edge = -1  # edge_node_id: its current edge
        self.standing: list[int] | None = None  # open sessions at each edge, where somebody wants to know
        self.weight = 0.0
        self.published_weight = 0.0
        self.client_weight = 0.0
        self.established = False
        self.establishing = False
        self.expired = False
        self.closing = False
        self.first = True  # the first request goes to the edge of the establishment
        self.last_edge = -1  # edge of the last request, for the length of stays
        self.last_served = -1  # edge whose L1 was asked last, for the cause of a miss
        self.last_used_s = started_s
        self.outstanding = 0
        self.over = False  # the client wants nothing more of it: closed, or expired and replaced
        self.probe_s = float("nan")  # round trip of the probe before the establishment, if there was one
        self.pending: list[Attempt] | None = None  # requests that wait for the establishment
        self.held: dict[tuple[int, int], int] | None = None  # locks it believes it holds, with tokens
        self.tally = 0  # 1: a request of the window ended; 2: it counts, with those that it replaced; 4: one failed
        self.successor: Session | None = None
        self.grant: Grant | None = None  # its lease, as the core that is its authority knows it

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
