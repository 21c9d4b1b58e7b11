"""Every metric by name: its unit, what it means, which direction is better; and its value in a replication.

Names are the ones people write in scenarios, on command lines and in baselines: `hit_ratio.l1`,
`hit_ratio.l1[pop-1]`, `within[200ms]`, `within[200ms][europe]`, `latency.p99.5`. A name that is not here is
an error with the nearest ones, never an empty answer.

May import the histogram, the result record and units. Does not compute intervals (experiment.stats).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from simulator.errors import InputError, SimulatorError
from simulator.observe.catalogue import CATALOGUE, CAUSE_LABELS, FIXED_LABELS, Metric
from simulator.observe.freshness import FRESH
from simulator.observe.result import FAULT_BEGIN, FAULT_END, Replication
from simulator.text.synonyms import meant

if TYPE_CHECKING:
    from simulator.observe.histogram import Histogram

DEFAULT_WITHIN = ("50ms", "100ms", "200ms", "500ms", "1s")
"""The `within[D]` that every summary carries."""

FAULT = "fault:"
"""What the label of a fault begins with: `[fault:sick]`."""
_NAME = re.compile(r"^(?P<base>[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*?(?:\.p\d+\.\d+)?)(?P<labels>(?:\[[^\[\]]+\])*)$")
_PERCENTILE = re.compile(r"^(?P<family>latency|latency\.failed|edge\.wait|edge\.sojourn)\.p(?P<digits>\d+(?:\.\d+)?)$")


class UnknownMetricError(InputError):
    """A metric name that does not exist; the message offers the nearest ones."""


class MetricUnavailableError(SimulatorError, LookupError):
    """The metric exists, but this run has no value for it (a part switched off, an unknown label)."""


@dataclass(frozen=True, slots=True)
class ParsedMetric:
    """A metric name taken apart.

    Attributes:
        name: as written.
        metric: its catalogue entry.
        base: the name without labels ("within", "latency.p99").
        argument: seconds for `within[D]`, the percentile 0..100 for `latency.pNN`; else None.
        label: what it is restricted to ("europe", "pop-1", "migrated"), or None.
        fault: the name of the fault whose requests it is restricted to ("none" for those of no fault), or None.
    """

    name: str
    metric: Metric
    base: str
    argument: float | None
    label: str | None
    fault: str | None = None

    @property
    def suffix(self) -> str:
        """The labels as names carry them: `[europe][fault:sick]`."""
        label = f"[{self.label}]" if self.label else ""
        return label if self.fault is None else f"{label}[{FAULT}{self.fault}]"

    @property
    def unit(self) -> str:
        """SI unit: s, ratio, 1/s, B, B/s or 1."""
        return self.metric.unit

    @property
    def better(self) -> Literal["higher", "lower", "none"]:
        """The direction people want."""
        return self.metric.better


def percentile_of(digits: str) -> float:
    """The percentile that a name's digits mean: 50 -> 50, 999 -> 99.9, 9995 -> 99.95, 99.5 -> 99.5."""
    if "." in digits or len(digits) <= 2 or digits == "100":
        return float(digits)
    return float(f"{digits[:2]}.{digits[2:]}")


def parse_metric(name: str) -> ParsedMetric:
    """Take a metric name apart. Raises UnknownMetricError (with did-you-mean) for a name that is none."""
    text = name.strip()
    match = _NAME.match(text)
    if match is None:
        raise _unknown(text)
    base = match["base"]
    labels = re.findall(r"\[([^\[\]]+)\]", match["labels"])
    faults = [label.removeprefix(FAULT) for label in labels if label.startswith(FAULT)]
    labels = [label for label in labels if not label.startswith(FAULT)]
    argument: float | None = None
    if base == "within":
        if not labels:
            raise UnknownMetricError(f"`{text}`: within what? write for example within[200ms]")
        argument = _within_argument(text, labels.pop(0))
    percentile = _PERCENTILE.match(base)
    if percentile is not None:
        digits = percentile["digits"]
        argument = percentile_of(digits)
        odd = len(digits) > 2 and "." not in digits and digits[0] != "9"  # p101 is a slip, p975 is not
        if odd or not 0.0 < argument < 100.0:
            raise UnknownMetricError(f"`{text}`: a percentile lies between 0 and 100, for example latency.p99")
        entry = CATALOGUE.get(base) or CATALOGUE[f"{percentile['family']}.p99"].at_percentile(base, argument)
    else:
        found = CATALOGUE.get(base)
        if found is None:
            raise _unknown(text)
        entry = found
    _check_labels(text, base, entry, labels, faults)
    return ParsedMetric(text, entry, base, argument, labels[0] if labels else None, faults[0] if faults else None)


