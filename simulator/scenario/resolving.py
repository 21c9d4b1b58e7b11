"""A scenario written out in full: the resolved mapping, its hash, and where each value came from.

May import: yaml (to write), the tree. Does not validate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.distributions import Empirical
from simulator.scenario.tree import Node, descend
from simulator.scenario.tree import Path as KeyPath

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


def resolved(scenario: Scenario) -> dict[str, Any]:
    """See `Scenario.resolved`; data files are named absolutely, so that the result may be kept anywhere."""
    plain: dict[str, Any] = _pruned(scenario.model_dump(mode="json", by_alias=True))
    for name, group in plain["clients"].items():
        _absolute(group["workload"], "file", scenario.base_dir)
        if scenario.clients[name].from_trace:
            del group["session"]  # sessions come from the trace, and the language refuses both
            if scenario.clients[name].workload.kind == "trace":
                del group["operations"]  # likewise
    plain["extensions"] = [str((scenario.base_dir / name).resolve()) for name in plain["extensions"]]
    if scenario.network.geo is None:
        plain["network"]["geo"] = "off"
    return {key: value for key, value in plain.items() if value not in ("", [], {})}


def _absolute(mapping: dict[str, Any], key: str, base_dir: Path) -> None:
    if isinstance(mapping.get(key), str):
        mapping[key] = str((base_dir / mapping[key]).resolve())


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value


def content_hash(scenario: Scenario) -> str:
    """See `Scenario.content_hash`."""
    plain = _pruned(scenario.model_dump(mode="json", by_alias=True))
    digests = {str(dist.path): dist.digest for dist in _empirical(scenario)}
    for group in plain["clients"].values():
        name = group["workload"].get("file")
        if isinstance(name, str):
            group["workload"]["file"] = _digest(scenario.base_dir / name)
    plain["extensions"] = [_digest(scenario.base_dir / name) for name in plain["extensions"]]
    text = json.dumps(_with_digests(plain, digests), sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return f"missing:{path.name}"


def _with_digests(value: Any, digests: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"empirical"} and isinstance(value["empirical"], str):
            return {"empirical": digests.get(value["empirical"], value["empirical"])}
        return {key: _with_digests(item, digests) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_digests(item, digests) for item in value]
    return value


def _empirical(value: object) -> list[Empirical]:
    """Every empirical distribution of a model, wherever it stands."""
    if isinstance(value, Empirical):
        return [value]
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in _empirical(item)]
    if isinstance(value, (tuple, list)):
        return [found for item in value for found in _empirical(item)]
    fields = getattr(type(value), "model_fields", None)
    if isinstance(fields, dict):
        return [found for name in fields for found in _empirical(getattr(value, name))]
    return []


def origin(tree: Node, path: KeyPath) -> str:
    """Where the value at a path of the resolved scenario came from: `file:line`, `--set ...` or `default`."""
    node, taken = descend(tree, path)
    if taken == path or not node.is_mapping() or _one_value(node, path, taken):
        mark = node.mark or node.key_mark
        return mark.origin() if mark is not None and taken else "default"
    return "default"


def _one_value(node: Node, path: KeyPath, taken: KeyPath) -> bool:
    """Whether what lies below `node` is one value in another form (a law's parameters, converted)."""
    from simulator.distribution_fields import LAWS

    del node
    return bool(taken) and taken[-1] in LAWS and len(path) > len(taken)
