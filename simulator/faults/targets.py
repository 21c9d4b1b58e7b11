"""What faults do to targets so that overlapping ones compose and unwind: holds are counted, factors multiply.

May import: the world. Does not know when; the processes of `simulator.faults.processes` do.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from simulator.observe.result import FAULT_BEGIN, FAULT_END

if TYPE_CHECKING:
    from simulator.nodes.core import CoreNode
    from simulator.nodes.group import ClientGroup
    from simulator.slowable import Slowable
    from simulator.wiring import Endpoint, PathRecord
    from simulator.workloads import Source
    from simulator.world import World


class Targets:
    """The nodes, groups and paths of a world by name, and the faults that hold them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._crashes: dict[str, int] = {}
        self._drains: dict[str, int] = {}
        self._factors: dict[str, list[float]] = {}
        self.on_edge_crash: Callable[[int], None] = lambda _: None
        self.names: list[str] = [edge.name for edge in world.edges] + [core.name for core in world.cores]
        self._edges = {edge.name: edge for edge in world.edges}
        self._cores = {core.name: core for core in world.cores}
        shards = 0 if world.manager is None else world.manager.policy.shards
        self._shards = {f"sam-{number + 1}": number for number in range(shards)}
        self.names += ["storage", *(["sam"] if shards else []), *self._shards]

    def nodes(self, patterns: tuple[str, ...], groups: dict[str, str]) -> list[str]:
        """Names of the nodes that one of the globs (or a group's own name) matches, in order."""
        found = [
            name
            for name in self.names
            if any(fnmatchcase(name, pattern) or groups.get(name) == pattern for pattern in patterns)
        ]
        return [name for name in found if name != "sam" or not any(shard in found for shard in self._shards)]

    # -- crash ----------------------------------------------------------------------------------------
    def crash(self, name: str) -> None:
        """Crash a node (again: it stays down until the last crash is over)."""
        self._crashes[name] = self._crashes.get(name, 0) + 1
        self.world.log.add(FAULT_BEGIN, name, fault="crash")
        if self._crashes[name] > 1:
            return
        world = self.world
        world.crashed_s[name] = world.kernel.now
        if name in self._edges:
            self.on_edge_crash(self._edges[name].index)
            self._edges[name].crash()
        elif name in self._cores:
            self._cores[name].crash()
        elif name == "storage":
            world.storage.crash()
        elif world.manager is not None:
            for shard in self._shards_of(name):
                world.manager.crash(shard)

    def restart(self, name: str) -> None:
        """One crash of a node is over."""
        self._crashes[name] -= 1
        self.world.log.add(FAULT_END, name, fault="crash")
        if self._crashes[name]:
            return
        world = self.world
        since_s = world.crashed_s.pop(name)
        world.down_s[name] = world.down_s.get(name, 0.0) + world.measured_s(since_s, world.kernel.now)
        if name in self._edges:
            self._edges[name].restart()
            index = self._edges[name].index
            world.directory.restarted(index)
            for group in world.groups:
                group.edge_restarted(index)
        elif name in self._cores:
            self._restart_core(self._cores[name])
        elif name == "storage":
            world.storage.restart()
        elif world.manager is not None:
            for shard in self._shards_of(name):
                world.manager.restart(shard)

    @staticmethod
    def _restart_core(core: CoreNode) -> None:
        """The repaired node serves again, or becomes the standby of the one that took over."""
        if core.down:
            core.restart()
        core.standby_ready = core.policy.standby

    def _shards_of(self, name: str) -> list[int]:
        return list(self._shards.values()) if name == "sam" else [self._shards[name]]

    # -- drain ----------------------------------------------------------------------------------------
    def drain(self, name: str) -> None:
        """Drain an edge: it takes no new sessions, and the SAM sends its sessions elsewhere."""
        self._drains[name] = self._drains.get(name, 0) + 1
        self.world.log.add(FAULT_BEGIN, name, fault="drain")
        edge = self._edges.get(name)
        if edge is None or self._drains[name] > 1:
            return
        edge.drain()
        if self.world.manager is not None:
            self.world.manager.edge_draining(edge.index)

    def undrain(self, name: str) -> None:
        """One drain of an edge is over."""
        self._drains[name] -= 1
        self.world.log.add(FAULT_END, name, fault="drain")
        edge = self._edges.get(name)
        if edge is None or self._drains[name]:
            return
        edge.undrain()
        if self.world.manager is not None:
            self.world.manager.edge_open(edge.index)

    # -- slow -----------------------------------------------------------------------------------------
    def slow(self, name: str, factor: float) -> None:
        """Slow a node down."""
        self.world.log.add(FAULT_BEGIN, name, fault="slow", factor=factor)
        node = self._slowable(name)
        if node is not None:
            node.slow(factor)

    def unslow(self, name: str, factor: float) -> None:
        """One slowdown is over."""
        self.world.log.add(FAULT_END, name, fault="slow")
        node = self._slowable(name)
        if node is not None:
            node.unslow(factor)

    def _slowable(self, name: str) -> Slowable | None:
        if name in self._edges:
            return self._edges[name]
        if name in self._cores:
            return self._cores[name]
        if name == "storage":
            return self.world.storage
        return None if self.world.manager is None else self.world.manager

    # -- links ----------------------------------------------------------------------------------------
    def paths(self, sources: tuple[str, ...], targets: tuple[str, ...]) -> list[PathRecord]:
        """Paths from what `sources` match to what `targets` match."""
        return [
            record
            for record in self.world.paths
            if _matches(record.source, sources) and _matches(record.target, targets)
        ]

    # -- clients --------------------------------------------------------------------------------------
    def groups(self, patterns: tuple[str, ...]) -> list[tuple[ClientGroup, Source]]:
        """Client groups by name."""
        pairs = zip(self.world.groups, self.world.sources, strict=True)
        return [pair for pair in pairs if any(fnmatchcase(pair[0].name, pattern) for pattern in patterns)]

    def crowd(self, group: ClientGroup, source: Source, factor: float) -> None:
        """Multiply a group's rate."""
        factors = self._factors.setdefault(group.name, [])
        factors.append(factor)
        self.world.log.add(FAULT_BEGIN, group.name, fault="crowd", factor=factor)
        source.set_factor(_product(factors))

    def disperse(self, group: ClientGroup, source: Source, factor: float) -> None:
        """One crowd is over."""
        factors = self._factors[group.name]
        factors.remove(factor)
        self.world.log.add(FAULT_END, group.name, fault="crowd")
        source.set_factor(_product(factors))


def _matches(end: Endpoint, patterns: tuple[str, ...]) -> bool:
    return end.matches(patterns)


def _product(factors: list[float]) -> float:
    result = 1.0
    for factor in sorted(factors):
        result *= factor
    return result
