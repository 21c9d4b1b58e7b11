"""YAML for people: a resolved scenario as text, small mappings on one line, or each value with its origin.

What is written reads back to the same values under the reader's YAML 1.2 rules.

May import: the reader (for its scalars). Does not know any scenario key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulator.scenario.reader import scalar
from simulator.scenario.tree import Path
from simulator.units import number_text

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z0-9_./](?:[A-Za-z0-9_./%*+ -]*[A-Za-z0-9_./%*+-])?")
_SWITCHES = frozenset(("on", "off", "yes", "no", "y", "n"))  # booleans to readers of YAML 1.1, which keys must not be
Annotate = Callable[[Path], str]


def scalar_text(value: object) -> str:
    """One scalar as YAML, quoted only where it must be."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return _number_text(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and isinstance(scalar(text), str):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _key_text(key: object) -> str:
    return f'"{key}"' if key in _SWITCHES else scalar_text(key)


def _escaped(character: str) -> str:
    """One character within double quotes."""
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _number_text(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = number_text(value)
    return text if isinstance(scalar(text), float) else f"{text}.0"


def write_yaml(plain: Mapping[str, Any], annotate: Annotate | None = None) -> str:
    """The whole mapping as YAML; with `annotate` each value on a line of its own, followed by `# origin`."""
    lines = list(_mapping(plain, (), 0, annotate))
    if annotate is None:
        return "".join(f"{text}\n" for text, _ in lines)
    width = min(60, max((len(text) for text, note in lines if note), default=0))
    return "".join(f"{text:<{width}}  # {note}\n" if note else f"{text}\n" for text, note in lines)


Line = tuple[str, str]


def _mapping(value: Mapping[str, Any], path: Path, indent: int, annotate: Annotate | None) -> Iterator[Line]:
    for key, item in value.items():
        yield from _entry(f"{' ' * indent}{_key_text(key)}:", item, (*path, key), indent, annotate)


def _entry(head: str, value: Any, path: Path, indent: int, annotate: Annotate | None) -> Iterator[Line]:
    simple = not isinstance(value, (dict, list, tuple))
    short = f"{head} {_flow(value)}"
    inline = simple or not value or _all_scalars(value)
    if annotate is None and not inline and indent > 0:
        inline = len(short) <= _WIDTH
    if (
        inline
        and (simple or not value or len(short) <= _WIDTH)
        and not (annotate and value and isinstance(value, dict))
    ):
        yield short, annotate(path) if annotate is not None else ""
    elif isinstance(value, dict):
        yield head, ""
        yield from _mapping(value, path, indent + 2, annotate)
    else:
        yield head, ""
        for i, item in enumerate(value):
            yield from _item(item, (*path, i), indent + 2, annotate)


def _item(value: Any, path: Path, indent: int, annotate: Annotate | None) -> Iterator[Line]:
    head = f"{' ' * indent}-"
    flow = f"{head} {_flow(value)}"
    if not isinstance(value, dict) or not value or (annotate is None and len(flow) <= _WIDTH):
        yield flow, annotate(path) if annotate is not None else ""
        return
    lines = _mapping(value, path, indent + 2, annotate)
    first, note = next(lines)
    yield f"{head} {first.lstrip()}", note
    yield from lines


def _all_scalars(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return not isinstance(value, dict) and not any(isinstance(item, (dict, list, tuple)) for item in items)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key_text(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar_text(value)
