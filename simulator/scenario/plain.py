"""A scenario as plain values, defaults filled in; its variants as they were written.

Does not validate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.logs.sources import is_stream
from simulator.scenario.spec import ScenarioSpec


def written_out(scenario: ScenarioSpec) -> dict[str, Any]:
    """Every value as YAML writes it; data files are named absolutely, so that the result may be kept anywhere.

    Extensions keep their names: nobody's code runs from a place outside the folder of the scenario that names it.
    """
    plain: dict[str, Any] = _pruned(scenario.model_dump(mode="json", by_alias=True))
    for name, group in plain["clients"].items():
        _absolute(group["workload"], "file", scenario.base_dir)
        if scenario.clients[name].from_trace:
            del group["session"]  # sessions come from the trace, and the language refuses both
            if scenario.clients[name].workload.kind == "trace":
                del group["operations"]  # likewise
    if scenario.network.geo is None:
        plain["network"]["geo"] = "off"
    return plain


def _absolute(mapping: dict[str, Any], key: str, base_dir: Path) -> None:
    value = mapping.get(key)
    if isinstance(value, str):
        mapping[key] = _absolute_name(value, base_dir)
    elif isinstance(value, list):
        mapping[key] = [_absolute_name(name, base_dir) for name in value]


def _absolute_name(name: str, base_dir: Path) -> str:
    path = base_dir / name
    return name if name == "-" else str(path) if is_stream(path) else str(path.resolve())


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value
