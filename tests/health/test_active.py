"""Active checks: when a probe fails and succeeds, what a row of them says, and who is watched at all."""

from __future__ import annotations

import pytest

from simulator.engine.rest import Rest
from simulator.scenario.schema import Scenario
from tests.health.worlds import events, play, played, watched
from tests.worlds import run_replication

CRASH = {"at": "20s", "for": "20s", "crash": "e-1"}


def detected_after_s(**change):
    """From a crash at 20 s to its detection, in ten replications: phases differ."""
    found = [events(played(watched(faults=[CRASH], **QUIET, **change), replication=i), "detected") for i in range(10)]
    return [one[0][0] - 20.0 for one in found]


QUIET = {"clients": {"u": {"count": 1, "workload": {"rate": "0.01/s"}}}}


def active(**settings):
    return {"active": {"period": "2s", "timeout": "1s", "fall": 3, "rise": 2} | settings}


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [
        ({}, 5.0, 7.0),
        ({"timeout": "300ms"}, 4.3, 6.3),
        ({"timeout": "2s"}, 6.0, 8.0),
        ({"fall": 1}, 1.0, 3.0),
        ({"period": "4s"}, 9.0, 13.0),
    ],
)
def test_a_crash_is_found_when_the_last_of_a_row_of_failures_is_known(settings, low, high):
    """Ten uniform times on a span: all within it, and (missed once in 500) some in each half."""
    delays_s = detected_after_s(health=active(**settings))
    assert all(low < delay_s <= high for delay_s in delays_s)
    assert min(delays_s) < (low + high) / 2 < max(delays_s)


@pytest.mark.parametrize(("rise", "low", "high"), [(1, 0.0, 2.0), (2, 2.0, 4.0), (4, 6.0, 8.0)])
def test_it_is_healthy_again_after_a_row_of_successes(rise, low, high):
    for replication in range(5):
        result = played(watched(faults=[CRASH], **QUIET, health=active(rise=rise)), replication=replication)
        [(at_s, edge)] = events(result, "healthy")
        assert edge == "e-1"
        assert low < at_s - 40.0 <= high


def test_an_opposite_result_ends_a_row():
    """Down for 3.9 s of 6, a probe every 2 s: one failure or two, then an answer, five times."""
    crashes = [{"at": f"{20 + 6 * i}s", "for": "3.9s", "crash": "e-1"} for i in range(5)]

    def found(fall):
        world = watched(faults=crashes, **QUIET, health=active(fall=fall, rise=1))
        return sum(len(events(played(world, replication=i), "detected")) for i in range(5))

    assert found(3) == 0
    assert found(2) > 15  # of 25, each with a chance of .95: less once in 10^8


LEGS = [{"from": "health", "to": "e-*", "latency": "200ms"}, {"from": "e-*", "to": "health", "latency": "150ms"}]


@pytest.mark.parametrize(("timeout", "noticed"), [("350ms", False), ("349ms", True)])
def test_an_answer_at_the_timeout_is_in_time(timeout, noticed):
    """The round trip takes 350 ms."""
    result = played(watched(network={"links": LEGS}, health=active(timeout=timeout)))
    assert bool(events(result, "detected")) == noticed


def test_a_success_counts_when_its_answer_is_there():
    """Back at 40 s: the second probe after it is sent on (42, 44], and heard 350 ms later."""
    result = played(watched(network={"links": LEGS}, faults=[CRASH]))
    [(at_s, _)] = events(result, "healthy")
    sent_s = at_s - 0.35
    assert 42.0 - 0.2 < sent_s <= 44.0 - 0.2  # a probe on its way at 40 s finds it up
    [(found_s, _)] = events(result, "detected")
    assert (found_s - 1.0 - sent_s) / 2.0 == pytest.approx(round((found_s - 1.0 - sent_s) / 2.0), abs=1e-9)


def test_links_without_a_site_and_a_rule_take_no_time_and_lose_nothing():
    lossy = {"default": {"latency": "3s", "loss": "90%", "bandwidth": "1kbit/s"}}
    assert not events(played(watched(network=lossy)), "detected")
    assert events(
        played(watched(network={**lossy, "links": [{"from": "health", "to": "e-1", "jitter": "0ms"}]})), "detected"
    )


def test_a_prober_at_a_site_probes_over_the_distance():
    """2 x 200 ms from New York to Tokyo at ten times the way of light: slower than a timeout of 300 ms."""
    where = {
        "sites": ["new_york", "tokyo"], "network": {"geo": {"inflation": "4x", "last_mile": "0ms"}},
        "edges": {"e": {"site": "tokyo"}},
    }  # fmt: skip
    near = played(watched(**where, health={**active(timeout="300ms"), "site": "tokyo"}))
    far = played(watched(**where, health={**active(timeout="300ms"), "site": "new_york"}))
    by_sam = played(watched(**where, health=active(timeout="300ms"), sam={"site": "new_york"}))
    assert not events(near, "detected")
    assert {edge for _, edge in events(far, "detected")} == {edge for _, edge in events(by_sam, "detected")}
    assert len(events(far, "detected")) == 4


def test_a_paused_edge_is_silent_and_answers_what_waited():
    """A pause of 20 s: found like a crash. One of 0.9 s delays an answer, by less than the timeout: nothing is found
    even where one failure is enough."""
    pause = {"at": "20s", "for": "20s", "pause": "e-1"}
    [(at_s, _)] = events(played(watched(faults=[pause])), "detected")
    assert 25.0 < at_s <= 27.0
    short = [{"at": f"{10 + 3 * i}.1s", "for": "900ms", "pause": "e-1"} for i in range(12)]
    assert not events(played(watched(faults=short, health=active(fall=1))), "detected")
    longer = [{"at": f"{10 + 3 * i}.1s", "for": "1500ms", "pause": "e-1"} for i in range(12)]
    assert events(played(watched(faults=longer, health=active(fall=1))), "detected")


