"""A node that stands still does nothing and loses nothing: oracle by hand, to the event."""

from __future__ import annotations

import pytest

from simulator.scenario.schema import Scenario
from tests.worlds import FREE, QUIET, Play, merged, played, small


def quiet(**change):
    return small(**merged(QUIET, change))


def free(**change):
    return Scenario.from_dict({"name": "free", **merged(FREE, change)})


PAUSE = {"at": "10s", "for": "5s"}


@pytest.mark.parametrize("target", ["e-1", "core-1", "storage", "sam", ["e-1", "core-1", "storage"]])
def test_a_pause_loses_nothing(target):
    """No timeout, no failure: every request is answered, whoever stands still."""
    scenario = merged(FREE, {
        "clients": {"u": {"session": {"length": {"exponential": "5s"}}}}, "sam": {}, "leases": {},
        "edges": {"e": {"workers": 1, "service_time": "3ms", "l1": {"ttl": "500ms"}}},
        "cores": {"core": {"l2": {"ttl": "1s"}, "workers": 2, "service_time": "1ms"}},
        "storage": {"read": "5ms", "write": "5ms"}, "network": {"default": {"latency": "5ms"}},
    })  # fmt: skip
    calm = played(scenario)
    paused = played(merged(scenario, {"faults": [{**PAUSE, "pause": target}]}))
    assert paused.metrics["failures.ratio"] == 0.0
    assert paused.totals["requests"] == paused.totals["ok"] == calm.totals["requests"]
    if target != "sam":
        assert paused.metrics["latency.p99"] > calm.metrics["latency.p99"]


def test_service_goes_on_with_what_was_left_and_messages_wait_in_order():
    """Two are sent at 9 s; the first is in service from 9.005 to 11.005: 1.005 s of its 2 s are left at 10 s, and
    it ends at 15 + 1.005 s. One arrives in the pause and is served last."""
    play = Play(quiet(edges={"pop": {"count": 1, "service_time": "2s"}}, cores={"core": {"service_time": "0ms"}},
                      storage={"read": "0ms"}, faults=[{**PAUSE, "pause": "pop-1"}]))  # fmt: skip
    play.until(9.0)
    play.ask(0)
    play.ask(1)
    play.until(12.0)
    play.ask(2)
    assert not play.at(14.9, lambda world: world.edges[0].down)
    there_and_back_s = 0.010 + 0.005  # to the core and back, and to the client
    ends_s = [16.005 + there_and_back_s, 18.005 + there_and_back_s]
    answered = [play.at(end_s + e, lambda world: world.groups[0].books.ok) for end_s in ends_s for e in (-0.001, 0.001)]
    assert answered == [0, 1, 1, 2]
    assert play.world.edges[0].in_system == 1


def test_a_lease_with_less_left_than_the_pause_lapses_and_one_with_more_is_renewed():
    """L = 30 s, renewed when 10 s are left, at 20 s: a pause of 15 s from 19.5 s ends at 34.5 s, after the lease; one
    of 5 s ends at 24.5 s, and the overdue tick renews it at once."""
    lapses, renewed = {}, {}
    for length in ("15s", "5s"):
        play = Play(small(
            duration="60s", leases={"idle_after": "never"}, edges={"pop": {"count": 1}},
            clients={"people": {"session": {"established": False}}},
            faults=[{"at": "19.5s", "for": length, "pause": "pop-1"}],
        ))  # fmt: skip
        world = play.until(40.0)
        table = world.edges[0].leases
        lapses[length], renewed[length] = table.lapses - table.idle_lapses, table.renewed
    assert lapses == {"15s": 4, "5s": 0}
    assert renewed["5s"] >= 4


def test_a_paused_edge_is_believed_failed_when_its_heartbeats_are_missed_and_comes_back():
    """Beats at 0, 1, ... 9 s; misses 3: believed failed at 12 s; the beat that was due goes out at 15 s."""
    play = Play(
        quiet(network={"default": {"latency": "0ms"}}, faults=[{"at": "9.5s", "for": "5.2s", "pause": "pop-1"}])
    )
    detected = [row["t_s"] for row in play.until(14.69).log.rows if row["kind"] == "detected"]
    assert detected == [pytest.approx(12.0)]
    assert not play.world.directory.believed[0]
    play.until(14.76)  # 14.7 and the propagation of 50 ms
    assert play.world.directory.believed[0]


def test_a_crash_in_a_pause_loses_all_that_waits():
    faults = [{**PAUSE, "pause": "e-1"}, {"at": "12s", "for": "1s", "crash": "e-1"}]
    play = Play(free(edges={"e": {"count": 1}}, faults=faults))
    world = play.until(11.99)
    waiting = world.groups[0].issued - world.groups[0].ended
    assert waiting > 150  # 100/s
    play.until(12.01)
    assert sum(world.groups[0].books.failed.values()) >= waiting
    play.until(14.99)
    held = world.groups[0].issued - world.groups[0].ended
    assert held > 150  # it is up again at 13 s, and stands still until 15 s
    play.until(15.01)
    assert world.groups[0].issued - world.groups[0].ended <= 1


def test_overlapping_pauses_unwind():
    faults = [{"at": "1s", "for": "3s", "pause": "e-1"}, {"at": "2s", "for": "5s", "pause": "e-*"}]
    play = Play(free(faults=faults))
    still = [play.at(at_s, lambda w: [edge.pausing is not None for edge in w.edges]) for at_s in (1.5, 4.5, 7.5)]
    assert still == [[True, False, False], [True, True, True], [False, False, False]]


def test_nobody_takes_over_from_a_core_that_stands_still():
    play = Play(quiet(cores={"core": {"takeover": "1s"}}, faults=[{"at": "2s", "for": "10s", "pause": "core-1"}]))
    rows = play.until(15.0).log.rows
    assert not [row for row in rows if row["kind"] == "takeover"]
    assert play.world.detections_s == []
