"""Field types of quantities for pydantic models: they read text, hold SI floats, and write text again.

May import: pydantic, parsing, formatting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from simulator.units.dimensions import (
    BANDWIDTH,
    DISTANCE,
    DURATION,
    DURATION_OR_NEVER,
    NUMBER,
    RATE,
    SIZE,
    QuantityError,
    show,
)
from simulator.units.formatting import (
    format_bandwidth,
    format_distance,
    format_duration,
    format_factor,
    format_number,
    format_rate,
    format_ratio,
    format_size,
)
from simulator.units.parsing import (
    parse_bandwidth,
    parse_count,
    parse_count_or_unlimited,
    parse_distance,
    parse_duration,
    parse_duration_or_never,
    parse_factor,
    parse_factor_or_unlimited,
    parse_number,
    parse_rate,
    parse_ratio,
    parse_share_or_unlimited,
    parse_size,
    parse_switch,
    parse_weight,
)


def _positive(parse: Callable[[object], float], zero: str) -> Callable[[object], float]:
    def checked(value: object) -> float:
        result = parse(value)
        if result <= 0:
            small = "short" if zero == "0s" else "small"
            raise QuantityError(f"{show(value)} is too {small}", f"must be above {zero}")
        return result

    return checked


def _text_schema(pattern: str, example: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": [example]}


_RATIO_PATTERN = rf"^\s*(?:{NUMBER})\s*%?\s*$"
_RATIO_SCHEMA = {"anyOf": [_text_schema(_RATIO_PATTERN, "5%"), {"type": "number", "minimum": 0, "maximum": 1}]}
_SHARE_SCHEMA = {
    "anyOf": [_text_schema(_RATIO_PATTERN, "20%"), {"const": "unlimited"}, {"type": "number", "minimum": 0}]
}
_FACTOR_SCHEMA = {
    "anyOf": [
        _text_schema(rf"^\s*(?:{NUMBER})\s*x?\s*$", "2.5x"),
        {"type": "number", "exclusiveMinimum": 0},
    ]
}


def _as_list_item(minimum: int) -> dict[str, Any]:
    return {"anyOf": [{"type": "integer", "minimum": minimum}, {"const": "unlimited"}]}


def _queue_places(value: object) -> int | None:
    return parse_count_or_unlimited(value, least=0)


def _unlimited_text(value: int | None) -> int | str:
    return "unlimited" if value is None else value


def _switch_text(value: bool) -> str:
    return "on" if value else "off"


def _quantity(
    parse: Callable[[object], float], text: Callable[[float], Any], schema: dict[str, Any]
) -> tuple[BeforeValidator, PlainSerializer, WithJsonSchema]:
    return BeforeValidator(parse), PlainSerializer(text), WithJsonSchema(schema)


_D, _N = _text_schema(DURATION.pattern(), "50ms"), _text_schema(DURATION_OR_NEVER.pattern(), "50ms")
_V, _S, _J = _quantity(parse_duration, format_duration, _D)
Duration = Annotated[float, _V, _S, _J]
"""Seconds, >= 0."""
PositiveDuration = Annotated[float, BeforeValidator(_positive(parse_duration, "0s")), _S, _J]
"""Seconds, > 0."""
DurationOrNever = Annotated[float, BeforeValidator(parse_duration_or_never), _S, WithJsonSchema(_N)]
"""Seconds, >= 0, or infinity for `never`, `forever`, `unlimited`."""
PositiveDurationOrNever = Annotated[
    float, BeforeValidator(_positive(parse_duration_or_never, "0s")), _S, WithJsonSchema(_N)
]
"""Seconds, > 0, or infinity."""
_RATE_SCHEMA = _text_schema(RATE.pattern(), "400/s")
Rate = Annotated[float, BeforeValidator(parse_rate), PlainSerializer(format_rate), WithJsonSchema(_RATE_SCHEMA)]
"""Events per second, >= 0."""
PositiveRate = Annotated[
    float,
    BeforeValidator(_positive(parse_rate, "0/s")),
    PlainSerializer(format_rate),
    WithJsonSchema(_RATE_SCHEMA),
]
"""Events per second, > 0."""
Ratio = Annotated[float, BeforeValidator(parse_ratio), PlainSerializer(format_ratio), WithJsonSchema(_RATIO_SCHEMA)]
"""A ratio 0..1."""
ShareOrUnlimited = Annotated[
    float,
    BeforeValidator(parse_share_or_unlimited),
    PlainSerializer(format_ratio),
    WithJsonSchema(_SHARE_SCHEMA),
]
"""A ratio >= 0 that may exceed one, or infinity for `unlimited`."""
Size = Annotated[
    float,
    BeforeValidator(parse_size),
    PlainSerializer(format_size),
    WithJsonSchema(_text_schema(SIZE.pattern(), "4KiB")),
]
"""Bytes, >= 0."""
Bandwidth = Annotated[
    float,
    BeforeValidator(_positive(parse_bandwidth, "0bit/s")),
    PlainSerializer(format_bandwidth),
    WithJsonSchema(_text_schema(BANDWIDTH.pattern(), "10Mbit/s")),
]
"""Bits per second, > 0, or infinity for `unlimited`."""
Distance = Annotated[
    float,
    BeforeValidator(parse_distance),
    PlainSerializer(format_distance),
    WithJsonSchema(_text_schema(DISTANCE.pattern(), "800km")),
]
"""Metres, >= 0."""
Factor = Annotated[float, BeforeValidator(parse_factor), PlainSerializer(format_factor), WithJsonSchema(_FACTOR_SCHEMA)]
"""A factor > 0, as `2.5x` or `2.5`."""
FactorOrUnlimited = Annotated[
    float,
    BeforeValidator(parse_factor_or_unlimited),
    PlainSerializer(format_factor),
    WithJsonSchema({"anyOf": [*_FACTOR_SCHEMA["anyOf"], {"const": "unlimited"}]}),
]
"""A factor > 0, or infinity for `unlimited`."""
Number = Annotated[
    float, BeforeValidator(parse_number), PlainSerializer(format_number), WithJsonSchema({"type": "number"})
]
"""A plain finite number."""
PositiveNumber = Annotated[
    float,
    BeforeValidator(_positive(parse_number, "0")),
    PlainSerializer(format_number),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
"""A plain finite number > 0."""
Weight = Annotated[
    float,
    BeforeValidator(parse_weight),
    PlainSerializer(format_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
"""A stickiness weight: a real number 0..100."""
Count = Annotated[int, BeforeValidator(parse_count), Field(ge=1), WithJsonSchema({"type": "integer", "minimum": 1})]
"""A whole number >= 1."""
CountOrUnlimited = Annotated[
    int | None,
    BeforeValidator(parse_count_or_unlimited),
    PlainSerializer(_unlimited_text),
    WithJsonSchema(_as_list_item(1)),
]
"""A whole number >= 1, or None for `unlimited`."""
PlacesOrUnlimited = Annotated[
    int | None,
    BeforeValidator(_queue_places),
    PlainSerializer(_unlimited_text),
    WithJsonSchema(_as_list_item(0)),
]
"""A whole number >= 0, or None for `unlimited`."""
Switch = Annotated[
    bool,
    BeforeValidator(parse_switch),
    PlainSerializer(_switch_text),
    WithJsonSchema({"enum": ["on", "off", True, False]}),
]
"""`on`, `off`, true or false."""