def _check_labels(text: str, base: str, entry: Metric, labels: list[str], faults: list[str]) -> None:
    if len(labels) > 1:
        raise UnknownMetricError(f"`{text}`: one label at most, such as {base}[{labels[0]}]")
    if labels and not set(entry.labels) - {"fault"}:
        raise UnknownMetricError(f"`{text}`: {base} is not given by label")
    if len(faults) > 1:
        raise UnknownMetricError(f"`{text}`: one fault at most, such as {base}[{FAULT}{faults[0]}]")
    if faults and "fault" not in entry.labels:
        told = ", ".join(metric.name for metric in CATALOGUE.values() if "fault" in metric.labels)
        raise UnknownMetricError(f"`{text}`: {base} is not given by fault; these are: {told}")


def is_fixed_label(label: str) -> bool:
    """Whether a label means the same in every scenario: a cause, a tier, a hop, a kind of link."""
    return label in FIXED_LABELS or ">" in label


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
    percentile = _PERCENTILE.match(parsed.base)
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


def fault_spans(events: Iterable[dict[str, object]]) -> list[tuple[float, float, str]]:
    """(begin_s, end_s, "crash pop-1") of every fault in the events; one that never ends ends at infinity."""
    begun: dict[tuple[str, str], list[int]] = {}
    spans: list[tuple[float, float, str]] = []
    for event in events:
        detail = event.get("detail")
        kind = str(detail.get("fault", "")) if isinstance(detail, dict) else ""
        key = (str(event["target"]), kind)
        time_s = float(str(event["t_s"]))
        if event["kind"] == FAULT_BEGIN:
            begun.setdefault(key, []).append(len(spans))
            spans.append((time_s, math.inf, f"{kind} {key[0]}".strip()))
        elif event["kind"] == FAULT_END and begun.get(key):
            place = begun[key].pop(0)
            spans[place] = (spans[place][0], time_s, spans[place][2])
    return spans


def unit_of(name: str) -> str:
    """The SI unit of a metric; "1" for a name outside the catalogue (an extension's own)."""
    try:
        return parse_metric(name).unit
    except UnknownMetricError:
        return "1"


def _within_argument(text: str, duration: str) -> float:
    from simulator.units import parse_duration

    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise UnknownMetricError(f"`{text}`: {error}") from None
    if not 0.0 < seconds < math.inf:
        raise UnknownMetricError(f"`{text}`: within takes a duration above 0, such as within[200ms]")
    return seconds


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


def _unknown(text: str) -> UnknownMetricError:
    base = text.partition("[")[0]
    candidates = [*CATALOGUE, "within"]
    same = meant(base, CATALOGUE, cutoff=1.0)
    near = [] if same is None else [same]
    near += difflib.get_close_matches(base, candidates, n=3 - len(near), cutoff=0.6)
    if not near:
        near = [name for name in candidates if base and (base in name or name.split(".")[-1] == base)][:3]
    near = [f"{name}[200ms]" if name == "within" else name for name in dict.fromkeys(near)]
    hint = f"did you mean {' or '.join(near)}?" if near else "`simulator list metrics` shows them all"
    return UnknownMetricError(f"unknown metric `{text}`: {hint}")


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
    elif _PERCENTILE.match(parsed.base):
        prefix, source = f"{parsed.base.rpartition('.p')[0]}[", replication.histograms
    known = sorted(name[len(prefix) : -1] for name in source if name.startswith(prefix))
    near = difflib.get_close_matches(parsed.label, known, n=3, cutoff=0.5) or known[:8]
    hint = f"did you mean {' or '.join(near)}?" if near else f"this run gives no {parsed.base} by label"
    return MetricUnavailableError(f"`{parsed.name}`: no `{parsed.label}` here: {hint}")
