"""A world: all actors of one replication, and the targets that faults find among them.

Built by `simulator.build`, run by `simulator.run`, measured by `simulator.observe`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.world.actors import Actors
from simulator.world.targets import Targets


@dataclass(slots=True)
class World(Actors):
    """All actors of one replication, and what faults do to them."""

    targets: Targets = field(init=False)
