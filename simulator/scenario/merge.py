"""One scenario out of several files: `extends`, and groups as a mapping or as a list of named items.

Mappings merge deeply, groups by name, other lists are replaced. Two mappings that name different members of a
family (another `kind` of workload, another law of a distribution) are alternatives: the later one replaces.

May import: the reader, tree and errors. Does not validate values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from simulator.distribution_fields import LAWS
from simulator.scenario.bundled import bundled_folder
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.reader import read_file
from simulator.scenario.tree import Mark, Node, Source
from simulator.units import show

GROUPS = ("clients", "edges", "cores")
_ALTERNATIVES = frozenset((*LAWS, "empirical", "gilbert_elliott", "bernoulli"))
_EXCLUSIVE = (("at", "count"), ("rate", "total_rate"))  # who sets one means to replace the other
_LONGEST_CHAIN = 20


def load_tree(path: Path, label: str) -> Node:
    """The file at `path` with everything it extends merged in; raises ScenarioError."""
    folder = path.resolve().parent
    return _load(path, label, folder, ())


def _load(path: Path, label: str, folder: Path, chain: tuple[Path, ...]) -> Node:
    root = read_file(path, label)
    if not root.is_mapping():
        mark = root.mark or Mark(Source(label, is_file=False))
        raise ScenarioError([Issue(f"a scenario is a mapping, not {_kind(root)}", "begin with schema: 1", mark)])
    root = normalise_groups(root)
    parent = root.get("extends")
    if parent is None:
        return root
    here = (*chain, path.resolve())
    other, other_label = _find(parent, path, label, folder)
    if other.resolve() in here:
        names = " -> ".join(p.name for p in (*here[here.index(other.resolve()) :], other.resolve()))
        raise ScenarioError([Issue(f"extends goes round in a circle: {names}", "", parent.mark)])
    if len(here) >= _LONGEST_CHAIN:
        raise ScenarioError([Issue(f"more than {_LONGEST_CHAIN} files extend each other", "", parent.mark)])
    return merge(_load(other, other_label, folder, here), root.without("extends"))


def _find(node: Node, path: Path, label: str, folder: Path) -> tuple[Path, str]:
    name = node.value
    if not isinstance(name, str) or not name or "\0" in name:
        raise ScenarioError(
            [Issue(f"extends names one file, not {_kind(node)}", "write extends: base.yaml", node.mark)]
        )
    bundled = bundled_folder().resolve()
    found = path.resolve().parent / name
    allowed = (folder, bundled)
    if not any(found.resolve().is_relative_to(place) for place in allowed):
        what = f"extends leaves the folder of the scenario: {show(name, 80)}"
        raise ScenarioError([Issue(what, "keep the file in that folder or below it", node.mark)])
    if found.is_file():
        return found, str(Path(label).parent / name)
    shipped = bundled / name
    if shipped.is_file() and shipped.resolve().is_relative_to(bundled):
        return shipped, str(shipped)
    raise ScenarioError(
        [Issue(f"there is no file {show(name, 80)} to extend", "it is sought beside this file", node.mark)]
    )


def _kind(node: Node) -> str:
    return show(node.plain() if not isinstance(node.value, (dict, list)) else ({} if node.is_mapping() else []))


def normalise_groups(root: Node) -> Node:
    """Turn groups given as lists of items with `name` into mappings by name."""
    issues: list[Issue] = []
    for section in GROUPS:
        node = root.get(section)
        if node is not None and node.is_list():
            root = root.with_child(section, _by_name(section, node, issues))
    if issues:
        raise ScenarioError(issues)
    return root


def _by_name(section: str, node: Node, issues: list[Issue]) -> Node:
    groups: dict[str, Node] = {}
    for i, item in enumerate(node.value):
        path = f"{section}.{i}"
        name = item.get("name") if item.is_mapping() else None
        if name is None:
            issues.append(Issue("this group has no name", "add name: NAME", item.mark, path))
        elif not isinstance(name.value, str):
            issues.append(Issue(f"{_kind(name)} cannot be a name", "use letters and digits", name.mark, path))
        elif name.value in groups:
            issues.append(Issue(f"the name '{name.value}' is given twice", "rename one", name.mark, path))
        else:
            groups[name.value] = item.without("name").with_key_mark(name.mark)
    return Node(groups, node.mark, node.key_mark)


def without_rivals(children: Mapping[str, Node], new: Collection[str]) -> dict[str, Node]:
    """The children that the keys of `new` do not replace: `count` takes the place of an inherited `at`."""
    gone = {old for pair in _EXCLUSIVE for key, old in (pair, pair[::-1]) if key in new and old not in new}
    return {key: node for key, node in children.items() if key not in gone}


def merge(base: Node, over: Node) -> Node:
    """`over` on top of `base`."""
    if not (base.is_mapping() and over.is_mapping()) or _alternatives(base, over):
        return over
    merged = without_rivals(base.value, over.value)
    for key, node in over.value.items():
        below = merged.get(key)
        merged[key] = merge(below, node).with_key_mark(node.key_mark) if below is not None else node
    return Node(merged, over.mark, over.key_mark)


def _alternatives(base: Node, over: Node) -> bool:
    kinds = base.get("kind"), over.get("kind")
    if kinds[0] is not None and kinds[1] is not None:
        return bool(kinds[0].value != kinds[1].value)
    laws = set(base.value), set(over.value)
    return laws[0] != laws[1] and all(len(keys) == 1 and keys <= _ALTERNATIVES for keys in laws)
