"""Which cells a sweep has: axes of values, and the ways to combine them.

A grid takes every combination, `zip` walks all axes in step, a random design draws each value on its own, and
a Latin hypercube (McKay, Beckman & Conover 1979) draws so that each axis is covered evenly however few the
cells are. Draws come from a seed of the design's own, never from the scenario's.

May import the scenario's reader (values are YAML) and units. Does not validate a value against a scenario.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np

from simulator.errors import StudyError
from simulator.scenario.overrides import from_here
from simulator.scenario.reader import read_value
from simulator.scenario.tree import Mark, Node, SourceText, from_plain
from simulator.units import BANDWIDTH, DISTANCE, DURATION, NUMBER, RATE, SIZE, number_text

Kind = Literal["grid", "zip", "random", "lhs"]
MOST_CELLS: Final = 100_000
_DIGITS = 4
_RANGE = re.compile(r"^(?P<low>[^,{}\[\]:]+?)\.\.(?P<high>[^,{}\[\]:]+?)(?::(?P<n>[^:]*))??(?P<log>:log)?$")
_END = re.compile(rf"^\s*(?P<number>{NUMBER})\s*(?P<unit>[^\s0-9]\S*)?\s*$")


class DesignError(StudyError):
    """Axes that make no design; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an axis: as people read it, and as the scenario's tree holds it."""

    text: str
    node: Node

    @property
    def plain(self) -> Any:
        """The value without its place."""
        return self.node.plain()


@dataclass(frozen=True, slots=True)
class AxisRange:
    """The range of an axis: from `low` to `high` (numbers in `unit`), both included.

    Attributes:
        whole: only whole numbers are meant.
        log: even steps on a logarithmic scale.
    """

    low: float
    high: float
    unit: str = ""
    whole: bool = False
    log: bool = False

    def at(self, share: float) -> str:
        """The value at a share 0..1 of the way, as text."""
        even = self.low + (self.high - self.low) * share
        number = self.low * (self.high / self.low) ** share if self.log else even
        if self.whole:
            return f"{round(number)}{self.unit}"
        exact = number in (self.low, self.high)
        return f"{number_text(number if exact else float(f'{number:.{_DIGITS}g}'))}{self.unit}"


@dataclass(frozen=True, slots=True)
class Axis:
    """One swept path with its values, or the span to draw them from."""

    path: str
    values: tuple[Value, ...] = ()
    span: AxisRange | None = None

    def drawn(self, shares: Iterable[float]) -> list[Value]:
        """A value for each share 0..1; of a list, its items in order."""
        if self.span is not None:
            return [value_of(self.path, self.span.at(share)) for share in shares]
        count = len(self.values)
        return [self.values[min(count - 1, int(share * count))] for share in shares]


@dataclass(frozen=True, slots=True)
class Design:
    """Points in the space of the axes.

    Attributes:
        kind: how they were combined.
        axes: the axes.
        points: one value for each axis, in the axes' order.
        repeated: points that were left out because they were there already.
    """

    kind: Kind
    axes: tuple[Axis, ...]
    points: tuple[tuple[Value, ...], ...]
    repeated: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The swept paths."""
        return tuple(axis.path for axis in self.axes)


def value_of(path: str, value: object, text: str | None = None) -> Value:
    """A value for a path; text is read as YAML, anything else taken as it is."""
    shown = text if text is not None else text_of(value)
    short = shown if len(shown) <= 80 else f"{shown[:79]}…"
    mark = Mark(SourceText(f"-p {path}={short}", is_file=False, override_path=path))
    node = read_value(value, mark) if isinstance(value, str) else from_plain(value, mark)
    return Value(shown, node.with_key_mark(mark))


def text_of(value: object) -> str:
    """A value as YAML on one line."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text_of(item) for item in value) + "]"
    return "null" if value is None else str(value)


def axis_from_text(argument: str) -> Axis:
    """`path=a,b,c`, `path=2s..20s:4`, `path=1..100:5:log`; without a count the range is for random designs.

    Raises DesignError.
    """
    path, equals, text = argument.partition("=")
    path, text = path.strip(), text.strip()
    if not equals or not path or not text:
        raise DesignError(f"`-p {argument}` names no values: write -p edges.pop.l1.ttl=2s,5s,20s")
    span = _RANGE.match(text)
    return _ranged(argument, path, span) if span is not None else _listed(argument, path, text)


def sought_from_here(axis: Axis) -> Axis:
    """An axis of a command line: files that it names are sought from where the command is given."""
    parts = axis.path.split(".")
    return replace(axis, values=tuple(replace(value, node=from_here(parts, value.node)) for value in axis.values))


def axis_from_values(path: str, values: object) -> Axis:
    """An axis of a program or of a scenario's `sweep:` section; a text is read as after -p."""
    if isinstance(values, str):
        return axis_from_text(f"{path}={values}")
    if isinstance(values, Mapping) or not isinstance(values, Iterable):
        raise DesignError(f"{path}: {text_of(values)} is no list of values: write for example [2s, 5s, 20s]")
    items = tuple(_builtin(item) for item in values)
    if not items:
        raise DesignError(f"{path}: the list of values is empty")
    return _distinct(Axis(path, tuple(value_of(path, item) for item in items)))


