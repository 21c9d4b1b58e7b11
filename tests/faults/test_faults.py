"""Every kind of fault does what docs/model.md says, alone and overlapping, and unwinds without a trace."""

from __future__ import annotations

import math

import pytest

from simulator.messages import Cause, Operation
from tests.worlds import QUIET, Play, merged, run_replication, small


def quiet(**change):
    return small(**merged(QUIET, change))


def kinds_at(world, kind):
    return [(row["t_s"], row["target"]) for row in world.log.rows if row["kind"] == kind]


# -- crash ------------------------------------------------------------------------------------------------
def test_an_edge_crash_loses_cache_leases_queue_and_what_is_in_service():
    play = Play(
        quiet(edges={"pop": {"count": 1, "service_time": "1s"}}, faults=[{"at": "2s", "for": "3s", "crash": "pop-1"}])
    )
    play.until(1.0)
    for _ in range(3):  # one gets the worker, two wait
        play.ask()
    world = play.until(1.9)
    edge = world.edges[0]
    assert (edge.busy, len(edge.waiting), len(edge.leases.held)) == (1, 2, 4)
    play.until(2.5)
    assert (edge.busy, edge.in_system, len(edge.waiting), len(edge.l1.cache), len(edge.leases.held)) == (0, 0, 0, 0, 0)
    assert edge.down
    play.until(9.0)
    group = world.groups[0]
    assert not edge.down
    assert group.books.ok == 0
    assert group.books.failed == {(3, True): 3}  # all three crashed; nothing was answered for them


def test_after_a_restart_the_edge_is_cold_and_says_why():
    play = Play(quiet(edges={"pop": {"count": 1}}, faults=[{"at": "2s", "for": "1s", "crash": "pop-1"}]))
    play.until(1.0)
    play.ask()
    play.until(4.0)
    play.ask()
    world = play.until(5.0)
    assert world.edges[0].misses[Cause.COLD] == 1
    assert world.edges[0].misses[Cause.NODE_RESTART] == 1
    assert world.groups[0].books.ok == 2


def test_a_message_to_a_crashed_edge_is_noticed_by_the_timeout_only():
    retry = {"timeout": "300ms", "max": 0}
    play = Play(
        quiet(
            clients={"people": {"retry": retry}}, edges={"pop": {"count": 1}}, faults=[{"at": "1s", "crash": "pop-1"}]
        )
    )
    play.until(2.0)
    play.ask()
    assert play.until(2.299).groups[0].ended == 0
    assert play.until(2.301).groups[0].books.failed == {(3, True): 1}


def test_a_core_crash_is_detected_then_the_standby_takes_over_with_l2_cold_and_leases_extended():
    """Crash at 2.5 s; last heartbeat heard at 2 s; detection 3 s after that, takeover 2 s more."""
    cores = {"core": {"takeover": "2s"}}
    play = Play(quiet(cores=cores, faults=[{"at": "2.5s", "for": "12s", "crash": "core-1"}]))
    play.until(1.0)
    for client in range(4):
        play.ask(client)
    world = play.until(2.4)
    core = world.cores[0]
    assert len(core.l2.cache) == 4
    assert play.at(6.99, lambda world: world.cores[0].down)
    play.until(7.01)
    assert not core.down
    assert len(core.l2.cache) == 0
    assert kinds_at(world, "detected") == [(pytest.approx(5.0), "core-1")]
    assert kinds_at(world, "takeover") == [(pytest.approx(7.0), "core-1")]
    assert min(grant.until_s for grant in core.authority.grants.values()) >= 7.0 + 30.0
    assert not core.standby_ready
    play.until(14.6)
    assert core.standby_ready  # the repaired primary stands by


def test_without_a_standby_the_core_is_down_until_it_is_repaired():
    play = Play(quiet(cores={"core": {"standby": False}}, faults=[{"at": "2s", "for": "12s", "crash": "core-1"}]))
    assert play.at(13.9, lambda world: world.cores[0].down)
    assert not play.at(14.1, lambda world: world.cores[0].down)


