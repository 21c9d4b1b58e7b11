"""Why a number moved: a hit ratio by the causes of misses, a tail by the hops that requests spend time on.

May import stats and observe. Causes are exclusive, so the change of a hit ratio *is* the sum of the changes by
cause. The tail is the mean latency of the slowest 1 % of ok requests; every second of it was spent waiting to
try again, in the network, in the edge's queue, at the edge, or on the way to core and storage, so its change is
the sum of the changes by hop as well. Hops need traced requests (`play_for_tails` traces them and keeps the
slowest); without, the tail is split by the tier that answered.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.comparing.compare import ComparedRow
from simulator.metrics.labels import FAILURE_CAUSES, MISS_CAUSES
from simulator.metrics.names import parse_metric
from simulator.observe.result import Replication
from simulator.observe.tracing import HOPS
from simulator.results.summary import finite
from simulator.statistics.intervals import Interval, paired_difference, welch_difference

TAIL: Final = 0.01
"""The share of requests that is the tail."""
TAIL_MEANS: Final = "tail_means"
"""The only column of a trace that was reduced to the means of its tail."""
HOP_WORDS: Final = {
    "retry_s": "earlier tries", "network_s": "network", "edge_wait_s": "edge queue",
    "edge_service_s": "edge service", "core_s": "core and storage",
}  # fmt: skip
TIER_WORDS: Final = {
    "l1": "answered by L1", "l1_delayed": "waited for another's fetch", "l2": "answered by L2",
    "l2_delayed": "waited for another's read", "storage": "read from storage", "core": "decided by the core",
}  # fmt: skip

_TAIL_METRIC: Final = re.compile(r"latency\.p(9[5-9]\d*|9[5-9]\.\d+)")
_SUMS: Final[dict[str, tuple[str, float, tuple[str, ...], str]]] = {
    "misses.l1.rate": ("misses.l1.rate", 1.0, MISS_CAUSES, "misses by cause"),
    "misses.l2.rate": ("misses.l2.rate", 1.0, MISS_CAUSES, "misses by cause"),
    "failures.ratio": ("failures.ratio", 1.0, FAILURE_CAUSES, "failures by cause"),
    "availability": ("failures.ratio", -1.0, FAILURE_CAUSES, "failures by cause, more of them (-) or fewer (+)"),
}
"""Metric -> the metric whose rows add up to it, their sign, the rows, and what they are."""


@dataclass(frozen=True, slots=True)
class MovedPart:
    """What one cause or hop contributed: its change, signed as the total's is."""

    name: str
    change: Interval


