"""Cases at the edges of the model: questions asked twice, late writes, ends of sessions, takeovers, one by one."""

from __future__ import annotations

import pytest

from simulator.engine.kernel import Kernel
from simulator.engine.samplers import Blocks
from simulator.leases.locks import LockTable
from simulator.messages import Kind, Operation
from simulator.sam.detector import FailureDetector
from tests.worlds import QUIET, Play, merged, run_replication, small

ACQUIRE, RELEASE = int(Operation.ACQUIRE), int(Operation.RELEASE)


def quiet(**change):
    return small(**merged(QUIET, change))


# -- questions asked again --------------------------------------------------------------------------------
def test_a_question_asked_again_across_a_core_crash_does_not_upset_the_workers():
    """Service takes 4 s; the edge asks again after 1 s; the core crashes and is back within the first service.

    The first message's end of service comes in the core's second life and must count there for nothing.
    """
    cores = {"core": {"service_time": "4s", "workers": 3, "standby": False}}
    play = Play(quiet(cores=cores, leases="off", faults=[{"at": "2.2s", "for": "200ms", "crash": "core-1"}]))
    play.until(1.0)
    play.ask()
    for at_s in range(2, 15):
        play.until(float(at_s) + 0.5)  # checks 0 <= busy
    assert play.world.cores[0].busy == 0


def test_an_edge_never_believes_longer_than_granted_when_it_asked_twice():
    """The write takes 2.5 s, so the establishment is asked again at 1 s and at 2 s.

    The answer to the first message must not carry a lease that counts from the second.
    """
    play = Play(quiet(clients={"people": {"session": {"established": False}}}, storage={"write": "2.5s"}))
    for at_s in (2.6, 3.0, 3.6, 4.6, 6.0):
        world = play.until(at_s)
        for edge in world.edges:
            for session_id, held in edge.leases.held.items():
                assert held.until_s <= world.cores[0].authority.grants[session_id].until_s + 1e-9


def test_a_write_that_comes_late_neither_shortens_a_lease_nor_moves_a_session():
    """The first write is stuck; the client gives up and establishes elsewhere; then the write is done."""
    retry = {"timeout": "300ms", "max": 3, "backoff": "10ms", "jitter": "none"}
    people = {"count": 1, "session": {"established": False}, "retry": retry}
    play = Play(quiet(clients={"people": people}))
    play.world.storage._write_s = Blocks(lambda n: [2.0] + [0.01] * (n - 1))
    world = play.until(1.0)
    session = world.groups[0].clients[0].session
    edge, granted_s = session.edge, world.cores[0].authority.grants[session.session_id].until_s
    world = play.until(3.0)  # the late write is durable, and its answer has reached the other edge
    assert session.edge == edge
    assert world.cores[0].authority.grants[session.session_id].until_s >= granted_s
    assert not world.edges[1 - edge].fetching.under_way


@pytest.mark.parametrize("coalesce", [True, False])
@pytest.mark.parametrize("operation", [0, ACQUIRE])
def test_a_request_whose_edge_crashes_while_the_core_never_answers_ends_all_the_same(coalesce, operation):
    """Without a client's timeout nothing else would end it."""
    faults = [{"at": "1.0415s", "crash": "core-1"}, {"at": "1.5s", "for": "100ms", "crash": "pop-*"}]
    play = Play(quiet(edges={"pop": {"coalesce": coalesce}}, cores={"core": {"standby": False}}, faults=faults))
    play.until(1.03)
    play.ask(operation=operation)
    group = play.until(10.0).groups[0]
    assert (group.issued, group.books.ok, sum(group.books.failed.values())) == (1, 0, 1)


# -- locks ------------------------------------------------------------------------------------------------
def lock_world(**change):
    operations = {"acquire": "50%", "release": "50%"}
    people = {"operations": operations, "locks": {"per_session": 0, "shared_pool": 1, "conflict": "wait"}}
    return quiet(**merged({"clients": {"people": people}}, change))


def holders(world):
    return {session_id for holding in world.cores[0].locks.table._holders.values() for session_id in holding}


def test_a_release_that_was_long_on_its_way_ends_no_later_grant():
    table = LockTable(lambda _: float("inf"))
    first = table.acquire((-1, 0), 7, 1.0, True)
    second = table.acquire((-1, 0), 7, 2.0, True)
    assert second > first
    assert not table.release((-1, 0), 7, first, 3.0)
    assert table.acquire((-1, 0), 8, 3.0, True) is None
    assert table.release((-1, 0), 7, second, 4.0)
    assert table.acquire((-1, 0), 8, 4.0, True) == second + 1


