"""The catalogue of metrics: name, unit, better direction, labels, a line of meaning, and how it follows from counters.

Units are SI: "s", "ratio" (0..1), "1/s", "B", "B/s" and "1" (plain counts, weights 0..100).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from simulator.metrics.formula import Formula, parse_formulas

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: see the module's docstring for units.

    Attributes:
        labels: the families it is also given by: "group", "edge", ...
        description: its meaning, in a line.
        formulas: how it follows from counters (simulator.metrics.formula); none where it takes more than a quotient.
    """

    name: str
    unit: str
    better: Direction
    labels: tuple[str, ...]
    description: str
    formulas: tuple[Formula, ...] = ()

    @classmethod
    def of(
        cls, name: str, unit: str, better: Direction, labels: tuple[str, ...], description: str, formulas: str = ""
    ) -> Metric:
        """An entry as it is written in a row. Raises ValueError for a formula that is none."""
        return cls(name, unit, better, labels, description, parse_formulas(formulas))

    @property
    def adds_up(self) -> bool:
        """Whether its values by group, by edge or by core make up the one in all."""
        return self.unit == "1/s" or self.name == "sessions.open.mean"

    def at_percentile(self, name: str, percentile: float) -> Metric:
        """The same quantity at another percentile."""
        described = self.description.replace("99th percentile", f"{percentile:g}th percentile")
        return replace(self, name=name, description=described)


_G, _E, _T, _C, _N, _L, _H, _P = "group", "edge", "tier", "cause", "core", "link", "hop", "part"
_S, _F, _B = "site", "fault", "balancer"
Row = tuple[str, str, Direction, tuple[str, ...], str] | tuple[str, str, Direction, tuple[str, ...], str, str]
_UP: Direction = "higher"
_DOWN: Direction = "lower"
_NONE: Direction = "none"

UNBOUNDED = frozenset(("hedges.ratio",))
"""Ratios that may be above 1: where retries are hedged too."""

