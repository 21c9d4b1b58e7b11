"""The only place where a scenario becomes a world.

Reads the frozen scenario models and makes kernel, streams, paths, nodes, groups, SAM and sources; nothing in the
model knows the scenario language. Does not run anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from simulator.build.balancers import BalancerBuilder
from simulator.build.basis import Basis, limit
from simulator.build.clients import ClientsBuilder
from simulator.build.health import make_health
from simulator.caches import Cache, make_cache
from simulator.engine.event_log import EventLog
from simulator.engine.samplers import Fixed, Sampler
from simulator.engine.streams import Streams
from simulator.laws.distributions import Constant
from simulator.leases.changes import Changes
from simulator.leases.locks import LockTable
from simulator.leases.renewal import LeaseTable, renew_all
from simulator.links import Link
from simulator.links.ends import SAM, STORAGE, Endpoint
from simulator.plugins.named import settings_in
from simulator.routing.directory import Directory
from simulator.routing.weights import Weights
from simulator.sam.load import EdgeLoad
from simulator.sam.manager import StickinessManager
from simulator.sam.policy import ManagerPolicy
from simulator.sam.rule import StickinessRule
from simulator.scenario.control import SamSpec
from simulator.scenario.schema import Scenario
from simulator.scenario.tiers import TierSpec
from simulator.scenario.traces import asked_for
from simulator.server.core import CoreNode, CorePolicy
from simulator.server.edge import EdgeNode
from simulator.server.standby import StandbyPlace
from simulator.server.storage import Storage
from simulator.server.visits import EdgePolicy
from simulator.world.heartbeats import watch_nodes
from simulator.world.targets import Targets
from simulator.world.world import World

INFINITY = math.inf


def build(scenario: Scenario, seed: int, replication: int, warmup_s: float | None = None) -> World:
    """A fresh world of a scenario; everything random in it follows from (seed, replication).

    Raises:
        TraceError: a trace that a workload plays cannot be read.
    """
    return _Builder(scenario, Streams(seed, replication)).world(warmup_s)


class _Builder(Basis):
    """The steps of building, one after the other."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        super().__init__(scenario, streams)
        self.balancers = BalancerBuilder(self) if scenario.balancers else None

    # -- the whole ------------------------------------------------------------------------------------
    def world(self, warmup_s: float | None) -> World:
        scenario = self.scenario
        directory = Directory([end.name for end in self.edge_ends], [end.site for end in self.edge_ends])
        weights = [group.weight for _, _, _, group in self.edge_specs]
        if any(weight != 1.0 for weight in weights):
            directory.weights = Weights(weights, lambda: self.kernel.now)
        later = sum(map(len, self.joining.values()))
        for index in range(len(self.edge_ends) - later, len(self.edge_ends)):
            directory.set_exists(index, False)
        manager = self.manager(directory)
        storage = Storage(
            self.kernel, self.draw(scenario.storage.read, "storage", "read"),
            self.draw(scenario.storage.write, "storage", "write"),
        )  # fmt: skip
        edges = [self.edge(index) for index in range(len(self.edge_specs))]
        if manager is not None and manager.model.by_load:
            manager.load = EdgeLoad(edges, manager.policy.window_s)
        can_reset = any(fault.resets for fault in scenario.faults)
        for edge in edges:
            edge.is_last_resort = lambda: directory.last_resort
            edge.inside = {} if can_reset else None
        cores = [self.core(index, storage, manager) for index in range(len(self.core_specs))]
        self.connect_nodes(edges, cores)
        written = scenario.warmup if isinstance(scenario.warmup, (int, float)) else 0.0
        warmup_s = written if warmup_s is None else warmup_s
        world = World(
            self.kernel, self.streams, EventLog(self.kernel), scenario.duration, warmup_s, scenario.record.window,
            directory, [], [], edges, cores, storage, manager, None, self.wiring.records,
        )  # fmt: skip
        world.price, world.between_sites = scenario.price, self.between_sites
        balancers = [] if self.balancers is None else self.balancers.specs
        if self.balancers is not None:
            self.balancers.make(world)
        nodes = [spec[:3] for spec in (*self.edge_specs, *self.core_specs, *balancers)]
        sites = {name: site for name, site, _ in nodes} | {"storage": scenario.storage.site}
        if scenario.sam is not None:
            sites["sam"] = scenario.sam.site
        standbys = {
            name: site if core.standby.site is None else core.standby.site
            for name, site, _, core in self.core_specs
            if core.standby is not None
        }
        world.targets = Targets(world, {name: group for name, _, group in nodes}, sites, standbys)
        for number, joins in self.joining.items():
            world.targets.expect(number, [edge.name for edge in joins])
        world.fault_names = {i: fault.name for i, fault in enumerate(scenario.faults) if fault.name is not None}
        world.client_sites = self.client_sites()
        if scenario.routing.policy == "static":
            world.static_weight = scenario.routing.weight
        if scenario.health is not None:
            world.health = make_health(world, scenario, scenario.health, self.edge_ends, self.link, self.sizes.lookup)
        ClientsBuilder(self, world, self.balancers).make()
        tables = [edge.leases for edge in edges if edge.leases is not None]
        if self.leases is not None and self.leases.batching:
            world.starts.append(partial(self.kernel.process, renew_all(self.kernel, tables, self.leases)))
        heartbeat = scenario.sam.heartbeat if scenario.sam is not None else None
        watch_nodes(
            world,
            period_s=heartbeat.period if heartbeat is not None else 1.0,
            misses=heartbeat.misses if heartbeat is not None else 3,
            beats=self.beats(),
            slack_s=self.slack_s(),
            size_bytes=self.sizes.lookup,
        )
        return world

    def client_sites(self) -> dict[str, list[int]]:
        """The groups of clients at each site, by number; none where all are at one, or a group or node has its name."""
        found: dict[str, list[int]] = {}
        for number, group in enumerate(self.scenario.clients.values()):
            if group.site is not None:
                found.setdefault(group.site, []).append(number)
        taken = {*self.scenario.clients, *(spec[0] for spec in (*self.edge_specs, *self.core_specs))}
        return {site: numbers for site, numbers in found.items() if site not in taken} if len(found) > 1 else {}

    def manager(self, directory: Directory) -> StickinessManager | None:
        sam = self.scenario.sam
        if sam is None:
            return None
        measured = sam.initial_weight == "measured"
        rule = StickinessRule(
            sam.base, sam.latency_low, sam.latency_high, sam.rate_low, sam.rate_high, sam.error_low, sam.error_high,
            sam.latency_low_step, sam.latency_high_step, sam.rate_low_step, sam.rate_high_step, sam.error_low_step,
            sam.error_high_step,
        )  # fmt: skip
        first = 50.0 if isinstance(sam.initial_weight, str) else float(sam.initial_weight)
        policy = ManagerPolicy(
            sam.model, sam.interval, sam.window, first, measured, sam.propagation, sam.shards,
            sam.client_reports, sam.heartbeat.misses, rule, settings_in(sam.model),
        )  # fmt: skip
        return StickinessManager(self.kernel, policy, directory)

    # -- nodes ----------------------------------------------------------------------------------------
    def cache(self, tier: TierSpec, name: str) -> tuple[Cache, Sampler | None]:
        """A tier, and the sampler of its TTL where that is random."""
        law, own = tier.ttl, settings_in(tier.policy)
        make = make_cache if own is None else partial(make_cache, settings=own)
        seed = int(self.streams.generator(name, "cache").integers(1 << 62))
        mean = law.mean if law.is_constant else 1.0
        if mean == 0.0:  # drawn TTLs of zero are never inserted
            return make(tier.policy, tier.capacity, None, tier.ttl_mode, seed), Fixed(0.0)
        cache = make(tier.policy, tier.capacity, None if mean == INFINITY else mean, tier.ttl_mode, seed)
        return cache, None if law.is_constant else self.draw(law, name, "ttl")

    def edge(self, index: int) -> EdgeNode:
        name, site, _, spec = self.edge_specs[index]
        cache, ttl_s = self.cache(spec.l1, name)
        if spec.l1.inherit_ttl and ttl_s is None:
            ttl_s = Fixed(spec.l1.ttl.mean)
        policy = EdgePolicy(
            limit(spec.workers), limit(spec.queue), spec.hold_worker_on_miss, spec.coalesce, spec.l1.inherit_ttl,
            spec.fetch_timeout, INFINITY if spec.shed is None else spec.shed.wait,
        )  # fmt: skip
        leases = None
        if self.leases is not None:
            skew = self.leases.clock_skew_s
            offset = float(self.streams.generator(name, "clock").uniform(-skew, skew)) if skew else 0.0
            leases = LeaseTable(self.kernel, self.leases, offset, self.lease_phase_s(name))
        service = self.draw(spec.service_time, name, "service")
        rebuild = None if spec.rebuild_time == Constant(0.0) else self.draw(spec.rebuild_time, name, "rebuild")
        edge = EdgeNode(index, name, site, self.kernel, policy, service, ttl_s, cache, leases, self.sizes, rebuild)
        edge.tallies, edge.response_bytes = self.tallies, self.response_bytes
        if leases is not None:
            leases.edge = edge
        return edge

    def lease_phase_s(self, edge: str) -> float:
        """How much later than at n * D the ticks of an edge's renewals are, seconds."""
        leases = self.leases
        if leases is None or not leases.spread or not leases.batching:
            return 0.0
        return leases.batch_every_s * float(self.streams.generator(edge, "lease tick").random())

    def core(self, index: int, storage: Storage, manager: StickinessManager | None) -> CoreNode:
        name, site, _, spec = self.core_specs[index]
        cache, ttl_s = self.cache(spec.l2, name)
        policy = CorePolicy(
            limit(spec.workers), spec.standby is not None, spec.takeover,
            None if isinstance(spec.grace, str) else spec.grace, self.scenario.coherence == "invalidate",
        )  # fmt: skip
        service = self.draw(spec.service_time, name, "service")
        core = CoreNode(index, name, site, self.kernel, policy, service, ttl_s, cache, storage, self.leases, self.sizes)
        core.manager = manager
        return core

    def connect_nodes(self, edges: Sequence[EdgeNode], cores: Sequence[CoreNode]) -> None:
        """Give edges and cores their links to each other."""
        table, changes = LockTable(partial(_locks_until_s, cores)), Changes()
        asked = asked_for(self.scenario)
        askers = [edge.fetching for edge in edges]
        for core in cores:
            links = [self.link(self.core_ends[core.index], end) for end in self.edge_ends]
            core.connect(cores, askers, links, table, changes)
        for edge in edges:
            edge.l1.track("read_lock" in asked, "update" in asked, changes)
            edge.connect(cores, [self.link(self.edge_ends[edge.index], end) for end in self.core_ends])
            if edge.leases is not None:
                edge.leases.shards = len(cores)
                edge.leases.send = edge.fetching.send_batch
        if self.wiring.names_storage():
            end = Endpoint(STORAGE, "storage", "storage", self.scenario.storage.site)
            for core, core_end in zip(cores, self.core_ends, strict=True):
                core.storage_legs = (self.link(core_end, end), self.link(end, core_end))
        for core, (_, _, _, spec) in zip(cores, self.core_specs, strict=True):
            if spec.standby is not None and spec.standby.site is not None:
                core.standby_place = self.standby_place(core, spec.standby.site)

    def standby_place(self, core: CoreNode, site: str) -> StandbyPlace:
        """Where a shard's standby stands, with links of its own; rules and faults mean it by the shard's name."""
        end = replace(self.core_ends[core.index], site=site, which=" standby")
        storage = Endpoint(STORAGE, "storage", "storage", self.scenario.storage.site)
        has_legs = core.storage_legs is not None
        distances = self.wiring.distances
        return StandbyPlace(
            site,
            [self.link(edge, end) for edge in self.edge_ends],
            [self.link(end, edge) for edge in self.edge_ends],
            (self.link(end, storage), self.link(storage, end)) if has_legs else None,
            distances.one_way_s(core.site, site),
            distances.one_way_s(site, core.site),
        )

    def beats(self) -> list[Link]:
        """The links on which edges send heartbeats to the SAM; none where health checks watch them."""
        sam = self.scenario.sam
        if sam is None or self.scenario.health is not None:
            return []
        return [self.link(edge, _end_of(sam)) for edge in self.edge_ends]

    def slack_s(self) -> list[float]:
        """How much longer than its misses the SAM waits for each edge's heartbeat, for the jitter of its link."""
        sam = self.scenario.sam
        if sam is None or self.scenario.health is not None:
            return []
        written = sam.heartbeat.slack
        if not isinstance(written, str):
            return [written] * len(self.edge_ends)
        return [self.wiring.tail_s(edge, _end_of(sam)) for edge in self.edge_ends]


def _locks_until_s(cores: Sequence[CoreNode], session_id: int) -> float:
    """Until when nobody else may have the locks of a session, as its shard knows."""
    authority = cores[session_id % len(cores)].authority
    return INFINITY if authority is None else authority.locks_until_s(session_id)


def _end_of(sam: SamSpec) -> Endpoint:
    return Endpoint(SAM, "sam", "sam", sam.site)