def test_who_gave_up_in_line_loses_the_place_and_no_lock():
    table = LockTable(lambda _: float("inf"))
    table.acquire((-1, 0), 1, 0.0, True)
    table.wait((-1, 0), 1, True, "a", "gone")  # the holder itself stood in line twice; its second question died
    table.wait((-1, 0), 2, True, "b", "here")
    assert table.next_in_line((-1, 0), 1.0, lambda ticket: ticket != "gone") is None
    assert table.holds(1, (-1, 0))


def test_a_waiting_acquire_is_granted_when_the_lock_is_given_back_however_long_it_takes():
    play = Play(lock_world())
    play.until(1.0)
    play.ask(0, ACQUIRE)
    play.until(1.1)
    play.ask(1, ACQUIRE)
    world = play.until(9.0)  # the edge has asked again eight times
    assert world.groups[0].books.ok == 1
    assert sum(len(line) for line in world.cores[0].locks.table._lines.values()) == 1
    play.ask(0, RELEASE)
    world = play.until(9.2)
    assert world.groups[0].books.ok == 3
    assert holders(world) == {world.groups[0].clients[1].session.session_id}


def test_a_waiter_gets_the_lock_of_a_holder_that_is_gone_after_lease_and_lock_delay_and_not_before():
    """The edge of the holder is cut off at 2 s, so its lease ends; others wait in line all the time."""
    leases = {"length": "3s", "renew_before": "1s", "lock_delay": "2s", "idle_after": "never"}
    faults = [{"at": "2s", "for": "15s", "partition": [["pop-1"], ["core-1"]]}]
    scenario = lock_world(
        duration="18s", leases=leases, faults=faults, edges={"pop": {"count": 2}},
        clients={"people": {"count": 12}}, sam={"model": "static", "initial_weight": 100},
    )  # fmt: skip
    play = Play(scenario)
    world = play.until(1.0)
    here = [client for client in world.groups[0].clients if client.session.edge == 0]
    there = [client for client in world.groups[0].clients if client.session.edge == 1]
    play.ask(here[0].index, ACQUIRE)
    play.until(1.2)
    play.ask(there[0].index, ACQUIRE)
    session_id = here[0].session.session_id
    play.until(2.1)
    free_s = world.cores[0].authority.grants[session_id].until_s + 2.0
    assert holders(play.until(free_s - 0.01)) == {session_id}
    assert holders(play.until(free_s + 0.01)) == {there[0].session.session_id}


def test_locks_of_a_shard_that_is_down_are_not_free_for_others():
    """A session of core-2 holds a pool lock that core-1 decides; core-2 is down past lease and lock delay.

    When it is back it extends the lease: whoever got the lock meanwhile would be a second holder.
    """
    leases = {"length": "2s", "renew_before": "1s", "lock_delay": "100ms"}
    cores = {"core": {"count": 2, "standby": False}}
    faults = [{"at": "3s", "for": "8s", "crash": "core-2"}]
    play = Play(
        lock_world(cores=cores, leases=leases, faults=faults, clients={"people": {"locks": {"conflict": "deny"}}})
    )
    world = play.until(1.0)
    mine = next(c for c in world.groups[0].clients if c.session.session_id % 2 == 1)
    other = next(c for c in world.groups[0].clients if c.session.session_id % 2 == 0)
    play.ask(mine.index, ACQUIRE)
    play.until(9.0)
    play.ask(other.index, ACQUIRE)
    world = play.until(10.0)
    assert holders(world) == {mine.session.session_id}


def test_only_leases_that_ran_are_extended_by_a_takeover():
    play = Play(
        small(
            clients={"people": {"workload": {"rate": "0.000001/s"}}},
            duration="60s",
            leases={"length": "5s", "renew_before": "1s", "idle_after": "1s"},
            cores={"core": {"takeover": "1s"}},
            faults=[{"at": "20s", "for": "10s", "crash": "core-1"}],
        )
    )
    ended = {i: grant.until_s for i, grant in play.until(19.0).cores[0].authority.grants.items()}
    assert ended
    assert max(ended.values()) < 19.0
    assert {i: grant.until_s for i, grant in play.until(28.0).cores[0].authority.grants.items()} == ended


