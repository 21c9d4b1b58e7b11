"""The safety invariants of a world, checked at every window and at the end of every run.

Those about single events are checked where the event happens: locks by `LockHistory`, answers of edges that have
crashed once, and a sample of services (expiry, lease, order of times). May import: the world (to read it). Changes
nothing: where an edge offers a hook, it looks on and lets it do what it would have done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.leases.locks import SafetyError
from simulator.observe.in_flight import renewals_in_flight, requests_in_flight
from simulator.observe.lock_history import EXACT_S, LockHistory

if TYPE_CHECKING:
    from simulator.leases.renewal import HeldLease
    from simulator.nodes.core import CoreNode
    from simulator.nodes.edge import EdgeNode
    from simulator.request import Attempt
    from simulator.world import World

LEASES_A_WINDOW = 64  # of each edge, in turn
EDGES_A_WINDOW = 32  # whose next services are watched, in turn
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
        world.cores[0].locks.journal = self.locks

    @property
    def checked(self) -> int:
        """How many checks were made."""
        return self._checked + self.locks.entries

    def _require(self, holds: bool, what: str) -> None:
        self._checked += 1
        if not holds:
            raise SafetyError(f"{what} (at {self.world.kernel.now} s)")

    def check(self) -> None:
        """All of them. Raises SafetyError at the first that does not hold."""
        world, now = self.world, self.world.kernel.now
        self._require(now >= self._seen_s, f"time runs backwards, from {self._seen_s} s")
        self._seen_s = now
        for edge in world.edges:
            self._edge(edge)
        for core in world.cores:
            self._core(core)
        for group in world.groups:
            self._require(group.issued >= group.ended, f"{group.name}: more ended than were issued")
            self._require(group.sessions_open >= 0, f"{group.name}: {group.sessions_open} sessions open")
        if world.manager is not None:
            for weight, sessions in world.manager.weights.items():
                self._require(0.0 <= weight <= 100.0, f"weight {weight} outside 0..100")
                self._require(sessions >= 0, f"{sessions} sessions of weight {weight}")
            weighed, stored = world.manager.weights.total(), len(world.manager.store)
            self._require(weighed == stored, f"{weighed} sessions have weights, {stored} are in the store")
        self._watch_services()

    def _edge(self, edge: EdgeNode) -> None:
        name, cache = edge.name, edge.cache
        answered = edge.hits + edge.delayed + sum(edge.misses)
        self._require(edge.lookups == answered, f"{name}: {edge.lookups} lookups, {answered} hits, delayed and misses")
        self._require(cache.capacity is None or len(cache) <= cache.capacity, f"{name}: L1 above its capacity")
        waiting = len(edge.waiting)
        self._require(0 <= edge.busy <= edge.workers, f"{name}: {edge.busy} busy of {edge.workers} workers")
        self._require(waiting <= edge.queue_limit, f"{name}: queue above its limit")
        self._require(
            edge.in_system == edge.busy + waiting, f"{name}: {edge.in_system} in the system, {edge.busy} busy"
        )
        self._require(not waiting or edge.busy == edge.workers, f"{name}: an idle worker beside {waiting} waiting")
        self._require(not (edge.down and edge.in_system), f"{name}: work in a crashed node")
        leases = edge.leases
        if leases is not None:
            booked = leases.answered + leases.lost + leases.in_flight
            self._require(leases.sent == booked, f"{name}: {leases.sent} renewals sent, {booked} accounted for")
            self._require(leases.in_flight >= 0, f"{name}: {leases.in_flight} renewals in flight")
            self._some_leases(edge)

    def _core(self, core: CoreNode) -> None:
        name, cache = core.name, core.cache
        answered = core.hits + sum(core.misses)
        self._require(core.lookups == answered, f"{name}: {core.lookups} lookups, {answered} hits and misses")
        self._require(cache.capacity is None or len(cache) <= cache.capacity, f"{name}: L2 above its capacity")
        self._require(0 <= core.busy <= core.policy.workers, f"{name}: {core.busy} busy workers")
        self._require(not core.waiting or core.busy == core.policy.workers, f"{name}: an idle worker beside a queue")
        self._require(not (core.down and (core.busy or core.waiting)), f"{name}: work in a crashed node")

    # -- leases ---------------------------------------------------------------------------------------
    def _some_leases(self, edge: EdgeNode) -> None:
        """Of the next few leases of an edge: it never believes longer than the authority grants."""
        assert edge.leases is not None
        for _ in range(min(LEASES_A_WINDOW, len(edge.leases.held))):
            held = next(self._leases[edge.index], None)
            if held is None:
                self._leases[edge.index] = iter(list(edge.leases.held.values()))
                return
            if edge.leases.held.get(held.session.session_id) is held:
                self._believes(edge, held)

    def _believes(self, edge: EdgeNode, held: HeldLease) -> None:
        if held.session.over or held.until_s <= self.world.kernel.now:
            return
        session_id = held.session.session_id
        grant = self.world.cores[session_id % len(self.world.cores)].grants.get(session_id)
        granted_s = -1.0 if grant is None else grant.until_s
        self._require(
            held.until_s <= granted_s + EXACT_S,
            f"{edge.name} believes in the lease of session {session_id} until {held.until_s} s, granted until "
            f"{granted_s} s",
        )

    # -- services and answers -------------------------------------------------------------------------
    def _watch_services(self) -> None:
        edges = self.world.edges
        for _ in range(min(EDGES_A_WINDOW, len(edges))):
            self._turn = (self._turn + 1) % len(edges)
            self._watch_next(edges[self._turn])

    def _watch_next(self, edge: EdgeNode) -> None:
        """Look at the next few services of an edge, from outside."""
        left = SERVICES_WATCHED

        def watched(attempt: Attempt) -> None:
            nonlocal left
            left -= 1
            session_id, now = attempt.session.session_id, self.world.kernel.now
            expires_at_s, hits = edge.cache.expires_at(session_id), edge.hits
            edge._start(attempt)
            edge.watch_start = watched if left else None
            self._require(
                attempt.sent_s <= attempt.arrived_s <= now, f"{edge.name}: served before it was sent or had arrived"
            )
            self._require(not edge.down, f"{edge.name}: serves although it is down")
            if edge.hits > hits:
                self._served_rightly(edge, attempt, expires_at_s)

        edge.watch_start = watched

    def _served_rightly(self, edge: EdgeNode, attempt: Attempt, expires_at_s: float | None) -> None:
        session_id, now = attempt.session.session_id, self.world.kernel.now
        self._require(
            expires_at_s is not None and now < expires_at_s,
            f"{edge.name}: served session {session_id} from an entry that ended at {expires_at_s} s",
        )
        if edge.leases is not None:
            held = edge.leases.held.get(session_id)
            until_s = -1.0 if held is None else held.until_s
            self._require(now < until_s, f"{edge.name}: served session {session_id}, its lease ended at {until_s} s")
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
                self._require(
                    table.in_flight == count, f"{name}: {table.in_flight} renewals are under way, {count} of them found"
                )

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
                self._require(
                    unfinished == found,
                    f"{group.name}: {group.issued} issued, {group.ended} ended, {found} in flight",
                )
            for client in group.clients:
                if client.session is not None:
                    waiting = client.session.outstanding
                    self._require(
                        waiting >= 0 and (unfinished > 0 or waiting == 0),
                        f"{group.name}: a session waits for {waiting} requests, and {unfinished} are in flight",
                    )
