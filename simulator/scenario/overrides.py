"""Values set by path on top of a scenario: `--set`, variants, sweeps and programs.

A mapping set at a whole section or group (`leases`, `edges.pop`) is merged into it, as `extends` does;
anything set further down replaces what was there, and what it excludes: `count` an `at`, `session.arrivals` a `count`,
one law of a distribution another, one verb of a fault another.

May import: the reader, merge, paths, faults (for their verbs), tree and errors.
Whether a path exists shows when the scenario is validated.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath

from simulator.faults import fault_verbs
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.everyone import EVERY
from simulator.scenario.inside import names_member
from simulator.scenario.merge import GROUPS, merge, normalise_groups, without_rivals
from simulator.scenario.paths import known_paths, probably
from simulator.scenario.reader import read_value
from simulator.scenario.tree import Mark, Node, SourceText, from_plain
from simulator.units import show

Override = tuple[str, Node]
"""A path as written, and the value with its mark."""


def from_arguments(arguments: Iterable[str]) -> list[Override]:
    """`path=value` texts of a command line, their values being YAML."""
    result = []
    for argument in arguments:
        label = f"--set {argument}" if len(argument) <= 100 else f"--set {argument[:99]}…"
        path, equals, value = argument.partition("=")
        mark = Mark(SourceText(label, is_file=False, override_path=path.strip()))
        if not equals or not path.strip():
            raise ScenarioError([Issue("this sets nothing", "write --set path=value", mark)])
        parts = path.strip().split(".")
        if value.strip() == "-" and parts[-1] == "file":  # stdin; in YAML it would begin a list
            result.append((path.strip(), Node("-", mark)))
            continue
        result.append((path.strip(), from_here(parts, read_value(value, mark))))
    return result


def from_here(parts: Sequence[str], value: Node) -> Node:
    """A value for a path: a trace's file that a command line names is sought from the folder of the command."""
    if tuple(parts[-2:]) == ("workload", "file"):
        if value.is_list():
            return Node([from_here(parts, item) for item in value.value], value.mark, value.key_mark)
        if isinstance(value.value, str) and value.value not in ("", "-") and "\0" not in value.value:
            return Node(str(FilePath.cwd() / value.value), value.mark, value.key_mark)
        return value
    if value.is_mapping():
        inside = {key: from_here([*parts, key], child) for key, child in value.value.items()}
        return Node(inside, value.mark, value.key_mark)
    return value


def from_mapping(values: Mapping[str, object]) -> list[Override]:
    """Paths and values of a program; text values are YAML scalars, as on a command line."""
    result = []
    for path, value in values.items():
        mark = Mark(SourceText(f"override {path}", is_file=False, override_path=str(path)))
        node = read_value(value, mark) if isinstance(value, str) else from_plain(value, mark)
        result.append((str(path), node.with_key_mark(mark)))
    return result


def from_overrides(overrides: Sequence[str] | Mapping[str, object]) -> list[Override]:
    """Either form."""
    return from_mapping(overrides) if isinstance(overrides, Mapping) else from_arguments(overrides)


def from_node(variant: Node) -> list[Override]:
    """The paths and values of a variant as a file gives it."""
    result = []
    for path, node in variant.value.items():
        result.append((path, node))
    return result


def apply(root: Node, overrides: Iterable[Override]) -> Node:
    """The tree with every override set; raises ScenarioError for paths that lead nowhere."""
    for path, value in overrides:
        parts = path.split(".")
        if not all(parts):
            raise ScenarioError([Issue(f"{show(path)} is not a path", "write for example edges.pop.l1.ttl",
                                       _place(value))])  # fmt: skip
        if parts[0] in ("extends", "variants", "sweep"):
            raise ScenarioError([Issue(f"{parts[0]} cannot be set by a path", "", _place(value))])
        _check_group(root, parts, value)
        root = _set(root, parts, 0, value)
    return normalise_groups(root)


def _place(value: Node) -> Mark | None:
    return value.key_mark or value.mark


def _check_group(root: Node, parts: Sequence[str], value: Node) -> None:
    """A path into a group needs the group to exist: `edges.poop.l1` must not create one."""
    if parts[0] not in GROUPS or len(parts) < 2 or (len(parts) == 2 and value.is_mapping()):
        return
    section = root.get(parts[0])
    names = list(section.value) if section is not None and section.is_mapping() else []
    if parts[0] == "cores" and section is None:
        names = ["core"]
    if parts[1] in names or (parts[1] == EVERY and names):
        return
    close = difflib.get_close_matches(parts[1], names, 1)
    below = [path for path in probably(root, ".".join(parts)) if path.startswith(f"{parts[0]}.")]
    there = ".".join([parts[0], (close or names)[0], *parts[2:]]) if close or len(names) == 1 else ""
    if there in known_paths(root):
        mend = f"did you mean {there}?"
    elif below and not any(".".join([parts[0], name, *parts[2:]]) in known_paths(root) for name in names):
        mend = f"did you mean {' or '.join(below)}?"
    else:
        mend = f"{parts[0]} has {', '.join(names) or 'no groups'}"
    raise ScenarioError([Issue(f"unknown path {'.'.join(parts)}", mend, _place(value))])


def _set(node: Node, parts: Sequence[str], depth: int, value: Node) -> Node:
    """`node` with `value` at parts[depth:]."""
    if depth == len(parts):
        whole = depth == 1 or (depth == 2 and parts[0] in GROUPS)
        return merge(node, value, tuple(parts)) if whole and node.is_mapping() else value
    part = parts[depth]
    if node.is_list():
        if not part.isdecimal() or int(part) >= len(node.value):
            count = len(node.value)
            what = f"unknown path {'.'.join(parts)}"
            items = f"{'.'.join(parts[:depth])} has items 0..{count - 1}" if count else "the list is empty"
            raise ScenarioError([Issue(what, items, _place(value))])
        items_after = list(node.value)
        items_after[int(part)] = _set(items_after[int(part)], parts, depth + 1, value)
        return Node(items_after, node.mark, node.key_mark)
    children = node.value if node.is_mapping() else {}
    below = children.get(part)
    if below is None:
        below = Node(None if depth + 1 == len(parts) else {}, value.mark, value.key_mark)
    child = _set(below, parts, depth + 1, value)
    others = {} if names_member(parts[:depth]) else without_rivals(children, {part: child})
    if parts[0] == "faults" and depth == 2 and part in fault_verbs():
        others = {key: other for key, other in others.items() if key not in fault_verbs()}
    return Node({**others, part: child.with_key_mark(child.key_mark)}, node.mark, node.key_mark)
