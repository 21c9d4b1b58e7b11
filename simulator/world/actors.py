"""All actors of one replication, wired and ready, and the log of what happened to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.messages import NO_FAILURES, Outcome

if TYPE_CHECKING:
    from simulator.clients.group import ClientGroup
    from simulator.engine.event_log import EventLog
    from simulator.engine.kernel import Kernel
    from simulator.engine.streams import Streams
    from simulator.health.health import Health
    from simulator.links import Link
    from simulator.links.ends import PathRecord
    from simulator.metrics.price import Price
    from simulator.routing.directory import Directory
    from simulator.sam.detector import FailureDetector
    from simulator.sam.manager import StickinessManager
    from simulator.server.balancer import Balancer
    from simulator.server.core import CoreNode
    from simulator.server.edge import EdgeNode
    from simulator.server.storage import Storage
    from simulator.workloads import Source


@dataclass(slots=True)
class Actors:
    """All actors of one replication, and what became of them. Times in seconds."""

    kernel: Kernel
    streams: Streams
    log: EventLog
    duration_s: float
    warmup_s: float
    window_s: float
    directory: Directory
    groups: list[ClientGroup]
    sources: list[Source]
    edges: list[EdgeNode]
    cores: list[CoreNode]
    storage: Storage
    manager: StickinessManager | None
    detector: FailureDetector | None
    paths: list[PathRecord]
    balancers: list[Balancer] = field(default_factory=list)
    between_sites: list[Link] = field(default_factory=list)  # links of nodes at different sites, where that has a price
    price: Price | None = None
    health: Health | None = None
    static_weight: float | None = None
    fault_names: dict[int, str] = field(default_factory=dict)  # number of a fault -> the name that it was given
    client_sites: dict[str, list[int]] = field(default_factory=dict)  # site -> numbers of the groups of clients there
    crashed_s: dict[str, float] = field(default_factory=dict)  # node -> when its present crash began
    down_s: dict[str, float] = field(default_factory=dict)  # node -> measured time spent down, finished crashes
    absent_s: dict[str, float] = field(default_factory=dict)  # node -> measured time before it joined or after it left
    absent_since_s: dict[str, float] = field(default_factory=dict)  # node -> since when it is not there
    detections_s: list[float] = field(default_factory=list)
    recoveries_s: list[float] = field(default_factory=list)
    sessions_moved: int = 0
    starts: list[Any] = field(default_factory=list)  # called with nothing at t = 0, in order

    def dissolve(self) -> None:
        """It is over: let go of the many (clients, sessions, leases), so that the garbage collector finds few."""
        for group in self.groups:
            group.dissolve()
        for core in self.cores:
            if core.authority is not None:
                core.authority.grants.clear()
        for edge in self.edges:
            if edge.leases is not None:
                edge.leases.clear()
        if self.manager is not None:
            self.manager.dissolve()

    def can_fail_by(self, outcome: Outcome) -> bool:
        """Whether failures are told by this outcome: resets only where there can be any."""
        if outcome == Outcome.RESET:
            return any(edge.inside is not None for edge in self.edges)
        return outcome not in NO_FAILURES

    def existed(self, name: str) -> float:
        """For which share of the measured window a node existed (asked when it is over)."""
        away_s = self.absent_s.get(name, 0.0)
        if name in self.absent_since_s:
            away_s += self.measured_s(self.absent_since_s[name], self.duration_s)
        return 1.0 - away_s / (self.duration_s - self.warmup_s)

    def measured_s(self, since_s: float, until_s: float) -> float:
        """How much of a span lies in the measured window, [warm-up, duration)."""
        return max(min(until_s, self.duration_s) - max(since_s, self.warmup_s), 0.0)
