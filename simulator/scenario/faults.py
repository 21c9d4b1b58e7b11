"""The `faults` section: what goes wrong, when, to whom. The verb of a fault is the key that names its target.

A fault is a subclass of `Fault` with a field named as its `verb` and two methods, `apply(world)` and `revert(world)`,
registered by `register`: those that are built in (simulator.faults, one file each) and those of a user's own alike.

May import: units, the kernel's contract. Does not know any fault.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from simulator.plugins.spec import Spec
from simulator.scenario.fields import FaultName
from simulator.text.synonyms import meant
from simulator.units import Duration, PositiveDuration, QuantityError, show

if TYPE_CHECKING:
    from simpy.events import Event

    from simulator.world.world import World

    Process = Generator[Event, None, None]


class Fault(Spec):
    """Something that goes wrong."""

    verb: ClassVar[str]
    """The key that names the fault and holds its target."""
    about: ClassVar[str] = ""
    """A line for `simulator list`."""
    on_clients: ClassVar[bool] = False
    """Whether its targets are client groups."""
    on_links: ClassVar[bool] = False
    """Whether it strikes the links between its targets, which may be clients, and not nodes."""
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


_FAULTS: dict[str, type[Fault]] = {}
_F = TypeVar("_F", bound=Fault)


def register(fault: type[_F]) -> type[_F]:
    """Class decorator: make a fault known under its `verb`; raises ValueError where that cannot be."""
    verb = getattr(fault, "verb", None)
    if not isinstance(verb, str) or verb not in fault.model_fields:
        raise ValueError(f"{fault.__name__} needs `verb` and a field of that name with its target")
    scripted = fault.script is not Fault.script or fault.processes is not Fault.processes
    if not scripted and (fault.apply is Fault.apply or fault.revert is Fault.revert):
        raise ValueError(f"{fault.__name__} needs the methods apply(world) and revert(world)")
    known = _FAULTS.get(verb)
    if known is not None and (known.__module__, known.__qualname__) != (fault.__module__, fault.__qualname__):
        raise ValueError(f"the fault {verb!r} is registered already, by {known.__module__}")
    _FAULTS[verb] = fault
    return fault


def fault_verbs() -> Mapping[str, type[Fault]]:
    """All known faults by verb."""
    return dict(_FAULTS)


def verb_of(entry: Mapping[str, Any]) -> str | None:
    """The verb of a fault as written; None where it has none that is known, or several."""
    verbs = _verbs(entry)
    return verbs[0] if len(verbs) == 1 else None


def _verbs(entry: Mapping[Any, Any]) -> list[str]:
    """The verbs among some keys: `drain` beside `rolling_restart`, which has a setting of that name, is none."""
    found = [verb for verb in _FAULTS if verb in entry]
    return [verb for verb in found if not any(verb in _FAULTS[other].model_fields for other in found if other != verb)]


class _FaultField:
    """Pydantic's view of a fault: finds its spec by the verb."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler

        def dump(fault: Fault) -> dict[str, Any]:
            return fault.model_dump(mode="json", by_alias=True)

        return core_schema.with_info_plain_validator_function(
            _parse_fault, serialization=core_schema.plain_serializer_function_ser_schema(dump)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        return {"anyOf": [handler(fault.__pydantic_core_schema__) for fault in _FAULTS.values()]}


def _parse_fault(value: object, info: core_schema.ValidationInfo) -> Fault:
    if isinstance(value, Fault):
        return value
    if not isinstance(value, Mapping):
        raise QuantityError(f"{show(value)} is not a fault", "write {at: 2min, for: 60s, crash: pop-1}")
    verbs = _verbs(value)
    if len(verbs) > 1:
        raise QuantityError(f"one fault cannot be both {verbs[0]} and {verbs[1]}", "write two faults")
    if verbs:
        return _FAULTS[verbs[0]].model_validate(value, context=info.context)
    for key in value:
        close = meant(key, _FAULTS) if key not in Fault.model_fields and key not in ("for", "factor") else None
        if close:
            raise QuantityError(f"unknown fault {show(key)}", f"did you mean {close}?").inside(str(key))
    raise QuantityError("this fault does not say what happens", f"add one of {', '.join(_FAULTS)}")


AnyFault = Annotated[Fault, _FaultField()]
"""Any registered fault."""

import simulator.faults  # noqa: E402, F401  (the built-in ones register themselves, before any of a user's own)
