"""`connections: reset`: the host of an edge that is down answers for it, at once."""

from __future__ import annotations

import pytest

from simulator.messages import Outcome
from simulator.scenario import Scenario, ScenarioError
from tests.worlds import FREE, Play, merged, played, small

RESET, CRASHED, TIMEOUT = (int(getattr(Outcome, name)) for name in ("RESET", "CRASHED", "TIMEOUT"))
FAR = {"network": {"default": {"latency": "10ms"}}}
EVERY_OPERATION = {"operations": {"lookup": "40%", "read_lock": "20%", "acquire": "20%", "release": "20%"}}


def free(*changes):
    scenario = FREE
    for change in changes:
        scenario = merged(scenario, change)
    return scenario


def crash(**change):
    return {"faults": [{"at": "20s", "crash": "e-1", "connections": "reset"} | change]}


def test_a_request_to_a_sole_edge_that_is_down_fails_after_a_round_trip():
    """10 ms there, 10 ms back: neither queue nor service, whatever they cost."""
    edges = {"edges": {"e": {"count": 1, "workers": 1, "service_time": "30ms"}}}
    metrics = played(free(FAR, edges, crash(at="0s"))).metrics
    assert metrics["failures.ratio[reset]"] == metrics["failures.ratio"] == 1.0
    assert metrics["latency.failed.mean"] == pytest.approx(0.020, abs=1e-9)
    assert metrics["network_latency.mean"] == pytest.approx(0.020, abs=1e-9)
    assert metrics["client.loss_ratio"] == 0.0


@pytest.mark.parametrize("hold", [False, True], ids=["worker free", "worker held"])
def test_whatever_is_in_flight_at_the_edge_is_reset_at_the_instant_of_the_crash(hold):
    """Queued, in service, fetching, waiting for another's fetch, asking for a lock: all fail at the crash + 10 ms."""
    slow = {
        "edges": {
            "e": {"count": 1, "workers": 3, "queue": "unlimited", "service_time": "1s", "hold_worker_on_miss": hold}
        },
        "clients": {"u": EVERY_OPERATION}, "storage": {"read": "30s", "write": "30s"},
    }  # fmt: skip
    play = Play(Scenario.from_dict(free(FAR, slow, crash())))
    world = play.until(20.0 - 1e-9)
    waits = world.groups[0].issued - world.groups[0].ended
    under_way = sum(
        20.0 - 0.010 <= entry[0] < 20.010
        for entry in world.kernel.clock.events.entries()
        if hasattr(entry[3], "intended_s")
    )
    play.until(20.010 + 1e-9)
    ended_at_once = world.groups[0].books.failed[RESET, True]
    assert waits > 500
    assert waits - under_way <= ended_at_once <= waits
    assert set(world.groups[0].books.failed) == {(RESET, True)}


def test_without_a_timeout_a_reset_is_heard_and_a_silence_is_not():
    """A closed loop of one client goes on by resets; a silent crash leaves it waiting for ever."""
    agent = FREE["clients"]["u"] | {"count": 1, "workload": {"kind": "closed", "think_time": "80ms"}}
    scenario = free(FAR, {"edges": {"e": {"count": 1}}}) | {"clients": {"u": agent}}
    said = played(scenario | crash())
    assert said.totals["requests"] == pytest.approx(60.0 / 0.1, abs=5)  # 20 ms and 80 ms, up or down
    silent = played(scenario | crash(connections="silent"))
    assert silent.totals["failed"] == 1


def test_a_retry_after_a_reset_finds_another_edge():
    """Half of the requests meet the dead edge: there and back, there and back again, at 10 ms a leg."""
    retry = {"clients": {"u": {"retry": {"max": 1, "backoff": "0ms", "jitter": "none", "timeout": "5s"}}}}
    two = {"edges": {"e": {"count": 2}}, "routing": {"policy": "random"}}
    metrics = played(free(FAR, retry, two, crash(at="0s"))).metrics
    assert metrics["availability"] == 1.0
    # of about 6,000 requests: a standard deviation of .5 / sqrt(6000) * 20 ms = .13 ms; six of them
    assert metrics["latency.mean"] == pytest.approx(0.030, abs=0.0008)
    assert metrics["attempts.per_request"] == pytest.approx(1.5, abs=0.04)


def test_a_given_up_attempt_gets_no_reset():
    """Its service takes 10 s, its timeout was 1 s: nothing of it is left to reset 5 s later."""
    hopeless = {
        "edges": {"e": {"count": 1, "service_time": "10s"}},
        "clients": {"u": {"retry": {"timeout": "1s", "max": 0}}},
    }
    play = Play(
        Scenario.from_dict(free(FAR, hopeless, {"clients": {"u": {"workload": {"rate": "0.000001/s"}}}}, crash()))
    )
    play.until(15.0)
    play.ask()
    world = play.until(25.0)
    assert dict(world.groups[0].books.failed) == {(TIMEOUT, True): 1}
    assert world.groups[0].measuring.late == 0


