"""What faults can do to anything that acts: slow it down, let it stand still, crash it.

A node is an edge, a core, a balancer or the storage; the SAM can fail slow too. May import: the pause. Does not model:
what a node does, or what a fault destroys there.
"""

from __future__ import annotations

import math

from simulator.engine.pausing import Pausing


class FailSlow:
    """Base of what takes `slowness` times as long (1: as usual) but goes on working.

    Overlapping slowdowns multiply and unwind exactly. Source of the word: Gunawi et al., "Fail-slow at scale",
    FAST 2018.
    """

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


class Node(FailSlow):
    """Base of what crashes and pauses: whether it is `down`, its present `pausing` if any, and which life it lives.

    `epoch` is the number of crashes so far: work of an earlier life is void. `index` is its number among its kind.
    """

    index: int = 0
    name: str = ""
    epoch: int = 0
    down: bool = False
    pausing: Pausing | None = None
