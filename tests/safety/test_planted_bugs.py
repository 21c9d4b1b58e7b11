"""The checkers find what they are for: each test plants a bug into the model and expects the violation.

A checker that stays silent here would prove nothing by staying silent elsewhere.
"""

from __future__ import annotations

import sys

import pytest

from simulator.caches.lru import LruCache
from simulator.clients.answers import Answers
from simulator.leases.authority import Authority
from simulator.leases.locks import LockTable
from simulator.leases.renewal import LeaseTable
from simulator.messages import RenewalAnswer
from simulator.server.core import CoreNode
from simulator.server.edge import EdgeNode
from simulator.server.fetching import Fetching
from tests.actors import weigh_too_much
from tests.worlds import merged, run_replication, small

LOCKS = {
    "operations": {"lookup": "40%", "acquire": "40%", "release": "20%"},
    "locks": {"per_session": 0, "shared_pool": 1, "hold": "300ms"},
}
BUSY = {"clients": {"people": {"count": 10}}, "edges": {"pop": {"l1": {"ttl": "400ms"}}}}


def violations(seed=1, **change):
    result = run_replication(small(**merged(BUSY, change)), seed=seed, replication=0)
    return result.invariants["violations"]


def found(expected, **change):
    told = violations(**change)
    assert told, "the planted bug was not found"
    assert expected in told[0]


def spoil(monkeypatch, change, at_s=6.0):
    """Change the world's state at a time behind the model's back: methods that are compiled cannot be replaced."""
    right = sys.modules["simulator.run"].build

    def build(*arguments, **more):
        world = right(*arguments, **more)
        world.kernel.call_at(at_s, lambda _: change(world), None)
        return world

    monkeypatch.setattr(sys.modules["simulator.run"], "build", build)


def use_cache(monkeypatch, wrong):
    """L1 and L2 are of this class; an unlimited one holds a million."""

    def make(_policy, capacity, *others):
        return wrong(10**6 if capacity is None else capacity, *others)

    monkeypatch.setattr(sys.modules["simulator.build.builder"], "make_cache", make)


@pytest.mark.parametrize("change", [{}, {"clients": {"people": LOCKS}}])
def test_without_a_planted_bug_nothing_is_found(change):
    assert violations(**change) == []


# -- leases -----------------------------------------------------------------------------------------------
LEASES = {"length": "4s", "renew_before": "2s", "lock_delay": "0ms"}


def _believes_from_receipt(self, batch):
    until_s = self.clock.now + self.policy.length_s
    self.answered += len(batch.sessions)
    self.in_flight -= len(batch.sessions)
    for session, answer in zip(batch.sessions, batch.answers, strict=True):
        held = self.held.get(session.session_id)
        if held is not None and answer == RenewalAnswer.EXTENDED:
            held.until_s = until_s
            self._schedule([held], until_s)


@pytest.mark.interpreted  # compiled edges call their own table's method, whatever replaces it
def test_an_edge_that_believes_from_receipt_instead_of_from_sending_is_found(monkeypatch):
    monkeypatch.setattr(LeaseTable, "receive_answers", _believes_from_receipt)
    found("believes in the lease of session", leases=LEASES)


def test_a_bound_on_clocks_that_is_not_applied_is_found(monkeypatch):
    """An edge whose clock is late by up to 1 s lets its leases run that much longer than it should."""
    init = LeaseTable.__init__

    def careless(self, kernel, policy, offset_s, *more):
        init(self, kernel, policy, offset_s, *more)
        self.guard_s = offset_s  # the clock's error without the allowance for it

    monkeypatch.setattr(LeaseTable, "__init__", careless)
    found("believes in the lease of session", leases={**LEASES, "clock_skew": "1s"})


def test_a_standby_with_an_old_copy_of_the_leases_that_neither_extends_nor_waits_is_found(monkeypatch):
    """It knows the leases as they were 2 s before the crash, and takes over at once."""

    def without_grace(self):
        self.down = False
        for grant in self.authority.grants.values():
            grant.until_s -= 2.0

    monkeypatch.setattr(CoreNode, "restart", without_grace)
    faults = [{"at": "6.5s", "for": "200ms", "crash": "core-1"}]
    found("believes in the lease of session", leases=LEASES, faults=faults)


@pytest.mark.interpreted  # compiled edges ask the lease itself, in a method that cannot be replaced
def test_an_edge_that_serves_under_an_ended_lease_is_found(monkeypatch):
    monkeypatch.setattr(LeaseTable, "valid", lambda self, session_id, now_s: True)
    found(
        "its lease ended at", leases={**LEASES, "idle_after": "0ms"}, edges={"pop": {"l1": {"ttl": "never"}}},
        sam={"model": "static", "initial_weight": 100},
    )  # fmt: skip


def test_a_renewal_that_is_not_booked_is_found(monkeypatch):
    def books_too_many(world):
        leases = world.edges[0].leases
        leases.sent, leases.in_flight = leases.sent + 1, leases.in_flight + 1

    spoil(monkeypatch, books_too_many)
    found("renewals are under way", leases=LEASES)


