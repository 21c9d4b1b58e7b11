"""The JSON Schema of a scenario, for editors: generated from the models and the registries as they are now.

May import: the schema, pydantic. It accepts every scenario that the loader accepts; the loader checks more
than a JSON Schema can say.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from simulator.scenario.everyone import EVERY
from simulator.scenario.merge import GROUPS
from simulator.scenario.schema import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class SchemaGenerator(GenerateJsonSchema):
    """Leaves defaults out: they are SI floats here, and `simulator config` prints them with their units."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema of what has a default."""
        return self.generate_inner(schema["schema"])


def scenario_schema() -> dict[str, Any]:
    """The schema, Draft 2020-12."""
    schema = Scenario.model_json_schema(by_alias=True, schema_generator=SchemaGenerator)
    properties = schema["properties"]
    for section in GROUPS:
        properties[section] = _mapping_or_list(properties[section], schema["$defs"])
    properties["schema"] = {**properties["schema"], "const": 1}
    properties["values"] = _values()
    properties["extends"] = _extends()
    for required in ("name", "duration", "clients", "edges"):
        if required in schema["required"]:
            schema["required"].remove(required)  # `extends` may bring them
    schema["anyOf"] = [{"required": ["duration", "clients", "edges"]}, {"required": ["extends"]}]
    return {"$schema": DIALECT, **schema, "title": "A stickysim scenario"}


def _extends() -> dict[str, Any]:
    """One file or several (see `extending`)."""
    name = {"type": "string", "examples": ["base.yaml", "presets/haproxy"]}
    about = "A file in this folder, or a bundled one, to build upon; or a list of them, of which the later wins."
    return {"description": about, "anyOf": [name, {"type": "array", "items": name, "minItems": 1}]}


def _values() -> dict[str, Any]:
    """Values out of a deployment's own files (see `values`)."""
    key = {"type": "string", "description": "The key in that file, with dots."}
    unit = {"type": "string", "description": "Of the bare number that is there."}
    file = {"type": "string", "description": "The file, relative to the scenario."}
    paths = {"type": "object", "description": "Path in the scenario -> key in that file."}
    keyed = {
        "type": "object",
        "properties": {"key": key, "unit": unit},
        "required": ["key"],
        "additionalProperties": False,
    }
    one = {
        "type": "object",
        "properties": {"from": file, "map": {**paths, "additionalProperties": {"anyOf": [key, keyed]}}},
        "required": ["from", "map"],
        "additionalProperties": False,
    }
    return {"description": "Values out of your own files.", "anyOf": [one, {"type": "array", "items": one}]}


def _mapping_or_list(mapping: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A section of groups: by name, or a list of items with `name`; `*` says what is of every group."""
    patterns = mapping.get("patternProperties")
    group = next(iter(patterns.values())) if patterns else mapping["additionalProperties"]
    name = group["$ref"].rsplit("/", 1)[-1]
    definitions[name].pop("required", None)  # `*`, `extends` and presets may bring them
    item = {**definitions[name], "title": f"{name} with its name"}
    item["properties"] = {"name": {"type": "string", "description": "Of the group."}, **item["properties"]}
    item["required"] = ["name"]
    definitions[f"{name}Item"] = item
    every = definitions[name]
    definitions[f"{name}Every"] = {**every, "title": f"Every {name}", "description": "Of every group without its own."}
    star = {
        "properties": {**item["properties"], "name": {"const": EVERY, "description": "Every group."}},
        "required": ["name"],
    }
    definitions[f"{name}EveryItem"] = {**every, **star, "title": f"Every {name}"}
    items = {"anyOf": [{"$ref": f"#/$defs/{name}Item"}, {"$ref": f"#/$defs/{name}EveryItem"}]}
    listed = {"type": "array", "items": items}
    mapping = {**mapping, "properties": {EVERY: {"$ref": f"#/$defs/{name}Every"}}}
    about = {"description": mapping["description"]} if "description" in mapping else {}
    return {**about, "anyOf": [{k: v for k, v in mapping.items() if k != "description"}, listed]}
