"""Presets: parts of scenarios that others extend. They lie in a folder `presets`, and leave out what a run needs.

May import: the scenario package. Does not run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.scenario import overrides as setting
from simulator.scenario.bundled import PRESETS, bundled_folder, is_preset, preset_names
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.everyone import EVERY
from simulator.scenario.extending import load_tree
from simulator.scenario.merge import merge
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.tree import Mark, Node, SourceText, from_plain
from simulator.scenario.validating import make

_REST = {
    "name": "preset",
    "duration": "1min",
    "clients": {"clients": {"count": 1, "workload": {"kind": "poisson", "rate": "1/s"}}},
    "balancers": {"balancer": {}},
    "edges": {"edge": {"count": 2}},
}
"""What makes a scenario of a preset, so that its values can be validated."""
_GROUPS = ("clients", "edges")


def is_fragment(tree: Node, path: Path) -> bool:
    """Whether the tree of the file at `path` is a preset: no duration, and no groups of clients and edges by name."""
    return is_preset(path) and tree.get("duration") is None and not any(_named(tree, key) for key in _GROUPS)


def _named(tree: Node, section: str) -> bool:
    node = tree.get(section)
    return node is not None and not (node.is_mapping() and set(node.value) <= {EVERY})


def refuse(path: Path, label: str) -> ScenarioError:
    """The error for a preset that is given where a scenario is asked for."""
    what = "is a preset: a part of a scenario, which says nothing of clients, edges and duration"
    mend = f"write `extends: {name_of(path)}` in a scenario, or in one of its variants"
    return ScenarioError([Issue(what, mend, Mark(SourceText(label, is_file=False)))])


def name_of(path: Path) -> str:
    """What a scenario extends it by."""
    return f"{PRESETS}/{path.stem}"


def validated(path: Path, label: str, overrides: Sequence[str] = ()) -> str | None:
    """The name of the preset at `path`; None for a file that is none. Raises ScenarioError for what is wrong in it."""
    if not is_preset(path):
        return None
    tree = load_tree(path, label)
    if not is_fragment(tree, path):
        return None
    whole = setting.apply(merge(from_plain(_REST, None), tree), setting.from_overrides(overrides))
    make(ScenarioSpec, whole, path.resolve().parent)
    return name_of(path)


def about(path: Path) -> str:
    """What a preset is, in a line: the first of its comment."""
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline()
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def bundled_presets() -> dict[str, str]:
    """`presets/NAME` -> a line about it."""
    return {f"{PRESETS}/{name}": about(bundled_folder() / PRESETS / f"{name}.yaml") for name in preset_names()}