# -- locks ------------------------------------------------------------------------------------------------
def test_two_holders_are_found_by_the_history(monkeypatch):
    monkeypatch.setattr(LockTable, "_is_free", lambda self, lock, session_id, now_s: True)
    found("while session", clients={"people": LOCKS})


def test_a_lock_taken_from_a_holder_whose_lease_runs_is_found(monkeypatch):
    monkeypatch.setattr(Authority, "locks_until_s", lambda self, session_id: self.clock.now)
    found("believes in its lease", clients={"people": LOCKS}, leases={"lock_delay": "1s"})


def test_a_lock_taken_before_its_delay_is_over_is_found(monkeypatch):
    """The lease has ended, but the lock delay has not: the holder's last messages may still be under way."""

    def impatient(self, session_id):
        grant = self.grants.get(session_id)
        return -1.0 if grant is None else grant.until_s

    monkeypatch.setattr(Authority, "locks_until_s", impatient)
    monkeypatch.setattr(LeaseTable, "_forget", lambda self, held, now: None)
    locks = {
        "workload": {"rate": "0.5/s"},
        "locks": {"hold": "unlimited"},
        "operations": {"acquire": "100%", "lookup": "0%", "release": "0%"},
    }
    found(
        "its locks are safe until", clients={"people": merged(LOCKS, locks)},
        leases={**LEASES, "lock_delay": "3s", "idle_after": "200ms"},
    )  # fmt: skip


def test_a_token_that_does_not_grow_is_found(monkeypatch):
    grant = LockTable._grant

    def forgetful(self, lock, session_id, now_s, exclusive):
        self._tokens.clear()
        return grant(self, lock, session_id, now_s, exclusive)

    monkeypatch.setattr(LockTable, "_grant", forgetful)
    found("fencing token", clients={"people": LOCKS})


def test_a_takeover_that_forgets_who_holds_what_is_found(monkeypatch):
    restart = CoreNode.restart

    def forgetful(self):
        restart(self)
        self.locks.table._holders.clear()
        self.locks.table._of_session.clear()

    monkeypatch.setattr(CoreNode, "restart", forgetful)
    people = merged(LOCKS, {"locks": {"hold": "unlimited"}})
    found("while session", clients={"people": people}, faults=[{"at": "6s", "for": "200ms", "crash": "core-1"}])


# -- caches, nodes, requests ------------------------------------------------------------------------------
def test_an_expired_entry_that_is_served_is_found(monkeypatch):
    class Blind(LruCache):
        def lookup(self, key, now_s):
            return key in self

    use_cache(monkeypatch, Blind)
    found("from an entry that ended at", edges={"pop": {"l1": {"capacity": 100}}})


def test_a_cache_above_its_capacity_is_found(monkeypatch):
    class Boundless(LruCache):
        def _admit(self, _key, /):
            pass

    use_cache(monkeypatch, Boundless)
    found("above its capacity", edges={"pop": {"l1": {"capacity": 2}}})


@pytest.mark.interpreted  # a compiled handler calls the method itself, whatever replaces it
def test_a_request_that_survives_the_crash_of_its_node_is_found(monkeypatch):
    """Service ends although the node crashed meanwhile, because the end does not look at the node's life."""
    finish = EdgeNode.finish

    def careless(self, attempt):
        now_epoch, self.epoch = self.epoch, attempt.epoch
        try:
            finish(self, attempt)
        finally:
            self.epoch = now_epoch

    monkeypatch.setattr(EdgeNode, "finish", careless)
    edges = {"pop": {"count": 1, "service_time": "50ms"}}
    told = violations(edges=edges, faults=[{"at": "6s", "for": "20ms", "crash": "pop-1"}])
    assert told


@pytest.mark.interpreted  # a compiled handler calls the method itself, whatever replaces it
def test_a_coalesced_waiter_that_is_forgotten_is_found(monkeypatch):
    fill = Fetching.fill

    def forgets(self, call):
        (call if call.origin is None else call.origin).waiters.clear()
        fill(self, call)

    monkeypatch.setattr(Fetching, "fill", forgets)
    monkeypatch.setattr(sys.modules["simulator.run"], "LONGEST_DRAIN_S", 30.0)
    found("in flight", storage={"read": "200ms"}, clients={"people": {"workload": {"rate": "20/s"}}})


@pytest.mark.interpreted  # a compiled handler calls the method itself, whatever replaces it
def test_an_answer_that_counts_twice_is_found(monkeypatch):
    complete = Answers.complete

    def twice(self, attempt):
        complete(self, attempt)
        if attempt.intended_s > 19.0:
            attempt.done = False
            complete(self, attempt)

    monkeypatch.setattr(Answers, "complete", twice)
    told = violations()
    assert told


def test_a_lookup_that_is_not_counted_is_found(monkeypatch):
    def forgets_a_miss(world):
        world.edges[0].misses[0] -= 1

    spoil(monkeypatch, forgets_a_miss)
    found("hits, delayed and misses")


def test_a_session_that_the_store_keeps_counting_is_found(monkeypatch):
    def counts_one_more(world):
        world.manager.weights[50.0] += 1

    spoil(monkeypatch, counts_one_more)
    found("sessions have weights")


def test_a_weight_out_of_range_is_found(monkeypatch):
    weigh_too_much(monkeypatch)
    found("weight 101.0 outside 0..100")