@dataclass(frozen=True, slots=True)
class Explanation:
    """A change as a sum.

    Attributes:
        what: the quantity. unit: "ratio" or "s".
        total: its change. parts: they add up to it, the largest first.
        note: what the parts are.
    """

    what: str
    unit: str
    total: Interval
    parts: tuple[MovedPart, ...]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For --format json."""
        return {
            "what": self.what, "unit": self.unit, "total": _plain(self.total), "note": self.note,
            "parts": [{"name": part.name, **_plain(part.change)} for part in self.parts],
        }  # fmt: skip


def explain(
    first: ComparedRow, row: ComparedRow, confidence: float = 0.95, metrics: Sequence[str] = ()
) -> dict[str, Explanation]:
    """Why metrics of `row` differ from those of `first`: as sums of the parts that moved.

    Without `metrics`, the hit ratios and the tail. Else those asked for; one that is no sum of parts, or of which a row
    does not give the parts, has an explanation without parts, whose note says so.
    """
    paired = first.seed == row.seed
    found: dict[str, Explanation] = {}
    for metric in metrics or ("hit_ratio.l1", "hit_ratio.l2", "latency.p99"):
        name, one = _explain_one(first, row, metric, paired, confidence)
        if one is not None:
            found[name] = one
        elif metrics:
            nothing = Interval(math.nan, math.nan, math.nan, 0)
            found[metric] = Explanation(
                metric, "1", nothing, (), f"no parts of {metric} are known that would explain it"
            )
    return found


def _explain_one(
    first: ComparedRow, row: ComparedRow, metric: str, paired: bool, confidence: float
) -> tuple[str, Explanation | None]:
    """The explanation of one metric, and its key."""
    if _TAIL_METRIC.fullmatch(metric):
        return "latency.tail", _explain_tail(first, row, paired, confidence)
    tier = metric.rpartition(".")[2]
    if metric in ("hit_ratio.l1", "hit_ratio.l2"):
        parts_of, note = functools.partial(_by_cause, tier=tier), "hits lost (-) or won (+) by cause of the miss"
    elif metric in _SUMS:
        source, sign, labels, note = _SUMS[metric]
        parts_of = functools.partial(_by_label, metric=source, sign=sign, labels=labels)
    else:
        return metric, None
    table = _tables(first, row, parts_of, paired)
    unit = parse_metric(metric).unit
    return metric, None if table is None else _sum_up(metric, unit, table, paired, confidence, note)


def _explain_tail(first: ComparedRow, row: ComparedRow, paired: bool, confidence: float) -> Explanation | None:
    table = _tables(first, row, lambda r: _by_hop(r, max(first.window_s[0], row.window_s[0])), paired)
    if table is not None:
        note = "mean latency of the slowest 1 %, by where the time went"
        return _sum_up("latency.tail", "s", table, paired, confidence, note)
    x = _common_p99(first)
    table = None if math.isnan(x) else _tables(first, row, lambda r: _by_tier(r, x), paired)
    if table is None:
        return None
    note = f"share of ok requests slower than {x * 1e3:.3g} ms ({first.label}'s p99), by the tier that answered"
    return _sum_up("slower than p99", "ratio", table, paired, confidence, note)


# -- one replication as a sum ---------------------------------------------------------------------------


def _by_cause(replication: Replication, tier: str) -> dict[str, float] | None:
    """Hit ratio's parts: minus the share of lookups that missed, cause by cause; minus those that waited."""
    metrics = replication.metrics
    lookups = metrics.get(f"lookups.{tier}.rate", 0.0)
    hits = metrics.get(f"hit_ratio.{tier}", math.nan)
    if not lookups > 0.0 or math.isnan(hits):
        return None
    parts = {cause: -metrics.get(f"misses.{tier}.rate[{cause}]", 0.0) / lookups for cause in MISS_CAUSES}
    parts["waited for a fetch"] = hits - 1.0 - math.fsum(parts.values())
    return parts


def _by_label(replication: Replication, metric: str, sign: float, labels: Sequence[str]) -> dict[str, float] | None:
    """The rows of a metric that add up to it; None where they do not."""
    found = {label: replication.metrics.get(f"{metric}[{label}]") for label in labels}
    parts = {label: sign * value for label, value in found.items() if value is not None and not math.isnan(value)}
    whole = sign * replication.metrics.get(metric, math.nan)
    return parts if parts and math.isclose(math.fsum(parts.values()), whole, rel_tol=1e-6, abs_tol=1e-12) else None


def _by_hop(replication: Replication, warmup_s: float) -> dict[str, float] | None:
    """Seconds a hop, in the mean over the slowest requests."""
    columns = replication.requests
    if columns is not None and TAIL_MEANS in columns:
        means: dict[str, float] = columns[TAIL_MEANS][0]
        return None if any(map(math.isnan, means.values())) else means
    if columns is None or not all(hop in columns for hop in HOPS):
        return None
    latency = np.asarray(columns["latency_s"], dtype=np.float64)
    slow = _slowest(latency, _counted(columns, warmup_s))
    if not slow.size:
        return None
    return {HOP_WORDS[hop]: float(np.asarray(columns[hop], dtype=np.float64)[slow].mean()) for hop in HOPS}


def _by_tier(replication: Replication, x: float) -> dict[str, float] | None:
    """Share of all ok requests that took longer than x, by the tier that answered."""
    whole = replication.histograms.get("latency")
    if whole is None or not whole.count:
        return None
    parts: dict[str, float] = {}
    for tier, words in TIER_WORDS.items():
        histogram = replication.histograms.get(f"latency[{tier}]")
        if histogram is not None and histogram.count:
            parts[words] = histogram.count * (1.0 - histogram.fraction_below(x)) / whole.count
    if not parts:
        return None
    rest = 1.0 - whole.fraction_below(x) - math.fsum(parts.values())
    if abs(rest) > 1e-9:
        parts["other"] = rest
    return parts


