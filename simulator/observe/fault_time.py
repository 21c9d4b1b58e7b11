"""How many requests were due while a fault was on, and how many of these failed.

Above and below the line are the same requests: those due in the measured window while at least one fault was on. Spans
are half-open like all windows; faults begin and end before the messages of their instant. Changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.metrics.events import FAULT_BEGIN, FAULT_END

if TYPE_CHECKING:
    from simulator.observe.counters import FloatArray
    from simulator.world.world import World


class FaultTime:
    """The time during which any fault is on, from the end of the warm-up to the end of the window."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._on = 0
        self._counting = False
        self._issued = 0  # when the present span began
        self._bounds_s: list[float] = []  # begin, end, begin, ...
        self.due = 0
        self.failed = 0
        self.any = False
        """Whether there was a fault at all, be it in the warm-up."""

    def hear(self, kind: str) -> None:
        """An event was noted in the log."""
        if kind == FAULT_BEGIN:
            self.any = True
            self._on += 1
            if self._on == 1:
                self._begin()
        elif kind == FAULT_END:
            self._on -= 1
            if self._on == 0:
                self._end()

    def count(self) -> None:
        """The warm-up is over: what is due from now on counts."""
        self._counting = True
        if self._on:
            self._begin()

    def stop(self) -> None:
        """The window is over: nothing more is due."""
        if self._on:
            self._end()
        self._counting = False

    def _begin(self) -> None:
        if self._counting:
            self._bounds_s.append(self._world.kernel.now)
            self._issued = self._all_issued()

    def _end(self) -> None:
        if self._counting:
            self._bounds_s.append(self._world.kernel.now)
            self.due += self._all_issued() - self._issued

    def _all_issued(self) -> int:
        return sum(group.issued for group in self._world.groups)

    def note_failed(self, due_s: FloatArray) -> None:
        """Requests failed that were due at these times (seconds), all in the window."""
        spans = np.searchsorted(np.array(self._bounds_s), due_s, side="right")
        self.failed += int(np.count_nonzero(spans % 2))
