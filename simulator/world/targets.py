"""What faults do to targets so that overlapping ones compose and unwind: holds are counted, factors multiply.

Does not know when; the scripts of faults do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import count
from typing import TYPE_CHECKING

from simulator.metrics.events import FAULT_BEGIN, FAULT_END
from simulator.routing.directory import Draining
from simulator.server.erring import Erring

if TYPE_CHECKING:
    from simulator.clients.group import ClientGroup
    from simulator.engine.node import FailSlow
    from simulator.links import Path
    from simulator.links.ends import Endpoint, PathRecord
    from simulator.server.balancer import Balancer
    from simulator.server.core import CoreNode
    from simulator.server.edge import EdgeNode
    from simulator.workloads import Source
    from simulator.world.actors import Actors


class Targets:
    """The nodes, groups and paths of a world by name, and the faults that hold them."""

    def __init__(
        self,
        world: Actors,
        groups: Mapping[str, str] | None = None,
        sites: Mapping[str, str | None] | None = None,
        standby_sites: Mapping[str, str | None] | None = None,
    ) -> None:
        """Find all nodes.

        Args:
            world: where they are.
            groups: node -> the name of its group, which means all of its nodes.
            sites: node -> where it stands.
            standby_sites: core -> where its standby stands, of those that have one.
        """
        self.world = world
        self._groups = groups or {}
        self._sites = sites or {}
        self._standby_sites = standby_sites or {}
        self._standbys_lost: dict[str, int] = {}
        self._tokens: dict[int, list[int]] = {}  # fault -> what its present holds on paths are known by
        self._next_token = count()
        self.added: dict[int, list[str]] = {}  # number of a fault -> the edges that it adds
        self._crashes: dict[str, int] = {}
        self._silent: dict[str, int] = {}  # node -> how many of its crashes its host did not survive
        self._pauses: dict[str, int] = {}
        self._draining: dict[str, Draining] = {}  # as it was last told
        self._drains: dict[str, list[bool]] = {}  # edge -> for each drain, whether sessions may stay
        self._factors: dict[str, list[float]] = {}
        self.on_edge_crash: Callable[[int], None] = lambda _: None
        self.names: list[str] = [edge.name for edge in world.edges] + [core.name for core in world.cores]
        self.names += [balancer.name for balancer in world.balancers]
        self._edges = {edge.name: edge for edge in world.edges}
        self._cores = {core.name: core for core in world.cores}
        self._balancers = {balancer.name: balancer for balancer in world.balancers}
        shards = 0 if world.manager is None else world.manager.policy.shards
        self._shards = {f"sam-{number + 1}": number for number in range(shards)}
        self.names += ["storage", *(["sam"] if shards else []), *self._shards]

    def nodes(self, patterns: tuple[str, ...]) -> list[str]:
        """Names of the nodes that one of the globs (or a group's own name) matches, in order."""
        found = [
            name
            for name in self.names
            if any(fnmatchcase(name, pattern) or self._groups.get(name) == pattern for pattern in patterns)
        ]
        return [name for name in found if name != "sam" or not any(shard in found for shard in self._shards)]

    # -- joining and leaving --------------------------------------------------------------------------
    def expect(self, number: int, names: list[str]) -> None:
        """Edges that fault `number` will add: they are not there yet, and nobody knows of them."""
        self.added[number] = names
        for name in names:
            self._edges[name].vanish()
            self.world.absent_since_s[name] = 0.0

    def begin_change(self, name: str, kind: str) -> None:
        """An edge begins to come or go."""
        self.world.log.add(FAULT_BEGIN, name, fault=kind)

    def end_change(self, name: str, kind: str) -> None:
        """It has come or gone."""
        self.world.log.add(FAULT_END, name, fault=kind)

    def join(self, name: str) -> None:
        """An edge is there, cold; what a fault does to it that is on begins now."""
        world, edge = self.world, self._edges[name]
        since_s = world.absent_since_s.pop(name, None)
        if since_s is None:
            return
        world.absent_s[name] = world.absent_s.get(name, 0.0) + world.measured_s(since_s, world.kernel.now)
        if world.health is not None:
            world.health.joined(edge.index)
        edge.join()
        self._edge_is_back(edge.index)
        self._tell_exists(edge)
        if self._crashes.get(name):
            self._go_down(name)

    def leave(self, name: str, resets: bool = False) -> None:
        """An edge is gone: what is left there is lost, and told so with a reset or not at all."""
        world, edge = self.world, self._edges[name]
        if name in world.absent_since_s:
            return
        if self._crashes.get(name):
            self._count_down(name)
            for _ in range(self._crashes[name]):
                world.log.add(FAULT_END, name, fault="crash")
        world.absent_since_s[name] = world.kernel.now
        if world.health is not None:
            world.health.left(edge.index)
        edge.vanish(resets)
        self._tell_exists(edge)

    def _tell_exists(self, edge: EdgeNode) -> None:
        """Clients hear of it from the SAM; without one they know at once."""
        if self.world.manager is None:
            self.world.directory.set_exists(edge.index, edge.exists)
        else:
            self.world.manager.note_exists(edge.index, edge.exists)

    # -- crash ----------------------------------------------------------------------------------------
    def crash(self, name: str, resets: bool = False) -> None:
        """Crash a node (again: it stays down until the last crash is over).

        With `resets` the host of an edge answers for it, unless another of its crashes took that too.
        """
        self._crashes[name] = self._crashes.get(name, 0) + 1
        self._silent[name] = self._silent.get(name, 0) + (not resets)
        if name in self.world.absent_since_s:
            return
        if self._crashes[name] > 1:
            self.world.log.add(FAULT_BEGIN, name, fault="crash")
            self._let_host_answer(name)
        else:
            self._go_down(name)

    def _go_down(self, name: str) -> None:
        world = self.world
        for _ in range(self._crashes[name]):
            world.log.add(FAULT_BEGIN, name, fault="crash")
        world.crashed_s[name] = world.kernel.now
        if name in self._edges:
            self.on_edge_crash(self._edges[name].index)
            self._edges[name].crash(not self._silent[name])
        elif name in self._cores:
            self._cores[name].crash()
        elif name in self._balancers:
            self._balancers[name].crash(not self._silent[name])
        elif name == "storage":
            world.storage.crash()
        elif world.manager is not None:
            for shard in self._shards_of(name):
                world.manager.crash(shard)

    def _let_host_answer(self, name: str) -> None:
        """An edge stays down; its host answers for it while no crash has taken that too."""
        node = self._edges.get(name) or self._balancers.get(name)
        if node is not None:
            node.resets = not self._silent[name]

    def restart(self, name: str, resets: bool = False) -> None:
        """One crash of a node is over, of one that its host survived (`resets`) or not."""
        self._crashes[name] -= 1
        self._silent[name] -= not resets
        world = self.world
        if name in world.absent_since_s:
            return
        world.log.add(FAULT_END, name, fault="crash")
        if self._crashes[name]:
            self._let_host_answer(name)
            return
        self._count_down(name)
        if name in self._edges:
            self._edges[name].restart()
            self._edge_is_back(self._edges[name].index)
        elif name in self._cores:
            self._restart_core(self._cores[name])
        elif name in self._balancers:
            self._balancers[name].restart()
        elif name == "storage":
            world.storage.restart()
        elif world.manager is not None:
            for shard in self._shards_of(name):
                world.manager.restart(shard)

    def _edge_is_back(self, index: int) -> None:
        """What was outstanding at an edge before is so no more."""
        self.world.directory.restarted(index)
        for group in self.world.groups:
            group.edge_restarted(index)
        for balancer in self.world.balancers:
            balancer.edge_restarted(index)

    def _count_down(self, name: str) -> None:
        """A node is down no more: book for how long it was."""
        world = self.world
        since_s = world.crashed_s.pop(name)
        world.down_s[name] = world.down_s.get(name, 0.0) + world.measured_s(since_s, world.kernel.now)

    def _restart_core(self, core: CoreNode) -> None:
        """The repaired node serves again, or becomes the standby of the one that took over."""
        if core.down:
            core.restart()
        core.standby_ready = core.policy.standby and not self._standbys_lost.get(core.name, 0)

    def _shards_of(self, name: str) -> list[int]:
        return list(self._shards.values()) if name == "sam" else [self._shards[name]]

    # -- pauses ---------------------------------------------------------------------------------------
    def pause(self, name: str) -> None:
        """Let a node stand still (again: until the last pause is over)."""
        self._pauses[name] = self._pauses.get(name, 0) + 1
        self.world.log.add(FAULT_BEGIN, name, fault="pause")
        if self._pauses[name] > 1:
            return
        world = self.world
        if name in self._edges or name in self._cores or name in self._balancers:
            self._server(name).pause()
        elif name == "storage":
            world.storage.pause(lambda handler: any(handler is core.storing for core in world.cores))
        elif world.manager is not None:
            world.manager.pause()
            if world.detector is not None:
                world.detector.pause()

    def unpause(self, name: str) -> None:
        """One pause of a node is over."""
        self._pauses[name] -= 1
        self.world.log.add(FAULT_END, name, fault="pause")
        if self._pauses[name]:
            return
        world = self.world
        if name in self._edges:
            edge = self._edges[name]
            since_s = world.kernel.now if edge.pausing is None else edge.pausing.since_s
            edge.go_on()
            if world.detector is not None:
                world.detector.beat_late(edge.index, since_s)
        elif name in self._cores:
            self._cores[name].go_on()
        elif name in self._balancers:
            self._balancers[name].go_on()
        elif name == "storage":
            world.storage.go_on()
        elif world.manager is not None:
            if world.detector is not None:
                world.detector.go_on()
            world.manager.go_on()

    # -- sites ----------------------------------------------------------------------------------------
    def at_site(self, site: str) -> list[str]:
        """What stands at a site, in order."""
        return [name for name in self.names if self._sites.get(name) == site]

    def standbys_at(self, site: str) -> list[str]:
        """The cores whose standbys stand there."""
        return [name for name in self._cores if self._standby_sites.get(name) == site]

    def lose_standby(self, name: str) -> None:
        """The standby of a core is gone: nobody takes over."""
        self._standbys_lost[name] = self._standbys_lost.get(name, 0) + 1
        self._cores[name].standby_ready = False

    def regain_standby(self, name: str) -> None:
        """One loss of a standby is over: it stands by again, unless it has taken over."""
        self._standbys_lost[name] -= 1
        core = self._cores[name]
        if not self._standbys_lost[name] and not self._crashes.get(name, 0):
            core.standby_ready = core.policy.standby

    # -- errors ---------------------------------------------------------------------------------------
    def err(self, name: str, ratio: float, after_s: float) -> None:
        """Let a node answer a share of its requests with an error, `after_s` seconds after they arrive."""
        self.world.log.add(FAULT_BEGIN, name, fault="error", ratio=ratio)
        node = self._server(name)
        if node.erring is None:
            node.erring = Erring(self.world.streams.uniforms(name, "errors"))
        node.erring.add(ratio, after_s)
        node.note_disturbance()

    def err_no_more(self, name: str, ratio: float, after_s: float) -> None:
        """One error of a node is over."""
        self.world.log.add(FAULT_END, name, fault="error")
        node = self._server(name)
        assert node.erring is not None  # it began
        node.erring.remove(ratio, after_s)
        node.note_disturbance()

    def _server(self, name: str) -> EdgeNode | CoreNode | Balancer:
        return self._edges.get(name) or self._cores.get(name) or self._balancers[name]

    # -- drain ----------------------------------------------------------------------------------------
    def drain(self, name: str, *, keeps: bool = False) -> None:
        """Drain an edge: it takes no new sessions, and those that it has leave; or stay, if it `keeps` them."""
        self.world.log.add(FAULT_BEGIN, name, fault="drain")
        drains = self._drains.setdefault(name, [])
        drains.append(keeps)
        edge = self._edges.get(name)
        if edge is not None:
            edge.drain()
            self._tell_drain(edge, drains)

    def keep_no_longer(self, name: str) -> None:
        """One drain of an edge lets sessions stay no longer."""
        drains = self._drains[name]
        drains[drains.index(True)] = False
        self._tell_drain(self._edges[name], drains)

    def undrain(self, name: str, *, keeps: bool = False) -> None:
        """One drain of an edge is over."""
        self.world.log.add(FAULT_END, name, fault="drain")
        drains = self._drains[name]
        drains.remove(keeps)
        edge = self._edges.get(name)
        if edge is None:
            return
        if not drains:
            edge.undrain()
        self._tell_drain(edge, drains)

    def _tell_drain(self, edge: EdgeNode, drains: list[bool]) -> None:
        """Clients hear of a drain from the SAM, which moves sessions; without one they know at once."""
        draining = draining_of(drains)
        if draining == self._draining.get(edge.name, Draining.NO):
            return
        self._draining[edge.name] = draining
        if self.world.manager is None:
            self.world.directory.set_draining(edge.index, draining)
        else:
            self.world.manager.note_drain(edge.index, draining)

    # -- slow -----------------------------------------------------------------------------------------
    def slow(self, name: str, factor: float) -> None:
        """Slow a node down."""
        self.world.log.add(FAULT_BEGIN, name, fault="slow", factor=factor)
        node = self._slow_target(name)
        if node is not None:
            node.slow(factor)

    def unslow(self, name: str, factor: float) -> None:
        """One slowdown is over."""
        self.world.log.add(FAULT_END, name, fault="slow")
        node = self._slow_target(name)
        if node is not None:
            node.unslow(factor)

    def _slow_target(self, name: str) -> FailSlow | None:
        if name in self._edges:
            return self._edges[name]
        if name in self._cores:
            return self._cores[name]
        if name in self._balancers:
            return self._balancers[name]
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

    def begin_on_paths(
        self, fault: object, name: str, kind: str, paths: Sequence[Path], begin: Callable[[Path, int], None]
    ) -> None:
        """A fault called `name` begins on some paths; `begin(path, token)` does it to one."""
        self.world.log.add(FAULT_BEGIN, name, fault=kind)
        token = next(self._next_token)
        self._tokens.setdefault(id(fault), []).append(token)
        for path in paths:
            begin(path, token)

    def end_on_paths(
        self, fault: object, name: str, kind: str, paths: Sequence[Path], end: Callable[[Path, int], None]
    ) -> None:
        """It is over; `end(path, token)` takes it back from one."""
        self.world.log.add(FAULT_END, name, fault=kind)
        token = self._tokens[id(fault)].pop()
        for path in paths:
            end(path, token)

    # -- clients --------------------------------------------------------------------------------------
    def client_groups(self, patterns: tuple[str, ...]) -> list[tuple[ClientGroup, Source]]:
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


def draining_of(drains: list[bool]) -> Draining:
    """What several drains of one edge, each of which may let sessions stay, come to."""
    if not drains:
        return Draining.NO
    return Draining.KEEPS if all(drains) else Draining.MOVES


def _matches(end: Endpoint, patterns: tuple[str, ...]) -> bool:
    return end.matches(patterns)


def _product(factors: list[float]) -> float:
    result = 1.0
    for factor in sorted(factors):
        result *= factor
    return result
