"""Links: how messages are delayed, queued and lost between two actors.

One file for each loss model; `path` moves messages. A scenario names a model by its `kind`
(`loss: {gilbert_elliott: {...}}`; a ratio alone is Bernoulli), and a model of one's own joins with `@register`, then
works in YAML, JSON Schema and error messages like the others. A new built-in one is a file, and its name in `base`.

May import: pydantic, simulator.units and the family. Does not know the network section of a scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from simulator.links.base import FAMILY, LossModel, LossProcess, Uniform, register
from simulator.links.bernoulli import Bernoulli
from simulator.links.counters import PathCounters
from simulator.links.gilbert_elliott import ALIASES, GilbertElliott
from simulator.links.path import Line, Link, Path
from simulator.text.synonyms import meant
from simulator.units import parse_ratio

__all__ = [
    "FAMILY",
    "Bernoulli",
    "GilbertElliott",
    "Line",
    "Link",
    "Loss",
    "LossModel",
    "LossProcess",
    "Path",
    "PathCounters",
    "Uniform",
    "loss_models",
    "parse_loss",
    "register",
]


def loss_models() -> Mapping[str, type[LossModel]]:
    """All known loss models by kind, built-in ones first."""
    return FAMILY


def parse_loss(value: object) -> LossModel:
    """A ratio (`0.1%`, 0.001) or `{kind: parameters}` -> the model.

    Raises ValueError; as pydantic's ValidationError (which is one) with the place of each fault in a mapping.
    """
    if isinstance(value, LossModel):
        return value
    if not isinstance(value, Mapping):
        return Bernoulli(ratio=parse_ratio(value))
    if len(value) != 1:
        raise PydanticCustomError("loss_model", "{what}", {"what": _not_one_model(value)})
    [(kind, parameters)] = value.items()
    model = FAMILY.get(kind) if isinstance(kind, str) else None
    if model is None:
        what = PydanticCustomError("loss_model", "{what}", {"what": _unknown_model(kind)})
        raise ValidationError.from_exception_data("loss", [InitErrorDetails(type=what, loc=(str(kind),), input=value)])
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        raise _inside(kind, error) from None


def _not_one_model(value: Mapping[object, object]) -> str:
    names = {*ALIASES, *ALIASES.values()}
    if value and all(key in names for key in value):
        return "these are parameters of a loss model: write loss: {gilbert_elliott: {...}}"
    return f"a loss is a ratio (0.1%) or one of {_listed()} with its parameters"


def _unknown_model(kind: object) -> str:
    close = meant(str(kind), FAMILY)
    hint = f"did you mean {close}?" if close else f"known are {_listed()}"
    return f"unknown loss model '{kind}': {hint}"


def _listed() -> str:
    return ", ".join(FAMILY)


def _inside(kind: str, error: ValidationError) -> ValidationError:
    """The same faults, placed under the model's key."""
    details = []
    for fault in error.errors(include_url=False):
        kept: str | PydanticCustomError = fault["type"]
        if kept == "value_error":
            message = fault["msg"].removeprefix("Value error, ")
            kept = PydanticCustomError("value_error", "{what}", {"what": message})
        details.append(
            InitErrorDetails(type=kept, loc=(kind, *fault["loc"]), input=fault["input"], ctx=fault.get("ctx", {}))
        )
    return ValidationError.from_exception_data("loss", details)


def _plain(model: LossModel) -> object:
    return model.to_plain()


class _LossField:
    """Pydantic's view of a loss: looks models up when it validates, so that late registrations count."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            parse_loss, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        ratio = {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^\s*[0-9.]+(?:[eE][+-]?[0-9]+)?\s*%?\s*$",
                    "examples": ["0.1%"],
                },
                {"type": "number", "minimum": 0, "maximum": 1},
            ]
        }
        members: list[dict[str, Any]] = [ratio]
        for kind, model in FAMILY.items():
            parameters = handler(model.__pydantic_core_schema__)
            about = {"description": parameters.get("description", kind)}
            accepted = {"anyOf": [ratio, parameters], **about} if model is Bernoulli else parameters
            members.append(
                {
                    "type": "object",
                    "properties": {kind: accepted},
                    "required": [kind],
                    "additionalProperties": False,
                }
            )
        return {"anyOf": members}


Loss = Annotated[LossModel, _LossField]
"""Field type of a loss: validates what `parse_loss` takes, serialises as a scenario writes it."""
