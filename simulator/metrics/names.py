"""Names of metrics taken apart.

They are the ones people write in scenarios, on command lines and in baselines: `hit_ratio.l1`, `hit_ratio.l1[pop-1]`,
`within[200ms]`, `within[200ms][europe]`, `latency.p99.5`. A name that is not in the catalogue is an error with the
nearest ones, never an empty answer. Values come from a replication (simulator.observe.values).
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from simulator.errors import InputError, SimulatorError
from simulator.metrics.catalogue import CATALOGUE, Metric
from simulator.metrics.labels import FIXED_LABELS
from simulator.text.synonyms import meant

DEFAULT_WITHIN = ("50ms", "100ms", "200ms", "500ms", "1s")
"""The `within[D]` that every summary carries."""

FAULT = "fault:"
"""What the label of a fault begins with: `[fault:sick]`."""
_NAME = re.compile(r"^(?P<base>[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*?(?:\.p\d+\.\d+)?)(?P<labels>(?:\[[^\[\]]+\])*)$")
PERCENTILE = re.compile(r"^(?P<family>latency|latency\.failed|edge\.wait|edge\.sojourn)\.p(?P<digits>\d+(?:\.\d+)?)$")


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


@cache
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
    percentile = PERCENTILE.match(base)
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