def test_a_silent_crash_silences_a_process_that_is_gone():
    """Reset from 10 s to 40 s, silent from 20 s to 30 s: as if two things had broken."""
    faults = [
        {"name": "process", "at": "10s", "for": "30s", "crash": "e-1", "connections": "reset"},
        {"at": "20s", "for": "10s", "crash": "e-1"},
    ]
    retry = {"clients": {"u": {"retry": {"timeout": "100ms", "max": 0}}}}
    play = Play(Scenario.from_dict(free(FAR, retry, {"edges": {"e": {"count": 1}}, "faults": faults})))
    seen = []
    for until_s in (9.8, 19.8, 29.8, 39.8, 45.0):
        world = play.until(until_s)
        seen.append((world.edges[0].down, world.edges[0].resets))
    assert seen == [(False, False), (True, True), (True, False), (True, True), (False, False)]
    failed = world.groups[0].books.failed
    # 100 requests a second: Poisson counts of 2,000 and 1,000; six standard deviations
    assert failed[RESET, True] == pytest.approx(2000, abs=270)
    assert failed[CRASHED, True] == pytest.approx(1000, abs=190)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"crash": "e-1"}, CRASHED),
        ({"rolling_restart": "e-1", "down": "30s"}, RESET),
        ({"rolling_restart": "e-1", "down": "30s", "connections": "silent"}, CRASHED),
        ({"lose": "here"}, CRASHED),
        ({"random": "crash", "of": "e-1", "mttf": "1s", "mttr": "30s"}, CRASHED),
        ({"random": "crash", "of": "e-1", "mttf": "1s", "mttr": "30s", "connections": "reset"}, RESET),
    ],
    ids=str,
)
def test_who_resets_and_who_is_silent(fault, outcome):
    sole = {
        "duration": "20s", "sites": {"here": {"lat": 0, "lon": 0}}, "edges": {"e": {"count": 1, "site": "here"}},
        "clients": {"u": {"retry": {"timeout": "100ms", "max": 0}}}, "faults": [{"at": "5s"} | fault],
    }  # fmt: skip
    world = Play(Scenario.from_dict(free(FAR, sole))).until(19.9)
    assert set(world.groups[0].books.failed) == {(outcome, True)}


def test_clients_report_resets_to_the_sam_as_silences():
    """Long before three heartbeats are missed the third reset has detected the crash."""
    sam = {"client_reports": True, "heartbeat": {"period": "5s", "misses": 3}}
    scenario = small(sam=sam, faults=[{"at": "10s", "crash": "pop-1", "connections": "reset"}])
    detected = [row["t_s"] for row in played(scenario.resolved()).events if row["kind"] == "detected"]
    assert detected
    assert detected[0] < 12.0


def test_invariants_hold_through_resets_of_everything():
    busy = {
        "edges": {"e": {"workers": 1, "queue": 5, "service_time": {"exponential": "20ms"}, "l1": {"ttl": "1s"}}},
        "storage": {"read": "20ms", "write": "30ms"}, "clients": {"u": EVERY_OPERATION},
        "faults": [
            {"random": "crash", "of": "e-*", "mttf": {"exponential": "3s"}, "mttr": "1s", "connections": "reset"},
            {"at": "5s", "every": "4s", "for": "2s", "pause": "e-2"},
            {"at": "6s", "every": "5s", "for": "2s", "crash": "core-1"},
            {"at": "12s", "for": "20s", "remove": "e-3", "drain": "2s"},
        ],
    }  # fmt: skip
    metrics = played(free(FAR, busy, {"leases": {"length": "5s", "renew_before": "2s"}})).metrics
    assert metrics["failures.ratio[reset]"] > 0.01


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"crash": "e-1", "connections": "resets"}, "did you mean reset?"),
        ({"crash": "core-1", "connections": "reset"}, "only connections to edges and balancers are reset"),
        (
            {"random": "slow", "of": "e-1", "mttf": "1s", "mttr": "1s", "factor": 2, "connections": "reset"},
            "no connections",
        ),
        ({"remove": "e-1", "connections": 1}, "silent"),
        ({"lose": "here", "connections": "reset"}, "connections"),
    ],
    ids=str,
)
def test_what_cannot_be_meant(fault, says):
    with pytest.raises(ScenarioError, match=says.replace("?", r"\?")):
        Scenario.from_dict(free({"sites": {"here": {"lat": 0, "lon": 0}}, "faults": [{"at": "5s"} | fault]}))