def test_a_grace_period_is_as_long_as_the_scenario_says_and_serves_reclaims_only():
    cores = {"core": {"takeover": "1s", "grace": "4s"}}
    people = {"locks": {"conflict": "deny"}}
    play = Play(
        lock_world(cores=cores, clients={"people": people}, faults=[{"at": "2.5s", "for": "15s", "crash": "core-1"}])
    )
    play.until(1.0)
    play.ask(0, ACQUIRE)
    world = play.until(6.5)  # detected at 5 s, taken over at 6 s
    assert world.cores[0].locks.grace_until_s == pytest.approx(10.0)
    play.ask(0, ACQUIRE)  # holds it already: a reclaim
    play.until(7.0)
    assert (world.groups[0].books.ok, world.groups[0].books.failed) == (2, {})
    world.cores[0].locks.table.release_all(world.groups[0].clients[0].session.session_id, 7.0, expired=False)
    play.ask(1, ACQUIRE)
    play.until(8.0)
    assert (world.groups[0].books.denied, world.groups[0].books.failed) == (1, {})  # an answer, no failure
    play.until(10.1)
    play.ask(1, ACQUIRE)
    assert play.until(11.0).groups[0].books.ok == 3


def test_a_renewal_that_waited_past_the_end_of_its_lease_is_answered_expired():
    """The client may have been told so meanwhile; reviving the lease would give its locks to two."""
    play = Play(
        quiet(
            leases={"length": "4s", "renew_before": "2s", "batch_every": "1s"},
            clients={"people": {"count": 1}},
            faults=[{"at": "0.5s", "for": "10s", "slow": "core-1", "factor": 6000}],
        )
    )
    world = play.until(19.0)
    grant = world.cores[0].authority.grants[world.groups[0].clients[0].session.session_id]
    assert grant.until_s <= 4.0


# -- takeover and detection -------------------------------------------------------------------------------
def test_a_standby_takes_over_from_a_primary_that_came_and_went_unheard():
    """Down at 2.5 s, detected at 5 s, takeover due at 8 s; up from 6.2 s to 6.6 s, between two heartbeats."""
    faults = [{"at": "2.5s", "for": "3.7s", "crash": "core-1"}, {"at": "6.6s", "for": "10s", "crash": "core-1"}]
    play = Play(quiet(faults=faults))
    assert not play.at(6.4, lambda world: world.cores[0].down)
    assert play.at(7.9, lambda world: world.cores[0].down)
    assert not play.at(8.1, lambda world: world.cores[0].down)


def test_a_standby_does_not_take_over_from_a_primary_that_was_heard_again():
    faults = [{"at": "2.5s", "for": "3.7s", "crash": "core-1"}, {"at": "7.6s", "for": "2s", "crash": "core-1"}]
    play = Play(quiet(faults=faults))  # heard again at 7 s; the takeover was due at 8 s
    assert play.at(9.5, lambda world: world.cores[0].down)


def test_suspicions_do_not_multiply_the_timers_of_the_detector():
    kernel = Kernel()
    detector = FailureDetector(kernel, [0], 1.0, 3, lambda _: 0.0, lambda _: None, lambda _: None, lambda: True)
    kernel.process(detector.run())
    for second in range(1, 101):
        kernel.run(until=second + 0.5)
        detector.suspect(0)
    kernel.run(until=200.0)
    assert sum(1 for entry in kernel.clock.events.entries() if entry[2].function == detector._check) == 1


# -- sessions ---------------------------------------------------------------------------------------------
def test_the_store_forgets_sessions_whose_client_gave_up_before_they_were_written():
    """Establishments take longer than clients wait, and sessions are short."""
    people = {
        "count": 10, "session": {"established": False, "length": "500ms", "pause": "100ms"},
        "retry": {"timeout": "200ms", "max": 0},
    }  # fmt: skip
    play = Play(small(clients={"people": people}, storage={"write": "1s"}))
    for at_s in range(2, 20):
        world = play.until(float(at_s))
        assert len(world.manager.store) <= 10


def test_a_session_that_closes_with_a_lost_last_request_is_forgotten():
    """Without timeouts nobody hears of the loss; the session's time is over all the same."""
    people = {"count": 3, "session": {"length": "2s", "pause": "1h"}}
    play = Play(
        small(clients={"people": people}, faults=[{"at": "1s", "crash": "pop-*"}], sam={"heartbeat": {"misses": 50}})
    )
    assert len(play.until(10.0).manager.store) == 0


def test_lock_operations_keep_a_lease_alive():
    """They are requests: a session that does nothing else is not idle."""
    people = {"count": 2, "operations": {"acquire": "100%"}, "locks": {"mode": "shared"}, "workload": {"rate": "2/s"}}
    leases = {"length": "6s", "renew_before": "2s", "idle_after": "4s"}
    world = Play(
        small(clients={"people": people}, leases=leases, sam={"model": "static", "initial_weight": 100})
    ).until(19.9)
    assert world.groups[0].books.failed == {}
    assert sum(edge.leases.lapses for edge in world.edges) == 0