def combine(axes: Sequence[Axis], kind: Kind = "grid", cells: int | None = None, seed: int = 1) -> Design:
    """The design of that kind over the axes; `cells` and `seed` are for random ones. Raises DesignError."""
    paths = [axis.path for axis in axes]
    for path in paths:
        if paths.count(path) > 1:
            raise DesignError(f"{path} is swept twice: give all its values in one -p")
    if not axes:
        raise DesignError("nothing to sweep: write -p edges.pop.l1.ttl=2s,5s,20s, or a `sweep:` section")
    if kind in ("random", "lhs"):
        return _unique(kind, axes, _drawn(axes, kind, cells, seed))
    for axis in axes:
        if axis.span is not None:
            raise DesignError(f"{axis.path}: how many values? write LOW..HIGH:5, or draw with --lhs 20")
    if kind == "zip":
        counts = {axis.path: len(axis.values) for axis in axes}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{path} has {n}" for path, n in counts.items())
            raise DesignError(f"--zip needs lists of equal length, but {told}")
        return _unique(kind, axes, list(zip(*(axis.values for axis in axes), strict=True)))
    total = math.prod(len(axis.values) for axis in axes)
    if total > MOST_CELLS:
        raise DesignError(
            f"the grid has {total:,} cells, more than {MOST_CELLS:,}: sample it with --lhs 1000".replace(",", " ")
        )
    return _unique(kind, axes, list(itertools.product(*(axis.values for axis in axes))))


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Each path by its last parts: as few as tell them apart (`edges.pop.l1.ttl` -> `l1.ttl` or `ttl`)."""
    result = {}
    for path in paths:
        parts = path.split(".")
        for count in range(min(2, len(parts)), len(parts) + 1):
            short = ".".join(parts[-count:])
            alike = [p for p in paths if p == short or p.endswith(f".{short}")]
            digit_first = parts[-count].isdecimal() and count < len(parts)
            if len(alike) == 1 and not digit_first:
                break
        result[path] = short
    return result


def _listed(argument: str, path: str, text: str) -> Axis:
    from simulator.scenario.errors import ScenarioError

    mark = Mark(SourceText(f"-p {argument}"[:100], is_file=False, override_path=path))
    try:
        listed = read_value(f"[{text}]", mark)
    except ScenarioError as error:
        raise DesignError(str(error)) from None
    nodes = listed.value
    if not isinstance(nodes, list) or any(node.value is None for node in nodes):
        raise DesignError(f"`-p {argument}`: there is an empty value between the commas")
    return _distinct(Axis(path, tuple(value_of(path, node.plain()) for node in nodes)))


def _distinct(axis: Axis) -> Axis:
    for text, count in Counter(value.text for value in axis.values).items():
        if count > 1:
            raise DesignError(f"{axis.path}: {text} is given twice")
    return axis


def _ranged(argument: str, path: str, match: re.Match[str]) -> Axis:
    ends = (_END.match(match["low"]), _END.match(match["high"]))
    if ends[0] is None or ends[1] is None:
        raise DesignError(f"`-p {argument}`: a range is LOW..HIGH:COUNT, as in 2s..20s:4 or 1..100:5:log")
    span = _span(argument, ends[0], ends[1], log=match["log"] is not None)
    if match["n"] is None:
        return Axis(path, span=span)
    if not match["n"].isdecimal() or int(match["n"]) < 2:
        raise DesignError(f"`-p {argument}`: {match['n']!r} is no number of values: write 2 or more")
    count = int(match["n"])
    if count > MOST_CELLS:
        raise DesignError(f"`-p {argument}`: more than {MOST_CELLS} values")
    texts = dict.fromkeys(span.at(step / (count - 1)) for step in range(count))
    return Axis(path, tuple(value_of(path, text) for text in texts))


def _span(argument: str, low: re.Match[str], high: re.Match[str], *, log: bool) -> AxisRange:
    a, b, unit = low["number"], high["number"], high["unit"] or ""
    factor = _ratio_of_units(low["unit"] or "", unit)
    if factor is None:
        raise DesignError(
            f"`-p {argument}`: from {low['unit'] or 'no unit'} to {unit or 'no unit'}? give both ends alike"
        )
    first, last = float(Decimal(a) * factor), float(Decimal(b))
    if not first < last:
        raise DesignError(f"`-p {argument}`: the range ends below its start")
    if log and first <= 0.0:
        raise DesignError(f"`-p {argument}`: a logarithmic range starts above 0")
    whole = not unit and all(re.fullmatch(r"[+-]?[0-9]+", text) for text in (a, b))
    return AxisRange(first, last, unit, whole, log)


def _ratio_of_units(low: str, high: str) -> Decimal | None:
    """What a number in `low` is in `high`; None where they are of different kinds."""
    if low == high:
        return Decimal(1)
    for dimension in (DURATION, RATE, SIZE, BANDWIDTH, DISTANCE):
        if low in dimension.units and high in dimension.units:
            return dimension.units[low] / dimension.units[high]
    return None


def _drawn(
    axes: Sequence[Axis], kind: Kind, cells: int | None, seed: int
) -> list[tuple[Value, ...]]:  # fmt: skip
    if cells is None or not 1 <= cells <= MOST_CELLS:
        raise DesignError(f"how many cells? write --{kind} 20 (at most {MOST_CELLS})")
    rng = np.random.default_rng(seed)
    columns = []
    for axis in axes:
        shares = rng.random(cells)
        if kind == "lhs":
            shares = (rng.permutation(cells) + shares) / cells
        columns.append(axis.drawn(shares.tolist()))
    return list(zip(*columns, strict=True))


def _unique(kind: Kind, axes: Sequence[Axis], points: Sequence[tuple[Value, ...]]) -> Design:
    kept = {tuple(value.text for value in point): point for point in reversed(points)}
    ordered = tuple(point for point in dict.fromkeys(tuple(v.text for v in p) for p in points))
    return Design(kind, tuple(axes), tuple(kept[key] for key in ordered), len(points) - len(kept))


def _builtin(item: object) -> object:
    """Numpy's numbers as Python's own: a scenario knows no others."""
    return item.item() if isinstance(item, np.generic) else item
