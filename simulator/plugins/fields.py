"""Small field types of the schema that are neither quantities nor families: choices, switched parts, globs.

May import: pydantic, units, distribution fields. Does not know any section.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapSerializer,
    WrapValidator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from simulator.text.synonyms import meant
from simulator.units import (
    DURATION,
    QuantityError,
    format_duration,
    format_number,
    format_ratio,
    parse_duration,
    parse_ratio,
    parse_weight,
    show,
)

_GROUP_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_SCENARIO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FAULT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_GLOB = re.compile(r"[A-Za-z0-9_*?-]+")


def choice(*options: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """One of a fixed set of words, with did-you-mean in its error."""

    def check(value: object) -> object:
        if isinstance(value, str) and value in options:
            return value
        close = meant(value, options)
        listed = f"{', '.join(options[:-1])} or {options[-1]}" if len(options) > 1 else options[0]
        mend = f"did you mean {close}?" if close else f"write {listed}"
        raise QuantityError(f"{show(value)} is not one of {listed}", mend)

    return BeforeValidator(check), WithJsonSchema({"enum": list(options)})


def _off(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    if value is False or value == "off" or value is None:
        if value is None:
            raise QuantityError("this section is empty", "leave it out for its defaults, or write off")
        return None
    return validate({} if value is True or value == "on" else value)


def _off_text(value: object, dump: SerializerFunctionWrapHandler) -> Any:
    return "off" if value is None else dump(value)


class _OffSchema:
    """Puts `off` and `on` in the JSON Schema where pydantic would put null."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        section = handler(schema)
        options = [option for option in section.get("anyOf", [section]) if option != {"type": "null"}]
        return {"anyOf": [*options, {"enum": ["off", "on", True, False]}]}


OrOff = (WrapValidator(_off), WrapSerializer(_off_text), _OffSchema())
"""Makes a section that may be switched off: `off` -> None, `on` -> its defaults."""


def group_name(value: object) -> str:
    """A name of a group or site: letters, digits, `-` and `_`, beginning with a letter."""
    if isinstance(value, str) and len(value) <= 60 and _GROUP_NAME.fullmatch(value):
        return value
    raise QuantityError(f"{show(value)} cannot be a name", "use letters, digits, - and _, beginning with a letter")


def scenario_name(value: object) -> str:
    """A name that is also the name of a result folder."""
    if isinstance(value, str) and _SCENARIO_NAME.fullmatch(value):
        return value
    raise QuantityError(
        f"{show(value)} cannot be the name of a scenario",
        "it names the result folder: use letters, digits, . - and _, at most 100",
    )


def fault_name(value: object) -> str:
    """A name that is also a label of metrics: `[fault:NAME]`."""
    if not isinstance(value, str) or not _FAULT_NAME.fullmatch(value):
        raise QuantityError(
            f"{show(value)} cannot be the name of a fault",
            "metrics are labelled with it: use letters, digits, . - and _, at most 100",
        )
    if value == "none":
        raise QuantityError("'none' cannot be the name of a fault", "[fault:none] means no fault: choose another name")
    return value


def text(value: object) -> str:
    """A piece of prose."""
    if isinstance(value, str):
        return value
    raise QuantityError(f"{show(value)} is not text", "put it in quotes")


def boolean(value: object) -> bool:
    """`true` or `false`."""
    if isinstance(value, bool):
        return value
    raise QuantityError(f"{show(value)} is neither true nor false", "write true or false")


