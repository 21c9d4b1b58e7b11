"""From the `clients` of a scenario to the client groups of its world: their parts, their clients, their workloads.

Part of building a world (simulator.build.builder): may import scenario models, wiring, clients and routing. Runs
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import accumulate, count
from typing import TYPE_CHECKING

import numpy as np

from simulator.agents.client import Client
from simulator.agents.policies import GroupPolicy, LockPolicy, RetryPolicy
from simulator.build.balancers import BalancerBuilder
from simulator.build.basis import Basis
from simulator.build.outcomes import outcomes
from simulator.build.placement import Placing
from simulator.clients.access import Access
from simulator.clients.balancing import Balancing
from simulator.clients.books import Books
from simulator.clients.direct import Direct
from simulator.clients.group import ClientGroup
from simulator.clients.hedging import HedgePolicy, Hedging
from simulator.clients.measuring import Measuring
from simulator.clients.outstanding import Outstanding
from simulator.clients.plan import SessionPlan
from simulator.clients.probing import Prober
from simulator.clients.reports import Reports
from simulator.clients.retries import Retries
from simulator.clients.sessions import Sessions
from simulator.engine.streams import Streams, whole_numbers
from simulator.laws.distributions import Constant, Exponential
from simulator.messages import Operation
from simulator.plugins.guard import is_foreign, plain_index
from simulator.plugins.named import settings_in
from simulator.plugins.settings import configured
from simulator.routing import Router, RoutingContext, find_policy
from simulator.routing.directory import Directory
from simulator.routing.guard import checked_router
from simulator.routing.moves import Moves
from simulator.routing.scope import SiteScope, own_draw, scoped
from simulator.routing.subset import SubsetScope
from simulator.scenario.clients import ClientGroupSpec as GroupSpec
from simulator.scenario.control import SamSpec
from simulator.server.tally import Tally
from simulator.workloads import Source, SourceContext

if TYPE_CHECKING:
    from simulator.clients.routes import Routes
    from simulator.world.world import World

INFINITY = math.inf
LOAD_AWARE = {"least_outstanding", "power_of_two"}  # policies, and values of `leave_to`
Scope = SiteScope | SubsetScope


class ClientsBuilder:
    """Makes the client groups of a world."""

    def __init__(self, basis: Basis, world: World, balancers: BalancerBuilder | None) -> None:
        self.basis = basis
        self.world = world
        self._balancers = balancers
        self._session_ids = count()
        named = basis.scenario.routing.policy
        self._policy: type[Router] = configured(find_policy(named), settings_in(named))

    def make(self) -> None:
        """All groups, in the order of the scenario."""
        for number, (name, spec) in enumerate(self.basis.scenario.clients.items()):
            self._add(self._group(number, name, spec), spec)

    # -- a group and its parts ------------------------------------------------------------------------
    def _group(self, number: int, name: str, spec: GroupSpec) -> ClientGroup:
        basis, world, entity = self.basis, self.world, f"clients.{name}"
        clock, streams = basis.kernel.clock, basis.streams
        policy = GroupPolicy(name, number, _retry_policy(spec), self._lock_policy(spec, entity, number))
        tally = Tally(world.warmup_s, world.duration_s)
        basis.tallies.append(tally)
        basis.response_bytes.append(basis.draw(spec.response_size, entity, "response size"))
        request_bytes = basis.draw(spec.request_size, entity, "request size")
        access, moves = Access(clock, basis.sizes.lookup), self._moves()
        books = Books(world.warmup_s, world.duration_s, [edge.site for edge in world.edges])
        retries = Retries(policy.retry, streams.uniforms(entity, "retry jitter"))
        hedging, scope = None, None
        balanced = self._balancers is not None
        routes: Routes
        if self._balancers is not None:
            routes = balancing = self._balancers.join(world, access, moves, request_bytes)
            router = self._balancers.router(balancing)
        else:
            scope = self._scope(spec, entity)
            router = self._router(scope, entity)
            routes = direct = Direct(clock, access, router, world.edges, moves, retries, request_bytes, basis.sizes)
            direct.outstanding = self._outstanding()
            direct.passive = None if world.health is None else world.health.passive
            if spec.hedge is not None and spec.hedge.after < INFINITY:
                hedge = HedgePolicy(spec.hedge.after, spec.hedge.cancel)
                hedging = Hedging(basis.kernel, hedge, direct, retries, books)
        reports = self._reports(balanced)
        sessions = self._sessions(routes, router, reports, books, policy.retry.timeout_s)
        group = ClientGroup(
            policy, basis.kernel, access, router, routes, sessions, retries, hedging,
            Measuring(not balanced and self._uses_rtt(spec)), reports, moves, tally,
            self._operations(spec, entity), streams.uniforms(entity, "lock"),
        )  # fmt: skip
        group.new_client = self._new_client(group, spec, scope)
        for _ in range(spec.count or 0):
            group.clients.append(group.new_client(len(group.clients)))
        return group

    def _router(self, scope: Scope | None, entity: str) -> Router:
        """The router of a group whose clients choose edges themselves."""
        basis, directory, policy = self.basis, self.world.directory, self._policy
        uniform = basis.streams.uniforms(entity, "routing").next
        shared = basis.scenario.routing.view == "shared"
        load = (lambda _, edge: directory.outstanding[edge]) if shared else _own_load

        def context_of(seen: Directory) -> RoutingContext:
            return basis.routing_context(seen, entity, uniform, load)

        return checked_router(policy(context_of(directory))) if scope is None else scoped(policy, scope, context_of)

    def _looks_at(self) -> set[str]:
        """The policies by which edges are chosen."""
        routing = self.basis.scenario.routing
        found: set[str] = {routing.policy, routing.leave_to}
        return found | {routing.assign} if routing.policy == "cookie" else found

    def _outstanding(self) -> Outstanding | None:
        """What counts the load of edges, where a policy looks at it."""
        if not self._looks_at() & LOAD_AWARE and not is_foreign(self._policy):
            return None
        return Outstanding(self.world.directory, self.basis.scenario.routing.view == "shared")

    def _uses_rtt(self, spec: GroupSpec) -> bool:
        """Whether anything looks at the round trips that the clients measured."""
        steady = spec.session.established and spec.session.length == Constant(INFINITY)
        establishes = not steady or self.basis.leases is not None  # an expired session is established anew, nearby
        return self._policy.uses_rtt or self.basis.scenario.routing.leave_to == "nearest" or establishes

    def _reports(self, balanced: bool) -> Reports | None:
        """What tells the SAM of requests; of edges that are silent balancers tell, where there are any."""
        sam, manager = self.basis.scenario.sam, self.world.manager
        if sam is None or manager is None:
            return None
        silences = manager.client_reports and not balanced
        return Reports(manager, self.basis.kernel.clock, sam.latency == "response", silences)

    def _moves(self) -> Moves:
        """What counts the moves of a group's sessions."""
        sam, manager, world = self.basis.scenario.sam, self.world.manager, self.world
        window_s = SamSpec().window if sam is None else sam.window
        moves = Moves(self.basis.kernel.clock, world.directory.size, window_s)
        if manager is not None:
            manager.moves.append(moves)
            if manager.by_edge:
                moves.on_move = manager.arrived
        return moves

    def _sessions(
        self, routes: Routes, router: Router, reports: Reports | None, books: Books, timeout_s: float
    ) -> Sessions:
        manager = self.world.manager
        measures_first = manager is not None and manager.policy.measured
        sessions = Sessions(
            self.basis.kernel.clock, routes, router, reports, books, self._session_ids, timeout_s, measures_first
        )
        if self._policy.counts_sessions or "least_sessions" in self._looks_at():
            sessions.standing = self.world.directory.standing
        return sessions

    def _new_client(self, group: ClientGroup, spec: GroupSpec, scope: Scope | None) -> Callable[[int], Client]:
        """What makes the clients of a group, by index: each knows its way to the edges, or to the balancers."""
        basis, balancing = self.basis, group.routes
        shards, ends = basis.home_shards, basis.edge_ends
        if self._balancers is not None:
            ends = self._balancers.ends
        sites = scope if isinstance(scope, SiteScope) else None
        placing = Placing(basis.wiring, ends, group.policy, spec, sites, shards)
        if shards is not None:
            group.sessions.number_for = lambda client: shards.next_number(placing.homes[client.index])
        if not spec.count:  # faults may strike links of clients that have yet to come
            placing.paths(placing.every)
        if isinstance(balancing, Balancing):
            return lambda index: balancing.enter(placing.client(index))
        return placing.client

    def _scope(self, spec: GroupSpec, entity: str) -> Scope | None:
        """Within which edges a group's requests are routed; None where all of them are candidates of all clients."""
        basis, directory, policy = self.basis, self.world.directory, self._policy
        routing = basis.scenario.routing
        subset = None if policy.moves_alone else routing.subset  # hashing shares clients out among all
        if routing.scope == "global" or spec.site is None:
            return None if subset is None else SubsetScope(directory, subset, basis.hash_salt())
        if policy.moves_alone:
            return SiteScope(directory, routing.overprovision, own_draw)
        uniform = basis.streams.uniforms(entity, "site").next
        return SiteScope(directory, routing.overprovision, lambda _: uniform(), subset, basis.hash_salt())

    def _lock_policy(self, spec: GroupSpec, entity: str, number: int) -> LockPolicy:
        locks = spec.locks
        forever = locks.hold == Constant(INFINITY)
        hold = None if forever else self.basis.draw(locks.hold, entity, "lock hold")
        own = locks.per_session if locks.per_session + locks.shared_pool else 1
        return LockPolicy(number, own, locks.shared_pool, hold, locks.mode == "exclusive", locks.conflict == "wait")

    def _operations(self, spec: GroupSpec, entity: str) -> Callable[[], int] | None:
        """What draws the operation of a request; None where all are lookups."""
        names = [name for name, share in spec.operations.items() if share > 0]
        if names == ["lookup"]:
            return None
        codes = np.array([Operation[name.upper()].value for name in names])
        bounds = np.array(list(accumulate(spec.operations[name] for name in names)))
        bounds[-1] = 1.0
        rng = self.basis.streams.generator(entity, "operation")
        return whole_numbers(lambda n: codes[np.searchsorted(bounds, rng.random(n), side="right")])

    # -- a group in its world -------------------------------------------------------------------------
    def _add(self, group: ClientGroup, spec: GroupSpec) -> None:
        """Let a group have its workload, its sessions and its probes."""
        basis, world = self.basis, self.world
        scenario, kernel = basis.scenario, basis.kernel
        if world.manager is not None and not world.groups:
            keeps = scenario.routing.policy == "cookie" and scenario.routing.on_down != "reassign"
            world.manager.moves_sessions = not self._policy.moves_alone and not keeps
            world.manager.choose_other = self._choose_other
        world.groups.append(group)
        entity, plan = f"clients.{group.name}", SessionPlan(kernel, group, world.duration_s)
        arrive = plain_index(group.arrive) if is_foreign(spec.workload) else group.arrive
        place = SourceContext(
            kernel, group.name, spec.count, partial(basis.streams.generator, entity), arrive, group.arrive_as,
            plan.open_now, plan.close_now, world.duration_s, scenario.base_dir,
            basis.origin_s, partial(Streams(basis.streams.seed, 0).generator, entity),
        )  # fmt: skip
        source: Source = spec.workload.build(place)
        world.sources.append(source)
        if spec.workload.kind == "closed" or type(source).ended is not Source.ended:
            group.endings.source_ended = source.ended
        self._plan_sessions(spec, group, plan, source, entity)
        if scenario.sam is not None and scenario.sam.probes is not None:
            prober = Prober(kernel, group.clients, world.edges, group.access, scenario.sam.probes.every)
            world.starts.append(lambda: kernel.process(prober.run()))

    def _choose_other(self, client: Client, edge: int) -> int:
        """Where the SAM moves the session of a client whose edge has failed; -1 for nowhere."""
        other: int = self.world.groups[client.group.number].router.leave(client, edge)
        return other

    def _plan_sessions(
        self, spec: GroupSpec, group: ClientGroup, plan: SessionPlan, source: Source, entity: str
    ) -> None:
        """Say when the sessions of a group open and close."""
        session, basis, starts = spec.session, self.basis, self.world.starts
        plan.source = source
        plan.length_s = basis.draw(session.length, entity, "session length")
        plan.pause_s = basis.draw(session.pause, entity, "session pause")
        plan.start_s = basis.draw(session.start, entity, "session start")
        if session.arrivals is not None:
            plan.gap_s = basis.draw(Exponential(1.0 / session.arrivals), entity, "session arrivals")
            starts.append(plan.open_stream)
        elif spec.count:
            if session.established:
                starts.append(partial(self._establish_all, group, entity))
            starts.append(partial(plan.begin, spec.count))
        starts.append(source.begin)

    def _establish_all(self, group: ClientGroup, entity: str) -> None:
        """Sessions that exist at t = 0: in storage and in the store, at their nearest edge, which holds the lease."""
        world, manager, policy = self.world, self.world.manager, self.basis.leases
        phases = self.basis.streams.uniforms(entity, "lease phase").next
        for client, edge in zip(group.clients, group.router.assign_all(group.clients), strict=True):
            session = group.sessions.adopt(client, edge)
            if manager is not None:
                manager.admit(session, client.expected_rtt_s[edge])
            if policy is not None:
                granted_s = -policy.interval_s * phases()
                until_s = granted_s + policy.length_s
                authority = world.cores[session.session_id % len(world.cores)].authority
                assert authority is not None
                authority.grant(session, edge, until_s)
                table = world.edges[edge].leases
                if table is not None:
                    table.hold(session, until_s)


def _retry_policy(spec: GroupSpec) -> RetryPolicy:
    retry = spec.retry
    if retry is None:
        return RetryPolicy()
    return RetryPolicy(
        retry.timeout, retry.max, retry.backoff, retry.cap, retry.jitter == "full",
        retry.budget.ratio, float(retry.budget.burst), retry.cancel_on_timeout,
        retry.to, None if retry.on is None else outcomes(retry.on),
    )  # fmt: skip


def _own_load(client: Client, edge: int) -> int:
    return 0 if client.outstanding_at is None else client.outstanding_at.get(edge, 0)
