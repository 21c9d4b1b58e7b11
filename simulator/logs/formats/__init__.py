"""Formats of logs, one file for each kind of them.

A new built-in format is a file, and its name in the list of `base`; a user's own needs only `@register`.

May import: the contract of formats. Does not model: how a file is opened (see sources), nor which format it is (see
detect).
"""

from __future__ import annotations

from simulator.logs.formats.base import FAMILY, LogFormat
from simulator.plugins.guard import is_foreign


def formats() -> list[LogFormat]:
    """All formats of text, in the order in which `auto` tries them. Parquet is read by columns (see parquet)."""
    return [form() for form in sorted(FAMILY.values(), key=lambda form: not is_foreign(form))]


def format_names() -> tuple[str, ...]:
    """What `format` may be, besides a string in the language of Apache or NGINX."""
    return ("auto", "clf", *(name for name in FAMILY if name != "clf"), "parquet")
