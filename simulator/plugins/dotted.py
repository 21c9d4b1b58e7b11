"""Things by their dotted names, "package.module:name", as entry points have them; imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def named(path: str) -> Any:
    """The function, or class, at "package.module:name"."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
