"""Text of unknown origin as text that can be shown: nothing in it steers a terminal or turns the line around.

Names, questions, settings and file names come from strangers. Every outlet uses this one replacement.

May import: the standard library.
"""

from __future__ import annotations

import re
from typing import Final

_UNSEEN: Final = "\N{REPLACEMENT CHARACTER}"
_COLOUR: Final = re.compile(r"(\x1b\[[0-9;]*m)")


def printable(text: str) -> str:
    """One line of the same length: white space becomes spaces, other characters that cannot be seen become U+FFFD.

    These are control characters, new lines, bidirectional and other format marks, lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() else " " if ch.isspace() else _UNSEEN for ch in text)


def printable_lines(text: str, *, colours: bool = False) -> str:
    """Like `printable`, but new lines stay; with `colours` the escape sequences of colours too."""
    if text.isprintable():
        return text
    return "\n".join(_with_colours(line) if colours else printable(line) for line in text.split("\n"))


def _with_colours(line: str) -> str:
    parts = _COLOUR.split(line)  # every other part is a colour
    return "".join(part if i % 2 else printable(part) for i, part in enumerate(parts))


def printable_json(text: str) -> str:
    """JSON in which every character that cannot be seen is written as an escape: another form of the same values."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch == "\n" else _escaped(ch) for ch in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
