"""From files, texts and mappings to scenarios: find, read, merge, override; variants likewise.

Each function takes the class of scenario that is asked for (`Scenario`, or its keys alone). Does not run anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.plugins.named import unknown_name
from simulator.scenario import overrides as setting
from simulator.scenario.bundled import FILE_OF_FOLDER, PRESETS, bundled_names, find_bundled
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.extending import load_tree, with_variants
from simulator.scenario.fragments import is_fragment, refuse
from simulator.scenario.merge import normalise_groups
from simulator.scenario.tree import Mark, Node, SourceText, from_plain
from simulator.scenario.validating import S, make
from simulator.scenario.values import with_values

Overrides = Sequence[str] | Mapping[str, object]


def locate(source: str | Path) -> tuple[Path, str]:
    """The file that a name means, and what to call it; raises ScenarioError where there is none.

    A folder means the scenario.yaml in it; a bare name that is no file, a bundled scenario.
    """
    path, label = Path(source), str(source)
    if "\0" in label:
        raise ScenarioError("the name of a scenario contains a NUL byte")
    if path.is_dir() and (path / FILE_OF_FOLDER).is_file():
        return path / FILE_OF_FOLDER, str(path / FILE_OF_FOLDER)
    if path.exists() and not path.is_dir():
        return path, label
    if path.parts[:1] == (PRESETS,) and Path(f"{label}.yaml").is_file():
        return Path(f"{label}.yaml"), f"{label}.yaml"
    bundled = find_bundled(label)
    if bundled is not None:
        return bundled, label if path.suffix else str(_nearest_name(bundled))
    if path.is_dir():
        raise ScenarioError([Issue(f"is a folder without a {FILE_OF_FOLDER}", "name the file of the scenario",
                                   Mark(SourceText(label, is_file=False)))])  # fmt: skip
    import difflib

    close = difflib.get_close_matches(path.stem, bundled_names(), 1)
    mend = f"did you mean the bundled {close[0]}?" if close else "`simulator list` shows the bundled scenarios"
    raise ScenarioError([Issue("no such file", mend, Mark(SourceText(label, is_file=False)))])


def _nearest_name(path: Path) -> Path:
    try:
        here = Path.cwd().resolve()
    except OSError:  # the working directory is gone
        return path
    return path.relative_to(here) if path.is_relative_to(here) else path


def load(model: type[S], source: str | Path, overrides: Overrides = ()) -> S:
    """See `Scenario.load`."""
    name, of_variant = _split(source)
    path, label = locate(name)
    tree = load_tree(path, label)
    if is_fragment(tree, path):
        raise refuse(path, label)
    tree = _ready(tree, path, overrides)
    base_dir = path.resolve().parent
    return make(model, tree, base_dir) if of_variant is None else variant(model, tree, base_dir, of_variant)


def load_text(model: type[S], data: bytes, label: str, overrides: Overrides = ()) -> S:
    """Like `load`, of what a file called `label` in the working directory would say."""
    path = Path.cwd() / label
    return make(model, _ready(load_tree(path, label, data), path, overrides), path.parent)


def _ready(tree: Node, path: Path, overrides: Overrides) -> Node:
    """The tree of the file at `path` with a name, and with the values that are set for it."""
    if tree.get("name") is None:
        tree = tree.with_child("name", Node(_name_of(path), tree.mark))
    tree = with_values(tree, path.resolve().parent)
    return setting.apply(tree, setting.from_overrides(overrides))


def _name_of(path: Path) -> str:
    """The name of a scenario that has none: its file's, with what cannot name a result folder replaced."""
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("._-")[:100] or "scenario"


def _split(source: str | Path) -> tuple[str | Path, str | None]:
    """`quickstart:nearest` -> the scenario and its variant."""
    name, colon, of_variant = str(source).rpartition(":")
    plain = not colon or "\0" in name or Path(source).exists()
    return (source, None) if plain or not re.fullmatch(r"[\w-]+", of_variant) else (name, of_variant)


def from_dict(model: type[S], values: Mapping[str, Any], base_dir: Path) -> S:
    """See `Scenario.from_dict`."""
    tree = normalise_groups(from_plain(values, None))
    if tree.get("extends") is not None:
        raise ScenarioError("extends works in files only")
    tree = with_variants(tree, base_dir)
    if tree.get("name") is None:
        tree = tree.with_child("name", Node("scenario"))
    return make(model, tree, base_dir)


def overridden(model: type[S], tree: Node, base_dir: Path, overrides: Overrides) -> S:
    """See `Scenario.with_overrides`."""
    return make(model, setting.apply(tree, setting.from_overrides(overrides)), base_dir, alternatives=False)


def variant(model: type[S], tree: Node, base_dir: Path, name: str) -> S:
    """See `Scenario.variant`."""
    section = tree.get("variants")
    names = list(section.value) if section is not None else []
    node = section.get(name) if section is not None else None
    if node is None:
        error = unknown_name("variant", name, names) if names else None
        raise ScenarioError(str(error) if error else f"there is no variant '{name}': the scenario has none")
    return make(model, setting.apply(tree, setting.from_node(node)).without("variants", "sweep"), base_dir)
