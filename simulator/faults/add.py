"""Edges join, cold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.plugins.spec import Spec
from simulator.scenario.faults import Fault, register
from simulator.scenario.fields import GroupName
from simulator.units import Count, Duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.scenario.faults import Process
    from simulator.world.world import World


class Addition(Spec):
    """Which edges join."""

    edges: GroupName
    """The group that they are of: its settings are theirs, and their names go on from its own."""
    site: GroupName | None = None
    """Where they stand; left out: where all of the group stand."""
    count: Count = 1
    """How many."""


@register
class Add(Fault):
    """Edges join, cold; before, they exist for nobody. With `for` they leave again."""

    verb = "add"
    about = "edges join, cold; before, they exist for nobody"
    add: Addition
    """How many edges of which group, and where."""
    drain: Duration = 0.0
    """With `for`: how long they are drained before they are gone."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """None by name: it makes them."""
        return []

    def processes(self, world: World, number: int) -> Iterator[Process]:
        """They come, and go, together."""
        yield self._come_and_go(world, world.targets.added.get(number, []))

    def _come_and_go(self, world: World, names: list[str]) -> Process:
        kernel, targets = world.kernel, world.targets
        for at_s in self.begins_s(world.duration_s):
            yield kernel.fault_at(at_s)
            for name in names:
                targets.begin_change(name, self.verb)
                targets.join(name)
            if self.for_ is None:
                return
            yield kernel.fault_at(at_s + self.for_)
            if self.drain:
                for name in names:
                    targets.drain(name)
                yield kernel.fault_at(at_s + self.for_ + self.drain)
                for name in names:
                    targets.undrain(name)
            for name in names:
                targets.leave(name, self.resets)
                targets.end_change(name, self.verb)

    @property
    def resets(self) -> bool:
        """Whether hosts answer in the place of edges that have left again."""
        return self.for_ is not None

    def lasts_s(self, targets: int) -> float | None:  # noqa: ARG002 (they come together)
        """Until they are gone."""
        return None if self.for_ is None else self.for_ + self.drain
