"""What happened between two snapshots: named counts of each kind of actor, and the metrics that are quotients of them.

The summary is made of one window, from the end of the warm-up to the end of the run; time series of many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.metrics.catalogue import CATALOGUE, SERIES
from simulator.metrics.formula import COUNTED_BY, Formula
from simulator.observe.counters import WITH_MISSES, FloatArray

if TYPE_CHECKING:
    from simulator.observe.counters import Counters, Snapshot

NAN: Final = math.nan
LEAST_WIDTH_S: Final = 1e-12
Values = dict[str, float]
Wholes = Mapping[str, Sequence[tuple[str, list[int]]]]
"""By kind of label ("group", "site", "edge", ...) its labels, and the numbers of the actors that each is about."""


def ratio(part: float, whole: float) -> float:
    """Part / whole, NaN of nothing."""
    return float(part / whole) if whole else NAN


class Counts:
    """What actors of one kind counted, by the names of their counters: a row per actor, or per sum of some."""

    __slots__ = ("_places", "_rows", "_whole")

    def __init__(self, places: dict[str, int], rows: FloatArray) -> None:
        self._places = places
        self._rows = rows
        self._whole: Counts | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, counter: str) -> FloatArray:
        """The counter of each row. Raises KeyError for a name that is none."""
        column: FloatArray = self._rows[:, self._places[counter]]
        return column

    @property
    def whole(self) -> Counts:
        """One row with the sums of all."""
        if self._whole is None:
            self._whole = Counts(self._places, self._rows.sum(axis=0, keepdims=True))
        return self._whole

    def total(self, counter: str, numbers: Sequence[int] | None = None) -> float:
        """The sum of a counter over all rows, or some. Raises KeyError for a name that is none."""
        rows = self.whole._rows[0] if numbers is None else self._rows[numbers].sum(axis=0)
        return float(rows[self._places[counter]])

    def summed(self, sums: Sequence[list[int]]) -> Counts:
        """For each of some sets of rows a row with their sums."""
        rows = [self._rows[numbers].sum(axis=0) for numbers in sums]
        return Counts(self._places, np.array(rows).reshape(-1, len(self._places)))

    def quotients(self, formula: Formula, width_s: float) -> FloatArray:
        """The formula's value for each row; NaN where there is nothing below the line."""
        part = self._sum(formula.part)
        if not formula.whole:
            rate: FloatArray = part / width_s
            return rate
        whole = self._sum(formula.whole)
        result: FloatArray = np.divide(part, whole, out=np.full(len(part), NAN), where=whole > 0.0)
        return result

    def _sum(self, terms: Sequence[tuple[str, int]]) -> FloatArray:
        (first, _), *others = terms
        result: FloatArray = self[first]
        for name, sign in others:
            result = result + self[name] if sign > 0 else result - self[name]
        return result


class Window:
    """The difference of two snapshots.

    Attributes:
        begin_s, end_s, width_s: when it was, seconds.
        counts: by what counts (a key of COUNTED_BY).
        by_cause: see `Snapshot`.
        areas_s: see `Snapshot`.
        bytes_between_sites: see `Snapshot`.
    """

    def __init__(self, counters: Counters, first: Snapshot, last: Snapshot) -> None:
        self.begin_s, self.end_s = first.t_s, last.t_s
        self.width_s = max(last.t_s - first.t_s, LEAST_WIDTH_S)
        self.by_cause = {name: counts - first.by_cause[name] for name, counts in last.by_cause.items()}
        self.areas_s = {name: area_s - first.areas_s[name] for name, area_s in last.areas_s.items()}
        self.bytes_between_sites = last.bytes_between_sites - first.bytes_between_sites
        self.counts = {
            one: self._counts(one, places, last.counts[one] - first.counts[one])
            for one, places in counters.places.items()
        }

    def _counts(self, one: str, places: dict[str, int], rows: FloatArray) -> Counts:
        if one in WITH_MISSES:
            rows = np.column_stack((rows, self.by_cause[one].sum(axis=1)))
        return Counts(places, rows)

    def total(self, metric: str) -> float:
        """The value in all of a metric that is a quotient of counters. Raises KeyError for another."""
        formula = _formula_of(metric)
        return float(self.counts[formula.counted_by].whole.quotients(formula, self.width_s)[0])

    def each(self, metric: str, sums: Sequence[list[int]] | None = None) -> list[float]:
        """The same for each actor, or for each of some sets of them, given by their numbers."""
        formula = _formula_of(metric)
        counts = self.counts[formula.counted_by]
        rows = counts if sums is None else counts.summed(sums)
        values: list[float] = rows.quotients(formula, self.width_s).tolist()
        return values

    def quotients(self, wholes: Wholes, changes: bool) -> Values:
        """All metrics that are quotients of counters, in all and by the labels that their entries promise.

        Args:
            wholes: the labels that there are.
            changes: whether data can change in this world.
        """
        result: Values = {}
        for one, family in COUNTED_BY.items():
            counts = self.counts[one]
            if not len(counts):
                continue
            kinds = (family, "site") if family == "group" else (family,)
            rows = [("", "", list(range(len(counts))))]
            rows += [(kind, f"[{label}]", numbers) for kind in kinds for label, numbers in wholes.get(kind, ())]
            summed = counts.summed([numbers for _, _, numbers in rows])
            for name, formula, of_all, labels in _formulas(one):
                if changes or not formula.if_changes:
                    values = summed.quotients(formula, self.width_s).tolist()
                    for (kind, suffix, _), value in zip(rows, values, strict=True):
                        if kind in labels if kind else of_all:
                            result[f"{name}{suffix}"] = value
        return result


def _formulas(one: str) -> Iterator[tuple[str, Formula, bool, tuple[str, ...]]]:
    """The formulas over counters of `one`: (metric, formula, whether it gives the value in all, kinds of labels)."""
    for entry in CATALOGUE.values():
        for formula in entry.formulas:
            if formula.counted_by == one:
                yield entry.name, formula, formula is entry.formulas[0], entry.labels


def _formula_of(metric: str) -> Formula:
    return (CATALOGUE.get(metric) or SERIES[metric]).formulas[0]
