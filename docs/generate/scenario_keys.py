"""The reference of the scenario language, from the pydantic models that read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import yaml
from pydantic.fields import FieldInfo

from generate.kinds import kind_of
from generate.tables import code, prose, table
from simulator import units
from simulator.faults import Fault
from simulator.links import LossModel
from simulator.plugins.spec import Spec
from simulator.scenario.json_schema import SchemaGenerator, scenario_schema
from simulator.scenario.schema import Scenario

ELSEWHERE = {"faults": "[list of faults](families.md#faults)", "workload": "[workload](families.md#workloads)"}
FAMILIES = (Fault, LossModel)
_TWICE = ("\N{GREEK SMALL LETTER MU}s", "kB")  # read as well, but no other unit
_TOP_ONLY = ("extends", "values")  # the loader reads these before the models do


def sections() -> str:
    """The top level, then a section for each part, each with its path."""
    return "\n".join(f"{head}\n\n{body}" for head, body in _sections(Scenario, "", 2))


def _sections(model: type[Spec], path: str, level: int) -> Iterator[tuple[str, str]]:
    yield _head(model, path, level), keys(model, path)
    yield from parts(model, path, min(level + 1, 3))


def parts(model: type[Spec], path: str, level: int) -> Iterator[tuple[str, str]]:
    """(heading, body) of the sections inside a model, each with its path."""
    for name, field in model.model_fields.items():
        part = _spec_in(field.annotation)
        if part is not None and name not in ELSEWHERE and not issubclass(part, FAMILIES):
            yield from _sections(part, _path(path, _key(name, field), field), level)


def _head(model: type[Spec], path: str, level: int) -> str:
    if not path:
        return f"{'#' * level} The top level\n"
    return f'<a id="{_label(path)}"></a>\n\n{"#" * level} {path}\n\n{prose(model)}'


def keys(model: type[Spec], path: str = "", skip: tuple[str, ...] = ()) -> str:
    """A table of the keys of one model: what they are, mean, and are when left out."""
    schema = model.model_json_schema(by_alias=True, schema_generator=SchemaGenerator)
    defaults = _defaults(model)
    rows = []
    for name, field in model.model_fields.items():
        key = _key(name, field)
        if key in skip:
            continue
        kind = ELSEWHERE.get(key) or kind_of(schema["properties"][key])
        part = _spec_in(field.annotation)
        if part is not None and not issubclass(part, FAMILIES) and key not in ELSEWHERE:
            more = ", or a list" if _form(field) == "by name" else ", or `off`" if "`off`" in kind else ""
            kind = f"[{_form(field)}](#{_label(_path(path, key, field))}){more}"
        about = field.description or (part.__doc__ if part is not None else "") or ""
        rows.append((code(key), about, kind, _default(field, defaults.get(key), nested=part is not None)))
    if not path and model is Scenario:
        rows += _loader_rows()
    return table(("key", "meaning", "type", "default"), rows, "keys")


def _loader_rows() -> Iterator[tuple[str, str, str, str]]:
    properties = scenario_schema()["properties"]
    kinds = {"extends": "text or list of texts", "values": "mapping or list of mappings"}
    for key in _TOP_ONLY:
        yield code(key), properties[key]["description"], kinds[key], "left out"


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _label(path: str) -> str:
    return "key-" + path.lower().replace(".", "-").replace("[", "").replace("]", "")


def _path(path: str, key: str, field: FieldInfo) -> str:
    """Of a part: `clients.NAME`, `network.links[]`."""
    ends = {"by name": ".NAME", "list": "[]"}
    return f"{path}.{key}".lstrip(".") + ends.get(_form(field), "")


def _form(field: FieldInfo) -> str:
    text = str(field.annotation)
    return "by name" if text.startswith("dict[") else "list" if text.startswith("tuple[") else "section"


def _spec_in(annotation: Any) -> type[Spec] | None:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    found = [_spec_in(part) for part in get_args(annotation)]
    return next((part for part in found if part is not None), None)


def _defaults(model: type[Spec]) -> dict[str, Any]:
    """Every default as YAML writes it."""
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    bare = model.model_construct()
    return model.__pydantic_serializer__.to_python(bare, mode="json", by_alias=True, exclude=required, warnings=False)


def _default(field: FieldInfo, value: Any, *, nested: bool) -> str:
    explained = (field.description or "").lower()
    if "left out:" in explained:
        return "left out"
    if field.is_required():
        return "**required**"
    if value in (None, "", {}, [], ()):
        return "left out"
    if nested and isinstance(value, dict):
        return "its defaults"
    if isinstance(value, str):
        return code(value)
    text = yaml.safe_dump(_rounded(value), default_flow_style=True, width=10_000, sort_keys=False)
    return code(text.removesuffix("\n").removesuffix("\n..."))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def quantities() -> str:
    """The kinds of quantities with their units."""
    dimensions = {
        "duration": units.DURATION, "rate": units.RATE, "size": units.SIZE, "bandwidth": units.BANDWIDTH,
        "distance": units.DISTANCE,
    }  # fmt: skip
    rows = []
    for name, one in dimensions.items():
        known = [code(unit) for unit in one.units if unit not in _TWICE]
        rows.append((name, " ".join(known), code(f"20{one.readings[0]}")))
    rows += [
        ("share", "`%`, or a number from 0 to 1", "`0.5%`"),
        ("factor", "`x`, or a number above 0", "`2.5x`"),
        ("weight", "a number from 0 to 100", "`62.5`"),
    ]
    return table(("quantity", "units", "example"), rows)
