"""Variants that say `*`, written out group by group: a resolved scenario fills groups in, and then they win over `*`.

A variant is read for that as a scenario of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.scenario.everyone import EVERY
from simulator.scenario.loading import variant
from simulator.scenario.merge import GROUPS
from simulator.scenario.plain import written_out
from simulator.scenario.spec import ScenarioSpec


def concrete_variants(scenario: ScenarioSpec, filled: Mapping[str, Any]) -> dict[str, Any]:
    """The variants by name, without `*`.

    Args:
        scenario: as it was read.
        filled: its groups with every default, by section and name.
    """
    return {
        name: ({**_others(changes), **dict(_by_group(scenario, name, filled))} or changes)
        if _says_every(changes)
        else changes
        for name, changes in scenario.variants.items()
    }


def _says_every(changes: Mapping[str, Any]) -> bool:
    return any(_is_every(path) or (path in GROUPS and EVERY in value) for path, value in changes.items())


def _is_every(path: str) -> bool:
    section, _, rest = path.partition(".")
    return section in GROUPS and rest.split(".")[0] == EVERY


def _others(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a variant changes, but for what it says of every group."""
    kept: dict[str, Any] = {}
    for path, value in changes.items():
        if path in GROUPS and isinstance(value, Mapping):
            groups = {name: group for name, group in value.items() if name != EVERY}
            kept.update({path: groups} if groups else {})
        elif not _is_every(path):
            kept[path] = value
    return kept


def _by_group(scenario: ScenarioSpec, name: str, filled: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Path and value of each setting of a group that is another under a variant."""
    changed = written_out(variant(ScenarioSpec, scenario.tree, scenario.base_dir, name))
    for section in GROUPS:
        for group, settings in changed.get(section, {}).items():
            before = filled.get(section, {}).get(group, {})
            for key, value in settings.items():
                if before.get(key) != value:
                    yield f"{section}.{group}.{key}", value
