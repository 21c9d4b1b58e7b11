"""Health checks at work: who tells what, who is moved, what is measured, and what the language says."""

from __future__ import annotations

import pytest

from simulator.scenario import Scenario, ScenarioError
from tests.health.worlds import events, merged, play, played, series_of, watched

TIMEOUT = {"clients": {"u": {"retry": {"timeout": "200ms", "max": 0}}}}
PASSIVE = {"health": {"active": "off", "passive": {"consecutive": 5, "ejection": "10s", "max_ejection": "10s"}}}
ERRS = {"faults": [{"at": "0s", "error": "e-1", "after": "0ms"}]}


def failed(**passive):
    """Failed requests of about 6,000, of an edge of four that errs from the start."""
    return played(merged(watched(**PASSIVE, **ERRS), {"health": {"passive": passive}})).totals["failed"]


def test_each_setting_of_ejections_moves_what_fails():
    """c failures a cycle of 10 s + c n / (100/s): 5 x 6 of a run of 60 s; each has an error of a few."""
    usual = failed()
    assert 25 <= usual <= 35
    assert failed(consecutive=20) > 3 * usual
    assert failed(ejection="2s", max_ejection="2s") > 2 * usual
    assert failed(max_ejection="60s") < 0.7 * usual  # 10, 20, 30 s
    assert failed(half_open=True, consecutive=20) < 2 * usual  # 20, then one a cycle
    assert failed(consecutive="off") > 1000


def test_a_crashed_edge_is_ejected_by_timeouts_and_without_a_timeout_never():
    crash = {"faults": [{"at": "10s", "crash": "e-1"}]}
    told = played(merged(watched(**PASSIVE, **crash), TIMEOUT))
    at_s, edge = events(told, "ejected")[0]
    assert edge == "e-1"
    assert at_s - 10.0 == pytest.approx(0.2 + 5 * 4 / 100, abs=0.35)
    assert not events(played(watched(**PASSIVE, **crash)), "ejected")


def test_denied_locks_are_answers():
    """Everybody asks for the one lock of all, and most are denied."""
    locks = {"operations": {"acquire": "100%"}, "locks": {"shared_pool": 1, "per_session": 0, "hold": "1s"}}
    result = played(watched(**PASSIVE, clients={"u": locks}))
    assert result.metrics["denied.ratio"] > 0.5
    assert not events(result, "ejected")


def test_all_client_groups_tell_of_one_edge():
    """Each group sends 5/s, so that of e-1's errors each alone would need a second for one."""
    two = {"clients": {"u": {"count": 5}, "v": {"count": 5, "workload": {"kind": "poisson", "rate": "1/s"}}}}
    result = played(merged(watched(**PASSIVE, **ERRS), two))
    [first, *_] = events(result, "ejected")
    assert first[0] == pytest.approx(5 * 4 / 10, rel=1.2)


def test_an_ejection_moves_no_session_and_the_next_request_goes_elsewhere():
    cookies = {"sam": {"propagation": "0ms"}, "routing": {"policy": "cookie"}}
    world = play(**merged(merged(PASSIVE, cookies), {"faults": [{"at": "10s", "error": "e-1", "after": "0ms"}]}))
    world.until(10.7)
    assert [row["target"] for row in world.world.log.rows if row["kind"] == "ejected"] == ["e-1"]
    assert world.world.sessions_moved == 0
    assert {s.edge for s in world.world.manager.store.values()} == {0, 1, 2, 3}  # who asked nothing since, is there
    world.until(30.0)
    assert world.world.groups[0].moves.migrations > 0


