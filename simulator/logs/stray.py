"""Stray dates: a few lines that stretch the span of a log ten times or more.

May import: numpy, units, its siblings. Does not model: what to do about them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.logs.model import Log
from simulator.logs.reading import line_of
from simulator.units import format_duration

_TIMES = 10.0
_SHARE = 0.01
_LEAST = 10
_NAMED = 3  # stray lines that a message names
_SECOND = 1.0  # what a line lasts: a log of one second has a span


def stray(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the fewest times without which the span is a tenth or less: at most 1 % (at least 10, at most half).

    Args:
        times: in order, seconds; shape (requests,).
    """
    count = len(times)
    most = min(max(_LEAST, int(_SHARE * count)), count // 2)
    if count <= 2 or times[0] == times[-1] or not _shortened(times, most):
        return np.empty(0, dtype=np.int64)
    low, high = 1, most  # the fewest that shorten it
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _shortened(times, middle) else (middle + 1, high)
    begin = _best(times, low)
    return np.concatenate((np.arange(begin), np.arange(begin + count - low, count)))


def stretched(log: Log, places: NDArray[np.int64]) -> str:
    """What is wrong with a log that these lines stretch; names some of them."""
    kept = np.delete(log.time_s, places)
    named = ", ".join(line_of(log, int(k)) for k in places[:_NAMED]) + (", ..." if len(places) > _NAMED else "")
    is_, it = ("is", "it") if len(places) == 1 else ("are", "them")
    return (
        f"{len(places):,} of {len(log.time_s):,} lines {is_} far from the others in time: {named}; "
        f"with {it} the log spans {long_text(log.span_s)}, without {long_text(kept[-1] - kept[0])}"
    )


def long_text(seconds: float) -> str:
    """A span in words: days if there are ten or more."""
    days = seconds / 86_400
    return f"{days:,.0f} days" if days >= 10 else format_duration(round(float(seconds), 3))


def _spans(times: NDArray[np.float64], left_out: int) -> NDArray[np.float64]:
    """Spans of all runs of lines in which so many are left out, at the beginning or the end."""
    kept = len(times) - left_out
    return times[kept - 1 :] - times[: left_out + 1]


def _best(times: NDArray[np.float64], left_out: int) -> int:
    return int(np.argmin(_spans(times, left_out)))


def _shortened(times: NDArray[np.float64], left_out: int) -> bool:
    shortest = float(_spans(times, left_out).min())
    return float(times[-1] - times[0]) + _SECOND >= _TIMES * (shortest + _SECOND)
