"""Values out of a team's own deployment files: `values: {from: ../deploy/values.yaml, map: {PATH: KEY}}`.

The file is YAML or JSON; KEY is a dotted path into it (list items by number), or `{key: KEY, unit: s}` where
the file has a bare number. What is found is set like `--set PATH=VALUE`, marked with its place in that file, so
that errors and `config --origin` point there. `from` is relative to the scenario and may lie anywhere.

May import: the reader, overrides, errors, tree. Does not know what may stand in a scenario.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from simulator.scenario import overrides as setting
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.reader import read_file
from simulator.scenario.tree import Mark, Node, SourceText
from simulator.units import number_text, show

KEY = "values"
_FORM = "write values: {from: ../deploy/values.yaml, map: {edges.pop.l1.ttl: cache.ttl}}"


def with_values(tree: Node, base_dir: Path) -> Node:
    """The tree with its `values` read and set, and without that key; raises ScenarioError."""
    section = tree.get(KEY)
    if section is None:
        return tree
    return setting.apply(tree.without(KEY), mapped(section, base_dir))


def mapped(section: Node, base_dir: Path) -> list[setting.Override]:
    """The overrides that a `values` section (or a list of them) stands for; raises ScenarioError."""
    if section.is_list():
        return [override for part in section.value for override in mapped(part, base_dir)]
    if not section.is_mapping() or set(section.value) - {"from", "map"} or section.get("from") is None:
        raise ScenarioError([Issue(f"{show(section.plain(), 60)} names no values", _FORM, section.mark, KEY)])
    name, pairs = section.value["from"], section.get("map")
    if not isinstance(name.value, str) or pairs is None or not pairs.is_mapping() or not pairs.value:
        raise ScenarioError([Issue("`from` is a file, `map` takes paths to its keys", _FORM, section.mark, KEY)])
    path = base_dir / name.value
    if not path.is_file():
        raise ScenarioError([Issue(f"there is no file {show(name.value, 80)}", "", name.mark, f"{KEY}.from")])
    content = read_file(path, name.value)
    return [(target, _find(content, key, name.value, target)) for target, key in pairs.value.items()]


def _find(content: Node, key: Node, label: str, target: str) -> Node:
    """The value that a key of `map` leads to, as an override's value."""
    dotted, unit = key.value, ""
    if key.is_mapping() and set(key.value) <= {"key", "unit"} and key.get("key") is not None:
        inner = key.get("unit")
        dotted, unit = key.value["key"].value, "" if inner is None else str(inner.value)
    if not isinstance(dotted, str) or not dotted:
        mend = "write cache.ttl, or {key: cache.ttlSeconds, unit: s}"
        raise ScenarioError([Issue(f"{show(key.plain(), 60)} is no key", mend, key.mark, f"{KEY}.map.{target}")])
    node = content
    walked: list[str] = []
    for part in dotted.split("."):
        below = node.get(int(part)) if node.is_list() and part.isdecimal() else node.get(part)
        if below is None:
            raise ScenarioError([_missing(node, part, dotted, walked, label, key, target)])
        node = below
        walked.append(part)
    value = node.value
    if unit:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            what = f"{dotted} is {show(value, 60)}, which takes no unit"
            raise ScenarioError([Issue(what, "leave the unit out", key.mark, f"{KEY}.map.{target}")])
        node = Node(f"{number_text(value)}{unit}", node.mark)
    mark = node.mark if node.mark is not None else Mark(SourceText(label, is_file=False))
    return node.with_key_mark(mark)


def _missing(node: Node, part: str, dotted: str, walked: list[str], label: str, key: Node, target: str) -> Issue:
    known = list(node.value) if node.is_mapping() else []
    close = difflib.get_close_matches(part, known, 1)
    where = ".".join(walked)
    if close:
        mend = f"did you mean {'.'.join([*walked, close[0]])}?"
    elif known:
        mend = f"{where or 'it'} has {', '.join(known[:8])}"
    else:
        mend = f"{where} is {show(node.plain(), 40)}" if where else ""
    return Issue(f"{label} has no {dotted}", mend, key.mark, f"{KEY}.map.{target}")
