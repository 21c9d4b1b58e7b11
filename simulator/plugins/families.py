"""Which families there are, by the package that each is found in: `simulator.caches` holds `FAMILY`.

The names are those of the groups of entry points too. May import: a family's package, when its members are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from simulator.plugins.family import Family

GROUPS: Final = (
    "simulator.routing", "simulator.caches", "simulator.sam", "simulator.workloads", "simulator.links",
    "simulator.faults", "simulator.logs",
)  # fmt: skip
"""In the order of `simulator list`. A new family is a package with a `FAMILY`, and its name here."""


def family(group: str) -> Family[Any]:
    """The family of a package."""
    found: Family[Any] = import_module(group).FAMILY
    return found


def families() -> tuple[Family[Any], ...]:
    """All of them."""
    return tuple(family(group) for group in GROUPS)
