"""Values that remember where they came from: a file's line and column, a `--set`, or a program.

A scenario is merged from files and overrides as a tree of nodes; only then is it validated. Nodes are never
changed once made: merging and setting build new ones, so trees may share parts (anchors do).

May import: the standard library. Does not know YAML, nor what is valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)
class SourceText:
    """A file (with its lines), or an override (with its text as the label)."""

    label: str
    lines: tuple[str, ...] = ()
    is_file: bool = True
    override_path: str = ""
    """The path that an override sets, as it was written."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a source; line and column count from 1."""

    source: SourceText
    line: int = 0
    col: int = 0
    length: int = 1

    def where(self) -> str:
        """`file:line:col`, or the override."""
        return f"{self.source.label}:{self.line}:{self.col}" if self.source.is_file else self.source.label

    def origin(self) -> str:
        """`file:line`, or the override: for `config --origin`."""
        return f"{self.source.label}:{self.line}" if self.source.is_file else self.source.label

    def text(self) -> str | None:
        """The source line, where there is one."""
        return self.source.lines[self.line - 1] if 0 < self.line <= len(self.source.lines) else None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value with its mark: a mapping of nodes, a list of nodes, or a scalar."""

    value: Any
    mark: Mark | None = None
    key_mark: Mark | None = None
    """Where the key that leads here stands."""

    def is_mapping(self) -> bool:
        """Whether it holds nodes by key."""
        return isinstance(self.value, dict)

    def is_list(self) -> bool:
        """Whether it holds nodes in order."""
        return isinstance(self.value, list)

    def get(self, key: str | int) -> Node | None:
        """The node below, if there is one."""
        if isinstance(self.value, dict):
            found = self.value.get(str(key))
            return found if isinstance(found, Node) else None
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            item = self.value[key]
            return item if isinstance(item, Node) else None
        return None

    def plain(self) -> Any:
        """The value without marks; every mapping and list is a fresh object."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def with_key_mark(self, key_mark: Mark | None) -> Node:
        """The same value under another key."""
        return Node(self.value, self.mark, key_mark)

    def with_child(self, key: str, child: Node) -> Node:
        """A mapping with one key replaced or added."""
        return Node({**self.value, key: child}, self.mark, self.key_mark)

    def without(self, *keys: str) -> Node:
        """A mapping without some keys."""
        return Node({k: v for k, v in self.value.items() if k not in keys}, self.mark, self.key_mark)


def from_plain(value: object, mark: Mark | None) -> Node:
    """A tree of a program's own values, all with one mark."""
    if isinstance(value, Mapping):
        return Node({str(k): from_plain(v, mark).with_key_mark(mark) for k, v in value.items()}, mark)
    if isinstance(value, (list, tuple)):
        return Node([from_plain(item, mark) for item in value], mark)
    return Node(value, mark)


def descend(root: Node, path: Path) -> tuple[Node, Path]:
    """The deepest node along `path`, and the path to it.

    Parts of `path` that the tree does not have are passed over if a later one leads on: a validator's path
    names union members too.
    """
    node, taken = root, []
    rest = list(path)
    while rest:
        for i, part in enumerate(rest):
            below = node.get(part)
            if below is not None:
                node = below
                taken.append(part)
                rest = rest[i + 1 :]
                break
        else:
            break
    return node, tuple(taken)


def dotted(path: Path) -> str:
    """`edges.pop.l1.ttl`, `faults.0.for`."""
    return ".".join(str(part) for part in path)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    below = node.value.values() if isinstance(node.value, dict) else node.value
    if isinstance(node.value, (dict, list)):
        for child in below:
            yield from walk(child)
