"""A scenario written out in full: the resolved mapping, its hash, and where each value came from.

May import: yaml (to write), the tree. Does not validate.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from simulator.laws.distributions import Empirical
from simulator.plugins.named import Named
from simulator.plugins.spec import Spec
from simulator.scenario.concrete import concrete_variants
from simulator.scenario.everyone import spread
from simulator.scenario.matrix import RoundTripMatrix
from simulator.scenario.plain import written_out
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.tree import Node, descend
from simulator.scenario.tree import Path as KeyPath
from simulator.workloads.trace import Trace

_ALWAYS: Final = object()
_EXACT: Final = 2.0**53
"""Up to here every whole number is a float of its own."""


def resolved(scenario: ScenarioSpec) -> dict[str, Any]:
    """See `Scenario.resolved`."""
    plain = written_out(scenario)
    plain["variants"] = concrete_variants(scenario, plain)
    return {key: value for key, value in plain.items() if value not in ("", [], {})}


def code(scenario: ScenarioSpec) -> dict[str, bytes]:
    """See `Scenario.code`."""
    found = {}
    for name in scenario.extensions:
        with contextlib.suppress(OSError):
            found[name] = (scenario.base_dir / name).read_bytes()
    return found


def content_hash(scenario: ScenarioSpec) -> str:
    """See `Scenario.content_hash`."""
    plain = _settings(scenario)
    for name, group in scenario.clients.items():
        file = getattr(group.workload, "file", None)
        if isinstance(file, (str, tuple)):
            plain["clients"][name]["workload"]["file"] = _digests(group.workload, file, scenario.base_dir)
    if "variants" in plain:
        plain["variants"] = _same_numbers(resolved(scenario)["variants"])
    if "extensions" in plain:
        plain["extensions"] = [_digest(scenario.base_dir / name) for name in scenario.extensions]
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _settings(spec: Spec) -> dict[str, Any]:
    """The fields that are not at their default: so a new setting leaves the hash of every old scenario alone."""
    dumped = spec.model_dump(mode="json", by_alias=False)
    plain: dict[str, Any] = {}
    for name, default in _defaults(type(spec)).items():
        value = getattr(spec, name)
        if default is _ALWAYS or value != default:
            plain[name] = _hashed(value, dumped.get(name))
    return plain


@cache
def _defaults(model: type[Spec]) -> dict[str, Any]:
    """The default of each field that has one; _ALWAYS for a field that always enters the hash."""
    defaults: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        names_member = get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
        always = names_member or field.is_required()
        if name != "schema_":
            defaults[name] = _ALWAYS if always else field.get_default(call_default_factory=True)
    return defaults


def _hashed(value: object, dumped: Any) -> Any:
    """A value as it enters the hash; `dumped` is what pydantic makes of it."""
    if isinstance(value, Spec):
        return _settings(value)
    if isinstance(value, Named) and value.settings is not None:
        return {str(value): _settings(value.settings)}
    if isinstance(value, (Empirical, RoundTripMatrix)):
        return {"empirical": value.digest} if isinstance(value, Empirical) else value.digest
    if isinstance(value, Mapping):
        return {str(key): _hashed(item, _part(dumped, key)) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_hashed(item, _part(dumped, place)) for place, item in enumerate(value)]
    return _same_numbers(dumped)


def _part(dumped: Any, key: Any) -> Any:
    """What lies under a key or place of a dumped value, if it has the form of the value."""
    if isinstance(dumped, Mapping):
        return dumped.get(key)
    return dumped[key] if isinstance(dumped, list) and isinstance(key, int) and key < len(dumped) else dumped


def _same_numbers(value: Any) -> Any:
    """The same for `50` and `50.0`: which of them is written differs among versions of libraries."""
    if isinstance(value, Mapping):
        return {str(key): _same_numbers(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_same_numbers(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    return value


def _digests(workload: Spec, file: str | tuple[str, ...], base_dir: Path) -> str | list[str]:
    """Of the file of a workload, or of each of a trace's; what came through a pipe had its digest taken then."""
    if not isinstance(workload, Trace):
        return _digest(base_dir / str(file))
    if workload.stream(base_dir) is not None:
        return f"sha256:{workload.load(base_dir).digest}"
    found = [_digest(path) for path in workload.paths(base_dir)]
    return found[0] if isinstance(file, str) and len(found) == 1 else found


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return f"missing:{path.name}"


def origin(tree: Node, path: KeyPath) -> str:
    """Where the value at a path of the resolved scenario came from: `file:line`, `--set ...` or `default`."""
    node, taken = descend(spread(tree), path)
    if taken == path or not node.is_mapping() or _one_value(node, path, taken) or taken == ("variants", *path[1:2]):
        mark = node.mark or node.key_mark
        return mark.origin() if mark is not None and taken else "default"
    return "default"


def _one_value(node: Node, path: KeyPath, taken: KeyPath) -> bool:
    """Whether what lies below `node` is one value in another form (a law's parameters, converted)."""
    from simulator.laws.fields import LAWS

    del node
    return bool(taken) and taken[-1] in LAWS and len(path) > len(taken)
