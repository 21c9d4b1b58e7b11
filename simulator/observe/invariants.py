"""The safety invariants of a world, checked at every window and at the end of every run.

Those about single events are checked where the event happens: locks by `LockHistory`, answers of edges that have
crashed once, and a sample of services (expiry, lease, order of times). Changes nothing: where an edge offers a hook, it
looks on and lets it do what it would have done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from simulator.errors import SafetyError
from simulator.observe.adds_up import checks
from simulator.observe.in_flight import renewals_in_flight, requests_in_flight
from simulator.observe.lock_history import EXACT_S, LockHistory

if TYPE_CHECKING:
    from simulator.leases.renewal import LeaseTable
    from simulator.messages import Attempt, HeldLease
    from simulator.server.balancer import Balancer
    from simulator.server.core import CoreNode
    from simulator.server.edge import EdgeNode
    from simulator.world.world import World

EDGES_A_WINDOW = 32  # that are looked at closely, in turn: some of their leases, their next services
LEASES_A_WINDOW = 64  # of each of these edges, in turn
SERVICES_WATCHED = 4


class Invariants:
    """Checks, and how many were made."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._checked = 0
        self._seen_s = 0.0
        self._turn = 0
        self._leases: list[Iterator[HeldLease]] = [iter(()) for _ in world.edges]
        self._answers_watched: set[int] = set()
        self.locks = LockHistory(world)
        world.cores[0].locks.table.journal = self.locks

    @property
    def checked(self) -> int:
        """How many checks were made."""
        return self._checked + self.locks.entries

    def _require(self, holds: bool, what: str, *told: object) -> None:
        """`what` has a {} for each value `told`, and is only put together where the check fails."""
        self._checked += 1
        if not holds:
            raise SafetyError(f"{what.format(*told)} (at {self.world.kernel.now} s)")

    def check(self) -> None:
        """All of them. Raises SafetyError at the first that does not hold."""
        world, now = self.world, self.world.kernel.now
        self._require(now >= self._seen_s, "time runs backwards, from {} s", self._seen_s)
        self._seen_s = now
        for edge in world.edges:
            self._edge(edge)
        for core in world.cores:
            self._core(core)
        for balancer in world.balancers:
            self._balancer(balancer)
        for group in world.groups:
            answered = group.tally.hits + group.tally.delayed
            self._require(group.tally.lookups >= answered, "{}: more hits than lookups", group.name)
            self._require(group.issued >= group.ended, "{}: more ended than were issued", group.name)
            self._require(group.sessions.open >= 0, "{}: {} sessions open", group.name, group.sessions.open)
        if world.manager is not None:
            for weight, sessions in world.manager.weights.items():
                self._require(0.0 <= weight <= 100.0, "weight {} outside 0..100", weight)
                self._require(sessions >= 0, "{} sessions of weight {}", sessions, weight)
            weighed, stored = world.manager.weights.total(), len(world.manager.store)
            self._require(weighed == stored, "{} sessions have weights, {} are in the store", weighed, stored)
        for edge in self._next_edges():
            if edge.leases is not None:
                self._some_leases(edge, edge.leases)
            self._watch_next(edge)

    def _next_edges(self) -> list[EdgeNode]:
        """The edges that are looked at closely now."""
        edges = self.world.edges
        if len(edges) <= EDGES_A_WINDOW:
            return edges
        first = self._turn
        self._turn = (first + EDGES_A_WINDOW) % len(edges)
        return [edges[(first + i) % len(edges)] for i in range(EDGES_A_WINDOW)]

    def _edge(self, edge: EdgeNode) -> None:
        name, cache, require = edge.name, edge.l1.cache, self._require
        answered, waiting = edge.hits + edge.delayed + sum(edge.misses), len(edge.waiting)
        busy, workers, in_system = edge.busy, edge.workers, edge.in_system
        require(edge.lookups == answered, "{}: {} lookups, {} hits, delayed and misses", name, edge.lookups, answered)
        require(cache.capacity is None or len(cache) <= cache.capacity, "{}: L1 above its capacity", name)
        require(0 <= busy <= workers, "{}: {} busy of {} workers", name, busy, workers)
        require(waiting <= edge.queue_limit or edge.fetching.rebuild_s is not None, "{}: queue above its limit", name)
        require(in_system == busy + waiting, "{}: {} in the system, {} busy", name, in_system, busy)
        require(not waiting or busy == workers, "{}: an idle worker beside {} waiting", name, waiting)
        require(not (edge.down and in_system), "{}: work in a crashed node", name)
        leases = edge.leases
        if leases is not None:
            booked = leases.answered + leases.lost + leases.in_flight
            require(leases.sent == booked, "{}: {} renewals sent, {} accounted for", name, leases.sent, booked)
            require(leases.in_flight >= 0, "{}: {} renewals in flight", name, leases.in_flight)

    def _core(self, core: CoreNode) -> None:
        name, cache, require = core.name, core.l2.cache, self._require
        answered, workers = core.hits + sum(core.misses), core.policy.workers
        require(core.lookups == answered, "{}: {} lookups, {} hits and misses", name, core.lookups, answered)
        require(cache.capacity is None or len(cache) <= cache.capacity, "{}: L2 above its capacity", name)
        require(0 <= core.busy <= workers, "{}: {} busy workers", name, core.busy)
        require(not core.waiting or core.busy == workers, "{}: an idle worker beside a queue", name)
        require(not (core.down and (core.busy or core.waiting)), "{}: work in a crashed node", name)

    def _balancer(self, balancer: Balancer) -> None:
        name, busy, workers, require = balancer.name, balancer.busy, balancer.workers, self._require
        most, outstanding = balancer.policy.most_outstanding, balancer.outstanding
        require(0 <= busy <= workers, "{}: {} busy of {} workers", name, busy, workers)
        require(not balancer.waiting or busy == workers, "{}: an idle worker beside a queue", name)
        require(min(outstanding) >= 0 and max(outstanding) <= most, "{}: {} outstanding at edges", name, outstanding)
        require(not (balancer.down and (balancer.held or busy)), "{}: work in a crashed balancer", name)

    # -- leases ---------------------------------------------------------------------------------------
    def _some_leases(self, edge: EdgeNode, leases: LeaseTable) -> None:
        """Of the next few leases of an edge: it never believes longer than the authority grants."""
        wanted = min(LEASES_A_WINDOW, len(leases.held))
        some = list(islice(self._leases[edge.index], wanted))
        if len(some) < wanted:
            self._leases[edge.index] = iter(list(leases.held.values()))
        now = self.world.kernel.now
        for held in some:
            if held.until_s > now and leases.held.get(held.session.session_id) is held:
                self._believes(edge, held)

    def _believes(self, edge: EdgeNode, held: HeldLease) -> None:
        """An edge takes this lease for one that runs."""
        session, until_s = held.session, held.until_s
        if session.over:
            return
        session_id, cores = session.session_id, self.world.cores
        authority = cores[session_id % len(cores)].authority
        grant = None if authority is None else authority.grants.get(session_id)
        granted_s = -1.0 if grant is None else grant.until_s
        what = "{} believes in the lease of session {} until {} s, granted until {} s"
        self._require(until_s <= granted_s + EXACT_S, what, edge.name, session_id, until_s, granted_s)

    # -- services and answers -------------------------------------------------------------------------
    def _watch_next(self, edge: EdgeNode) -> None:
        """Look at the next few services of an edge, from outside."""
        left = SERVICES_WATCHED

        def watched(attempt: Attempt) -> None:
            nonlocal left
            left -= 1
            session_id, now = attempt.session.session_id, self.world.kernel.now
            expires_at_s, hits = edge.l1.cache.expires_at(session_id), edge.hits
            edge.serve(attempt)
            edge.watch_start = watched if left else None
            in_order = attempt.sent_s <= attempt.arrived_s <= now
            self._require(in_order, "{}: served before it was sent or had arrived", edge.name)
            self._require(not edge.down, "{}: serves although it is down", edge.name)
            if edge.hits > hits:
                self._served_rightly(edge, attempt, expires_at_s)

        edge.watch_start = watched

    def _served_rightly(self, edge: EdgeNode, attempt: Attempt, expires_at_s: float | None) -> None:
        session_id, now = attempt.session.session_id, self.world.kernel.now
        fresh = expires_at_s is not None and now < expires_at_s
        what = "{}: served session {} from an entry that ended at {} s"
        self._require(fresh, what, edge.name, session_id, expires_at_s)
        if edge.leases is not None:
            held = edge.leases.held.get(session_id)
            until_s = -1.0 if held is None else held.until_s
            what = "{}: served session {}, its lease ended at {} s"
            self._require(now < until_s, what, edge.name, session_id, until_s)
            if held is not None:
                self._believes(edge, held)

    def edge_crashes(self, index: int) -> None:
        """An edge is about to crash: from now on every answer of it must be of its present life."""
        if index in self._answers_watched:
            return
        self._answers_watched.add(index)
        edge = self.world.edges[index]

        def watched(attempt: Attempt) -> None:
            if edge.down or attempt.epoch != edge.epoch:
                raise SafetyError(f"{edge.name}: a request served by a crashed node (at {self.world.kernel.now} s)")

        edge.watch_answer = watched

    def _every_renewal_is_somewhere(self) -> None:
        tables = [edge.leases for edge in self.world.edges if edge.leases is not None]
        if any(table.in_flight for table in tables):
            found = renewals_in_flight(self.world)
            for table in tables:
                count, name = found[table.edge.index], table.edge.name
                what = "{}: {} renewals are under way, {} of them found"
                self._require(table.in_flight == count, what, name, table.in_flight, count)

    def dissolve(self) -> None:
        """The world is over: let go of the leases whose turn has not come."""
        self._leases.clear()

    def check_metrics(self, metrics: Mapping[str, float]) -> None:
        """Of the metrics of the run: rows add up, ratios lie in 0..1."""
        for holds, what in checks(metrics, self.world):
            self._require(holds, "{}", what)

    # -- the end --------------------------------------------------------------------------------------
    def finish(self) -> None:
        """When nothing more arrives and all that can has ended: every request ended once, or is somewhere."""
        self.check()
        self._every_renewal_is_somewhere()
        somewhere: dict[str, int] | None = None
        for group in self.world.groups:
            unfinished = group.issued - group.ended
            if unfinished:
                if somewhere is None:
                    somewhere = requests_in_flight(self.world)
                found = somewhere[group.name]
                what = "{}: {} issued, {} ended, {} in flight"
                self._require(unfinished == found, what, group.name, group.issued, group.ended, found)
            for client in group.clients:
                if client.session is not None:
                    waiting = client.session.outstanding
                    awaited = waiting >= 0 and (unfinished > 0 or waiting == 0)
                    what = "{}: a session waits for {} requests, and {} are in flight"
                    self._require(awaited, what, group.name, waiting, unfinished)
