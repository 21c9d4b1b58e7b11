"""Stray dates: a few lines that stretch the span of a log ten times or more.

May import: numpy, the model. Does not model: what to do about them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.logs.model import Log

_TIMES = 10.0
_SHARE = 0.01
_LEAST = 10
_SECOND = 1.0  # what a line lasts: a log of one second has a span


def stray(log: Log) -> NDArray[np.int64]:
    """Places of the fewest lines without which the span is a tenth or less: at most 1 % (at least 10, at most half)."""
    times = log.time_s
    count = len(times)
    most = min(max(_LEAST, int(_SHARE * count)), count // 2)
    if count <= 2 or log.first_s is None or log.span_s == 0.0 or not _shortened(times, most):
        return np.empty(0, dtype=np.int64)
    low, high = 1, most  # the fewest that shorten it
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _shortened(times, middle) else (middle + 1, high)
    begin = _best(times, low)
    return np.concatenate((np.arange(begin), np.arange(begin + count - low, count)))


def _spans(times: NDArray[np.float64], left_out: int) -> NDArray[np.float64]:
    """Spans of all runs of lines in which so many are left out, at the beginning or the end."""
    kept = len(times) - left_out
    return times[kept - 1 :] - times[: left_out + 1]


def _best(times: NDArray[np.float64], left_out: int) -> int:
    return int(np.argmin(_spans(times, left_out)))


def _shortened(times: NDArray[np.float64], left_out: int) -> bool:
    shortest = float(_spans(times, left_out).min())
    return float(times[-1] - times[0]) + _SECOND >= _TIMES * (shortest + _SECOND)
