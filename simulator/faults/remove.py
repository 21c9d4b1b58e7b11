"""Edges leave, after a drain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import model_validator

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Connections, Globs
from simulator.units import Duration, QuantityError

if TYPE_CHECKING:
    from simulator.faults.base import Process
    from simulator.faults.words import Told
    from simulator.world.world import World


@register
class Remove(Fault):
    """Edges are drained, and then they are gone: they exist for nobody. With `for` they come back, cold."""

    verb = "remove"
    about = "edges leave after a drain, and exist for nobody from then on"
    did = "was removed"
    remove: Globs
    """Names or globs of edges, or group names."""
    drain: Duration = 0.0
    """How long they are drained before; what is left then is lost."""
    connections: Connections = "reset"
    """What becomes of connections to them: `reset` (their hosts say that the process is gone), or `silent`."""

    @property
    def resets(self) -> bool:
        """Whether hosts answer in the place of edges that are gone."""
        return self.connections == "reset"

    @property
    def only_edges(self) -> str:
        """Who is removed is an edge."""
        return "removed"

    @model_validator(mode="after")
    def _back_when_gone(self) -> Remove:
        if self.for_ is not None and self.for_ <= self.drain:
            raise QuantityError("these edges would be back before they are gone", "make for longer than drain")
        return self

    def script(self, world: World, at_s: float) -> Process:
        """They are drained, gone, and back."""
        kernel, targets = world.kernel, world.targets
        names = targets.nodes(self.remove)
        yield kernel.fault_at(at_s)
        for name in names:
            targets.begin_change(name, self.verb)
            if self.drain:
                targets.drain(name)
        if self.drain:
            yield kernel.fault_at(at_s + self.drain)
            for name in names:
                targets.undrain(name)
        for name in names:
            targets.leave(name, self.resets)
            targets.end_change(name, self.verb)
        if self.for_ is not None:
            yield kernel.fault_at(at_s + self.for_)
            for name in names:
                targets.join(name)

    @classmethod
    def sentence(cls, told: Told) -> str:
        """They were removed; the log may tell their drain first."""
        return f"At {told.begin} {told.struck} ({told.target}) {cls.predicate('', plural=told.targets != 1)}."
