"""The `faults` section: what goes wrong, when, to whom. The verb of a fault is the key that names its target.

A fault of a user's own is a subclass of `Fault` with a field named as its `verb` and two methods,
`apply(world)` and `revert(world)`, registered by `register`.

May import: units, simulator.links (for loss models). Does not apply faults (see simulator.faults).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from simulator.distribution_fields import PositiveDurationDist
from simulator.links import Loss
from simulator.scenario.fields import Globs, choice, globs
from simulator.spec import Spec
from simulator.synonyms import meant
from simulator.units import Bandwidth, Duration, Factor, PositiveDuration, QuantityError, show


class Fault(Spec):
    """Something that goes wrong."""

    verb: ClassVar[str]
    """The key that names the fault and holds its target."""
    about: ClassVar[str] = ""
    """A line for `simulator list`."""
    on_clients: ClassVar[bool] = False
    """Whether its targets are client groups."""

    at: Duration
    """When it begins."""
    for_: PositiveDuration | None = Field(default=None, alias="for")
    """Left out: until the end."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """Each set of globs with its place in the fault."""
        return [((self.verb,), getattr(self, self.verb))]

    @property
    def end_s(self) -> float | None:
        """When it is over; None for never."""
        return None if self.for_ is None else self.at + self.for_


class Crash(Fault):
    """A node loses all it holds and answers nothing; afterwards it restarts cold."""

    verb = "crash"
    about = "a node loses all it holds, answers nothing, and restarts cold"
    crash: Globs
    """Names or globs of nodes, or group names."""


class Drain(Fault):
    """An edge takes no new sessions, and the existing ones leave it."""

    verb = "drain"
    about = "an edge takes no new sessions and the existing ones leave"
    drain: Globs
    """Names or globs of edges, or group names."""


class Slow(Fault):
    """Service started under it takes `factor` times as long: a grey failure."""

    verb = "slow"
    about = "service takes `factor` times as long: a grey failure"
    slow: Globs
    """Names or globs of nodes, or group names."""
    factor: Factor
    """How many times as long."""


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


_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


class Partition(Fault):
    """Messages between two sets of actors are lost, both ways or only from the first to the second."""

    verb = "partition"
    about = "messages between two sets of actors are lost, both ways or forward only"
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


class Degrade(Fault):
    """Links lose more, take longer or carry less."""

    verb = "degrade"
    about = "links lose more, take longer or carry less"
    degrade: Degradation
    """Which links, and how."""

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """Both ends."""
        return [(("degrade", "from"), self.degrade.from_), (("degrade", "to"), self.degrade.to)]


class RollingRestart(Fault):
    """The nodes restart one after the other."""

    verb = "rolling_restart"
    about = "nodes restart one after the other, each `down` long, with a `pause` between"
    rolling_restart: Globs
    """Names or globs of nodes, or group names."""
    down: PositiveDuration
    """How long each node is down."""
    pause: Duration = 0.0
    """From one node being up again to the next one going down."""

    @model_validator(mode="after")
    def _has_its_own_end(self) -> RollingRestart:
        if self.for_ is not None:
            raise QuantityError("a rolling restart ends when every node has restarted", "remove for")
        return self


class Crowd(Fault):
    """Clients send `factor` times as many requests."""

    verb = "crowd"
    about = "clients send `factor` times as many requests: a flash crowd"
    on_clients = True
    crowd: Globs
    """Names or globs of client groups."""
    factor: Factor
    """How many times as many requests."""


class RandomFault(Fault):
    """Each matching node fails and is repaired again and again; MTTF counts from the repair."""

    verb = "random"
    about = "nodes fail and are repaired again and again, at random (mttf, mttr)"
    at: Duration = 0.0
    """When the first time to failure begins."""
    random: Annotated[Literal["crash", "slow", "drain"], *choice("crash", "slow", "drain")]
    """What happens to a node."""
    of: Globs
    """Names or globs of nodes, or group names."""
    mttf: PositiveDurationDist
    """From a repair to the next failure."""
    mttr: PositiveDurationDist
    """From a failure to its repair."""
    factor: Factor | None = None
    """Of `random: slow`."""

    @model_validator(mode="after")
    def _factor_of_slow(self) -> RandomFault:
        if (self.random == "slow") != (self.factor is not None):
            if self.factor is None:
                raise QuantityError("random: slow needs a factor", "add factor: 10")
            raise QuantityError(f"random: {self.random} has no factor", "remove factor")
        return self

    def targets(self) -> list[tuple[tuple[str | int, ...], tuple[str, ...]]]:
        """What `of` names."""
        return [(("of",), self.of)]


_FAULTS: dict[str, type[Fault]] = {}
_F = TypeVar("_F", bound=Fault)


def register(fault: type[_F]) -> type[_F]:
    """Class decorator: make a fault known under its `verb`; raises ValueError where that cannot be."""
    verb = getattr(fault, "verb", None)
    if not isinstance(verb, str) or verb not in fault.model_fields:
        raise ValueError(f"{fault.__name__} needs `verb` and a field of that name with its target")
    built_in = fault.__module__ == __name__
    if not built_in and not (callable(getattr(fault, "apply", None)) and callable(getattr(fault, "revert", None))):
        raise ValueError(f"{fault.__name__} needs the methods apply(world) and revert(world)")
    known = _FAULTS.get(verb)
    if known is not None and (known.__module__, known.__qualname__) != (fault.__module__, fault.__qualname__):
        raise ValueError(f"the fault {verb!r} is registered already, by {known.__module__}")
    _FAULTS[verb] = fault
    return fault


for _built_in in (Crash, Drain, Slow, Partition, Degrade, RollingRestart, Crowd, RandomFault):
    register(_built_in)


def fault_verbs() -> Mapping[str, type[Fault]]:
    """All known faults by verb."""
    return dict(_FAULTS)


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
    verbs = [verb for verb in _FAULTS if verb in value]
    if len(verbs) > 1:
        raise QuantityError(f"one fault cannot be both {verbs[0]} and {verbs[1]}", "write two faults")
    if verbs:
        return _FAULTS[verbs[0]].model_validate(value, context=info.context)
    for key in value:
        close = meant(key, _FAULTS) if key not in Fault.model_fields and key not in ("for", "factor", "name") else None
        if close:
            raise QuantityError(f"unknown fault {show(key)}", f"did you mean {close}?").inside(str(key))
    raise QuantityError("this fault does not say what happens", f"add one of {', '.join(_FAULTS)}")


AnyFault = Annotated[Fault, _FaultField()]
"""Any registered fault."""