def test_a_crashed_storage_loses_nothing_that_was_asked_of_it():
    play = Play(quiet(faults=[{"at": "1s", "for": "400ms", "crash": "storage"}]))
    play.until(1.1)
    play.ask()
    assert play.until(1.39).groups[0].books.ok == 0
    assert play.until(1.45).groups[0].books.ok == 1


def test_a_crashed_sam_freezes_weights_and_one_shard_only_those_of_its_sessions():
    sam = {"shards": 2, "model": "cumulative", "window": "1s"}
    faults = [{"at": "2s", "for": "4s", "crash": "sam-1"}, {"at": "8s", "for": "4s", "crash": "sam"}]
    play = Play(small(sam=sam, faults=faults))

    def weights(world):
        return {session_id: session.weight for session_id, session in world.manager.store.items()}

    before, after = play.at(2.5, weights), play.at(5.5, weights)
    assert {i for i in before if before[i] == after[i]} >= {i for i in before if i % 2 == 0}
    assert any(before[i] != after[i] for i in before if i % 2 == 1)
    frozen = play.at(8.5, weights)
    assert play.at(11.5, weights) == frozen
    assert play.at(14.5, weights) != frozen


def test_overlapping_crashes_of_a_whole_sam_and_of_one_shard_unwind():
    faults = [{"at": "1s", "for": "6s", "crash": "sam"}, {"at": "2s", "for": "2s", "crash": "sam-1"}]
    play = Play(quiet(sam={"shards": 2}, faults=faults))
    assert play.at(3.0, lambda world: world.manager.down) == [True, True]
    assert play.at(5.0, lambda world: list(world.manager.down)) == [
        True,
        True,
    ]  # the shorter one is over, the other not
    assert play.at(7.5, lambda world: list(world.manager.down)) == [False, False]


def test_a_node_stays_down_until_the_last_of_its_crashes_is_over():
    faults = [{"at": "1s", "for": "3s", "crash": "pop-1"}, {"at": "2s", "for": "5s", "crash": "pop-*"}]
    play = Play(quiet(faults=faults))
    down = lambda world: [edge.down for edge in world.edges]  # noqa: E731
    assert play.at(1.5, down) == [True, False]
    assert play.at(4.5, down) == [True, True]
    assert play.at(7.5, down) == [False, False]
    assert play.world.down_s == {"pop-1": 6.0, "pop-2": 5.0}


# -- drain ------------------------------------------------------------------------------------------------
def test_a_drained_edge_takes_no_new_sessions_and_the_existing_ones_leave():
    scenario = small(
        clients={"people": {"count": 20, "session": {"established": False, "length": {"exponential": "4s"}}}},
        faults=[{"at": "5s", "for": "8s", "drain": "pop-1"}],
    )
    play = Play(scenario)
    world = play.until(5.2)
    assert not world.directory.open[0]
    assert not [session for session in world.manager.store.values() if session.edge == 0]
    before = world.edges[0].arrivals
    play.until(13.0)
    assert world.edges[0].arrivals == before
    assert play.at(13.2, lambda world: world.directory.open[0])
    assert not world.edges[0].draining


def test_overlapping_drains_unwind():
    faults = [{"at": "1s", "for": "2s", "drain": "pop-1"}, {"at": "2s", "for": "4s", "drain": "pop-1"}]
    play = Play(quiet(faults=faults))
    assert play.at(4.0, lambda world: world.edges[0].draining)
    assert not play.at(6.5, lambda world: world.edges[0].draining)


# -- slow -------------------------------------------------------------------------------------------------
def test_service_that_starts_under_slowness_takes_longer_and_factors_multiply_and_unwind():
    faults = [
        {"at": "1s", "for": "4s", "slow": "pop-1", "factor": 10},
        {"at": "2s", "for": "5s", "slow": "pop-1", "factor": 3},
    ]
    play = Play(quiet(edges={"pop": {"count": 1, "service_time": "2ms"}}, faults=faults))
    service = lambda world: world.edges[0].service_s.next()  # noqa: E731
    drawn = [play.at(at_s, service) for at_s in (0.9, 1.5, 3.0, 6.0, 7.5)]
    assert drawn == pytest.approx([0.002, 0.02, 0.06, 0.006, 0.002])


