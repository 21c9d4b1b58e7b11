"""Links get worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from simulator.faults.base import Fault, register
from simulator.faults.words import between, names_in
from simulator.links import Loss
from simulator.plugins.fields import Globs
from simulator.plugins.spec import Spec
from simulator.units import Bandwidth, Duration, QuantityError

if TYPE_CHECKING:
    from simulator.links import Path
    from simulator.world.world import World


class Degradation(Spec):
    """Which links get worse, and how."""

    from_: Globs = Field(alias="from")
    """Names or globs of actors, or group names."""
    to: Globs
    """Names or globs of actors, or group names."""
    loss: Loss | None = None
    """On top of the link's own."""
    add_latency: Duration | None = None
    """On top of the link's own."""
    bandwidth: Bandwidth | None = None
    """At most this much is left."""

    @model_validator(mode="after")
    def _does_something(self) -> Degradation:
        if self.loss is None and self.add_latency is None and self.bandwidth is None:
            raise QuantityError("this degradation changes nothing", "add loss, add_latency or bandwidth")
        return self


@register
class Degrade(Fault):
    """Links lose more, take longer or carry less."""

    verb = "degrade"
    about = "links lose more, take longer or carry less"
    did = "degraded"
    subject = "the links {target}"
    noun = "link"
    soft = True
    on_links = True
    degrade: Degradation
    """Which links, and how."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """Both ends."""
        return [(("degrade", "from"), self.degrade.from_), (("degrade", "to"), self.degrade.to)]

    def apply(self, world: World) -> None:
        """All paths from one end to the other get worse."""
        what = self.degrade
        bits_per_s = float("inf") if what.bandwidth is None else what.bandwidth
        world.targets.begin_on_paths(
            self, self._name(), self.verb, self._paths(world),
            lambda path, token: path.degrade(token, what.loss, what.add_latency or 0.0, bits_per_s),
        )  # fmt: skip

    def revert(self, world: World) -> None:
        """This degradation is over."""
        world.targets.end_on_paths(
            self, self._name(), self.verb, self._paths(world), lambda path, token: path.restore(token)
        )

    def _name(self) -> str:
        return f"{'|'.join(self.degrade.from_)} > {'|'.join(self.degrade.to)}"

    def _paths(self, world: World) -> list[Path]:
        return [record.path for record in world.targets.paths(self.degrade.from_, self.degrade.to)]

    @classmethod
    def target_words(cls, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Both ends, as one name."""
        target = entry.get("degrade")
        return between(target.get("from"), ">", target.get("to")) if isinstance(target, Mapping) else names_in(target)
