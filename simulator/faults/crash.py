"""A node crashes, and restarts cold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.scenario.faults import Fault, register
from simulator.scenario.fields import Globs

if TYPE_CHECKING:
    from simulator.world import World


@register
class Crash(Fault):
    """A node loses all it holds and answers nothing; afterwards it restarts cold."""

    verb = "crash"
    about = "a node loses all it holds, answers nothing, and restarts cold"
    crash: Globs
    """Names or globs of nodes, or group names."""

    def apply(self, world: World) -> None:
        """All targets crash."""
        for name in world.targets.nodes(self.crash):
            world.targets.crash(name)

    def revert(self, world: World) -> None:
        """They restart, unless another crash holds them."""
        for name in world.targets.nodes(self.crash):
            world.targets.restart(name)
