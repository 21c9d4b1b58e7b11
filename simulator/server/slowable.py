"""Something that faults can slow down; overlapping slowdowns multiply, and unwind exactly.

May import: samplers. Does not model: what is slow about it.
"""

from __future__ import annotations

import math

from simulator.engine.samplers import Longer, Sampler
from simulator.server.erring import Erring
from simulator.server.pausing import Pausing


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
    """A node with service times: `service_s` is swapped when it is slowed; the request loop has no `if`.

    `disturbed` says that what arrives may meet something else than service: the node is down, stands still, or errs.
    """

    def __init__(self, service_s: Sampler) -> None:
        self._undisturbed_service_s = service_s
        self.service_s = service_s
        self.down = False
        self.disturbed = False
        self.erring: Erring | None = None
        self.pausing: Pausing | None = None

    def note_disturbance(self) -> None:
        """What disturbs it has begun or ended."""
        self.disturbed = self.down or self.pausing is not None or (self.erring is not None and bool(self.erring))

    def slowness_changed(self) -> None:
        """Swap the service times."""
        undisturbed, factor = self._undisturbed_service_s, self.slowness
        self.service_s = undisturbed if factor == 1.0 else Longer(factor, undisturbed)
