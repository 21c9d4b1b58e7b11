"""Two sets of actors cannot reach each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from simulator.faults.base import Fault, register
from simulator.faults.words import Told, between, names_in
from simulator.plugins.fields import choice, globs
from simulator.units import QuantityError, show

if TYPE_CHECKING:
    from simulator.links import Path
    from simulator.world.world import World

_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


def _sides(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise QuantityError(f"{show(value)} does not name two sides", "write [[pop-london-*], [core-*]]")
    sides = []
    for i, side in enumerate(value):
        try:
            sides.append(globs(side))
        except QuantityError as error:
            raise error.inside(i) from None
    return sides[0], sides[1]


def _sides_plain(value: tuple[tuple[str, ...], tuple[str, ...]]) -> list[list[str]]:
    return [list(side) for side in value]


@register
class Partition(Fault):
    """Messages between two sets of actors are lost, both ways or only from the first to the second."""

    verb = "partition"
    about = "messages between two sets of actors are lost, both ways or forward only"
    did = "were cut off from each other"
    noun = "link"
    on_links = True
    partition: Annotated[
        tuple[tuple[str, ...], tuple[str, ...]],
        PlainValidator(_sides),
        PlainSerializer(_sides_plain),
        WithJsonSchema({"type": "array", "items": _NAMES, "minItems": 2, "maxItems": 2}),
    ]
    """Two sides, each a name, a glob or a list of them."""
    direction: Annotated[Literal["both", "forward"], *choice("both", "forward")] = "both"
    """both, or forward: only from the first side to the second."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """Both sides."""
        return [(("partition", i), side) for i, side in enumerate(self.partition)]

    def apply(self, world: World) -> None:
        """The paths between the two sides are cut."""
        world.targets.begin_on_paths(
            self, self._name(), self.verb, self._paths(world), lambda path, token: path.block(token)
        )

    def revert(self, world: World) -> None:
        """This cut is over."""
        world.targets.end_on_paths(
            self, self._name(), self.verb, self._paths(world), lambda path, token: path.unblock(token)
        )

    def _name(self) -> str:
        one, other = self.partition
        return f"{'|'.join(one)} <> {'|'.join(other)}"

    def _paths(self, world: World) -> list[Path]:
        one, other = self.partition
        records = world.targets.paths(one, other)
        if self.direction == "both":
            records += [record for record in world.targets.paths(other, one) if record not in records]
        return [record.path for record in records]

    @classmethod
    def target_words(cls, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Both sides, as one name."""
        target = entry.get("partition")
        if isinstance(target, Sequence) and not isinstance(target, str) and len(target) == 2:
            return between(target[0], "<>", target[1])
        return names_in(target)

    @classmethod
    def sentence(cls, told: Told) -> str:
        """Whatever came between them, and how often."""
        return f"At {told.begin} {told.target} {told.did}{told.lasted}."
