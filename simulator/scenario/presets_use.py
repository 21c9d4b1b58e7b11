"""Presets that say what balancers do, in scenarios that have none: a warning, as nothing would retry.

May import: the errors, everyone, schema. Judges whole scenarios, and what a file that is extended says too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulator.scenario.errors import Issue
from simulator.scenario.everyone import EVERY

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

_WHAT = "nothing uses this: there are no balancers"
_MEND = "clients choose edges themselves, and their own retry holds; to have balancers add balancers: {lb: {}}"


def without_balancers(played: Sequence[Scenario]) -> Iterator[Issue]:
    """One warning for each place that sets `balancers.*` in vain: no scenario that it is part of has balancers."""
    used: set[str] = set()
    idle: dict[str, Issue] = {}
    for scenario in played:
        section = scenario.tree.get("balancers")
        every = section.get(EVERY) if section is not None and section.is_mapping() else None
        if every is None:
            continue
        mark = every.key_mark or every.mark
        place = mark.where() if mark is not None else ""
        if scenario.balancers:
            used.add(place)
        else:
            idle.setdefault(place, Issue(_WHAT, _MEND, mark, f"balancers.{EVERY}"))
    yield from (issue for place, issue in idle.items() if place not in used)
