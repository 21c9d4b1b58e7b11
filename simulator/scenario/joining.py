"""The edges that join while a scenario runs, by the fault that adds them.

Names go on from the highest number of their group, at their site where the group is given by sites. May import: the
schema, the faults. Does not make edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simulator.scenario.spec import ScenarioSpec


class Joining(NamedTuple):
    """One edge that joins."""

    name: str
    site: str | None
    group: str


def joining(scenario: ScenarioSpec) -> dict[int, list[Joining]]:
    """Fault number -> the edges that it adds, in order."""
    last: dict[str, int] = {}  # what names begin with -> the highest number so far
    found: dict[int, list[Joining]] = {}
    for number, fault in enumerate(scenario.faults):
        joins = fault.joins
        if joins is None or joins.edges not in scenario.edges:
            continue
        name, group = joins.edges, scenario.edges[joins.edges]
        site = joins.site if joins.site is not None else group.site
        stem = name if group.at is None else f"{name}-{site}"
        start = last.get(stem, group.size if group.at is None else group.at.get(str(site), 0))
        last[stem] = start + joins.count
        found[number] = [Joining(f"{stem}-{start + i}", site, name) for i in range(1, joins.count + 1)]
    return found
