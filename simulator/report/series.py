"""Time series of a result as arrays: windows by replications, and the spans in which faults were on.

May import the result and numpy. Windows are those of all replications together; a replication that ended early has
NaN from there on. Every result is read once and remembered.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from simulator.metrics.events import fault_spans
from simulator.report.written_faults import merged_spans, written_faults

if TYPE_CHECKING:
    from simulator.results.result import Result

Floats = NDArray[np.float64]
Columns = dict[tuple[str, str], tuple[list[float], list[float]]]
_READ: Final[WeakKeyDictionary[Result, list[Columns]]] = WeakKeyDictionary()


def series(result: Result, metric: str, label: str = "") -> tuple[Floats, Floats]:
    """Window starts (s), and values of shape (replications, windows); both empty where there is none."""
    found = [columns.get((metric, label), ([], [])) for columns in _columns(result)]
    if not any(times for times, _ in found):
        return np.empty(0), np.empty((len(found), 0))
    if all(times == found[0][0] for times, _ in found):
        return np.array(found[0][0], dtype=float), np.array([values for _, values in found], dtype=float)
    every = np.unique(np.concatenate([np.array(times, dtype=float) for times, _ in found]))
    rows = np.full((len(found), every.size), np.nan)
    for row, (times, values) in zip(rows, found, strict=True):
        row[np.searchsorted(every, times)] = values
    return every, rows


def mean_series(result: Result, metric: str, label: str = "", times: Floats | None = None) -> tuple[Floats, Floats]:
    """Window starts (s) and the mean over replications; at `times` where given, NaN where there is no value."""
    found, values = series(result, metric, label)
    mean = mean_of(values)
    if times is None:
        return found, mean
    full = np.full(times.size, np.nan)
    full[np.searchsorted(times, found)] = mean
    return times, full


def mean_of(values: Floats) -> Floats:
    """Mean over replications (rows) of what they have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a window without lookups has no ratio
        return np.asarray(np.nanmean(values, axis=0), dtype=np.float64)


def labels_of(result: Result, metric: str) -> list[str]:
    """The labels under which a series is given, sorted; "" is left out."""
    return sorted({label for columns in _columns(result) for name, label in columns if name == metric and label})


def window_of(result: Result) -> float:
    """Length of a window in seconds; 0 where there are fewer than two."""
    times, _ = series(result, "requests.rate")
    return float(times[1] - times[0]) if times.size > 1 else 0.0


def shaded(result: Result) -> list[tuple[float, float, str]]:
    """The faults of the first replication: (begin_s, end_s, what), cut at the end of the run."""
    if not result.replications:
        return []
    spans = fault_spans(result.replications[0].events)
    end = result.facts.duration_s
    return [(begin, min(finish, end), what) for begin, finish, what in spans if begin < end]


def shades(result: Result) -> list[tuple[float, float]]:
    """When any fault was on in the first replication: spans (s) that do not overlap, whatever the faults do."""
    return merged_spans(written_faults(result), result.facts.duration_s)


def _columns(result: Result) -> list[Columns]:
    """For each replication, (metric, label) -> (times, values)."""
    known = _READ.get(result)
    if known is not None and len(known) == len(result.replications):
        return known
    found: list[Columns] = []
    for replication in result.replications:
        columns: Columns = {}
        rows = replication.timeseries
        for t, metric, label, value in zip(rows["t_s"], rows["metric"], rows["label"], rows["value"], strict=True):
            key = (metric, label)
            pair = columns.get(key)
            if pair is None:
                pair = columns[key] = ([], [])
            pair[0].append(t)
            pair[1].append(value)
        found.append(columns)
    _READ[result] = found
    return found
