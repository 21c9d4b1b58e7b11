"""How much of a difference matters: `0.5points`, `2%`, `5ms`, and `METRIC:MARGIN` on a command line.

A margin is written in the metric's own unit (`latency.p99:5ms`, `requests.rate:3/s`). Per cent of a metric that is a
ratio are points (`hit_ratio.l1:0.5%` allows 71.2 % to become 70.7 %); of any other metric they are relative to its
mean. `0.5% relative` is relative whatever the metric.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.errors import InputError
from simulator.metrics.expectations import ExpectationError, parse_value
from simulator.metrics.names import ParsedMetric, parse_metric

_NUMBER = r"(?P<number>\d+(?:\.\d*)?|\.\d+)"
_RELATIVE = re.compile(rf"^{_NUMBER}\s*%\s*(?:relative|rel)$")
_POINTS = re.compile(rf"^{_NUMBER}\s*(?:points?|pp|%)$")
_PERCENT = re.compile(rf"^{_NUMBER}\s*%$")
_PLUS_MINUS = ("±", "+/-", "+-")


class MarginError(InputError):
    """Text that is no margin; the message says how one is written."""


@dataclass(frozen=True, slots=True)
class Margin:
    """So much of a difference is allowed: `amount` in SI, or as a share of the mean where `relative`."""

    amount: float
    relative: bool
    text: str

    def of(self, mean: float) -> float:
        """The margin in the metric's SI unit, for a metric of that mean."""
        return self.amount * abs(mean) if self.relative else self.amount

    def __str__(self) -> str:
        return self.text


def parse_margin(text: str | float, metric: ParsedMetric) -> Margin:
    """A margin for a metric. Raises MarginError."""
    word = str(text).strip()
    for sign in _PLUS_MINUS:
        word = word.removeprefix(sign).strip()
    relative = _RELATIVE.match(word)
    if relative is not None:
        return Margin(float(relative["number"]) / 100.0, relative=True, text=f"{relative['number']}% relative")
    points = _POINTS.match(word)
    if metric.unit == "ratio" and points is not None:
        return Margin(float(points["number"]) / 100.0, relative=False, text=_points(points["number"]))
    percent = _PERCENT.match(word)
    if percent is not None:
        return Margin(float(percent["number"]) / 100.0, relative=True, text=f"{percent['number']}%")
    if word.startswith("-"):
        raise MarginError(f"`{metric.name}`: a margin is not negative: {word}")
    try:
        amount = 0.0 if word == "0" else parse_value(word, metric)
    except ExpectationError as error:
        kind = "0.5points or 0.5% relative" if metric.unit == "ratio" else f"5% or {_example(metric)}"
        raise MarginError(f"`{metric.name}`: `{word}` is no margin ({error}): write {kind}") from None
    if amount < 0.0:
        raise MarginError(f"`{metric.name}`: a margin is not negative: {word}")
    shown = _points(f"{amount * 100:g}") if metric.unit == "ratio" else word
    return Margin(amount, relative=False, text=shown)


def parse_metric_margin(text: str, option: str = "--fail-on") -> tuple[ParsedMetric, Margin]:
    """`METRIC:MARGIN`. Raises MarginError, or UnknownMetricError (both are ValueErrors)."""
    name, colon, margin = text.rpartition(":")
    example = "hit_ratio.l1:±0.5%" if option == "--until" else "hit_ratio.l1:0.5points"
    if not colon:
        parse_metric(text)  # a mistyped metric is told first
    if not name.strip() or not margin.strip():
        raise MarginError(f"`{text}`: write {option} METRIC:MARGIN, as in {option} {example}")
    metric_parsed = parse_metric(name)
    return metric_parsed, parse_margin(margin, metric_parsed)


def _points(number: str) -> str:
    return f"{number} point" if float(number) == 1.0 else f"{number} points"


def _example(metric: ParsedMetric) -> str:
    return {"s": "5ms", "1/s": "3/s", "B": "1KiB", "B/s": "1KiB/s"}.get(metric.unit, "2")
