"""Expectations: `within[200ms] >= 99.5%` taken apart, and judged on an interval.

Judged on the 95 % interval over replications: *met* when the whole interval satisfies the condition, *missed* when none
of it does, *undecided* in between; one replication is judged on its value; `each(METRIC)` holds when every replication
satisfies it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from simulator.errors import InputError
from simulator.metrics.catalogue import UNBOUNDED
from simulator.metrics.names import ParsedMetric, parse_metric

Verdict = Literal["met", "missed", "undecided"]
_FORM = re.compile(r"^\s*(?P<left>(?:\[[^\[\]]*\]|.)+?)\s*(?P<op>>=|<=|==|!=|=>|=<|>|<|=)\s*(?P<value>.+?)\s*$")
_EACH = re.compile(r"^each\(\s*(?P<metric>.+?)\s*\)$")
_NUMBER = re.compile(r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$")


class ExpectationError(InputError):
    """Text that is no expectation; the message says how one is written."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation.

    Attributes:
        text: as written.
        metric: what is judged.
        op: ">=", "<=", ">" or "<".
        value: the bound, in the metric's SI unit.
        each: whether every replication must satisfy it, instead of the interval of the mean.
    """

    text: str
    metric: ParsedMetric
    op: str
    value: float
    each: bool

    def holds(self, x: float) -> bool:
        """Whether one value satisfies the condition (NaN never does)."""
        match self.op:
            case ">=":
                return x >= self.value
            case "<=":
                return x <= self.value
            case ">":
                return x > self.value
            case _:
                return x < self.value

    def judge(self, values: Sequence[float], low: float, high: float) -> Verdict:
        """The verdict on the values of the replications, whose mean has the interval (low, high).

        `low` and `high` are NaN where there is no interval (one replication). No data is undecided.
        """
        if not values or any(math.isnan(v) for v in values):
            return "undecided"
        if self.each:
            return "met" if all(map(self.holds, values)) else "missed"
        if math.isnan(low) or math.isnan(high):
            return "undecided" if len(values) > 1 else "met" if self.holds(values[0]) else "missed"
        ends = (self.holds(low), self.holds(high))
        return "met" if all(ends) else "undecided" if any(ends) else "missed"


def parse_expectation(text: str) -> Expectation:
    """Take `METRIC OP VALUE` or `each(METRIC) OP VALUE` apart.

    Raises:
        ExpectationError: not of that form, or a value without the metric's unit.
        UnknownMetricError: the metric does not exist (a ValueError as well).
    """
    match = _FORM.match(text)
    if match is None:
        raise ExpectationError(f"`{text}` is no expectation: write METRIC >= VALUE, as in within[200ms] >= 99.5%")
    op = match["op"]
    if op not in (">=", "<=", ">", "<"):
        mend = {"=>": ">=", "=<": "<="}.get(op, ">= or <=")
        raise ExpectationError(f"`{text}`: `{op}` does not compare with an interval: write {mend}")
    each = _EACH.match(match["left"])
    metric = parse_metric(each["metric"] if each else match["left"])
    return Expectation(text.strip(), metric, op, parse_value(match["value"], metric), each is not None)


def parse_value(text: str, metric: ParsedMetric) -> float:
    """A value in the metric's unit, as SI: `200ms`, `99.5%`, `400/s`, `2KiB`; plain numbers for counts.

    Raises ExpectationError with what would be right.
    """
    from simulator import units

    parsers = {
        "s": units.parse_duration,
        "1/s": units.parse_rate,
        "B": units.parse_size,
    }
    try:
        if metric.unit in parsers:
            return float(parsers[metric.unit](text))
        if metric.unit == "B/s":
            return _bytes_per_second(text)
        if metric.unit == "ratio" and not _NUMBER.match(text):
            return float(units.parse_ratio(text))
        value = float(text)
    except ValueError as error:
        hint = "" if metric.unit not in ("1",) else f"{metric.base} is a plain number"
        raise ExpectationError(f"`{metric.name}`: {hint or error}") from None
    if metric.unit == "ratio" and not (0.0 <= value <= 1.0 or metric.base in UNBOUNDED):
        raise ExpectationError(f"`{metric.name}`: {text} what? write {text}%, or a ratio between 0 and 1")
    if not math.isfinite(value):
        raise ExpectationError(f"`{metric.name}`: {text} is no number to compare with")
    return value


def _bytes_per_second(text: str) -> float:
    """`2MB/s`, or in bits as links have it: `10Mbit/s`."""
    from simulator import units

    if "bit" in text:
        return float(units.parse_bandwidth(text)) / 8.0
    return float(units.parse_size(text.removesuffix("/s")))
