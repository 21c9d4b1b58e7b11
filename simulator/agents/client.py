"""One client agent, and the policies that the agents of a group share.

What agents do is in `simulator.clients`. May import: samplers, links' contracts. Does not act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.engine.samplers import Sampler

if TYPE_CHECKING:
    from simulator.agents.session import Session
    from simulator.links import Line, Path

INFINITY: Final = float("inf")


class RoundTrips:
    """Moving averages of the round trips that a balancer measured, by edge, seconds."""

    __slots__ = ("by_edge",)

    def __init__(self) -> None:
        self.by_edge: dict[int, float] = {}

    def note(self, edge: int, rtt_s: float, gain: float) -> None:
        """A round trip to an edge was measured: its moving average follows, or begins."""
        old_s = self.by_edge.get(edge)
        self.by_edge[edge] = rtt_s if old_s is None else old_s + gain * (rtt_s - old_s)


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
        "others_rtt_s",
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
        base_s: list[float],
        back_s: list[float],
        expected_rtt_s: list[float],
        lines: tuple[Line, Line],
        near_site: str | None,
    ) -> None:
        self.group = group
        self.index = index
        self.salt = salt
        self.up = up
        self.down = down
        self.base_s = base_s  # constant latency to each edge, and back
        self.back_s = back_s
        self.expected_rtt_s = expected_rtt_s
        self.up_line, self.down_line = lines
        self.near_site = near_site
        self.session: Session | None = None
        self.heard_edge = -1  # the edge that it measured first, and its round trips' moving average: often the only one
        self.heard_rtt_s = 0.0
        self.others_rtt_s: dict[int, float] | None = None  # the same of all other edges that it measured
        self.outstanding_at: dict[int, int] | None = None
        self.trips: RoundTrips | None = (
            None  # where a balancer decides: those that it has measured, in place of its own
        )
        self.loss = -1.0  # below 0: nothing measured yet; like the others it begins with the first measurement
        self.bandwidth = 0.0  # of the links that its answers came by, bytes/s: moving average; 0 before the first

    def note_rtt(self, edge: int, rtt_s: float, gain: float) -> None:
        """A round trip to an edge was measured: its moving average follows, or begins."""
        if edge == self.heard_edge:
            self.heard_rtt_s += gain * (rtt_s - self.heard_rtt_s)
        elif self.heard_edge < 0:
            self.heard_edge, self.heard_rtt_s = edge, rtt_s
        else:
            others = self.others_rtt_s
            if others is None:
                self.others_rtt_s = {edge: rtt_s}
            else:
                old_s = others.get(edge)
                others[edge] = rtt_s if old_s is None else old_s + gain * (rtt_s - old_s)

    @property
    def rtt_s(self) -> dict[int, float] | None:
        """Moving averages of the round trips that it measured, by edge, seconds; None before the first."""
        if self.trips is not None:
            return self.trips.by_edge or None
        if self.heard_edge < 0:
            return None
        return {self.heard_edge: self.heard_rtt_s, **(self.others_rtt_s or {})}

    def note_heard(self, gain: float) -> None:
        """Something was answered: the moving average of its loss goes down, or begins at 0."""
        self.loss = self.loss * (1.0 - gain) if self.loss > 0.0 else 0.0

    def note_lost(self, gain: float) -> None:
        """Something was not answered: the moving average of its loss goes up, or begins at 1."""
        self.loss = self.loss + gain * (1.0 - self.loss) if self.loss >= 0.0 else 1.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When an agent gives an attempt up and tries again. Times in seconds; infinity for never."""

    timeout_s: float = INFINITY
    limit: int = 0
    backoff_s: float = 0.0
    cap_s: float = INFINITY
    jitter: bool = False
    budget_ratio: float = INFINITY
    budget_burst: float = 10.0
    cancel_on_timeout: bool = False
    to: str = "other"
    on: frozenset[int] | None = None
    """The outcomes that are retried; None: all but denied."""


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """Which locks an agent asks for, and for how long it holds them."""

    group: int
    own: int = 1
    pool: int = 0
    hold_s: Sampler | None = None
    exclusive: bool = True
    waits: bool = False


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What nodes may know of a client: which group it is of, when it gives up, and what it wants with locks.

    `number` is the place of the group in the scenario, by which nodes keep what they have of each group.
    """

    name: str
    number: int
    retry: RetryPolicy
    locks: LockPolicy


@dataclass(frozen=True, slots=True)
class Draws:
    """The random numbers of a group, each from a stream of its own."""

    operation: Callable[[], int] | None
    request_bytes: Sampler
    jitter: Sampler
    lock: Sampler


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of control messages, bytes."""

    lookup: float = 128.0
    metadata: float = 1024.0
    batch: float = 64.0
    batch_lease: float = 32.0
