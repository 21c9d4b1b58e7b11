"""Flapping: how often a session is back at an edge that it left a short time ago.

Moves are kept in plain columns and paired in arrays now and then, so that a move costs two appends, and memory is
bounded by the moves of one window. May import: numpy, columns. Does not model: why a session moves.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.engine.columns import FloatColumn, IntColumn

_MOST: Final = 65536  # moves that wait to be paired


class MovesBack:
    """Counts moves to an edge that the session had left less than `window_s` ago (seconds)."""

    __slots__ = ("_back", "_edges", "_left", "_left_s", "_moves", "_times_s", "_window_s")

    def __init__(self, edges: int, window_s: float) -> None:
        self._edges = edges
        self._window_s = window_s
        self._back = 0
        self._left = np.zeros(0, dtype=np.int64)  # session and edge in one number, of those that were left lately
        self._left_s = np.zeros(0)  # when
        self._moves = IntColumn()  # session, edge before and edge in one number
        self._times_s = FloatColumn()

    def note(self, session_id: int, before: int, edge: int, now_s: float) -> None:
        """A session moves from an edge to another; times never go back."""
        edges = self._edges
        self._moves.append((session_id * edges + before) * edges + edge)
        self._times_s.append(now_s)
        if len(self._moves) >= _MOST:
            self._pair()

    def count(self) -> int:
        """Moves back until now."""
        if len(self._moves):
            self._pair()
        return self._back

    def _pair(self) -> None:
        """Put each arrival behind the departure from the same edge that it may be the return of."""
        before, edge = np.divmod(self._moves.take(), self._edges)
        times_s = self._times_s.take()
        after = before // self._edges * self._edges + edge
        places = np.concatenate((self._left, np.stack((before, after), axis=1).ravel()))
        when_s = np.concatenate((self._left_s, np.repeat(times_s, 2)))
        arrives = np.concatenate((np.zeros(len(self._left), dtype=bool), np.tile((False, True), len(times_s))))
        bits = len(places).bit_length()
        keys = np.sort(places << bits | np.arange(len(places)))  # one number per row sorts faster than its place
        order = keys & ((1 << bits) - 1)
        places, when_s, arrives = keys >> bits, when_s[order], arrives[order]
        same = places[1:] == places[:-1]
        soon = when_s[1:] - when_s[:-1] < self._window_s
        self._back += int(np.count_nonzero(same & soon & arrives[1:] & ~arrives[:-1]))
        last = np.append(~same, True)  # what happened last at a place
        keep = last & ~arrives & (times_s[-1] - when_s < self._window_s)
        self._left, self._left_s = places[keep], when_s[keep]
