"""The settings that `optimise` may change: ranges and choices, checked against the scenario.

A wide positive range is searched on a logarithmic scale; a range of whole numbers stays whole where the
scenario takes nothing else there.

May import designs, cells and the scenario language. Plays nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.experiment.studies.design import (
    Axis,
    AxisRange,
    DesignError,
    Value,
    axis_from_text,
    sought_from_here,
    value_of,
)
from simulator.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from simulator.experiment.studies.cells import Cells

_WIDE: Final = 10.0
_NOT_SETTINGS: Final = ("seed", "replications", "duration", "warmup", "name")
_MOST_TRIED: Final = 64


@dataclass(frozen=True, slots=True)
class SearchDimension:
    """One setting: a path with its range (`span`), or with its choices (`values`)."""

    path: str
    values: tuple[Value, ...] = ()
    span: AxisRange | None = None

    @property
    def count(self) -> float:
        """How many values there are; infinite for a range of real numbers."""
        if self.span is None:
            return len(self.values)
        return self.span.high - self.span.low + 1.0 if self.span.whole else math.inf

    @property
    def ends(self) -> tuple[Value, ...]:
        """The choices, or both ends of the range."""
        if self.span is None:
            return self.values
        return value_of(self.path, self.span.at(0.0)), value_of(self.path, self.span.at(1.0))

    def point(self, share: float) -> int | float:
        """The coordinate at a share 0..1: the place of a choice, a whole number, or the share itself."""
        if self.span is None:
            return min(len(self.values) - 1, int(share * len(self.values)))
        return round(float(self.span.at(share))) if self.span.whole else share

    def value(self, point: int | float) -> Value:
        """The value at a coordinate."""
        if self.span is None:
            return self.values[int(point)]
        return value_of(self.path, str(int(point)) if self.span.whole else self.span.at(float(point)))

    def points(self) -> list[int | float]:
        """Every coordinate of a finite setting."""
        if self.span is None:
            return list(range(len(self.values)))
        return list(range(int(self.span.low), int(self.span.high) + 1))


def dimensions_of(arguments: Sequence[str], cells: Cells) -> list[SearchDimension]:
    """`path=low..high` and `path=a,b,c`, each checked against the scenario. Raises DesignError, ScenarioError."""
    if not arguments:
        raise DesignError(
            "which settings may change? write -p edges.pop.l1.ttl=2s..20s, -p routing.policy=adaptive,nearest"
        )
    axes = [sought_from_here(axis_from_text(text)) for text in arguments]
    found = [_dimension(axis) for axis in axes]
    for one in found:
        if sum(other.path == one.path for other in found) > 1:
            raise DesignError(f"{one.path} is given twice: give its whole range in one -p")
        if one.path in _NOT_SETTINGS:
            raise DesignError(f"{one.path} is no setting to optimise: it changes how well is measured, not what")
    for one in found:
        _check(one, found, cells)
    return [_whole_or_not(one, cells) for one in found]


def _dimension(axis: Axis) -> SearchDimension:
    if axis.span is None:
        if len(axis.values) < 2:
            only = axis.values[0].text
            raise DesignError(
                f"{axis.path}: {only} alone leaves nothing to choose: write LOW..HIGH or A,B, or --set it"
            )
        return SearchDimension(axis.path, axis.values)
    span = axis.span
    wide = span.low > 0.0 and span.high >= _WIDE * span.low
    return SearchDimension(axis.path, span=replace(span, log=span.log or wide))


def _check(one: SearchDimension, found: Sequence[SearchDimension], cells: Cells) -> None:
    """Every end and choice must be possible, alone or with some of the others. Raises ScenarioError."""
    others = [other for other in found if other is not one]
    for value in one.ends:
        try:
            cells.scenario({one.path: value})
        except ScenarioError as error:
            together = itertools.islice(itertools.product(*(other.ends for other in others)), _MOST_TRIED)
            if not any(_possible(one, value, others, point, cells) for point in together):
                raise error from None


def _possible(
    one: SearchDimension, value: Value, others: Sequence[SearchDimension], point: Sequence[Value], cells: Cells
) -> bool:  # fmt: skip
    try:
        cells.scenario({one.path: value, **{other.path: v for other, v in zip(others, point, strict=True)}})
    except ScenarioError:
        return False
    return True


def _whole_or_not(one: SearchDimension, cells: Cells) -> SearchDimension:
    """A range that is written with whole numbers, of real numbers where the scenario takes them."""
    if one.span is None or not one.span.whole:
        return one
    if not _possible(one, value_of(one.path, f"{one.span.low + 0.5:g}"), (), (), cells):
        return one
    return replace(one, span=replace(one.span, whole=False))
