"""A node becomes slow: a grey failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Globs
from simulator.units import Factor

if TYPE_CHECKING:
    from simulator.world.world import World


@register
class Slow(Fault):
    """Service started under it takes `factor` times as long: a grey failure."""

    verb = "slow"
    about = "service takes `factor` times as long: a grey failure"
    did = "became {factor}slower"
    soft = True
    slow: Globs
    """Names or globs of nodes, or group names."""
    factor: Factor
    """How many times as long."""

    def apply(self, world: World) -> None:
        """All targets slow down; slowdowns multiply."""
        for name in world.targets.nodes(self.slow):
            world.targets.slow(name, self.factor)

    def revert(self, world: World) -> None:
        """This slowdown is over."""
        for name in world.targets.nodes(self.slow):
            world.targets.unslow(name, self.factor)
