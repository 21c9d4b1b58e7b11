"""From text to a Scenario: read, merge, override, load extensions, validate, check; variants likewise.

May import: the whole of this package and simulator.plugins.loading. Does not run anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.plugins.spec import Spec
from simulator.scenario import overrides as setting
from simulator.scenario.bundled import FILE_OF_FOLDER, PRESETS, bundled_names, find_bundled
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.everyone import spread
from simulator.scenario.extending import load_tree, with_variants
from simulator.scenario.fragments import is_fragment, refuse
from simulator.scenario.inside import flattened
from simulator.scenario.merge import GROUPS, normalise_groups
from simulator.scenario.schema import Scenario
from simulator.scenario.translate import issues_of
from simulator.scenario.tree import Mark, Node, Source, dotted, from_plain
from simulator.scenario.tree import Path as Path_
from simulator.scenario.values import with_values

_MOST_TRIED = 100
_ANY_DURATION = "1h"  # stands for that of a trace until the trace has been read
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
                                   Mark(Source(label, is_file=False)))])  # fmt: skip
    import difflib

    close = difflib.get_close_matches(path.stem, bundled_names(), 1)
    mend = f"did you mean the bundled {close[0]}?" if close else "`simulator list` shows the bundled scenarios"
    raise ScenarioError([Issue("no such file", mend, Mark(Source(label, is_file=False)))])


def _nearest_name(path: Path) -> Path:
    try:
        here = Path.cwd().resolve()
    except OSError:  # the working directory is gone
        return path
    return path.relative_to(here) if path.is_relative_to(here) else path


def load(source: str | Path, overrides: Overrides = ()) -> Scenario:
    """See `Scenario.load`."""
    name, of_variant = _split(source)
    path, label = locate(name)
    tree = load_tree(path, label)
    if is_fragment(tree, path):
        raise refuse(path, label)
    tree = _ready(tree, path, overrides)
    base_dir = path.resolve().parent
    return make(tree, base_dir) if of_variant is None else variant(tree, base_dir, of_variant)


def load_text(data: bytes, label: str, overrides: Overrides = ()) -> Scenario:
    """Like `load`, of what a file called `label` in the working directory would say."""
    path = Path.cwd() / label
    return make(_ready(load_tree(path, label, data), path, overrides), path.parent)


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


def from_dict(values: Mapping[str, Any], base_dir: Path) -> Scenario:
    """See `Scenario.from_dict`."""
    tree = normalise_groups(from_plain(values, None))
    if tree.get("extends") is not None:
        raise ScenarioError("extends works in files only")
    tree = with_variants(tree, base_dir)
    if tree.get("name") is None:
        tree = tree.with_child("name", Node("scenario"))
    return make(tree, base_dir)


def overridden(tree: Node, base_dir: Path, overrides: Overrides) -> Scenario:
    """See `Scenario.with_overrides`."""
    return make(setting.apply(tree, setting.from_overrides(overrides)), base_dir, alternatives=False)


def variant(tree: Node, base_dir: Path, name: str) -> Scenario:
    """See `Scenario.variant`."""
    from simulator.plugins.named import unknown_name

    section = tree.get("variants")
    names = list(section.value) if section is not None else []
    node = section.get(name) if section is not None else None
    if node is None:
        error = unknown_name("variant", name, names) if names else None
        raise ScenarioError(str(error) if error else f"there is no variant '{name}': the scenario has none")
    return make(setting.apply(tree, setting.from_node(node)).without("variants", "sweep"), base_dir)


def revive(tree: Node, base_dir: Path) -> Scenario:
    """Unpickle: the values were valid before."""
    return make(tree, base_dir, alternatives=False)


def make(tree: Node, base_dir: Path, *, alternatives: bool = True) -> Scenario:
    """Validate a tree; with `alternatives` also every variant and every value of a sweep."""
    from simulator.scenario.checks import check

    whole = spread(tree)
    scenario = _validate(whole, base_dir).bind(tree, base_dir)
    issues = check(scenario, whole)
    if issues:
        raise ScenarioError(sorted(issues, key=_position))
    if alternatives:
        _check_alternatives(tree, base_dir)
    return scenario


def _position(issue: Issue) -> tuple[str, int, int]:
    mark = issue.mark
    return (mark.source.label, mark.line, mark.col) if mark is not None else ("", 0, 0)


def _load_extensions(section: Node | None, base_dir: Path) -> None:
    """Import entry points, then the files of a scenario's `extensions`."""
    from simulator.plugins.loading import ExtensionError, load_entry_points, load_file

    item = None
    try:
        load_entry_points()
        if section is not None and section.is_list():  # what is none is told by the validation of the section
            for item in section.value:
                if isinstance(item.value, str):
                    load_file(item.value, base_dir)
    except ExtensionError as error:
        mark = None if item is None else item.mark
        raise ScenarioError([Issue(error.what, error.mend, mark)]) from error.__cause__


