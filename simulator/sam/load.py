"""How busy each edge was over the SAM's window, as edges tell it without a message.

Does not model: how such news would travel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Workers(Protocol):
    """A station, as far as its busy time tells: `busy * now - start_sum_s + departure_sum_s` seconds."""

    workers: float
    busy: int
    start_sum_s: float
    departure_sum_s: float


class EdgeLoad:
    """Busy time of edges, noted at every interval.

    Before t = 0 no edge was busy. Where intervals were passed over nothing happened, so that busy time between two
    notes grows evenly.
    """

    def __init__(self, edges: Sequence[Workers], window_s: float) -> None:
        self._edges = edges
        self._window_s = window_s
        self._workers = np.array([edge.workers for edge in edges], dtype=float)
        self._workers[np.isinf(self._workers)] = np.nan
        self._notes: deque[tuple[float, np.ndarray]] = deque(
            [(-window_s, np.zeros(len(edges))), (0.0, np.zeros(len(edges)))]
        )

    def note(self, now_s: float) -> None:
        """An interval is over."""
        notes, begin_s = self._notes, now_s - self._window_s
        notes.append((now_s, self._busy_s(now_s)))
        while len(notes) > 2 and notes[1][0] <= begin_s:
            notes.popleft()

    def utilisation(self, now_s: float) -> np.ndarray:
        """Busy share of each edge's workers over the window that ends now; NaN where they are unlimited."""
        (before_s, before), (after_s, after) = self._notes[0], self._notes[1]
        share = (now_s - self._window_s - before_s) / (after_s - before_s)
        at_begin = before + min(max(share, 0.0), 1.0) * (after - before)
        busy_s = self._busy_s(now_s) - at_begin
        ratio: np.ndarray = np.round(busy_s / (self._window_s * self._workers), 12)  # rounding crosses no threshold
        return ratio

    def _busy_s(self, now_s: float) -> np.ndarray:
        """Seconds x workers that were busy since the beginning."""
        rows = [edge.busy * now_s - edge.start_sum_s + edge.departure_sum_s for edge in self._edges]
        return np.array(rows, dtype=float)