def test_slow_edges_are_ejected_by_latency():
    slow = {"edges": {"e": {"service_time": "1ms", "count": 6}}, "faults": [{"at": "5s", "slow": "e-2", "factor": 50}]}
    by = {"active": "off", "passive": {"latency": {"factor": 3, "minimum_requests": 50}, "interval": "5s"}}
    result = played(watched(**slow, health=by))
    assert events(result, "ejected")[0] == (10.0, "e-2")
    loose = merged(by, {"passive": {"latency": {"factor": 60}}})
    assert not events(played(watched(**slow, health=loose)), "ejected")
    few = merged(by, {"passive": {"latency": {"minimum_requests": 500}}})
    assert not events(played(watched(**slow, health=few)), "ejected")


@pytest.mark.parametrize("criterion", [{"success_rate": {"minimum_requests": 50}}, {"failure_percentage": "50%"}])
def test_edges_that_err_are_ejected_at_an_intervals_end(criterion):
    errs = {"edges": {"e": {"count": 6}}, "faults": [{"at": "0s", "error": "e-2", "ratio": "80%", "after": "1ms"}]}
    result = played(watched(**errs, health={"active": "off", "passive": {**criterion, "interval": "5s"}}))
    assert events(result, "ejected")[0] == (5.0, "e-2")


def test_belief_is_accounted_for():
    """Down for 20 of 60 s from 20 s, found after d, healthy again r after: wrong for d + r of four edges' 240 s."""
    result = played(watched(faults=[{"at": "20s", "for": "20s", "crash": "e-1"}]))
    [(found_s, _)], [(healthy_s, _)] = events(result, "detected"), events(result, "healthy")
    wrong_s = (found_s - 20.0) + (healthy_s - 40.0)
    assert result.metrics["health.wrong.ratio"] * 240.0 == pytest.approx(wrong_s)
    assert result.metrics["health.wrong.ratio[e-1]"] * 60.0 == pytest.approx(wrong_s)
    assert result.metrics["health.wrong.ratio[e-2]"] == 0.0
    series = {name: series_of(result, name) for name in ("health.believed.ratio", "health.wrong.ratio")}
    assert sum(series["health.wrong.ratio"].values()) * 4.0 == pytest.approx(wrong_s)  # windows of 1 s, of 4 edges
    assert sum(1.0 - share for share in series["health.believed.ratio"].values()) * 4.0 == pytest.approx(
        healthy_s - found_s
    )
    assert series["health.believed.ratio"][30.0] == 0.75
    assert result.metrics["health.believed.ratio"] * 240.0 == pytest.approx(240.0 - (healthy_s - found_s))


@pytest.mark.parametrize("fault", ["error", "pause"])
def test_an_edge_that_errs_or_stands_still_is_rightly_believed_failed(fault):
    """Ejected or failed during the fault that is no error; nor is it wrong to believe in it before."""
    health = {"passive": {"consecutive": 1, "ejection": "5s", "max_ejection": "5s"}}
    result = played(watched(**TIMEOUT, faults=[{"at": "20s", "for": "20s", fault: "e-1"}], health=health))
    believed = result.metrics["health.believed.ratio[e-1]"]
    assert believed < 1 - 15 / 60
    assert result.metrics["health.wrong.ratio[e-1]"] <= 5 / 60


def test_the_rate_of_ejections_is_of_the_window():
    result = played(watched(**PASSIVE, **ERRS, warmup="30s"))
    late = [edge for t_s, edge in events(result, "ejected") if t_s >= 30.0]
    assert result.metrics["ejections.rate"] == result.metrics["ejections.rate[e-1]"] == len(late) / 30.0
    assert result.metrics["ejections.rate[e-2]"] == 0.0


def test_without_health_there_are_no_such_metrics():
    metrics = played(watched(health="off")).metrics
    assert not [name for name in metrics if name.startswith(("health.", "ejections."))]


def test_health_given_replaces_the_heartbeat_even_where_it_checks_nothing():
    crash = [{"at": "10s", "crash": "e-1"}]
    assert events(played(watched(sam={}, health="off", faults=crash)), "detected")
    assert not events(played(watched(sam={}, health={"active": "off"}, faults=crash)), "detected")


