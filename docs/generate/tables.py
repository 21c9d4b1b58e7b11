"""Markdown tables that a narrow screen of the site shows as a block for each row (see _static/site.css).

A table is plain Markdown, so that the page also reads on a code host; the comment above it tells the site its classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], style: str = "") -> str:
    """A table whose first column is the name of the row; `style` is one more class of it."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(["", f"<!-- table: {style} -->".replace(":  ", ": "), "", *lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Verbatim, inline."""
    return f"`{text}`" if text else ""


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def first_paragraph(thing: object) -> str:
    """What the docstring of a class says first."""
    return " ".join(inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].split())


def prose(thing: object) -> str:
    """The whole docstring of a class."""
    return inspect.cleandoc(thing.__doc__ or "")
