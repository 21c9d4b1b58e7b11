"""Coasts for maps: land.json, thinned by build_coast out of world-atlas 2.0.2 (ISC, see LICENSE).

The data of world-atlas is that of Natural Earth (1:50 000 000), which is in the public domain.
May import the standard library.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def land() -> dict[str, Any]:
    """``{"scale": n, "rings": [[x, y, dx, dy, dx, dy, ...], ...]}``: steps of 1/n degree east and north.

    Fill the rings by the even-odd rule: lakes are rings inside rings.
    """
    content: dict[str, Any] = json.loads(files(__package__).joinpath("land.json").read_text(encoding="utf-8"))
    return content
