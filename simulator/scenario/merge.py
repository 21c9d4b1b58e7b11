"""One tree on top of another, and groups as a mapping or as a list of named items.

Mappings merge deeply, groups by name, other lists are replaced. Two mappings that name different members of a
family (another `kind` of workload, another law of a distribution) are alternatives: the later one replaces.

May import: the tree and errors. Does not validate values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from simulator.laws.fields import LAWS
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.inside import names_member, without_twins
from simulator.scenario.tree import Node, descend
from simulator.units import show

GROUPS = ("clients", "balancers", "edges", "cores")
_ALTERNATIVES = frozenset((*LAWS, "empirical", "gilbert_elliott", "bernoulli"))
_EXCLUSIVE = (  # paths below one mapping: to set one of them is to replace the other
    (("at",), ("count",)),
    (("at",), ("site",)),
    (("rate",), ("total_rate",)),
    (("count",), ("session", "arrivals")),
    (("mean",), ("median",)),
    (("mean",), ("scale",)),
    (("sigma",), ("cv",)),
    (("sd",), ("cv",)),
)
_OF_CLOSED = ("pause", "start", "established")  # of a session: what those that arrive do not have
_SPREADS = re.compile(r"p[0-9]{1,4}|sigma")  # of a lognormal: how its tail is given


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
            issues.append(Issue(f"{show(name.plain())} cannot be a name", "use letters and digits", name.mark, path))
        elif name.value in groups:
            issues.append(Issue(f"the name '{name.value}' is given twice", "rename one", name.mark, path))
        else:
            groups[name.value] = item.without("name").with_key_mark(name.mark)
    return Node(groups, node.mark, node.key_mark)


def without_rivals(children: Mapping[str, Node], new: Mapping[str, Node]) -> dict[str, Node]:
    """The children that what is `new` does not replace: `count` takes the place of an inherited `at`."""
    kept, added = Node(dict(children)), Node(dict(new))
    for pair in _EXCLUSIVE:
        for key, old in (pair, pair[::-1]):
            if _has(added, key) and not _has(added, old):
                kept = _without(kept, old)
    if "arrivals" in new:
        kept = kept.without(*(key for key in _OF_CLOSED if key not in new))
    kept = without_twins(kept, new)
    alternatives = len(new) == 1 and set(new) <= _ALTERNATIVES and set(children) <= _ALTERNATIVES
    result: dict[str, Node] = {key: node for key, node in kept.value.items() if key in new or not alternatives}
    if any(_SPREADS.fullmatch(key) for key in new):
        result = {key: node for key, node in result.items() if key in new or not _SPREADS.fullmatch(key)}
    return result


def _has(node: Node, path: Collection[str]) -> bool:
    return descend(node, tuple(path))[1] == tuple(path)


def _without(node: Node, path: Sequence[str]) -> Node:
    """A tree without the value at `path`, and without a mapping that held nothing else."""
    child = node.get(path[0])
    if child is None or (len(path) > 1 and not child.is_mapping()):
        return node
    if len(path) == 1:
        return node.without(path[0])
    left = _without(child, path[1:])
    return node.with_child(path[0], left) if left.value or not child.value else node.without(path[0])


def merge(base: Node, over: Node, path: tuple[str, ...] = ()) -> Node:
    """`over` on top of `base`, both of which are at `path`."""
    if not (base.is_mapping() and over.is_mapping()) or _alternatives(base, over, path):
        return over
    merged = without_rivals(base.value, over.value)
    for key, node in over.value.items():
        below = merged.get(key)
        whole = node if below is None else merge(below, node, (*path, key)).with_key_mark(node.key_mark)
        merged[key] = whole
    return Node(merged, over.mark, over.key_mark)


def _alternatives(base: Node, over: Node, path: tuple[str, ...]) -> bool:
    kinds = base.get("kind"), over.get("kind")
    if kinds[0] is not None and kinds[1] is not None:
        return bool(kinds[0].value != kinds[1].value)
    laws = set(base.value), set(over.value)
    if names_member(path):
        return laws[0] != laws[1]
    return laws[0] != laws[1] and all(len(keys) == 1 and keys <= _ALTERNATIVES for keys in laws)