@pytest.mark.parametrize("fault", [{"error": "e-1"}, {"slow": "e-1", "factor": 1000}])
def test_errors_and_slowness_do_not_touch_probes(fault):
    busy = {"edges": {"e": {"workers": 1, "service_time": "2ms"}}}
    assert not events(played(watched(**busy, faults=[{"at": "5s", **fault}])), "detected")


def test_an_edge_that_joins_counts_after_one_success_and_one_that_is_gone_is_not_watched():
    join = {"at": "20s", "for": "20s", "add": {"edges": "e"}}
    result = played(watched(faults=[join], health=active(rise=5)))
    [(at_s, edge)] = events(result, "healthy")
    assert edge == "e-5"
    assert 20.0 < at_s <= 22.0
    assert not events(result, "detected")
    existed_s = 40.0 - 20.0
    believed_s = result.metrics["health.believed.ratio[e-5]"] * existed_s
    assert believed_s == pytest.approx(40.0 - at_s)
    assert result.metrics["health.wrong.ratio[e-5]"] * existed_s == pytest.approx(at_s - 20.0)


def test_an_edge_that_is_believed_failed_gets_nothing_and_without_a_sam_too():
    crash = {"at": "10s", "for": "49s", "crash": "e-1"}
    result = played(watched(faults=[crash]))
    rate = result.metrics["requests.rate"] / 4
    failed = result.totals["failed"]
    [(found_s, _)] = events(result, "detected")
    assert failed / rate == pytest.approx(found_s - 10.0, rel=0.35)  # about 150: five standard deviations are 0.4
    assert result.metrics["failover.detection.mean"] == found_s - 10.0


def test_with_a_sam_sessions_move_a_propagation_after_belief():
    world = play(sam={"propagation": "800ms"}, routing={"policy": "cookie"}, faults=[{"at": "10s", "crash": "e-1"}])
    world.until(20.0)
    kinds = {e["kind"]: e["t_s"] for e in world.world.log.rows if e["target"] == "e-1"}
    assert kinds["sessions.moved"] - kinds["detected"] == pytest.approx(0.8)
    before = {s.edge for s in world.world.manager.store.values()}
    assert 0 not in before
    assert world.world.sessions_moved > 0


def test_the_sam_hears_no_heartbeats_where_there_are_checks():
    """A link that loses every heartbeat: nobody is believed failed, and no such link exists."""
    result = played(watched(sam={}, network={"links": [{"from": "e-*", "to": "sam", "loss": "100%"}]}))
    assert not events(result, "detected")
    assert "link.loss_ratio[edge>sam]" not in result.metrics


SPARSE = {
    "duration": "2000s", "record": {"window": "500s"},
    "clients": {"u": {"count": 2, "workload": {"rate": "0.005/s"}, "retry": {"timeout": "1s", "max": 2}}},
    "cores": {"core": {"standby": False}},
}  # fmt: skip
SILENT = {
    "nothing else": {},
    "a crash": {"faults": [{"at": "333.3s", "for": "300s", "crash": "e-1"}]},
    "over links": {"network": {"links": LEGS}, "faults": [{"at": "333.3s", "for": "300s", "crash": ["e-1", "e-2"]}]},
    "a limited one": {
        "network": {"links": [{"from": "e-1", "to": "health", "bandwidth": "10kbit/s"}]},
        "faults": [{"at": "600s", "for": "90s", "pause": "e-1"}, {"at": "900s", "for": "200s", "crash": "e-1"}],
    },
    "a slow one": {"network": {"links": [{"from": "health", "to": "e-1", "latency": "990ms"}]}},
    "one that comes and goes": {"faults": [{"at": "500s", "for": "800s", "add": {"edges": "e"}}]},
    "chance": {
        "network": {"links": [{"from": "health", "to": "e-*", "loss": "1%", "latency": {"exponential": "5ms"}}]},
        "faults": [{"at": "500s", "for": "800s", "crash": "e-1"}],
    },
    "a partition": {"faults": [{"at": "500.001s", "for": "60s", "partition": [["e-1"], ["health"]]}]},
    "with ejections": {
        "health": {"passive": {"consecutive": 1}}, "faults": [{"at": "200s", "for": "500s", "error": "e-1"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("world", SILENT)
def test_probes_that_change_nothing_are_passed_over_and_no_number_is_another_for_it(world, monkeypatch):
    from tests.health.worlds import merged

    scenario = Scenario.from_dict(merged(watched(**SPARSE), SILENT[world]))
    rested = run_replication(scenario, seed=7, replication=0)
    monkeypatch.setattr(Rest, "until", lambda *_: 0.0)
    restless = run_replication(scenario, seed=7, replication=0)
    assert rested.metrics == pytest.approx(restless.metrics, rel=0, abs=0, nan_ok=True)
    assert rested.events == restless.events
    assert rested.totals == restless.totals
    if world != "chance":  # each probe is drawn there
        assert rested.n_events < restless.n_events / 2


def test_probes_do_not_keep_a_run_alive():
    """Twenty probes more or less, and none after the last request: as many events as without, but for them."""
    alone = {"clients": {"u": {"workload": {"rate": "0.01/s"}}}, "duration": "100s"}
    with_probes = play(**alone)
    with_probes.run._simulate()
    assert with_probes.world.kernel.now == 100.0
