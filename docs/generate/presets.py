"""The bundled presets in the reference: every value with its source, from the comments of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from generate.tables import code, table
from simulator.scenario.bundled import PRESETS, bundled_folder, preset_names
from simulator.scenario.fragments import about
from simulator.scenario.reader import read_file
from simulator.scenario.tree import Node


def presets() -> str:
    """A section for each: what it is, what it builds upon, what it cannot say, and a table of its values."""
    return "\n\n".join(_section(name) for name in preset_names())


def _section(name: str) -> str:
    path = bundled_folder() / PRESETS / f"{name}.yaml"
    root = read_file(path, path.name)
    parent = root.get("extends")
    parts = [f"## {PRESETS}/{name}", f"{about(path)}."]
    if parent is not None:
        parts.append(f"Extends {code(str(parent.value))}.")
    parts += [_verbatim(" ".join(_remarks(path))), table(("key", "value", "source"), list(_rows(root, "")), "presets")]
    return "\n\n".join(part for part in parts if part)


def _remarks(path: Path) -> Iterator[str]:
    """The comment at the head of the file, after its first line."""
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        if not line.startswith("#"):
            return
        text = line.removeprefix("#").strip()
        if text:
            yield text


def _verbatim(text: str) -> str:
    """What is YAML in it, as such."""
    return re.sub(r"\{[^}]*\}", lambda found: code(found[0]), text)


def _rows(node: Node, path: str) -> Iterator[tuple[str, str, str]]:
    for key, child in node.value.items():
        if path == "" and key == "extends":
            continue
        if child.is_mapping():
            yield from _rows(child, f"{path}{key}.")
        else:
            value = ", ".join(str(item.value) for item in child.value) if child.is_list() else str(child.value)
            yield code(f"{path}{key}"), code(value), _verbatim(source_of(child))


def source_of(leaf: Node) -> str:
    """The comment behind a value."""
    mark = leaf.key_mark or leaf.mark
    text = mark.text() if mark is not None else None
    return (text or "").partition(" # ")[2].strip()
