"""Every key of the scenario language says what it means: in the JSON Schema, and so in editors and in the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.scenario.json_schema import scenario_schema

SELF_EXPLAINING = {"kind"}  # a constant: the member that it names is described


def undescribed(schema: Any, definitions: Mapping[str, Any], where: str = "") -> Iterator[str]:
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from undescribed(part, definitions, f"{where}[{number}]")
    if not isinstance(schema, Mapping):
        return
    properties = schema.get("properties")
    for key, value in properties.items() if isinstance(properties, Mapping) else ():
        target = definitions.get(str(value.get("$ref", "")).rsplit("/", 1)[-1], {})
        if key not in SELF_EXPLAINING and not (value.get("description") or target.get("description")):
            yield f"{where}.{key}"
    for key, part in schema.items():
        yield from undescribed(part, definitions, f"{where}.{key}")


def test_every_key_has_a_line_of_meaning():
    schema = scenario_schema()
    assert list(undescribed(schema, schema["$defs"])) == []


def test_a_key_without_one_is_found():
    bare = {"type": "object", "properties": {"ttl": {"type": "string"}}}
    assert list(undescribed({"anyOf": [bare]}, {})) == [".anyOf[0].ttl"]
