"""Where `find` looks: the question taken apart, and how values of a path are numbered, widened and halved.

May import designs, expectations and the scenario language. Plays nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.errors import StudyError
from simulator.experiment.studies.design import AxisRange, axis_from_text
from simulator.metrics.expectations import Expectation, parse_expectation

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


class FindError(StudyError):
    """A question that cannot be asked; the message says how to ask it."""


@dataclass(frozen=True, slots=True)
class Start:
    """The kind of value that a path has: a whole number, or a number with a unit."""

    number: float
    unit: str
    whole: bool

    def text(self, number: float) -> str:
        """The number as a scenario writes it."""
        return AxisRange(number, number, self.unit, self.whole).at(0.0)

    def further(self, number: float, factor: float) -> float | None:
        """The next value outwards; None where there is none."""
        if number == 0.0:
            return 1.0 if factor > 1.0 else None
        if not self.whole:
            return _rounded(number * factor)
        return float(round(number * factor)) if factor > 1.0 else float(int(number) // 2) if number > 1 else None

    def between(self, a: float, b: float) -> float:
        """The middle: geometric where the two are far apart."""
        far = a > 0.0 and b > 4.0 * a
        middle = math.sqrt(a * b) if far else (a + b) / 2.0
        return float(math.floor(middle)) if self.whole else _rounded(middle)

    def close(self, a: float, b: float, tolerance: float) -> bool:
        """Whether nothing is to be tried between two values: neighbours, or within the relative tolerance."""
        if self.whole:
            return b - a <= 1
        return b - a <= tolerance * max(abs(a), abs(b)) or self.between(a, b) in (a, b)

    def halvings(self, a: float, b: float, tolerance: float) -> int:
        """How many values are tried between two until those about one place are close."""
        count = 0
        while not self.close(a, b, tolerance):
            middle = self.between(a, b)
            a, b = (a, middle) if middle - a > b - middle else (middle, b)
            count += 1
        return count


def condition_of(text: str) -> Expectation:
    """Take the condition apart. Raises FindError for `each(...)`, ExpectationError, UnknownMetricError."""
    condition = parse_expectation(text)
    if condition.each:
        raise FindError(f"`{text}`: find judges the mean over replications: leave each() out")
    return condition


def span_of(path: str, between: str | None) -> AxisRange | None:
    """`LOW..HIGH` as a span. Raises DesignError, FindError."""
    if between is None:
        return None
    span = axis_from_text(f"{path}={between}").span
    if span is None:
        raise FindError(f"--between {between}: write LOW..HIGH, as in 1..20 or 1s..60s")
    low, unit = parted(between.partition("..")[0].strip())
    if unit != span.unit and low > span.low > 0.0:  # the smaller of two units: 33.1s, not .5517min
        return AxisRange(low, float(f"{span.high * low / span.low:.12g}"), unit, span.whole)
    return span


def value_at(resolved: Any, path: str) -> Any:
    """The value of a resolved scenario at a dotted path; None where there is none."""
    value = resolved
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def start_of(scenario: Scenario, path: str, span: AxisRange | None) -> Start:
    """Where the search begins. Raises FindError or, for a path that does not exist, ScenarioError."""
    if span is not None:
        return Start(span.low, span.unit, span.whole)
    value = value_at(scenario.resolved(), path)
    if isinstance(value, (dict, list)):
        inside = ", ".join(f"{path}.{key}" for key in value) if isinstance(value, dict) else f"{path}.0"
        raise FindError(f"{path} is no single number: name one inside it, such as {inside}")
    if value is None:
        scenario.with_overrides({path: "1"})  # a path that does not exist is told by the scenario
    if isinstance(value, bool) or value is None:
        raise FindError(f"{path} is no number: give the range with --between LOW..HIGH")
    if isinstance(value, (int, float)):
        return Start(float(value), "", isinstance(value, int))
    try:
        return Start(*parted(value), False)
    except ValueError:
        if value in ("unlimited", "never", "forever"):
            raise FindError(f"{path} is `{value}`: give the range with --between LOW..HIGH") from None
        raise FindError(f"{path} is `{value}`, no number: `simulator sweep -p {path}=A,B` compares choices") from None


def parted(text: str) -> tuple[float, str]:
    """The number and the unit of a quantity as a scenario writes it. Raises ValueError for other text."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/%µ")
    return float(digits), text[len(digits) :]


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