def _validate(tree: Node, base_dir: Path) -> Scenario:
    _load_extensions(tree.get("extensions"), base_dir)
    written, tree = tree, flattened(tree)
    data = tree.plain()
    empty = list(_empty_values(tree, ()))
    _fill_in(data)
    as_long_as_trace = data.get("duration") == "trace"
    if as_long_as_trace:
        data["duration"] = _ANY_DURATION
    scenario = _validated(tree, data, base_dir, empty)
    if as_long_as_trace:
        data["duration"] = f"{_trace_length_s(scenario, tree):.9f}s"
        scenario = _validated(tree, data, base_dir, empty)
    return scenario.bind(written, base_dir)


def _validated(tree: Node, data: Any, base_dir: Path, empty: list[Issue]) -> Scenario:
    models: dict[int, type[Spec]] = {}
    try:
        scenario = Scenario.model_validate(data, context={"base_dir": base_dir, "models": models})
    except ValidationError as error:
        told = {issue.path for issue in empty}
        rest = [issue for issue in issues_of(error, tree, data, models) if issue.path not in told]
        raise ScenarioError(sorted([*empty, *rest], key=_position)) from None
    if empty:
        raise ScenarioError(empty)
    return scenario.bind(tree, base_dir)


def _trace_length_s(scenario: Scenario, tree: Node) -> float:
    """`duration: trace` in seconds; raises ScenarioError where no log can tell."""
    from simulator.scenario.checks import marked
    from simulator.scenario.traces import length_s, stretched_by_few, unreadable

    issues = [marked(tree, *found) for found in unreadable(scenario)]
    issues = issues or [marked(tree, *found) for found in stretched_by_few(scenario)]
    if issues:
        raise ScenarioError(sorted(issues, key=_position))
    found_s = length_s(scenario)
    if found_s is None:
        what = "no group of clients plays a trace that could tell the duration"
        raise ScenarioError([marked(tree, ("duration",), what, "write for example duration: 5min")])
    if found_s <= 0:
        what = "all lines of the trace are before its origin"
        raise ScenarioError([marked(tree, ("duration",), what, "set an earlier origin, or common")])
    return found_s


def _empty_values(node: Node, path: Path_) -> Iterator[Issue]:
    """A key without a value is a mistake everywhere but in `sites`, where it names a known city."""
    if node.value is None and path[:1] != ("sites",):
        yield Issue("there is no value", "give one, or remove the key", node.key_mark or node.mark, dotted(path))
    below = node.value.items() if node.is_mapping() else enumerate(node.value) if node.is_list() else ()
    for key, child in below:
        yield from _empty_values(child, (*path, key))


def _fill_in(data: Any) -> None:
    """The one default that depends on other sections: geography is on where there are sites."""
    network = data.setdefault("network", {})
    if not isinstance(network, dict) or "geo" in network:
        return
    default = network.get("default")
    if isinstance(default, dict) and "latency" in default:
        return
    groups = [group for section in GROUPS if isinstance(data.get(section), dict) for group in data[section].values()]
    if any(isinstance(group, dict) and ("site" in group or "at" in group) for group in groups):
        network["geo"] = {}


def _check_alternatives(tree: Node, base_dir: Path) -> None:
    """Every variant, and every value of a sweep by itself, must be a whole scenario too."""
    plain = tree.without("variants", "sweep")
    issues: list[Issue] = []
    for name, changes in (tree.value["variants"].value if tree.get("variants") is not None else {}).items():
        _try(plain, base_dir, setting.from_node(changes), f"variants.{name}", issues)
    for path, values in (tree.value["sweep"].value if tree.get("sweep") is not None else {}).items():
        for value in _sample(values.value):
            marked = value if value.key_mark is not None else value.with_key_mark(value.mark)
            if not _try(plain, base_dir, [(path, marked)], "sweep", issues):
                break
    if issues:
        raise ScenarioError(sorted(issues, key=_position))


def _sample(values: list[Node]) -> list[Node]:
    """All of a short list; of a long one as many, evenly spread (a sweep's cells are validated again when run)."""
    step = max(1, len(values) // _MOST_TRIED)
    return values[::step]


def _try(tree: Node, base_dir: Path, changes: list[setting.Override], where: str, issues: list[Issue]) -> bool:
    try:
        make(setting.apply(tree, changes), base_dir, alternatives=False)
    except ScenarioError as error:
        for issue in error.issues:
            path = f"{where}: {issue.path}" if issue.path else where
            issues.append(Issue(issue.what, issue.mend, issue.mark, path))
        return False
    return True
