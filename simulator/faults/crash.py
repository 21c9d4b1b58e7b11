"""A node crashes, and restarts cold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Connections, Globs

if TYPE_CHECKING:
    from simulator.world.world import World


@register
class Crash(Fault):
    """A node loses all it holds and answers nothing; afterwards it restarts cold."""

    verb = "crash"
    about = "a node loses all it holds, answers nothing, and restarts cold"
    did = "crashed"
    noticeable = True
    crash: Globs
    """Names or globs of nodes, or group names."""
    connections: Connections = "silent"
    """What becomes of connections to an edge: `silent` (its host is gone: what arrives vanishes), or `reset` (the
    process is gone: its host answers with a reset). Cores, storage and the SAM are silent always."""

    @property
    def resets(self) -> bool:
        """Whether hosts answer in the place of edges that are down."""
        return self.connections == "reset"

    def apply(self, world: World) -> None:
        """All targets crash."""
        for name in world.targets.nodes(self.crash):
            world.targets.crash(name, self.resets)

    def revert(self, world: World) -> None:
        """They restart, unless another crash holds them."""
        for name in world.targets.nodes(self.crash):
            world.targets.restart(name, self.resets)