def test_leases_that_are_over_leave_nothing_behind():
    """Sessions wander between two edges for a long time; each edge keeps only what still runs."""
    people = {"count": 30, "workload": {"rate": "1/s"}, "session": {"length": {"exponential": "5s"}, "pause": "100ms"}}
    leases = {"length": "3s", "renew_before": "1s", "idle_after": "2s"}
    play = Play(small(duration="100s", clients={"people": people}, leases=leases))
    for at_s in range(10, 100, 10):
        world = play.until(float(at_s))
        for edge in world.edges:
            over = [held for held in edge.leases.held.values() if held.until_s < at_s - 3.0]
            assert len(over) <= 2


def test_unanswered_requests_of_the_warm_up_count_before_it():
    """A request that was lost in the warm-up and never ends is no request of the window.

    Locks are held for ever and waited for: those that wait at the end are counted where they were sent.
    """
    people = {
        "count": 3,
        "operations": {"acquire": "100%"},
        "locks": {"per_session": 0, "shared_pool": 1, "conflict": "wait"},
    }
    scenario = small(warmup="10s", clients={"people": people}, leases="off")
    result = run_replication(scenario, seed=1, replication=0)
    assert result.invariants["violations"] == []
    arrivals = result.totals["requests.simulated"]
    assert 0 < result.totals["requests"] < arrivals
    assert result.totals["requests"] == pytest.approx(arrivals / 2, abs=6 * (arrivals / 4) ** 0.5)


# -- probes -----------------------------------------------------------------------------------------------
def test_probes_teach_clients_the_round_trip_to_every_edge():
    """The links to pop-2 got slower unseen; who never goes there learns it by probes alone: gain 1/8, each 2 s."""
    sam = {"probes": {"every": "1s"}, "model": "static", "initial_weight": 100}
    links = [{"from": "people", "to": "pop-1", "latency": "7ms"}]
    faults = [{"at": "4.5s", "degrade": {"from": "people", "to": "pop-2", "add_latency": "100ms"}}]
    play = Play(quiet(sam=sam, network={"links": links}, faults=faults))
    assert play.until(4.4).groups[0].clients[0].rtt_s == pytest.approx({0: 0.012, 1: 0.010})
    rtt_s = play.until(6.9).groups[0].clients[0].rtt_s
    assert rtt_s == pytest.approx({0: 0.012, 1: 0.010 + 0.1 / 8})


@pytest.mark.parametrize(
    ("crashed_at", "loss"),
    [("0s", 1.0), ("1500ms", 1 - (7 / 8) ** 2)],  # begins with the first of three probes: lost, or back
)
def test_probes_do_not_reach_a_crashed_edge_and_count_as_losses(crashed_at, loss):
    play = Play(
        quiet(
            sam={"probes": {"every": "1s"}},
            edges={"pop": {"count": 1}},
            faults=[{"at": crashed_at, "crash": "pop-1"}],
            clients={"people": {"session": {"established": True}}},
        )
    )
    client = play.until(3.5).groups[0].clients[0]
    assert (client.rtt_s is None) == (crashed_at == "0s")
    assert client.loss == pytest.approx(loss)


def test_control_messages_know_their_kind():
    assert Kind.CLOSE > Kind.RENEW > Kind.RELEASE > Kind.ACQUIRE > Kind.ESTABLISH


def test_a_read_that_was_lost_on_the_way_to_storage_by_a_core_that_crashed_is_asked_for_again():
    """The core's own second try finds that its life is over; the edge must hear that nothing will come of it."""
    faults = [
        {"at": "1s", "for": "3s", "partition": [["core-1"], ["storage"]]},
        {"at": "1.5s", "for": "100ms", "crash": "core-1"},
    ]
    play = Play(quiet(faults=faults))
    play.until(1.2)
    play.ask()
    assert play.until(12.0).groups[0].books.ok == 1


def test_a_cancelled_wait_for_a_lock_ends_at_the_edge_too():
    """The client gave up; when the line is served the edge is told, and keeps no timer for it."""
    people = {"locks": {"conflict": "wait"}, "retry": {"timeout": "500ms", "cancel_on_timeout": True}}
    play = Play(lock_world(clients={"people": people}, edges={"pop": {"hold_worker_on_miss": True, "count": 1}}))
    play.until(1.0)
    play.ask(0, ACQUIRE)
    play.until(1.2)
    play.ask(1, ACQUIRE)
    play.until(3.0)
    assert play.world.edges[0].busy == 1
    play.ask(0, RELEASE)  # must wait for the one worker, which waits for this lock
    play.world.cores[0].locks.table.release_all(play.world.groups[0].clients[0].session.session_id, 3.0, expired=False)
    play.world.cores[0].locks.serve_line((-1, 0))
    world = play.until(4.5)
    assert world.edges[0].busy == 0
    assert not [call for call in world.edges[0].fetching.timers if not call.done]