# -- the language -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("health", "path", "says"),
    [
        ({"active": {"timeout": "3s"}}, "health.active.timeout", "longer than the period"),
        ({"active": {"period": "0s"}}, "health.active.period", "too short"),
        ({"active": {"fall": 0}}, "health.active.fall", "too small"),
        ({"active": {"rise": 1.5}}, "health.active.rise", "not a whole number"),
        ({"active": {"intervall": "1s"}}, "health.active", "unknown key"),
        ({"passive": {"consecutive": 0}}, "health.passive.consecutive", "too small"),
        ({"passive": {"window": "0s"}}, "health.passive.window", "too short"),
        ({"passive": {"half_open": "maybe"}}, "health.passive.half_open", "neither true nor false"),
        ({"passive": {"interval": 10}}, "health.passive.interval", "10"),
        ({"passive": {"ejection": "10s", "max_ejection": "5s"}}, "health.passive.max_ejection", "longer than 5s"),
        ({"passive": {"max_ejected": "110%"}}, "health.passive.max_ejected", "more than 100%"),
        ({"passive": {"success_rate": {"stdev": -1}}}, "health.passive.success_rate.stdev", "negative"),
        ({"passive": {"success_rate": {"minimum_hosts": 0}}}, "health.passive.success_rate.minimum_hosts", "too small"),
        ({"passive": {"failure_percentage": "150%"}}, "health.passive.failure_percentage", "more than 100%"),
        ({"passive": {"latency": {"factor": 0}}}, "health.passive.latency.factor", "out of range"),
        ({"panic_below": 1.0}, "health.panic_below", "what?"),
        ({"panic_below": -1}, "health.panic_below", "too small"),
        ({"panic_below": "half"}, "health.panic_below", "not a ratio"),
        ({"slow_start": {"aggression": 0}}, "health.slow_start.aggression", "too small"),
        ({"slow_start": {"when": "recover"}}, "health.slow_start.when", "not one of"),
        ({"slow_start": {"min": "200%"}}, "health.slow_start.min", "more than 100%"),
        ({"site": "atlantis"}, "health.site", "unknown site"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(health, path, says):
    with pytest.raises(ScenarioError) as told:
        Scenario.from_dict(watched(health=health))
    [issue] = told.value.issues
    assert issue.path.startswith(path)
    assert says in issue.what


def test_what_is_left_out_follows_what_is_written():
    def passive(**written):
        return Scenario.from_dict(watched(health={"passive": written})).health.passive

    assert passive().consecutive == 5
    assert passive(ejection="1s").consecutive == 5
    assert passive(latency={}).consecutive is None
    assert passive(latency={}, consecutive=3).consecutive == 3
    assert passive(ejection="10min").max_ejection == 600.0
    assert passive().max_ejection == 300.0
    assert passive(latency={}, success_rate={"minimum_requests": 7}).latency.minimum_requests == 7
    assert passive(latency={}).latency.minimum_requests == 100
    assert passive(failure_percentage="60%").failure_percentage.threshold == 0.6
    assert Scenario.from_dict(watched(health={"active": {"period": "250ms", "timeout": "250ms"}})).health.active
    bare = {key: value for key, value in watched().items() if key != "health"}
    assert Scenario.from_dict({**bare, "health": {"active": {"period": "250ms"}}}).health.active.timeout == 0.25
    assert Scenario.from_dict({**bare, "health": "on"}).health.active is None
    assert Scenario.from_dict({**bare, "health": {"panic_below": 1}}).health.panic_below == 1


def test_what_is_resolved_reads_back():
    for health in ({"passive": {}}, {"passive": {"failure_percentage": "60%", "latency": {}}}, {"panic_below": 2}):
        scenario = Scenario.from_dict(watched(health=health | {"slow_start": {"when": "join"}}))
        again = Scenario.from_dict(scenario.resolved())
        assert again == scenario
        assert again.content_hash() == scenario.content_hash()
