"""What to call the type of a key: known by the JSON Schema that it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from simulator import units
from simulator.laws import fields as dist
from simulator.links import Loss
from simulator.plugins import fields
from simulator.scenario import control, families, health
from simulator.scenario.clients import Operations
from simulator.scenario.matrix import MatrixFile
from simulator.scenario.network import Sites
from simulator.scenario.retried import RetriedByBalancers, RetriedByClients
from simulator.scenario.spec import DurationOrTrace
from simulator.workloads import trace

Schema = Mapping[str, Any]
_MEMBERS = {
    "duration": units.Duration,
    "duration or `never`": units.DurationOrNever,
    "duration or `auto`": fields.AutoOrDuration,
    "duration or `extend`": fields.ExtendOrDuration,
    "rate": units.Rate,
    "share": units.Ratio,
    "share or `unlimited`": units.ShareOrUnlimited,
    "size": units.Size,
    "bandwidth or `unlimited`": units.Bandwidth,
    "distance": units.Distance,
    "factor": units.Factor,
    "factor or `unlimited`": units.FactorOrUnlimited,
    "number": units.Number,
    "weight": units.Weight,
    "number above 0": units.PositiveNumber,
    "weight or `measured`": fields.WeightOrMeasured,
    "whole number or `unlimited`": units.CountOrUnlimited,
    "whole number or `unlimited` ": units.PlacesOrUnlimited,
    "`on` or `off`": units.Switch,
    "`true` or `false`": fields.Bool,
    "text": fields.Text,
    "names or globs": fields.Globs,
    "outcome, or list of outcomes": RetriedByClients,
    "outcome, or list of outcomes ": RetriedByBalancers,
    "[random duration](families.md#distributions)": dist.DurationDist,
    "[random size](families.md#distributions)": dist.SizeDist,
    "[random rate](families.md#distributions)": dist.RateDist,
    "share or [loss model](families.md#loss-models)": Loss,
    "`off`, `on` or `{sample: 1%}`": fields.TraceRatio,
    "shares by operation": Operations,
    "known places, or coordinates by name": Sites,
    "name of a CSV file": MatrixFile,
    "duration, or `trace`": DurationOrTrace,
    "whole number or `off`": health.CountOrOff,
    "duration or `off`": health.DurationOrOff,
    "share, or number of edges": health.PanicBelow,
    "paths or globs, or `-`": trace.Files,
    "[cache policy](families.md#cache-policies)": families.CachePolicy,
    "[routing policy](families.md#routing-policies)": control.RoutingPolicy,
    "[SAM model](families.md#sam-models)": control.SamModel,
    "[format](../how-to/put-your-log-in.md#formats)": trace.Format,
    "names or numbers of columns": trace.Columns,
}
_PLAIN = {"integer": "whole number", "number": "number", "string": "text", "object": "mapping", "array": "list"}
_NOTES = ("title", "description", "default", "examples")


def _core(schema: Any) -> Any:
    """The schema without notes, and without the null of what may be left out."""
    if isinstance(schema, list):
        return [_core(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        return _core(options[0])
    core = {key: _core(value) for key, value in schema.items() if key not in _NOTES}
    return core | ({"anyOf": _core(options)} if options else {})


def _text(schema: Schema) -> str:
    return json.dumps(_core(schema), sort_keys=True, default=str)


KNOWN = {_text(TypeAdapter(member).json_schema()): name.strip() for name, member in _MEMBERS.items()}


def kind_of(schema: Schema) -> str:
    """In words, what a value of this key may be; ValueError where nobody has named it."""
    core = _core(schema)
    found = KNOWN.get(_text(schema)) or _words(core) or _section(core) or _PLAIN.get(core.get("type", ""))
    if found is None:
        raise ValueError(f"no name for the type {core}: add it to docs/generate/kinds.py")
    of = core.get("items", {})
    return f"list of {kind_of(of)}s".replace("texts", "text") if found == "list" and of.get("type") in _PLAIN else found


def _words(core: Schema) -> str | None:
    options = core.get("enum", [core["const"]] if "const" in core else [])
    return " ".join(f"`{option}`" for option in options) or None


def _section(core: Schema) -> str | None:
    if "$ref" in core:
        return "section"
    return "section, or `off`" if any("$ref" in option for option in core.get("anyOf", [])) else None