def globs(value: object) -> tuple[str, ...]:
    """A name or glob of actors, or a list of them; whether they match anything is checked later."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items:
        raise QuantityError(f"{show(value)} is not the name of an actor", "write for example pop-1 or pop-*")
    for i, item in enumerate(items):
        if not isinstance(item, str) or not _GLOB.fullmatch(item):
            error = QuantityError(f"{show(item)} is not the name of an actor", "write for example pop-1 or pop-*")
            raise error.inside(*(() if items is not value else (i,)))
    return tuple(items)


def _globs_plain(value: tuple[str, ...]) -> str | list[str]:
    return value[0] if len(value) == 1 else list(value)


def _word_or(word: str, parse: Callable[[object], float]) -> Callable[[object], float | str]:
    def checked(value: object) -> float | str:
        if value == word:
            return word
        try:
            return parse(value)
        except QuantityError as error:
            raise QuantityError(error.what, f"{error.mend} or {word}".removeprefix(" or ")) from None

    return checked


def _trace(value: object) -> float | None:
    if value is False or value == "off":
        return None
    if value is True or value == "on":
        return 1.0
    if isinstance(value, Mapping) and set(value) == {"sample"}:
        try:
            ratio = parse_ratio(value["sample"])
        except QuantityError as error:
            raise error.inside("sample") from None
        return ratio or None
    raise QuantityError(f"{show(value)} does not say what to trace", "write off, on or {sample: 1%}")


def _trace_plain(value: float | None) -> Any:
    return "off" if value is None else {"sample": format_ratio(value)}


def _word_plain(dump: Callable[[float], Any]) -> PlainSerializer:
    def plain(value: float | str) -> Any:
        return value if isinstance(value, str) else dump(value)

    return PlainSerializer(plain)


_STRING = {"type": "string"}
_SAMPLE = {"anyOf": [_STRING, {"type": "number"}]}
_DURATION = {"type": "string", "pattern": DURATION.pattern(), "examples": ["50ms"]}
Text = Annotated[str, PlainValidator(text), WithJsonSchema(_STRING)]
"""Prose."""
Bool = Annotated[bool, PlainValidator(boolean), WithJsonSchema({"type": "boolean"})]
"""`true` or `false`."""
Connections = Annotated[Literal["silent", "reset"], *choice("silent", "reset")]
"""What becomes of connections to a node that goes down."""
GroupName = Annotated[
    str, PlainValidator(group_name), WithJsonSchema({**_STRING, "pattern": f"^{_GROUP_NAME.pattern}$"})
]
"""The name of a group or site."""
ScenarioName = Annotated[
    str, PlainValidator(scenario_name), WithJsonSchema({**_STRING, "pattern": f"^{_SCENARIO_NAME.pattern}$"})
]
"""The name of a scenario."""
FaultName = Annotated[
    str, PlainValidator(fault_name), WithJsonSchema({**_STRING, "pattern": f"^{_FAULT_NAME.pattern}$"})
]
"""The name of a fault."""
Globs = Annotated[
    tuple[str, ...],
    PlainValidator(globs),
    PlainSerializer(_globs_plain),
    WithJsonSchema({"anyOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}),
]
"""Names or globs of actors."""
AutoOrDuration = Annotated[
    float | str,
    PlainValidator(_word_or("auto", parse_duration)),
    _word_plain(format_duration),
    WithJsonSchema({"anyOf": [_DURATION, {"const": "auto"}]}),
]
"""Seconds, or the word `auto`."""
ExtendOrDuration = Annotated[
    float | str,
    PlainValidator(_word_or("extend", parse_duration)),
    _word_plain(format_duration),
    WithJsonSchema({"anyOf": [_DURATION, {"const": "extend"}]}),
]
"""Seconds, or the word `extend`."""
WeightOrMeasured = Annotated[
    float | str,
    PlainValidator(_word_or("measured", parse_weight)),
    _word_plain(format_number),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, {"const": "measured"}]}),
]
"""A weight 0..100, or the word `measured`."""
TraceRatio = Annotated[
    float | None,
    PlainValidator(_trace),
    PlainSerializer(_trace_plain),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["off", "on", True, False]},
                {
                    "type": "object",
                    "properties": {"sample": {**_SAMPLE, "description": "Share of requests."}},
                    "required": ["sample"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""Share of requests traced, or None."""