_ROWS: Final[tuple[Row, ...]] = (
    (
        "hit_ratio.l1",
        "ratio",
        _UP,
        (_G, _E),
        "L1 lookups answered by the edge's own cache",
        "edge: hits / lookups; tally: hits / lookups",
    ),
    ("hit_ratio.l2", "ratio", _UP, (_N,), "L2 lookups answered by the core's cache", "core: hits / lookups"),
    ("hit_ratio.total", "ratio", _UP, (_G,), "lookups answered without storage"),
    (
        "delayed_hit_ratio.l1",
        "ratio",
        _NONE,
        (_G, _E),
        "L1 lookups that waited for another's fetch",
        "edge: delayed / lookups; tally: delayed / lookups",
    ),
    (
        "miss_ratio.l1",
        "ratio",
        _DOWN,
        (_G, _E),
        "L1 lookups that had to ask the core",
        "edge: misses / lookups; tally: (lookups - hits - delayed) / lookups",
    ),
    ("lookups.l1.rate", "1/s", _NONE, (_G, _E), "L1 lookups", "edge: lookups / s; tally: lookups / s"),
    ("lookups.l2.rate", "1/s", _NONE, (_N,), "L2 lookups", "core: lookups / s"),
    (
        "misses.l1.rate",
        "1/s",
        _DOWN,
        (_C, _G, _E),
        "L1 misses, in all and by cause",
        "edge: misses / s; tally: (lookups - hits - delayed) / s",
    ),
    ("misses.l2.rate", "1/s", _DOWN, (_C, _N), "L2 misses, in all and by cause", "core: misses / s"),
    (
        "stale_reads.rate",
        "1/s",
        _DOWN,
        (_G, _E),
        "hits in L1 that read data or lock states that had changed",
        "edge: stale_reads / s; if data changes, tally: stale_reads / s",
    ),
    (
        "stale_reads.ratio",
        "ratio",
        _DOWN,
        (_G, _E),
        "stale reads / hits in L1",
        "if data changes, edge: stale_reads / hits; if data changes, tally: stale_reads / hits",
    ),
    (
        "invalidations.rate",
        "1/s",
        _NONE,
        (_N,),
        "messages that told edges of a change (`coherence: invalidate`)",
        "if data changes, core: invalidations / s",
    ),
    ("latency.mean", "s", _DOWN, (_G, _S, _T, _E, _F), "mean latency of ok requests, intended send to answer"),
    ("latency.p50", "s", _DOWN, (_G, _S, _T, _E, _F), "median latency of ok requests"),
    ("latency.p90", "s", _DOWN, (_G, _S, _T, _E, _F), "90th percentile of the latency of ok requests"),
    ("latency.p95", "s", _DOWN, (_G, _S, _T, _E, _F), "95th percentile of the latency of ok requests"),
    ("latency.p99", "s", _DOWN, (_G, _S, _T, _E, _F), "99th percentile of the latency of ok requests"),
    ("latency.p999", "s", _DOWN, (_G, _S, _T, _E, _F), "99.9th percentile of the latency of ok requests"),
    ("latency.failed.mean", "s", _DOWN, (_G,), "mean time until a request was given up"),
    ("latency.failed.p99", "s", _DOWN, (_G,), "99th percentile of the time until a request was given up"),
    (
        "latency.hop.mean",
        "s",
        _DOWN,
        (_H,),
        "mean time of a hop, over all visits of edges; `other`: the rest of latency.mean",
    ),
    ("within", "ratio", _UP, (_G, _S, _F), "share of all requests answered within the duration"),
    (
        "network_latency.mean",
        "s",
        _DOWN,
        (_G, _S),
        "mean round trip client <-> edge, without service",
        "group: rtt_sum_s / answered",
    ),
    ("availability", "ratio", _UP, (_G, _S, _F), "answered requests (ok or denied) / all requests"),
    ("requests.rate", "1/s", _NONE, (_G, _S), "requests sent"),
    ("attempts.per_request", "1", _DOWN, (_G, _S, _F), "attempts per request, retries and hedges included"),
    ("hedges.ratio", "ratio", _DOWN, (_G, _S), "hedges sent / requests (only where clients hedge)"),
    ("failures.ratio", "ratio", _DOWN, (_C, _G, _S, _F), "failed requests / all requests, also by cause"),
    ("denied.ratio", "ratio", _NONE, (_G, _S, _F), "lock operations answered with a no / all requests"),
    ("failures.faults.ratio", "ratio", _DOWN, (), "failed / all of the requests that were due while a fault was on"),
    ("cost.per_hour", "1", _DOWN, (_P,), "what an hour costs, in the currency of `price` (only with prices)"),
    ("cost.per_million_requests", "1", _DOWN, (_P,), "what a million requests cost (only with prices)"),
    (
        "goodput",
        "1/s",
        _UP,
        (_G, _S, _F),
        "answers (ok or denied) that arrived in the window",
        "group: (ok + denied) / s",
    ),
    ("wasted_work.rate", "1/s", _DOWN, (_E,), "answers that nobody waited for any more", "edge: wasted / s"),
    ("edge.wait.mean", "s", _DOWN, (_E,), "mean time in an edge's queue", "edge: wait_sum_s / visits"),
    ("edge.wait.probability", "ratio", _DOWN, (_E,), "requests that had to queue at the edge", "edge: waited / visits"),
    ("edge.wait.p95", "s", _DOWN, (_E,), "95th percentile of the time in an edge's queue"),
    ("edge.wait.p99", "s", _DOWN, (_E,), "99th percentile of the time in an edge's queue"),
    (
        "edge.sojourn.mean",
        "s",
        _DOWN,
        (_E,),
        "mean time at the edge, queue and service",
        "edge: sojourn_sum_s / visits",
    ),
    ("edge.sojourn.p50", "s", _DOWN, (_E,), "median time at the edge"),
    ("edge.sojourn.p95", "s", _DOWN, (_E,), "95th percentile of the time at the edge"),
    ("edge.sojourn.p99", "s", _DOWN, (_E,), "99th percentile of the time at the edge"),
    ("edge.utilisation", "ratio", _NONE, (_E,), "busy share of the edges' workers"),
    ("edge.in_system.mean", "1", _DOWN, (_E,), "mean number waiting and in service at an edge"),
    (
        "edge.refused_ratio",
        "ratio",
        _DOWN,
        (_E,),
        "attempts refused because the queue was full",
        "edge: refused / arrivals",
    ),
    ("edge.imbalance", "1", _DOWN, (), "largest / mean load of the edges"),
    ("edge.load", "1/s", _NONE, (_E,), "requests that reached an edge", "edge: arrivals / s"),
    ("link.loss_ratio", "ratio", _DOWN, (_L,), "messages lost / messages sent"),
    ("link.loss_burst.mean", "1", _DOWN, (_L,), "mean number of messages lost in a row"),
    ("link.wait.mean", "s", _DOWN, (_L,), "mean wait in a link's transmit queue"),
    (
        "client.loss_ratio",
        "ratio",
        _DOWN,
        (_G, _S),
        "loss as the client agents measured it",
        "group: loss_sum / attempts_ended",
    ),
    (
        "client.bandwidth",
        "B/s",
        _UP,
        (_G, _S),
        "bandwidth of the links of answers, as the client agents measured it",
        "group: bandwidth_sum / bandwidths",
    ),
    ("session.bytes.rate", "B/s", _NONE, (_G, _S), "data volume of a session"),
    (
        "balancer.requests.rate",
        "1/s",
        _NONE,
        (_B,),
        "requests that reached a balancer (only with balancers)",
        "balancer: arrivals / s",
    ),
    (
        "balancer.wait.mean",
        "s",
        _DOWN,
        (_B,),
        "mean wait at a balancer, for a worker or for a place at an edge",
        "balancer: wait_sum_s / (sent - retries)",
    ),
    (
        "balancer.retries.rate",
        "1/s",
        _DOWN,
        (_C, _B),
        "tries that failed and were followed by another, also by cause",
        "balancer: retries / s",
    ),
    ("balancer.utilisation", "ratio", _NONE, (_B,), "busy share of the balancers' workers"),
    ("core.requests.rate", "1/s", _DOWN, (_N,), "requests that reached the core", "core: received / s"),
    ("core.utilisation", "ratio", _NONE, (_N,), "busy share of the cores' workers"),
    ("storage.reads.rate", "1/s", _DOWN, (), "reads of the persistent storage", "storage: reads / s"),
    ("storage.writes.rate", "1/s", _NONE, (), "writes to the persistent storage", "storage: writes / s"),
    ("renewals.rate", "1/s", _NONE, (_E,), "leases renewed", "lease: renewed / s"),
    ("renewal_batches.rate", "1/s", _DOWN, (_E,), "renewal messages", "lease: messages / s"),
    ("renewal_batch.size.mean", "1", _NONE, (_E,), "leases in a renewal message", "lease: sent / messages"),
    (
        "renewal_messages_saved_ratio",
        "ratio",
        _UP,
        (_E,),
        "messages saved against one message per lease",
        "lease: (sent - messages) / sent",
    ),
    (
        "lease.lapses.rate",
        "1/s",
        _DOWN,
        (_C, _E),
        "leases that ended unrenewed in the edge's belief, also by cause",
        "lease: lapses / s",
    ),
    ("lease.expiries.rate", "1/s", _DOWN, (_N,), "leases that ended at the core while their session was open"),
    ("stickiness.mean", "1", _NONE, (_G,), "mean stickiness weight of open sessions (0..100)"),
    ("stickiness.p05", "1", _NONE, (_G,), "5th percentile of the stickiness weight"),
    ("stickiness.p50", "1", _NONE, (_G,), "median of the stickiness weight"),
    ("stickiness.p95", "1", _NONE, (_G,), "95th percentile of the stickiness weight"),
    ("left_ratio", "ratio", _NONE, (_G, _S), "requests that left their session's edge", "moves: left / routed"),
    ("crossed_site_ratio", "ratio", _DOWN, (_G, _S), "requests served at another than the nearest site"),
    ("migrations.rate", "1/s", _DOWN, (_G, _S), "sessions that changed their edge", "moves: migrations / s"),
    (
        "moves_back.rate",
        "1/s",
        _DOWN,
        (_G, _S),
        "sessions back at an edge they left less than sam.window ago: flapping",
        "moves: moved_back / s",
    ),
    (
        "stay_length.mean",
        "1",
        _UP,
        (_G, _S),
        "requests in a row at one edge: requests after a session's first / changes of edge",
        "moves: (routed - first_stops) / turns",
    ),
    (
        "sessions.failed_ratio",
        "ratio",
        _DOWN,
        (_G, _S),
        "sessions with a failed request, establishment included / sessions that sent any: how many users noticed",
    ),
    ("sessions.open.mean", "1", _NONE, (_G, _S), "open sessions"),
    ("sessions.established.rate", "1/s", _NONE, (_G, _S), "sessions established", "group: establishments / s"),
    ("failover.detection.mean", "s", _DOWN, (), "mean time from a crash to its detection"),
    ("failover.detection.max", "s", _DOWN, (), "longest time from a crash to its detection"),
    ("failover.recovery.mean", "s", _DOWN, (), "mean time until the affected hit ratio is back at 95 %"),
    ("failover.recovery.max", "s", _DOWN, (), "longest time until the affected hit ratio is back at 95 %"),
    ("failover.sessions_moved", "1", _NONE, (), "sessions given another edge by the SAM"),
    ("ejections.rate", "1/s", _NONE, (_E,), "ejections of edges by passive health checks (only with `health`)"),
    ("health.believed.ratio", "ratio", _UP, (_E,), "share of the edges' time believed healthy (only with `health`)"),
    (
        "health.wrong.ratio",
        "ratio",
        _DOWN,
        (_E,),
        "share of the edges' time believed wrongly: healthy while down, or unhealthy while nothing was wrong",
    ),
    ("node.availability", "ratio", _UP, (_E, _N), "share of the measured time that nodes were up"),
)

