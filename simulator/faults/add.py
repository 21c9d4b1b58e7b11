"""Edges join, cold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.faults.base import Addition, Fault, register
from simulator.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simulator.faults.base import Process
    from simulator.faults.words import Told
    from simulator.world.world import World


@register
class Add(Fault):
    """Edges join, cold; before, they exist for nobody. With `for` they leave again."""

    verb = "add"
    about = "edges join, cold; before, they exist for nobody"
    did = "joined"
    soft = True
    add: Addition
    """How many edges of which group, and where."""
    drain: Duration = 0.0
    """With `for`: how long they are drained before they are gone."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """None by name: it makes them."""
        return []

    @property
    def joins(self) -> Addition:
        """Those edges."""
        return self.add

    def sites(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Where they stand, if it says so."""
        return [] if self.add.site is None else [(("add", "site"), self.add.site)]

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

    # -- what reports say of it -------------------------------------------------------------------------------
    @classmethod
    def target_words(cls, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """The group."""
        target = entry.get("add")
        return (str(target["edges"] if isinstance(target, dict) and "edges" in target else target),)

    @classmethod
    def sentence(cls, told: Told) -> str:
        """They joined; that they leave again is not what was told of."""
        return f"At {told.begin} {told.struck} ({told.target}) joined."
