"""Settings of every group: `clients: {"*": {retry: ...}}` applies to each group, and the group's own keys win.

The tree of a scenario keeps `*` as it was written, so that variants, sweeps and `--set clients.*.retry.max=2` can set
it; before a tree is validated, `*` is laid under each of the groups.

May import: merge, tree and errors. Does not validate values.
"""

from __future__ import annotations

from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.merge import GROUPS, merge
from simulator.scenario.tree import Node
from simulator.units import show

EVERY = "*"
"""The name that stands for every group of a section."""
_UNSAID = {"cores": "core"}  # the group that there is where none is named


def spread(tree: Node) -> Node:
    """The tree with `*` laid under each group and gone; the same tree where there is none. Raises ScenarioError."""
    for section in GROUPS:
        node = tree.get(section)
        if node is not None and node.get(EVERY) is not None:
            tree = tree.with_child(section, _spread(section, node))
    return tree


def _spread(section: str, node: Node) -> Node:
    every = node.value[EVERY]
    if not every.is_mapping():
        what = f"* takes settings for every group, not {show(every.plain(), 60)}"
        mend = f'write {section}: {{"*": {{key: value, ...}}}}'
        raise ScenarioError([Issue(what, mend, every.mark or every.key_mark, f"{section}.{EVERY}")])
    groups = {name: group for name, group in node.value.items() if name != EVERY}
    if not groups and section in _UNSAID:
        groups = {_UNSAID[section]: Node({}, every.mark, every.key_mark)}
    laid = {name: merge(every, group).with_key_mark(group.key_mark) for name, group in groups.items()}
    return Node(laid, node.mark, node.key_mark)
