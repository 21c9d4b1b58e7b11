"""The value of a metric in one replication, by its name; percentiles and `within[D]` come from histograms.

Does not compute intervals (simulator.statistics).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.metrics.catalogue import FRESH
from simulator.metrics.labels import CAUSE_LABELS
from simulator.metrics.names import (
    DEFAULT_WITHIN,
    FAULT,
    PERCENTILE,
    MetricUnavailableError,
    ParsedMetric,
    parse_metric,
    percentile_of,
)

if TYPE_CHECKING:
    from simulator.observe.histogram import Histogram
    from simulator.observe.result import Replication


def metric_names(replication: Replication) -> list[str]:
    """Every name a summary lists for this replication: the model's own and the default `within[D]`."""
    names = list(replication.metrics)
    if "latency" in replication.histograms and "requests" in replication.totals:
        names += [f"within[{d}]" for d in DEFAULT_WITHIN if f"within[{d}]" not in replication.metrics]
    return names


def metric_value(replication: Replication, name: str) -> float:
    """The value of `name` in one replication (SI; NaN where nothing was measured).

    Raises:
        UnknownMetricError: there is no such metric.
        MetricUnavailableError: it exists, but this run does not give it.
    """
    value = replication.metrics.get(name)
    if value is not None:
        return value
    parsed = parse_metric(name)
    if parsed.base == "within":
        return _within(replication, parsed)
    percentile = PERCENTILE.match(parsed.base)
    if percentile is not None and parsed.argument is not None:
        return _percentile(replication, parsed, percentile["family"])
    value = replication.metrics.get(f"{parsed.base}{parsed.suffix}")  # labels in another order
    if value is not None:
        return value
    if f"{FRESH.get(parsed.base)}{parsed.suffix}" in replication.metrics:
        return 0.0
    if (
        parsed.fault is None
        and parsed.label in CAUSE_LABELS.get(parsed.base, ())
        and _has_base(replication, parsed.base)
    ):
        return 0.0
    raise _unavailable(replication, parsed)


def histogram_metrics(family: str, histogram: Histogram, label: str = "") -> dict[str, float]:
    """`latency.mean`, `.p50` ... `.p999` of a histogram, named for `family` and `label`.

    A percentile with less than one value above it is NaN: the sample does not carry it.
    """
    suffix = f"[{label}]" if label else ""
    result = {f"{family}.mean{suffix}": histogram.mean}
    for digits in ("50", "90", "95", "99", "999"):
        result[f"{family}.p{digits}{suffix}"] = carried_percentile(histogram, percentile_of(digits))
    return result


def carried_percentile(histogram: Histogram, q: float) -> float:
    """The percentile, or NaN where fewer than one value lies above it."""
    if histogram.count * (1.0 - q / 100.0) < 1.0 - 1e-9:
        return math.nan
    return histogram.percentile(q)


def _within(replication: Replication, parsed: ParsedMetric) -> float:
    suffix = parsed.suffix
    total = replication.totals.get(f"requests{suffix}")
    histogram = replication.histograms.get(f"latency{suffix}")
    if histogram is None and parsed.fault is None and total == replication.totals.get("requests"):
        histogram = replication.histograms.get("latency")  # the only group is everybody
    if total is None or (histogram is None and replication.totals.get(f"ok{suffix}", total) > 0):
        raise _unavailable(replication, parsed)
    if total == 0:
        return math.nan
    if histogram is None or histogram.count == 0:
        return 0.0
    assert parsed.argument is not None
    return histogram.fraction_below(parsed.argument) * histogram.count / total


def _percentile(replication: Replication, parsed: ParsedMetric, family: str) -> float:
    histogram = replication.histograms.get(f"{family}{parsed.suffix}")
    if histogram is None:
        raise _unavailable(replication, parsed)
    assert parsed.argument is not None
    return carried_percentile(histogram, parsed.argument) if histogram.count else math.nan


def _has_base(replication: Replication, base: str) -> bool:
    return base in replication.metrics or any(name.startswith(f"{base}[") for name in replication.metrics)


def _no_such_fault(replication: Replication, parsed: ParsedMetric) -> MetricUnavailableError:
    told = re.compile(rf"^requests\[{FAULT}([^\]]+)\]$")
    known = sorted(match[1] for name in replication.totals if (match := told.match(name)))
    if parsed.fault in known:
        return MetricUnavailableError(f"`{parsed.name}`: no `{parsed.label}` here by fault")
    near = difflib.get_close_matches(str(parsed.fault), known, n=3, cutoff=0.5) or known
    hint = f"did you mean {' or '.join(near)}?" if near else "no fault of this run has a name"
    return MetricUnavailableError(f"`{parsed.name}`: no fault `{parsed.fault}` here: {hint}")


def _unavailable(replication: Replication, parsed: ParsedMetric) -> MetricUnavailableError:
    if parsed.fault is not None:
        return _no_such_fault(replication, parsed)
    if parsed.label is None:
        return MetricUnavailableError(f"this run gives no `{parsed.name}` (is that part switched off?)")
    prefix = f"{parsed.base}["
    source: Iterable[str] = replication.metrics
    if parsed.base == "within":
        prefix = "requests["
        source = [f"requests{name[7:]}" for name in replication.histograms if name.startswith("latency[")]
        source = [name for name in source if name in replication.totals]
    elif PERCENTILE.match(parsed.base):
        prefix, source = f"{parsed.base.rpartition('.p')[0]}[", replication.histograms
    known = sorted(name[len(prefix) : -1] for name in source if name.startswith(prefix))
    near = difflib.get_close_matches(parsed.label, known, n=3, cutoff=0.5) or known[:8]
    hint = f"did you mean {' or '.join(near)}?" if near else f"this run gives no {parsed.base} by label"
    return MetricUnavailableError(f"`{parsed.name}`: no `{parsed.label}` here: {hint}")