CATALOGUE: Final[dict[str, Metric]] = {row[0]: Metric.of(*row) for row in _ROWS}

_AT: Final = ("site of the edges",)
_MANY: Final = "; where edges are too many (more than 64) for series of their own"
_SERIES_ROWS: Final[tuple[Row, ...]] = (
    ("failures.rate", "1/s", _DOWN, (), "requests that failed in the window"),
    ("hits.l1.rate", "1/s", _UP, (), "L1 lookups answered by the edge's own cache", "edge: hits / s"),
    ("delayed.l1.rate", "1/s", _NONE, (), "L1 lookups that waited for another's fetch", "edge: delayed / s"),
    ("hits.l2.rate", "1/s", _UP, (), "L2 lookups answered by the core's cache", "core: hits / s"),
    ("renewals.sent.rate", "1/s", _NONE, (), "leases in renewal messages", "lease: sent / s"),
    ("edge.in_system", "1", _NONE, (_E,), "mean number waiting and in service at an edge"),
    ("site.load", "1/s", _NONE, _AT, f"requests that reached the edges of a site{_MANY}"),
    ("site.load.max", "1/s", _NONE, _AT, f"requests that reached the busiest edge of a site{_MANY}"),
    ("site.in_system.max", "1", _NONE, _AT, f"mean number waiting and in service at the fullest edge of a site{_MANY}"),
    ("site.hit_ratio.l1", "ratio", _UP, _AT, f"L1 hits / lookups at the edges of a site{_MANY}"),
    ("site.served.rate", "1/s", _NONE, ("group>site",), f"requests of a group answered at a site, by phase{_MANY}"),
    ("stickiness.sessions", "1", _NONE, ("weight",), "open sessions by their stickiness weight, rounded"),
    ("moves.rate", "1/s", _NONE, ("from>to",), "requests and sessions that left one edge for another, by phase"),
    ("served.rate", "1/s", _NONE, ("group>edge",), "requests of a group answered by an edge, by phase"),
)
SERIES: Final[dict[str, Metric]] = {row[0]: Metric.of(*row) for row in _SERIES_ROWS}
"""What only time series have; phases begin and end with faults."""

FRESH: Final = {
    "stale_reads.rate": "hit_ratio.l1", "stale_reads.ratio": "hit_ratio.l1", "invalidations.rate": "core.requests.rate",
}  # fmt: skip
"""Metrics that are zero, not unknown, where nothing changes; and one that always has the same labels."""
