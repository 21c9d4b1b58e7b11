"""An edge is drained: no new sessions; those that it has leave, or stay until they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import model_validator

from simulator.faults.base import Fault, register
from simulator.plugins.fields import Globs, choice
from simulator.units import PositiveDuration, QuantityError

if TYPE_CHECKING:
    from simulator.faults.base import Process
    from simulator.world.world import World


@register
class Drain(Fault):
    """An edge takes no new sessions; the existing ones leave it, or stay until they end."""

    verb = "drain"
    about = "an edge takes no new sessions; those that it has leave, or stay until they end (sessions: keep)"
    did = "was drained"
    soft = True
    drain: Globs
    """Names or globs of edges, or group names."""
    sessions: Annotated[Literal["move", "keep"], *choice("move", "keep")] = "move"
    """move: the sessions that it has leave it. keep: they stay until they end."""
    limit: PositiveDuration | None = None
    """With `sessions: keep`, how long they may stay: what is left then leaves. Left out: as long as they like."""

    @model_validator(mode="after")
    def _limit_of_keep(self) -> Drain:
        if self.limit is not None and self.sessions != "keep":
            raise QuantityError("limit says how long sessions may stay, and these leave at once", "add sessions: keep")
        return self

    @property
    def only_edges(self) -> str:
        """Who is drained is an edge."""
        return "drained"

    def apply(self, world: World) -> None:
        """All targets are drained."""
        for name in world.targets.nodes(self.drain):
            world.targets.drain(name, keeps=self.sessions == "keep")

    def revert(self, world: World) -> None:
        """They take sessions again, unless another drain holds them."""
        for name in world.targets.nodes(self.drain):
            world.targets.undrain(name, keeps=self.sessions == "keep")

    def script(self, world: World, at_s: float) -> Process:
        """Drained; at the limit what is left leaves."""
        if self.limit is None or (self.for_ is not None and self.limit >= self.for_):
            yield from super().script(world, at_s)
            return
        yield world.kernel.fault_at(at_s)
        self.apply(world)
        yield world.kernel.fault_at(at_s + self.limit)
        names = world.targets.nodes(self.drain)
        for name in names:
            world.targets.keep_no_longer(name)
        if self.for_ is not None:
            yield world.kernel.fault_at(at_s + self.for_)
            for name in names:
                world.targets.undrain(name)
