"""Logs that hold some of the time only: a minute of each hour, say. When was written, and time with the rest left out.

A log was sampled where silences of everybody, each ten times longer or more than any other, come at even steps, and
what lies between is much the same each time: as long, with several requests and clients. The time on record is then
that of the windows alone, and rates are over it.

May import: numpy. Does not model: samples of lines or of clients, which leave no silence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST = 4  # windows
_RATIO = 10.0
_LEAST_REQUESTS = 5.0
_LEAST_CLIENTS = 2.0
_UNEVEN = 0.1  # of a period, at a step
_DAY_S = 86_400.0
_MOST_OF_A_DAY = 0.15  # windows that come daily and are longer are office hours


@dataclass(frozen=True, eq=False)
class Windows:
    """When the log was written: from `begins_s` to `ends_s`, log time in seconds, each of shape (windows,)."""

    begins_s: Floats
    ends_s: Floats
    period_s: float

    def __len__(self) -> int:
        return len(self.begins_s)

    @property
    def lengths_s(self) -> Floats:
        """Of each; shape (windows,)."""
        lengths: Floats = self.ends_s - self.begins_s
        return lengths

    @property
    def observed_s(self) -> float:
        """Time on record."""
        return float(self.lengths_s.sum())

    def number(self, time_s: Floats) -> NDArray[np.int64]:
        """In which window each time lies."""
        return np.clip(np.searchsorted(self.begins_s, time_s, side="right") - 1, 0, len(self) - 1)

    def observed(self, time_s: Floats) -> Floats:
        """Time on record before each time; shape as given."""
        lengths_s = self.lengths_s
        before_s = np.cumsum(lengths_s) - lengths_s
        at = self.number(time_s)
        found: Floats = before_s[at] + np.clip(time_s - self.begins_s[at], 0.0, lengths_s[at])
        return found

    def part(self, from_s: float, until_s: float) -> Windows:
        """Those that begin from `from_s` on, before `until_s`."""
        kept = (self.begins_s >= from_s) & (self.begins_s < until_s)
        return Windows(self.begins_s[kept], self.ends_s[kept], self.period_s)

    def split_s(self, share: float) -> float:
        """Where the window begins before which this share of the time on record lies, as near as windows allow."""
        before_s = np.cumsum(self.lengths_s)[:-1]
        return float(self.begins_s[1 + np.abs(before_s - share * self.observed_s).argmin()])


def windows(time_s: Floats, client: NDArray[np.int32]) -> Windows | None:
    """When a log was written; None: all the time, as far as it tells.

    Args:
        time_s: of each request, in order; shape (requests,).
        client: of each, a number.
    """
    last = _ends(time_s)
    if last is None:
        return None
    first = np.concatenate([[0], last[:-1] + 1])
    begins_s, ends_s = time_s[first], time_s[last]
    requests = last - first + 1
    of = np.repeat(np.arange(len(first)), requests)
    clients = len(np.unique(np.column_stack([of, client]), axis=0)) / len(first)
    period_s = _period(begins_s)
    extent_s = ends_s - begins_s
    if period_s is None or requests.mean() < _LEAST_REQUESTS or clients < _LEAST_CLIENTS:
        return None
    if extent_s[1:-1].std() > 0.4 * extent_s[1:-1].mean() or extent_s.mean() > 0.9 * period_s:
        return None
    if abs(period_s / _DAY_S - round(period_s / _DAY_S)) < 0.02 and extent_s.mean() > _MOST_OF_A_DAY * _DAY_S:
        return None
    gap_s = float(extent_s.sum()) / max(float((requests - 1).sum()), 1.0)  # the edges: a usual gap from the requests
    return Windows(begins_s - gap_s, ends_s + gap_s, period_s)


def _ends(time_s: Floats) -> NDArray[np.int64] | None:
    """The last request of each window, by the widest step in the sizes of silences."""
    gaps_s = np.diff(time_s)
    most = min(len(gaps_s) - 1, int(len(gaps_s) / _LEAST_REQUESTS))
    if most < _LEAST - 1:
        return None
    sizes = np.sort(gaps_s)[::-1][: most + 1]
    steps = sizes[:-1] / np.maximum(sizes[1:], 1e-3)
    number = int(steps[_LEAST - 2 :].argmax()) + _LEAST - 1
    if steps[number - 1] < _RATIO:
        return None
    return np.append(np.flatnonzero(gaps_s >= sizes[number - 1]), len(time_s) - 1)


def _period(begins_s: Floats) -> float | None:
    """The step at which windows begin, some of which may be missing; None: uneven."""
    between_s = np.diff(begins_s)
    usual_s = float(np.median(between_s))
    steps = between_s / usual_s
    uneven = np.abs(steps - np.maximum(np.round(steps), 1.0)) > _UNEVEN
    return usual_s if uneven.mean() <= _UNEVEN else None
