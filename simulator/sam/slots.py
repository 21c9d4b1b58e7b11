"""Dense numbers for the sessions that the SAM scores, so that a window is added up in arrays.

A session keeps its slot from its admission until nothing can tell of it any more: it is over, no request of it is
outstanding, and the last row that carries its slot has left the window. Then another session may have it. The index
-1, the last of each array, is nobody's: who was never admitted. May import: numpy. Does not know what rows say.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulator.agents.client import Session

_FIRST_ROOM = 64  # slots to begin with; doubled when there are no more


class Slots:
    """Who has which slot, with id and weight."""

    def __init__(self, window: int) -> None:
        self.sessions: list[Session | None] = [None] * _FIRST_ROOM  # by slot
        self.ids = np.full(_FIRST_ROOM, -1)  # session ids by slot; -1 where there is no session
        self.weights = np.zeros(_FIRST_ROOM)  # by slot; of the last that had it
        self._window = window  # intervals
        self._closed = 0  # intervals that are over
        self._given = 0  # slots that were ever given
        self._free: list[int] = []
        self._leaving: deque[tuple[int, Session, bool]] = deque()  # (interval, who left, whether it was quiet by then)
        self._seen = np.zeros(_FIRST_ROOM, dtype=np.bool_)
        self._row = np.zeros(_FIRST_ROOM, dtype=np.int64)

    def give(self, session: Session) -> None:
        """A session was admitted; who is admitted again has a slot already."""
        if session.slot >= 0:
            return
        if self._free:
            session.slot = self._free.pop()
        else:
            if self._given + 1 == len(self.sessions):
                self._make_room()
            session.slot = self._given
            self._given += 1
        self.sessions[session.slot] = session
        self.ids[session.slot] = session.session_id

    def take_back(self, session: Session) -> None:
        """A session is over: its slot is nobody's as soon as no row carries it."""
        self.sessions[session.slot] = None
        self.ids[session.slot] = -1
        self._leaving.append((self._closed, session, session.outstanding == 0))

    def close_interval(self) -> None:
        """An interval is over: slots whose last rows are out of the window are free."""
        self._closed += 1
        leaving = self._leaving
        while leaving and leaving[0][0] < self._closed - self._window:
            _, session, quiet = leaving.popleft()
            if quiet:
                self._free.append(session.slot)
                session.slot = -1
            else:  # requests that it had sent may have been reported since, or are still to be
                leaving.append((self._closed, session, session.outstanding == 0))

    def close_intervals(self, number: int) -> None:
        """So many intervals are over in which nothing was reported."""
        for _ in range(min(number, self._window + 2)):
            self.close_interval()
        self._closed += max(number - self._window - 2, 0)

    def distinct(self, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The distinct ones of many slots, and for each of the many the place of its like among them."""
        seen, row = self._seen, self._row
        seen[slots] = True
        distinct = np.flatnonzero(seen)
        seen[distinct] = False
        row[distinct] = np.arange(distinct.size)
        rows = row[slots]
        if distinct.size and distinct[-1] == seen.size - 1:
            distinct[-1] = -1  # arrays will grow, and nobody remains the last
        return distinct, rows

    def _make_room(self) -> None:
        more = len(self.sessions)
        self.sessions += [None] * more
        self.ids = np.concatenate((self.ids, np.full(more, -1)))
        self.weights = np.concatenate((self.weights, np.zeros(more)))
        self._seen = np.zeros(2 * more, dtype=np.bool_)
        self._row = np.zeros(2 * more, dtype=np.int64)