def _common_p99(row: ComparedRow) -> float:
    from simulator.observe.histogram import Histogram

    whole = Histogram.merged(r.histograms["latency"] for r in row.replications if "latency" in r.histograms)
    return whole.percentile(99.0) if whole.count else math.nan


def _counted(columns: Mapping[str, Any], warmup_s: float) -> NDArray[np.bool_]:
    """Which traced requests were answered, and sent in the measured window."""
    ok: NDArray[np.bool_] = np.asarray(columns["outcome"], dtype=object) == "ok"
    warm: NDArray[np.bool_] = np.asarray(columns["t_s"], dtype=np.float64) >= warmup_s
    return ok & warm


def _slowest(latency: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Places of the slowest TAIL of the counted requests; of all, where only those were kept."""
    places = np.flatnonzero(counted)
    keep = max(1, round(places.size * TAIL)) if places.size else 0
    order = np.argsort(latency[places], kind="stable")[places.size - keep :]
    return np.sort(places[order])


# -- both rows as sums ----------------------------------------------------------------------------------


def _tables(
    first: ComparedRow, row: ComparedRow, parts_of: Callable[[Replication], dict[str, float] | None], paired: bool
) -> dict[str, Any] | None:
    """{"names": ..., "before": (n, parts), "after": (m, parts)}, or None where a row gives no parts."""
    left = {r.replication: parts for r in first.replications if (parts := parts_of(r)) is not None}
    right = {r.replication: parts for r in row.replications if (parts := parts_of(r)) is not None}
    if paired:
        left = {number: parts for number, parts in left.items() if number in right}
        right = {number: right[number] for number in left}
    if not left or not right:
        return None
    names = list(dict.fromkeys(name for parts in [*left.values(), *right.values()] for name in parts))

    def table(rows: Mapping[int, dict[str, float]]) -> NDArray[np.float64]:
        return np.array([[parts.get(name, 0.0) for name in names] for parts in rows.values()])

    return {"names": names, "before": table(left), "after": table(right)}


def _sum_up(what: str, unit: str, table: Mapping[str, Any], paired: bool, confidence: float, note: str) -> Explanation:
    before, after = table["before"], table["after"]
    total = _difference(before.sum(axis=1), after.sum(axis=1), paired, confidence)
    parts = [
        MovedPart(name, _difference(before[:, place], after[:, place], paired, confidence))
        for place, name in enumerate(table["names"])
    ]
    parts = [part for part in parts if abs(part.change.mean) > 1e-15]
    return Explanation(what, unit, total, tuple(sorted(parts, key=lambda p: -abs(p.change.mean))), note)


def _difference(before: Sequence[float], after: Sequence[float], paired: bool, confidence: float) -> Interval:
    if not paired:
        return welch_difference(before, after, confidence)
    found = paired_difference(before, after, confidence)
    return Interval(found.mean, found.low, found.high, found.n)


def _plain(interval: Interval) -> dict[str, float | None]:
    return {
        "mean": finite(interval.mean), "ci_low": finite(interval.low), "ci_high": finite(interval.high),
    }  # fmt: skip


# -- playing with traces --------------------------------------------------------------------------------


def play_for_tails(
    scenario: Any,
    *,
    seed: int,
    replication: int,
    progress: Any,
    trace: float | None,
) -> Replication:
    """A replication function that traces every request and keeps the means of the tail: small to send."""
    from simulator.run import run_replication

    del trace
    result = run_replication(scenario, seed=seed, replication=replication, progress=progress, trace=1.0)
    columns = result.requests
    if columns is not None:
        latency = np.asarray(columns["latency_s"], dtype=np.float64)
        slow = _slowest(latency, _counted(columns, float(scenario.warmup)))
        hops = {HOP_WORDS[hop]: float(columns[hop][slow].mean()) if slow.size else math.nan for hop in HOPS}
        result.requests = {TAIL_MEANS: [hops]}
    return result
