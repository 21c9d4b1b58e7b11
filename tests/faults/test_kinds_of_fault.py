"""Errors, lost sites, drains that keep sessions, rolling restarts that drain, and calendars do what theory says."""

from __future__ import annotations

import math

import pytest

from simulator.messages import Outcome
from simulator.metrics.events import TAKEOVER, fault_spans
from simulator.scenario.schema import Scenario
from tests.worlds import BASE, FREE, QUIET, Play, merged, played, small

ERROR = int(Outcome.ERROR)


def free(**change):
    return merged(FREE, change)


def spans(scenario):
    return fault_spans(played(scenario).events)


# -- error ------------------------------------------------------------------------------------------------
def test_a_share_of_requests_errs_and_overlapping_errors_compose():
    """Two errors of 50 % and 40 %: 1 - .5 * .6 = .7 of 6,000 requests; six standard deviations are .036."""
    faults = [{"at": "0s", "error": "e-1", "ratio": "50%"}, {"at": "0s", "error": "e-*", "ratio": "40%"}]
    metrics = played(free(edges={"e": {"count": 1}}, faults=faults)).metrics
    assert metrics["failures.ratio[error]"] == pytest.approx(0.7, abs=0.036)
    assert metrics["failures.ratio"] == metrics["failures.ratio[error]"]


def test_an_error_takes_its_own_time_and_no_service():
    """5 ms there, 7 ms to err, 5 ms back; the service of 200 ms is never begun, so nothing queues behind it."""
    edges = {"e": {"count": 1, "workers": 1, "service_time": "200ms"}}
    network = {"default": {"latency": "5ms"}}
    faults = [{"at": "0s", "error": "e-1", "after": "7ms"}]
    metrics = played(free(edges=edges, network=network, faults=faults)).metrics
    assert metrics["latency.failed.mean"] == pytest.approx(0.017, abs=1e-9)
    assert metrics["edge.utilisation"] == 0.0


def test_a_node_that_errs_fast_draws_least_outstanding_to_it():
    """A fail-fast black hole: idle, it gets nearly everything where the others are busy."""
    edges = {"e": {"workers": 1, "service_time": {"exponential": "24ms"}}}
    routing = {"policy": "least_outstanding"}
    network = {"default": {"latency": "1ms"}}
    calm = free(edges=edges, routing=routing, network=network)
    assert played(calm).metrics["failures.ratio"] == 0.0
    metrics = played(merged(calm, {"faults": [{"at": "0s", "error": "e-1"}]})).metrics
    assert metrics["failures.ratio[error]"] > 0.45  # a third at random


def test_errors_of_a_core_strike_what_misses_and_no_renewal():
    scenario = small(
        edges={"pop": {"l1": {"ttl": "0ms"}}}, faults=[{"at": "5s", "for": "10s", "error": "core-1", "ratio": "100%"}]
    )
    play = Play(scenario)
    world = play.until(20.0)
    group = world.groups[0]
    assert set(group.books.failed) == {(ERROR, True)}
    assert 0.35 < sum(group.books.failed.values()) / group.issued < 0.65  # half of the time
    assert sum(edge.leases.renewed for edge in world.edges) > 0
    assert sum(edge.leases.lost for edge in world.edges) == 0


# -- lose -------------------------------------------------------------------------------------------------
HERE = {
    "sites": {"here": {"lat": 0, "lon": 0}, "there": {"lat": 0, "lon": 0}},
    "edges": {"pop": {"at": {"here": 1, "there": 1}}},
}


def two_sites(**change):
    return Scenario.from_dict(merged({**BASE, "edges": HERE["edges"]}, merged(merged(QUIET, HERE), change)))


def test_losing_a_site_takes_all_that_stands_there_and_nothing_else():
    change = {
        "cores": {"core": {"site": "here"}}, "storage": {"site": "there"}, "sam": {"site": "here"},
        "faults": [{"at": "2s", "for": "3s", "lose": "here"}],
    }  # fmt: skip
    play = Play(two_sites(**change))

    def down(world):
        nodes = {node.name: node.down for node in (*world.edges, *world.cores)}
        return nodes | {"storage": world.storage.down, "sam": all(world.manager.down)}

    assert not any(play.at(1.9, down).values())
    assert play.at(3.0, down) == {
        "pop-here-1": True, "pop-there-1": False, "core-1": True, "storage": False, "sam": True
    }  # fmt: skip
    assert not any(play.at(5.1, down).values())


def test_nobody_takes_over_from_a_core_whose_standby_is_lost_with_it():
    change = {"cores": {"core": {"site": "here", "takeover": "1s"}}, "sam": "off", "routing": {"policy": "nearest"}}
    lost = Play(two_sites(**change, faults=[{"at": "1s", "for": "14s", "lose": "here"}]))
    crashed = Play(two_sites(**change, faults=[{"at": "1s", "for": "14s", "crash": "core-1"}]))
    assert [any(row["kind"] == TAKEOVER for row in play.until(14.0).log.rows) for play in (lost, crashed)] == [
        False,
        True,
    ]
    lost.until(16.0)
    assert not lost.world.cores[0].down
    assert lost.world.cores[0].standby_ready


