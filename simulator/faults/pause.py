"""A node stands still and loses nothing: a long garbage collection, a virtual machine that is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Globs

if TYPE_CHECKING:
    from simulator.world.world import World


@register
class Pause(Fault):
    """A node does nothing and loses nothing: messages wait, service goes on later, overdue timers fire at the end."""

    verb = "pause"
    about = "a node stands still and loses nothing: messages wait, overdue timers fire at its end"
    did = "stood still"
    on_whole_sam = True
    pause: Globs
    """Names or globs of nodes, or group names."""

    def apply(self, world: World) -> None:
        """All targets stand still."""
        for name in world.targets.nodes(self.pause):
            world.targets.pause(name)

    def revert(self, world: World) -> None:
        """They go on, unless another pause holds them."""
        for name in world.targets.nodes(self.pause):
            world.targets.unpause(name)
