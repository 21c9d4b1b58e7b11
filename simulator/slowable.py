"""Something that faults can slow down; overlapping slowdowns multiply, and unwind exactly.

May import: the standard library. Does not model: what is slow about it.
"""

from __future__ import annotations

import math
from collections.abc import Callable


class Slowable:
    """Base of what takes `slowness` times as long; 1 undisturbed."""

    slowness: float = 1.0
    _factors: tuple[float, ...] = ()

    def slow(self, factor: float) -> None:
        """Make what starts from now on take `factor` times as long (as a fault that lasts)."""
        self._slow_by([*self._factors, factor])

    def unslow(self, factor: float) -> None:
        """Take one slowdown back."""
        factors = [*self._factors]
        factors.remove(factor)
        self._slow_by(factors)

    def _slow_by(self, factors: list[float]) -> None:
        self._factors = tuple(sorted(factors))  # any order of the same faults gives the same number
        self.slowness = math.prod(self._factors)
        self.slowness_changed()

    def slowness_changed(self) -> None:
        """Hook: `slowness` is new."""


class Server(Slowable):
    """A node with service times: `draw_service_s` is swapped when it is slowed; the request loop has no `if`."""

    def __init__(self, draw_service_s: Callable[[], float]) -> None:
        self._undisturbed_service_s = draw_service_s
        self.draw_service_s = draw_service_s

    def slowness_changed(self) -> None:
        """Swap the service times."""
        draw, factor = self._undisturbed_service_s, self.slowness
        self.draw_service_s = draw if factor == 1.0 else lambda: factor * draw()