def test_service_under_way_keeps_its_time_when_slowness_begins():
    play = Play(
        quiet(
            edges={"pop": {"count": 1, "service_time": "1s"}}, faults=[{"at": "1.5s", "slow": "pop-1", "factor": 100}]
        )
    )
    play.until(1.0)
    play.ask()
    assert play.until(3.0).groups[0].books.ok == 1


@pytest.mark.parametrize(("target", "least_s"), [("core-1", 0.1), ("storage", 0.2)])
def test_cores_and_storage_can_be_slow(target, least_s):
    play = Play(quiet(faults=[{"at": "1s", "for": "5s", "slow": target, "factor": 100}]))
    play.until(2.0)
    play.ask()
    assert play.until(2.0 + least_s).groups[0].books.ok == 0
    play.until(8.0)
    play.ask(1)
    assert play.until(8.1).groups[0].books.ok == 2


def test_news_of_a_slow_sam_take_longer_but_do_not_overtake_each_other():
    sam = {"propagation": "50ms", "model": "static"}
    play = Play(quiet(sam=sam, faults=[{"at": "1s", "for": "1s", "slow": "sam", "factor": 100}]))
    world = play.until(1.5)
    manager, heard = world.manager, []
    manager._tell(heard.append, "first")  # there at 6.5 s
    play.until(3.0)
    manager._tell(heard.append, "second")  # would be there at 3.05 s
    play.until(4.0)
    assert heard == []
    play.until(6.6)
    assert heard == ["first", "second"]


# -- links ------------------------------------------------------------------------------------------------
def test_a_partition_cuts_both_ways_or_only_forward():
    forward = {"at": "1s", "for": "2s", "partition": [["pop-1"], ["core-1"]], "direction": "forward"}
    both = {"at": "5s", "for": "2s", "partition": [["pop-1"], ["core-1"]]}
    play = Play(quiet(edges={"pop": {"count": 1}}, faults=[forward, both]))

    def blocked(world):
        paths = {(record.source.name, record.target.name): record.path.blocked for record in world.paths}
        return paths["pop-1", "core-1"], paths["core-1", "pop-1"]

    assert [play.at(at_s, blocked) for at_s in (0.5, 2.0, 4.0, 6.0, 8.0)] == [
        (False, False), (True, False), (False, False), (True, True), (False, False),
    ]  # fmt: skip


def test_overlapping_partitions_of_one_link_open_it_when_the_last_is_over():
    faults = [
        {"at": "1s", "for": "3s", "partition": [["pop-1"], ["core-1"]]},
        {"at": "2s", "for": "4s", "partition": [["pop-*"], ["core-*"]]},
    ]
    play = Play(quiet(faults=faults))
    path = next(r.path for r in play.world.paths if (r.source.name, r.target.name) == ("pop-1", "core-1"))
    assert play.at(5.0, lambda _: path.blocked)
    assert not play.at(6.5, lambda _: path.blocked)


def test_a_partition_of_some_clients_leaves_the_others_alone():
    faults = [{"at": "1s", "for": "5s", "partition": [["people-1"], ["pop-*"]]}]
    play = Play(quiet(faults=faults))
    play.until(2.0)
    play.ask(0)
    play.ask(1)
    world = play.until(3.0)
    assert (world.groups[0].books.ok, world.groups[0].books.failed) == (1, {(1, True): 1})


def test_a_partition_from_the_sam_is_a_false_alarm_and_moves_the_sessions():
    play = Play(small(faults=[{"at": "2.5s", "for": "6s", "partition": [["pop-1"], ["sam"]]}]))
    world = play.until(6.0)
    assert not world.edges[0].down
    assert kinds_at(world, "detected") == [(pytest.approx(5.005), "pop-1")]  # the last beat was under way for 5 ms
    assert not [session for session in world.manager.store.values() if session.edge == 0]
    assert play.at(9.2, lambda world: world.directory.open[0])


