"""From a tree of values to a scenario: load extensions, validate each value, check the whole and its alternatives.

Each function takes the class of scenario that is asked for (`Scenario`, or its keys alone). Does not read files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from simulator.plugins.loading import ExtensionError, load_entry_points, load_file
from simulator.plugins.spec import Spec
from simulator.scenario import overrides as setting
from simulator.scenario.checks import check, marked
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.everyone import spread
from simulator.scenario.inside import flattened
from simulator.scenario.merge import GROUPS
from simulator.scenario.spec import ScenarioSpec
from simulator.scenario.traces import length_s, stretched_by_few, unreadable
from simulator.scenario.translate import issues_of
from simulator.scenario.tree import Node, dotted
from simulator.scenario.tree import Path as Path_

S = TypeVar("S", bound=ScenarioSpec)

_MOST_TRIED = 100
_ANY_DURATION = "1h"  # stands for that of a trace until the trace has been read


def revive(model: type[S], tree: Node, base_dir: Path) -> S:
    """Unpickle: the values were valid before."""
    return make(model, tree, base_dir, alternatives=False)


def make(model: type[S], tree: Node, base_dir: Path, *, alternatives: bool = True) -> S:
    """Validate a tree; with `alternatives` also every variant and every value of a sweep."""
    whole = spread(tree)
    scenario = _validate(model, whole, base_dir).bind(tree, base_dir)
    issues = check(scenario, whole)
    if issues:
        raise ScenarioError(sorted(issues, key=_position))
    if alternatives:
        _check_alternatives(model, tree, base_dir)
    return scenario


def _position(issue: Issue) -> tuple[str, int, int]:
    mark = issue.mark
    return (mark.source.label, mark.line, mark.col) if mark is not None else ("", 0, 0)


def _load_extensions(section: Node | None, base_dir: Path) -> None:
    """Import entry points, then the files of a scenario's `extensions`."""
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


def _validate(model: type[S], tree: Node, base_dir: Path) -> S:
    _load_extensions(tree.get("extensions"), base_dir)
    written, tree = tree, flattened(tree)
    data = tree.plain()
    empty = list(_empty_values(tree, ()))
    _fill_in(data)
    as_long_as_trace = data.get("duration") == "trace"
    if as_long_as_trace:
        data["duration"] = _ANY_DURATION
    scenario = _validated(model, tree, data, base_dir, empty)
    if as_long_as_trace:
        data["duration"] = f"{_trace_length_s(scenario, tree):.9f}s"
        scenario = _validated(model, tree, data, base_dir, empty)
    return scenario.bind(written, base_dir)


def _validated(model: type[S], tree: Node, data: Any, base_dir: Path, empty: list[Issue]) -> S:
    models: dict[int, type[Spec]] = {}
    try:
        scenario = model.model_validate(data, context={"base_dir": base_dir, "models": models})
    except ValidationError as error:
        told = {issue.path for issue in empty}
        rest = [issue for issue in issues_of(error, tree, data, models) if issue.path not in told]
        raise ScenarioError(sorted([*empty, *rest], key=_position)) from None
    if empty:
        raise ScenarioError(empty)
    return scenario.bind(tree, base_dir)


def _trace_length_s(scenario: ScenarioSpec, tree: Node) -> float:
    """`duration: trace` in seconds; raises ScenarioError where no log can tell."""
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


def _check_alternatives(model: type[ScenarioSpec], tree: Node, base_dir: Path) -> None:
    """Every variant, and every value of a sweep by itself, must be a whole scenario too."""
    plain = tree.without("variants", "sweep")
    issues: list[Issue] = []
    for name, changes in (tree.value["variants"].value if tree.get("variants") is not None else {}).items():
        _try(model, plain, base_dir, setting.from_node(changes), f"variants.{name}", issues)
    for path, values in (tree.value["sweep"].value if tree.get("sweep") is not None else {}).items():
        for value in _sample(values.value):
            marked = value if value.key_mark is not None else value.with_key_mark(value.mark)
            if not _try(model, plain, base_dir, [(path, marked)], "sweep", issues):
                break
    if issues:
        raise ScenarioError(sorted(issues, key=_position))


def _sample(values: list[Node]) -> list[Node]:
    """All of a short list; of a long one as many, evenly spread (a sweep's cells are validated again when run)."""
    step = max(1, len(values) // _MOST_TRIED)
    return values[::step]


def _try(
    model: type[ScenarioSpec],
    tree: Node,
    base_dir: Path,
    changes: list[setting.Override],
    where: str,
    issues: list[Issue],
) -> bool:
    try:
        make(model, setting.apply(tree, changes), base_dir, alternatives=False)
    except ScenarioError as error:
        for issue in error.issues:
            path = f"{where}: {issue.path}" if issue.path else where
            issues.append(Issue(issue.what, issue.mend, issue.mark, path))
        return False
    return True
