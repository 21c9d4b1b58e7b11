"""The catalogue of metrics: name, unit, better direction, labels and one line of meaning each.

Units are SI: "s", "ratio" (0..1), "1/s", "B", "B/s" and "1" (plain counts, weights 0..100).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: see the module's docstring for units; `labels` names the families it is also given by."""

    name: str
    unit: str
    better: Direction
    labels: tuple[str, ...]
    description: str

    def at_percentile(self, name: str, percentile: float) -> Metric:
        """The same quantity at another percentile."""
        described = self.description.replace("99th percentile", f"{percentile:g}th percentile")
        return replace(self, name=name, description=described)


_G, _E, _T, _C, _N, _L, _H, _P = "group", "edge", "tier", "cause", "core", "link", "hop", "part"
_S, _F, _B = "site", "fault", "balancer"
_UP: Direction = "higher"
_DOWN: Direction = "lower"
_NONE: Direction = "none"

UNBOUNDED = frozenset(("hedges.ratio",))
"""Ratios that may be above 1: where retries are hedged too."""

_ROWS: tuple[tuple[str, str, Direction, tuple[str, ...], str], ...] = (
    ("hit_ratio.l1", "ratio", _UP, (_G, _E), "L1 lookups answered by the edge's own cache"),
    ("hit_ratio.l2", "ratio", _UP, (_N,), "L2 lookups answered by the core's cache"),
    ("hit_ratio.total", "ratio", _UP, (_G,), "lookups answered without storage"),
    ("delayed_hit_ratio.l1", "ratio", _NONE, (_G, _E), "L1 lookups that waited for another's fetch"),
    ("miss_ratio.l1", "ratio", _DOWN, (_G, _E), "L1 lookups that had to ask the core"),
    ("lookups.l1.rate", "1/s", _NONE, (_G, _E), "L1 lookups"),
    ("lookups.l2.rate", "1/s", _NONE, (_N,), "L2 lookups"),
    ("misses.l1.rate", "1/s", _DOWN, (_C, _G, _E), "L1 misses, in all and by cause"),
    ("misses.l2.rate", "1/s", _DOWN, (_C, _N), "L2 misses, in all and by cause"),
    ("stale_reads.rate", "1/s", _DOWN, (_G, _E), "hits in L1 that read data or lock states that had changed"),
    ("stale_reads.ratio", "ratio", _DOWN, (_G, _E), "stale reads / hits in L1"),
    ("invalidations.rate", "1/s", _NONE, (_N,), "messages that told edges of a change (`coherence: invalidate`)"),
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
    ("network_latency.mean", "s", _DOWN, (_G, _S), "mean round trip client <-> edge, without service"),
    ("availability", "ratio", _UP, (_G, _S, _F), "answered requests (ok or denied) / all requests"),
    ("requests.rate", "1/s", _NONE, (_G, _S), "requests sent"),
    ("attempts.per_request", "1", _DOWN, (_G, _S, _F), "attempts per request, retries and hedges included"),
    ("hedges.ratio", "ratio", _DOWN, (_G, _S), "hedges sent / requests (only where clients hedge)"),
    ("failures.ratio", "ratio", _DOWN, (_C, _G, _S, _F), "failed requests / all requests, also by cause"),
    ("denied.ratio", "ratio", _NONE, (_G, _S, _F), "lock operations answered with a no / all requests"),
    ("failures.faults.ratio", "ratio", _DOWN, (), "failed / all of the requests that were due while a fault was on"),
    ("cost.per_hour", "1", _DOWN, (_P,), "what an hour costs, in the currency of `price` (only with prices)"),
    ("cost.per_million_requests", "1", _DOWN, (_P,), "what a million requests cost (only with prices)"),
    ("goodput", "1/s", _UP, (_G, _S, _F), "answers (ok or denied) that arrived in the window"),
    ("wasted_work.rate", "1/s", _DOWN, (_E,), "answers that nobody waited for any more"),
    ("edge.wait.mean", "s", _DOWN, (_E,), "mean time in an edge's queue"),
    ("edge.wait.probability", "ratio", _DOWN, (_E,), "requests that had to queue at the edge"),
    ("edge.wait.p95", "s", _DOWN, (_E,), "95th percentile of the time in an edge's queue"),
    ("edge.wait.p99", "s", _DOWN, (_E,), "99th percentile of the time in an edge's queue"),
    ("edge.sojourn.mean", "s", _DOWN, (_E,), "mean time at the edge, queue and service"),
    ("edge.sojourn.p50", "s", _DOWN, (_E,), "median time at the edge"),
    ("edge.sojourn.p95", "s", _DOWN, (_E,), "95th percentile of the time at the edge"),
    ("edge.sojourn.p99", "s", _DOWN, (_E,), "99th percentile of the time at the edge"),
    ("edge.utilisation", "ratio", _NONE, (_E,), "busy share of the edges' workers"),
    ("edge.in_system.mean", "1", _DOWN, (_E,), "mean number waiting and in service at an edge"),
    ("edge.refused_ratio", "ratio", _DOWN, (_E,), "attempts refused because the queue was full"),
    ("edge.imbalance", "1", _DOWN, (), "largest / mean load of the edges"),
    ("edge.load", "1/s", _NONE, (_E,), "requests that reached an edge"),
    ("link.loss_ratio", "ratio", _DOWN, (_L,), "messages lost / messages sent"),
    ("link.loss_burst.mean", "1", _DOWN, (_L,), "mean number of messages lost in a row"),
    ("link.wait.mean", "s", _DOWN, (_L,), "mean wait in a link's transmit queue"),
    ("client.loss_ratio", "ratio", _DOWN, (_G, _S), "loss as the client agents measured it"),
    (
        "client.bandwidth",
        "B/s",
        _UP,
        (_G, _S),
        "bandwidth of the links of answers, as the client agents measured it",
    ),
    ("session.bytes.rate", "B/s", _NONE, (_G, _S), "data volume of a session"),
    ("balancer.requests.rate", "1/s", _NONE, (_B,), "requests that reached a balancer (only with balancers)"),
    ("balancer.wait.mean", "s", _DOWN, (_B,), "mean wait at a balancer, for a worker or for a place at an edge"),
    ("balancer.retries.rate", "1/s", _DOWN, (_C, _B), "tries that failed and were followed by another, also by cause"),
    ("balancer.utilisation", "ratio", _NONE, (_B,), "busy share of the balancers' workers"),
    ("core.requests.rate", "1/s", _DOWN, (_N,), "requests that reached the core"),
    ("core.utilisation", "ratio", _NONE, (_N,), "busy share of the cores' workers"),
    ("storage.reads.rate", "1/s", _DOWN, (), "reads of the persistent storage"),
    ("storage.writes.rate", "1/s", _NONE, (), "writes to the persistent storage"),
    ("renewals.rate", "1/s", _NONE, (_E,), "leases renewed"),
    ("renewal_batches.rate", "1/s", _DOWN, (_E,), "renewal messages"),
    ("renewal_batch.size.mean", "1", _NONE, (_E,), "leases in a renewal message"),
    ("renewal_messages_saved_ratio", "ratio", _UP, (_E,), "messages saved against one a lease"),
    ("lease.lapses.rate", "1/s", _DOWN, (_C, _E), "leases that ended unrenewed in the edge's belief, also by cause"),
    ("lease.expiries.rate", "1/s", _DOWN, (_N,), "leases that ended at the core while their session was open"),
    ("stickiness.mean", "1", _NONE, (_G,), "mean stickiness weight of open sessions (0..100)"),
    ("stickiness.p05", "1", _NONE, (_G,), "5th percentile of the stickiness weight"),
    ("stickiness.p50", "1", _NONE, (_G,), "median of the stickiness weight"),
    ("stickiness.p95", "1", _NONE, (_G,), "95th percentile of the stickiness weight"),
    ("left_ratio", "ratio", _NONE, (_G, _S), "requests that left their session's edge"),
    ("crossed_site_ratio", "ratio", _DOWN, (_G, _S), "requests served at another than the nearest site"),
    ("migrations.rate", "1/s", _DOWN, (_G, _S), "sessions that changed their edge"),
    (
        "moves_back.rate",
        "1/s",
        _DOWN,
        (_G, _S),
        "sessions back at an edge they left less than sam.window ago: flapping",
    ),
    (
        "stay_length.mean",
        "1",
        _UP,
        (_G, _S),
        "requests in a row at one edge: requests after a session's first / changes of edge",
    ),
    (
        "sessions.failed_ratio",
        "ratio",
        _DOWN,
        (_G, _S),
        "sessions with a failed request, establishment included / sessions that sent any: how many users noticed",
    ),
    ("sessions.open.mean", "1", _NONE, (_G, _S), "open sessions"),
    ("sessions.established.rate", "1/s", _NONE, (_G, _S), "sessions established"),
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

CATALOGUE: Final[dict[str, Metric]] = {row[0]: Metric(*row) for row in _ROWS}

FRESH: Final = {
    "stale_reads.rate": "hit_ratio.l1", "stale_reads.ratio": "hit_ratio.l1", "invalidations.rate": "core.requests.rate",
}  # fmt: skip
"""Metrics that are zero, not unknown, where nothing changes; and one that always has the same labels."""