@pytest.mark.parametrize(("lost", "taken_over"), [("here", True), ("there", False)])
def test_a_standby_at_another_site_takes_over_unless_that_is_lost(lost, taken_over):
    cores = {"core": {"site": "here", "takeover": "1s", "standby": {"site": "there"}}}
    faults = [{"at": "1s", "for": "10s", "lose": lost}, {"at": "2s", "for": "10s", "crash": "core-1"}]
    play = Play(two_sites(cores=cores, sam="off", routing={"policy": "nearest"}, faults=faults))
    assert any(row["kind"] == TAKEOVER for row in play.until(10.0).log.rows) is taken_over
    play.until(13.0)
    assert not play.world.cores[0].down


def test_storage_without_a_site_survives():
    play = Play(two_sites(faults=[{"at": "2s", "lose": "here"}]))
    assert not play.at(3.0, lambda world: world.storage.down)


# -- drain that keeps sessions ----------------------------------------------------------------------------
POLICIES = [
    {"policy": "cookie"}, {"policy": "static", "weight": 100}, {"policy": "consistent_hash"}, {"policy": "maglev"},
]  # fmt: skip


@pytest.mark.parametrize("routing", POLICIES, ids=lambda routing: routing["policy"])
@pytest.mark.parametrize("sam", [{}, "off"], ids=["sam", "without"])
def test_a_drain_keeps_sessions_until_they_end(routing, sam):
    """Those that were there stay; those that begin later go elsewhere. Without `keep` all leave."""
    kept = {"at": "20s", "drain": "e-1", "sessions": "keep"}
    scenario = free(routing=routing, sam=sam, clients={"u": {"session": {"length": {"exponential": "10s"}}}})
    served = {}
    for how, faults in {"keep": [kept], "move": [{**kept, "sessions": "move"}], "none": []}.items():
        play = Play(small_of(merged(scenario, {"faults": faults})))
        world = play.until(20.06)  # the SAM's news has arrived
        existing = {client.session.session_id for client in world.groups[0].clients}
        play.until(21.0)
        before = world.edges[0].arrivals
        play.until(26.0)
        served[how] = world.edges[0].arrivals - before
        if how == "keep":
            there = {c.session.session_id for c in world.groups[0].clients if c.session and c.session.last_edge == 0}
            assert there <= existing
            assert there
    assert 0 < served["keep"] < served["none"]
    assert served["move"] <= 0.05 * served["keep"]  # closes are no requests; nothing else comes


def small_of(scenario):
    return Scenario.from_dict({"name": "free", **scenario})


def test_at_the_limit_what_is_left_leaves():
    """Sessions that never end stay at the drained edge for exactly as long as the limit lets them."""
    faults = [{"at": "10s", "for": "40s", "drain": "e-1", "sessions": "keep", "limit": "15s"}]
    play = Play(small_of(free(routing={"policy": "cookie"}, faults=faults)))
    arrivals = [play.at(at_s, lambda world: world.edges[0].arrivals) for at_s in (9.9, 24.9, 25.1, 49.9)]
    assert arrivals[0] < arrivals[1]
    assert arrivals[2] == arrivals[3]


# -- rolling restart with drain ---------------------------------------------------------------------------
def test_a_rolling_restart_drains_each_node_before_and_pauses_after():
    faults = [{"at": "10s", "rolling_restart": "e-*", "drain": "4s", "down": "2s", "pause": "3s"}]
    found = sorted(spans(free(faults=faults)))
    expected = []
    for place in range(3):
        begin = 10.0 + 9.0 * place
        expected += [(begin, begin + 6.0, f"drain e-{place + 1}"), (begin + 4.0, begin + 6.0, f"crash e-{place + 1}")]
    assert found == sorted(expected)


def test_draining_before_a_restart_spares_requests():
    """Restarted at once, an edge fails what is sent to it while it is down; drained before, nobody is there."""
    retry = {"timeout": "500ms", "max": 0}
    change = {"clients": {"u": {"retry": retry}}, "routing": {"policy": "cookie"}}
    rolling = {"at": "10s", "rolling_restart": "e-*", "down": "2s", "pause": "1s"}
    at_once = played(free(**change, faults=[rolling])).metrics["failures.ratio"]
    drained = played(free(**change, faults=[{**rolling, "drain": "1s"}])).metrics["failures.ratio"]
    assert at_once == pytest.approx(2 / 60, abs=0.012)  # each edge, and so each session, 2 of 60 s; five deviations
    assert drained == 0.0


# -- calendars --------------------------------------------------------------------------------------------
def test_a_fault_comes_again_at_every_period_until_the_end():
    faults = [
        {"at": "5s", "for": "4s", "every": "20s", "crash": "e-1"},
        {"at": "10s", "every": "25s", "rolling_restart": ["e-2", "e-3"], "down": "1s"},
    ]
    assert sorted(spans(free(faults=faults))) == [
        (5.0, 9.0, "crash e-1"), (10.0, 11.0, "crash e-2"), (11.0, 12.0, "crash e-3"), (25.0, 29.0, "crash e-1"),
        (35.0, 36.0, "crash e-2"), (36.0, 37.0, "crash e-3"), (45.0, 49.0, "crash e-1"),
    ]  # fmt: skip


def test_one_that_is_cut_by_the_end_of_the_run_stays_on():
    assert spans(free(faults=[{"at": "50s", "for": "15s", "every": "20s", "crash": "e-1"}])) == [
        (50.0, math.inf, "crash e-1")
    ]