def test_degradations_add_up_and_unwind():
    faults = [
        {"at": "1s", "for": "4s", "degrade": {"from": "pop-1", "to": "core-1", "loss": "50%", "add_latency": "40ms"}},
        {"at": "2s", "for": "5s", "degrade": {"from": "pop-*", "to": "core-*", "loss": "20%", "bandwidth": "1Mbit/s"}},
    ]
    play = Play(quiet(faults=faults))
    path = next(r.path for r in play.world.paths if (r.source.name, r.target.name) == ("pop-1", "core-1"))
    look = lambda _: (round(path.loss_ratio_independent, 9), path.add_latency_s, path.bits_per_s)  # noqa: E731
    assert [play.at(at_s, look) for at_s in (0.5, 1.5, 3.0, 6.0, 8.0)] == [
        (0.0, 0.0, math.inf), (0.5, 0.04, math.inf), (0.6, 0.04, 1e6), (0.2, 0.0, 1e6), (0.0, 0.0, math.inf),
    ]  # fmt: skip


def test_a_fault_at_the_very_beginning_comes_before_what_is_sent_then():
    scenario = quiet(
        clients={"people": {"session": {"established": False}}},
        faults=[{"at": "0s", "for": "1s", "partition": [["people"], ["pop-*"]]}],
    )
    world = Play(scenario).until(0.5)
    assert world.edges[0].arrivals + world.edges[1].arrivals == 0


# -- the rest ---------------------------------------------------------------------------------------------
def test_a_rolling_restart_takes_one_node_after_the_other():
    faults = [{"at": "1s", "rolling_restart": "pop-*", "down": "2s", "pause": "1s"}]
    play = Play(quiet(edges={"pop": {"count": 3}}, faults=faults))
    down = [
        play.at(at_s, lambda world: [edge.name for edge in world.edges if edge.down])
        for at_s in (0.5, 2, 3.5, 5, 6.5, 8, 9.5)
    ]
    assert down == [[], ["pop-1"], [], ["pop-2"], [], ["pop-3"], []]
    assert play.world.down_s == {"pop-1": 2.0, "pop-2": 2.0, "pop-3": 2.0}


def test_crowds_multiply_the_rate_of_their_group_and_unwind():
    """Poisson at 40/s: counts in windows of 4 s under factors 1, 5, 10 and 1 have means 160, 800, 1600 and 160.

    Four comparisons at 6 standard deviations each: false alarms below 1e-8.
    """
    faults = [
        {"at": "4s", "for": "8s", "crowd": "people", "factor": 5},
        {"at": "8s", "for": "4s", "crowd": "people", "factor": 2},
    ]
    scenario = small(
        clients={
            "people": {"count": 20, "workload": {"rate": "2/s"}},
            "robots": {"count": 1, "workload": {"kind": "poisson", "rate": "50/s"}},
        },
        faults=faults,
    )
    play = Play(scenario)
    seen = [play.at(at_s, lambda world: [group.issued for group in world.groups]) for at_s in (4, 8, 12, 16)]
    for group, expected in ((0, (160, 800, 1600, 160)), (1, (200, 200, 200, 200))):
        total = 0
        for counts, mean in zip(seen, expected, strict=True):
            assert abs(counts[group] - total - mean) <= 6 * math.sqrt(mean)
            total = counts[group]


@pytest.mark.parametrize("kind", ["crash", "slow", "drain"])
def test_random_faults_alternate_and_the_time_to_failure_counts_from_the_repair(kind):
    fault = {"random": kind, "of": "pop-1", "mttf": "3s", "mttr": "1s", "at": "1s", "for": "10s"}
    play = Play(quiet(faults=[fault | ({"factor": 2} if kind == "slow" else {})]))
    world = play.until(20.0)
    assert kinds_at(world, "fault.begin") == [(4.0, "pop-1"), (8.0, "pop-1")]  # the next would be at 12, after the end
    assert kinds_at(world, "fault.end") == [(5.0, "pop-1"), (9.0, "pop-1")]


