"""A site is lost: everything that stands there, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.faults.base import Fault, register
from simulator.plugins.fields import GroupName

if TYPE_CHECKING:
    from simulator.world.world import World


@register
class Lose(Fault):
    """Edges, cores, standbys, storage and the SAM whose site it is crash at once; clients are not struck."""

    verb = "lose"
    about = "everything at a site crashes at once: edges, cores, standbys, storage, the SAM"
    lose: GroupName
    """The site. What has none survives."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """None by name."""
        return []

    @property
    def loses(self) -> str:
        """That site."""
        return self.lose

    def sites(self) -> list[tuple[tuple[str | int, ...], str]]:
        """That site."""
        return [(("lose",), self.lose)]

    def apply(self, world: World) -> None:
        """All that stands there crashes."""
        for name in world.targets.at_site(self.lose):
            world.targets.crash(name)
        for name in world.targets.standbys_at(self.lose):
            world.targets.lose_standby(name)

    def revert(self, world: World) -> None:
        """All that stands there restarts, cold."""
        for name in world.targets.standbys_at(self.lose):
            world.targets.regain_standby(name)
        for name in world.targets.at_site(self.lose):
            world.targets.restart(name)
