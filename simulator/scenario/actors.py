"""The names of all actors of a scenario, and which of them a name or glob means.

May import: the schema's sections. Does not make actors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from simulator.scenario.joining import joining

if TYPE_CHECKING:
    from simulator.scenario.spec import ScenarioSpec

PROBER = "health"  # an actor of links alone: nothing that faults strike
RESERVED = ("sam", "storage", PROBER)


@dataclass(frozen=True)
class ActorNames:
    """Names of servers in order (edges, cores, storage, the SAM, the prober), and client groups with their sizes."""

    edges: tuple[str, ...]
    cores: tuple[str, ...]
    others: tuple[str, ...]
    clients: dict[str, int | None] = field(default_factory=dict)
    balancers: tuple[str, ...] = ()
    groups: dict[str, str] = field(default_factory=dict)
    """Node -> its group, whose name means all of its nodes."""

    @property
    def servers(self) -> tuple[str, ...]:
        """All but clients."""
        return self.edges + self.cores + self.balancers + self.others

    def match(self, patterns: Iterable[str]) -> list[str]:
        """Servers that any of the patterns means, in order."""
        patterns = tuple(patterns)
        return [name for name in self.servers if any(self._is(name, pattern) for pattern in patterns)]

    def match_groups(self, patterns: Iterable[str]) -> list[str]:
        """Client groups that any of the patterns means, by the group's name or a client's."""
        patterns = tuple(patterns)
        return [group for group in self.clients if any(self._is_of(group, pattern) for pattern in patterns)]

    def _is(self, name: str, pattern: str) -> bool:
        return fnmatchcase(name, pattern) or self.groups.get(name) == pattern

    def _is_of(self, group: str, pattern: str) -> bool:
        if fnmatchcase(group, pattern) or fnmatchcase(f"{group}-1", pattern):
            return True
        one = re.fullmatch(re.escape(group) + r"-([1-9][0-9]*)", pattern)
        size = self.clients[group]
        return one is not None and (size is None or int(one.group(1)) <= size)


def actors_of(scenario: ScenarioSpec) -> ActorNames:
    """The actors of a scenario."""
    groups: dict[str, str] = {}
    for group, edges in scenario.edges.items():
        groups.update((name, group) for name, _ in edges.nodes(group))
    groups.update((edge.name, edge.group) for edges_ in joining(scenario).values() for edge in edges_)
    n_edges = len(groups)
    for group, cores in scenario.cores.items():
        groups.update((name, group) for name, _ in cores.nodes(group))
    n_cores = len(groups)
    for group, balancers in scenario.balancers.items():
        groups.update((name, group) for name, _ in balancers.nodes(group))
    names = tuple(groups)
    sam: tuple[str, ...] = () if scenario.sam is None else ("sam",)
    if scenario.sam is not None and scenario.sam.shards > 1:
        sam += tuple(f"sam-{i}" for i in range(1, scenario.sam.shards + 1))
    clients = {name: group.count for name, group in scenario.clients.items()}
    prober = () if scenario.health is None or scenario.health.active is None else (PROBER,)
    others = ("storage", *sam, *prober)
    return ActorNames(names[:n_edges], names[n_edges:n_cores], others, clients, names[n_cores:], groups)