def test_random_faults_of_several_nodes_are_independent_and_the_same_for_the_same_seed():
    fault = {"random": "crash", "of": "pop-*", "mttf": {"exponential": "2s"}, "mttr": {"exponential": "500ms"}}

    def begins(seed):
        return kinds_at(Play(quiet(faults=[fault]), seed).until(20.0), "fault.begin")

    one = begins(1)
    assert one == begins(1)
    assert one != begins(2)
    assert {name for _, name in one} == {"pop-1", "pop-2"}


def test_a_scripted_and_a_random_crash_of_one_node_unwind():
    faults = [
        {"random": "crash", "of": "pop-1", "mttf": "2s", "mttr": "4s"},  # down 2..6, 8..12, 14..18
        {"at": "5s", "for": "4s", "crash": "pop-1"},  # down 5..9
    ]
    play = Play(quiet(faults=faults))
    times = (1.5, 3, 7, 9.5, 12.5, 15, 18.5)
    assert [play.at(at_s, lambda world: world.edges[0].down) for at_s in times] == [
        False, True, True, True, False, True, False,
    ]  # fmt: skip


def test_sessions_of_a_crashed_edge_are_moved_after_the_detection_and_their_clients_told():
    """Crash at 2.5 s, last heartbeat sent at 2 s (5 ms under way), 3 misses of 1 s, 50 ms of propagation."""
    sam = {"propagation": "50ms", "model": "static", "initial_weight": 70}
    play = Play(small(sam=sam, routing={"after_leaving": "stay"}, faults=[{"at": "2.5s", "crash": "pop-1"}]))
    world = play.until(5.0)
    here = [session for session in world.manager.store.values() if session.edge == 0]
    assert kinds_at(world, "detected") == []
    play.until(5.01)
    assert kinds_at(world, "detected") == [(pytest.approx(5.005), "pop-1")]
    assert world.directory.open[0]
    play.until(5.06)
    assert not world.directory.open[0]
    assert not [session for session in world.manager.store.values() if session.edge == 0]
    assert all(session.client_weight == 70 for session in here)


def test_a_run_with_every_fault_at_once_is_safe():
    faults = [
        {"at": "1s", "for": "5s", "crash": "pop-1"},
        {"at": "2s", "for": "5s", "crash": "core-1"},
        {"at": "3s", "for": "5s", "crash": "storage"},
        {"at": "3s", "for": "5s", "crash": "sam"},
        {"at": "4s", "for": "5s", "drain": "pop-2"},
        {"at": "4s", "for": "5s", "slow": "core-1", "factor": 50},
        {"at": "5s", "for": "5s", "partition": [["people"], ["pop-*"]], "direction": "forward"},
        {"at": "6s", "for": "5s", "degrade": {"from": "pop-*", "to": "core-*", "loss": "50%", "add_latency": "1s"}},
        {"at": "7s", "rolling_restart": "pop-*", "down": "1s"},
        {"at": "2s", "for": "9s", "crowd": "people", "factor": 4},
        {"random": "crash", "of": "core-*", "mttf": {"exponential": "3s"}, "mttr": {"exponential": "1s"}},
    ]
    operations = {"lookup": "40%", "read_lock": "20%", "acquire": "20%", "release": "20%"}
    people = {
        "operations": operations, "locks": {"shared_pool": 2, "hold": "300ms", "conflict": "wait"},
        "retry": {"timeout": "400ms", "max": 2},
    }  # fmt: skip
    result = run_replication(
        small(clients={"people": people}, edges={"pop": {"count": 3}}, cores={"core": {"count": 2}}, faults=faults),
        seed=3, replication=0,
    )  # fmt: skip
    assert result.invariants["violations"] == []
    assert result.totals["requests"] == result.totals["ok"] + result.totals["denied"] + result.totals["failed"] > 500
    assert Operation.ACQUIRE == 2
