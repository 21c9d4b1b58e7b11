"""The sections about results: `record`, `expect`, `measured`, `variants` and `sweep`.

Names of metrics are looked up when a value is validated. Does not run or judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from simulator.plugins.fields import TraceRatio, group_name
from simulator.plugins.spec import Spec
from simulator.text.synonyms import meant
from simulator.units import (
    KEY,
    PositiveDuration,
    QuantityError,
    format_duration,
    format_number,
    format_rate,
    format_ratio,
    format_size,
    number_text,
    show,
)

_MOST_SWEPT = 10_000


class RecordSpec(Spec):
    """What is kept of a run."""

    window: PositiveDuration = 1.0
    """Width of the windows of time series; left out, a run of more than 2 hours takes 10s, 1min, 10min or 1h."""
    trace: TraceRatio = None
    """Share of requests whose every step is kept."""


def _expectations(value: object) -> tuple[str, ...]:
    from simulator.metrics.expectations import parse_expectation

    if isinstance(value, Mapping) and value:
        raise _pair(value)
    if not isinstance(value, (list, tuple)):
        raise QuantityError(f"{show(value)} is not a list", "write - within[200ms] >= 99.5%")
    for i, item in enumerate(value):
        if isinstance(item, Mapping) and item:
            raise _pair(item).inside(i)
        if not isinstance(item, str):
            raise QuantityError(f"{show(item)} is not an expectation", "write METRIC >= VALUE").inside(i)
        try:
            parse_expectation(item)
        except ValueError as error:
            raise QuantityError.of(str(error)).inside(i) from None
    return tuple(value)


def _pair(mapping: Mapping[object, object]) -> QuantityError:
    """The error for `{errors: "<= 1%"}`, at its key: an expectation is one text."""
    from simulator.metrics.catalogue import CATALOGUE
    from simulator.metrics.names import UnknownMetricError, parse_metric

    written, bound = next(iter(mapping.items()))
    name = str(written)
    what = f"{show(name)} is the key of a mapping, and an expectation is one text"
    try:
        entry = parse_metric(name).metric
    except UnknownMetricError as error:
        same = meant(name, CATALOGUE)
        if same is None:
            return QuantityError.of(str(error)).inside(name, KEY)
        name, entry = same, CATALOGUE[same]
    text = number_text(bound) if isinstance(bound, (int, float)) and not isinstance(bound, bool) else bound
    text = text.strip() if isinstance(text, str) else "VALUE"
    if not text.startswith(("<", ">")):
        text = f"{'>=' if entry.better == 'higher' else '<='} {text}"
    return QuantityError(what, f"write - {name} {text}").inside(str(written), KEY)


def _measured(value: object) -> dict[str, float]:
    from simulator.metrics.expectations import parse_value
    from simulator.metrics.names import parse_metric

    if not isinstance(value, Mapping):
        raise QuantityError(f"{show(value)} is not a mapping", "write {hit_ratio.l1: 71%}")
    result = {}
    for name, raw in value.items():
        try:
            if isinstance(raw, (Mapping, list, tuple, bool)) or raw is None:
                raise QuantityError(f"{show(raw)} is not a value of {name}")
            text = number_text(raw) if isinstance(raw, (int, float)) else str(raw)
            result[str(name)] = parse_value(text, parse_metric(str(name)))
        except QuantityError as error:
            raise error.inside(str(name)) from None
        except ValueError as error:
            raise QuantityError.of(str(error)).inside(str(name)) from None
    return result


def _measured_plain(measured: Mapping[str, float]) -> dict[str, Any]:
    from simulator.metrics.names import unit_of

    writers = {"s": format_duration, "1/s": format_rate, "B": format_size, "ratio": format_ratio}
    plain: dict[str, Any] = {}
    for name, value in measured.items():
        unit = unit_of(name)
        if unit == "B/s":
            plain[name] = f"{format_size(value)}/s"
        else:
            plain[name] = writers[unit](value) if unit in writers else format_number(value)
    return plain


def _variants(value: object) -> dict[str, dict[str, Any]]:
    if not isinstance(value, Mapping):
        raise QuantityError(f"{show(value)} is not a mapping", "write {nearest: {routing.policy: nearest}}")
    for name, changes in value.items():
        try:
            group_name(name)
            if not isinstance(changes, Mapping) or not changes:
                raise QuantityError(f"variant {show(name)} changes nothing", "write {routing.policy: nearest}")
        except QuantityError as error:
            raise error.inside(str(name)) from None
    return {str(name): dict(changes) for name, changes in value.items()}


def _sweep(value: object) -> dict[str, tuple[Any, ...]]:
    if not isinstance(value, Mapping):
        raise QuantityError(f"{show(value)} is not a mapping", "write {edges.pop.l1.ttl: [2s, 5s]}")
    for path, values in value.items():
        if not isinstance(values, (list, tuple)) or not values:
            error = QuantityError(f"{show(values)} is not a list of values", "write [2s, 5s, 20s]")
            raise error.inside(str(path))
        if len(values) > _MOST_SWEPT:
            raise QuantityError(f"more than {_MOST_SWEPT} values", "sweep fewer").inside(str(path))
    return {str(path): tuple(values) for path, values in value.items()}


def _sweep_plain(sweep: Mapping[str, tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {path: list(values) for path, values in sweep.items()}


_OBJECT = {"type": "object"}
Expectations = Annotated[
    tuple[str, ...],
    PlainValidator(_expectations),
    PlainSerializer(list),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
"""`METRIC OP VALUE` texts, whose metrics exist."""
Measured = Annotated[
    dict[str, float],
    PlainValidator(_measured),
    PlainSerializer(_measured_plain),
    WithJsonSchema({**_OBJECT, "additionalProperties": {"type": ["string", "number"]}}),
]
"""Reality: metric -> SI value."""
Variants = Annotated[
    dict[str, dict[str, Any]],
    PlainValidator(_variants),
    WithJsonSchema({**_OBJECT, "additionalProperties": {**_OBJECT, "minProperties": 1}}),
]
"""Name -> paths and values."""
Sweep = Annotated[
    dict[str, tuple[Any, ...]],
    PlainValidator(_sweep),
    PlainSerializer(_sweep_plain),
    WithJsonSchema({**_OBJECT, "additionalProperties": {"type": "array", "minItems": 1}}),
]
"""Path -> values."""
