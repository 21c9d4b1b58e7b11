"""A flash crowd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Globs
from simulator.units import Factor

if TYPE_CHECKING:
    from simulator.world.world import World


@register
class Crowd(Fault):
    """Clients send `factor` times as many requests."""

    verb = "crowd"
    about = "clients send `factor` times as many requests: a flash crowd"
    did = "sent {factor}as many requests"
    noun = "client group"
    soft = True
    on_clients = True
    crowd: Globs
    """Names or globs of client groups."""
    factor: Factor
    """How many times as many requests."""

    def apply(self, world: World) -> None:
        """The rates of all target groups are multiplied."""
        for group, source in world.targets.client_groups(self.crowd):
            world.targets.crowd(group, source, self.factor)

    def revert(self, world: World) -> None:
        """This crowd is over."""
        for group, source in world.targets.client_groups(self.crowd):
            world.targets.disperse(group, source, self.factor)
