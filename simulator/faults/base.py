"""What a fault is: what goes wrong, when, to whom. The verb of a fault is the key that names its target.

A fault is a subclass of `Fault` with a field named as its `verb` and two methods, `apply(world)` and `revert(world)`,
registered by `register`: those that are built in and those of a user's own alike, one file each.

May import: units, fields, the registry of families. Does not know any fault.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, ClassVar, Final

from pydantic import Field

from simulator.faults.words import Words
from simulator.plugins.family import Family
from simulator.plugins.fields import FaultName, GroupName
from simulator.plugins.spec import Spec
from simulator.units import Count, Duration, PositiveDuration

if TYPE_CHECKING:
    from simpy.events import Event

    from simulator.world.world import World

    Process = Generator[Event, None, None]


class Addition(Spec):
    """Which edges join."""

    edges: GroupName
    """The group that they are of: its settings are theirs, and their names go on from its own."""
    site: GroupName | None = None
    """Where they stand; left out: where all of the group stand."""
    count: Count = 1
    """How many."""


class Fault(Words):
    """Something that goes wrong."""

    verb: ClassVar[str]
    """The key that names the fault and holds its target."""
    about: ClassVar[str] = ""
    """A line for `simulator list`."""
    on_clients: ClassVar[bool] = False
    """Whether its targets are client groups."""
    on_links: ClassVar[bool] = False
    """Whether it strikes the links between its targets, which may be clients, and not nodes."""
    on_whole_sam: ClassVar[bool] = False
    """Whether a shard of the SAM cannot be struck without the others."""
    only_servers: ClassVar[str] = ""
    """What its targets do ("answer with errors") where only edges and cores can be; else empty."""

    at: Duration
    """When it begins."""
    for_: PositiveDuration | None = Field(default=None, alias="for")
    """Left out: until the end."""
    every: PositiveDuration | None = None
    """It comes again after each such time until the end of the run: a calendar. Left out: it comes once."""
    name: FaultName | None = None
    """What reports call it, and metrics: `within[200ms][fault:NAME]` is of the requests due while it is on."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """Each set of globs with its place in the fault."""
        return [((self.verb,), getattr(self, self.verb))]

    @property
    def only_edges(self) -> str:
        """What is done to its targets ("drained") where only an edge can be one; else empty."""
        return ""

    @property
    def resets(self) -> bool:
        """Whether hosts answer with resets in the place of what it strikes."""
        return False

    @property
    def asks_for_resets(self) -> bool:
        """Whether the scenario says so, where it would be otherwise."""
        field = type(self).model_fields.get("connections")
        return self.resets and field is not None and field.default != "reset"

    @property
    def joins(self) -> Addition | None:
        """The edges that it makes; None for none."""
        return None

    @property
    def loses(self) -> str | None:
        """The site that is lost with everything at it; None for none."""
        return None

    def sites(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Each site that it names, with its place in the fault."""
        return []

    @property
    def end_s(self) -> float | None:
        """When it is over; None for never."""
        return None if self.for_ is None else self.at + self.for_

    # -- what it does ---------------------------------------------------------------------------------
    def apply(self, world: World) -> None:
        """It begins: do to the world what it does, and note it in `world.log`."""
        raise NotImplementedError(f"{type(self).__name__} does not override apply")

    def revert(self, world: World) -> None:
        """It is over: take back what `apply` did, and not more; another fault may hold the same target."""
        raise NotImplementedError(f"{type(self).__name__} does not override revert")

    def script(self, world: World, at_s: float) -> Process:
        """What happens when it comes at `at_s` (seconds): a SimPy process that applies and reverts it."""
        yield world.kernel.fault_at(at_s)
        self.apply(world)
        if self.for_ is not None:
            yield world.kernel.fault_at(at_s + self.for_)
            self.revert(world)

    def processes(self, world: World, number: int) -> Iterator[Process]:  # noqa: ARG002 (names random streams)
        """The processes behind it, as fault `number` (from 0) of its scenario."""
        yield self._each_time(world)

    def _each_time(self, world: World) -> Process:
        for at_s in self.begins_s(world.duration_s):
            yield from self.script(world, at_s)

    def begins_s(self, until_s: float) -> Iterator[float]:
        """When it begins, each time, before `until_s` (seconds)."""
        if self.every is None:
            yield self.at
            return
        for time in count():
            at_s = self.at + time * self.every
            if at_s >= until_s:
                return
            yield at_s

    def lasts_s(self, targets: int) -> float | None:  # noqa: ARG002 (where targets take their turns)
        """How long it is on each time with so many targets, seconds; None for until the end."""
        return self.for_


def _does(verb: str, fault: type[Fault]) -> None:
    if verb not in fault.model_fields:
        raise TypeError(f"the fault {verb!r} needs a field of that name with its target")
    scripted = fault.script is not Fault.script or fault.processes is not Fault.processes
    if not scripted and (fault.apply is Fault.apply or fault.revert is Fault.revert):
        raise TypeError(f"the fault {verb!r} needs the methods apply(world) and revert(world)")


FAMILY: Final[Family[Fault]] = Family(
    "fault", "Faults", group="simulator.faults", base=Fault, base_path="simulator.faults.Fault", key="verb",
    check=_does,
    built_in=(
        "crash", "drain", "slow", "error", "pause", "lose", "add", "remove", "partition", "degrade",
        "rolling_restart", "crowd", "at_random",
    ),
)  # fmt: skip
"""All faults; the order is that of `simulator list` and of error messages."""
register = FAMILY.add


def fault_verbs() -> Mapping[str, type[Fault]]:
    """All known faults by verb."""
    return FAMILY
