"""Settings written inside a name: `policy: {cookie: {duration: 1h}}` is `policy: cookie` beside `duration: 1h`.

Some settings of built-in members are keys of the section that names the member. They may be written in either place;
the two are one key, whose path is the flat one (`routing.duration`). Written in both places they are an error; what is
merged or set later replaces the earlier, whichever form it has. Any other setting stays inside the name, where its
path leads (`sam.model.hysteresis.band`).

A new setting of this kind is a field of its section and a word in the table below. May import: the tree and errors.
Does not know what the settings mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simulator.plugins.named import Table
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.tree import Node

_RULE = (
    "latency_low", "latency_high", "rate_low", "rate_high", "error_low", "error_high", "latency_low_step",
    "latency_high_step", "rate_low_step", "rate_high_step", "error_low_step", "error_high_step",
)  # fmt: skip
ROUTING: Final[Table] = {
    "static": ("weight",),
    "cookie": ("duration", "idle", "refresh", "assign", "on_down", "on_failed_attempt"),
    "consistent_hash": ("virtual_nodes", "load_bound", "hash_salt"),
    "maglev": ("table_size", "hash_salt"),
}
SAM: Final[Table] = {
    "published": ("base", *_RULE),
    "cumulative": _RULE,
    "hysteresis": ("base", *_RULE),
    "per_edge": ("base", *_RULE),
    "load_aware": ("base", *_RULE),
}
_SECTIONS: Final[Mapping[str, tuple[str, Table]]] = {"routing": ("policy", ROUTING), "sam": ("model", SAM)}
_TABLES: Final[Mapping[str, Table]] = dict(_SECTIONS.values())
_TIERS: Final = {"edges": "l1", "cores": "l2"}


def names_member(path: Sequence[str | int]) -> bool:
    """Whether a mapping at this path names a member of a family, so that another name replaces it."""
    if path and path[0] == "variants":  # a variant's keys may be paths
        path = ".".join(map(str, path[2:])).split(".")
    if len(path) == 2:
        return path[0] in _SECTIONS and path[1] == _SECTIONS[str(path[0])][0]
    return len(path) == 4 and _TIERS.get(str(path[0])) == path[2] and path[3] == "policy"


def without_twins(kept: Node, new: Mapping[str, Node]) -> Node:
    """A mapping without the settings that are `new` in their other form."""
    for key, table in _TABLES.items():
        for name, inner in _named(new.get(key)).items():
            flat = [twin for twin in table.get(name, ()) if inner.get(twin) is not None and twin not in new]
            kept = kept.without(*flat)
        named = kept.get(key)
        if named is None:
            continue
        for name, inner in _named(named).items():
            nested = [twin for twin in table.get(name, ()) if twin in new]
            if inner.is_mapping() and any(twin in inner.value for twin in nested):
                named = named.with_child(name, inner.without(*nested))
                kept = kept.with_child(key, named)
    return kept


def flattened(root: Node) -> Node:
    """The tree with every such setting in its flat form; raises ScenarioError for one that is in both."""
    issues: list[Issue] = []
    for section, (key, table) in _SECTIONS.items():
        node = root.get(section)
        named = node.get(key) if node is not None else None
        if node is None or named is None:
            continue
        for name, inner in _named(named).items():
            twins = {twin: inner.value[twin] for twin in table.get(name, ()) if twin in inner.value}
            both = [twin for twin in twins if twin in node.value]
            issues += [_twice(section, f"{section}.{key}.{name}", twin, twins[twin]) for twin in both]
            if twins:
                node = node.with_child(key, named.with_child(name, inner.without(*twins)))
                root = root.with_child(section, Node({**node.value, **twins}, node.mark, node.key_mark))
    if issues:
        raise ScenarioError(issues)
    return root


def _named(node: Node | None) -> Mapping[str, Node]:
    """The one name with its settings that a node holds, if it does."""
    if node is None or not node.is_mapping() or len(node.value) != 1:
        return {}
    return {name: inner for name, inner in node.value.items() if inner.is_mapping()}


def _twice(section: str, where: str, key: str, nested: Node) -> Issue:
    what = f"{key} is given twice: here, and as {section}.{key}"
    return Issue(what, "they are one setting: keep one of them", nested.key_mark or nested.mark, f"{where}.{key}")
