"""The parts of the real deployment, without one: caches, the client's arrivals, figures by the model's definitions."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from simulator import Scenario
from validation import compare, figures, runs, simulated, system
from validation.cache import Cache
from validation.client import arrivals
from validation.figures import Line
from validation.proxy import configuration
from validation.settings import FULL, QUICK

pytestmark = pytest.mark.interpreted  # of the real system: no compiled module has a part in it


def test_a_cache_lets_go_of_what_was_used_least_recently_and_says_why():
    cache = Cache(2, 60.0)
    for key in ("a", "b"):
        cache.put(key)
    assert cache.look("a") == "hit"
    cache.put("c")
    assert [cache.look(key) for key in "abcd"] == ["hit", "evicted", "hit", "absent"]


def test_a_hit_does_not_lengthen_an_entrys_life():
    cache = Cache(2, 0.05)
    cache.put("a")
    end = cache.ends["a"]
    assert cache.look("a") == "hit"
    assert cache.ends["a"] == end
    time.sleep(0.06)
    assert cache.look("a") == "ttl_expired"


def test_sessions_send_at_their_rate():
    """Poisson: 300 sessions at 1/s for 46 s are 13,800 ± 117; 5 standard errors."""
    due = arrivals(FULL, 3)
    expected = FULL.sessions * FULL.rate * FULL.duration
    assert abs(len(due) - expected) < 5 * expected**0.5
    assert due == sorted(due)
    assert {session for _, session in due} == set(range(FULL.sessions))


def test_causes_are_those_of_the_model():
    """Moved sessions first; then what would have expired by now (L1 lives 4 s), whatever a restart did."""
    start = FULL.warmup
    lines = [
        Line(start, 1, 0.02, "edge-1", "l2", "absent"),
        Line(start + 1, 1, 0.02, "edge-1", "l1", ""),
        Line(start + 2, 1, 0.02, "edge-1", "l2", "absent"),  # restarted: the entry had 2 s left
        Line(start + 7, 1, 0.02, "edge-1", "storage", "absent"),  # restarted, but the entry was over
        Line(start + 8, 1, None, "", "", ""),
        Line(start + 9, 1, 0.02, "edge-2", "l2", "absent"),
        Line(start + 14, 1, 0.02, "edge-2", "l2", "ttl_expired"),
    ]
    told = figures.of_requests(lines, FULL)
    counted = {cause: round(told[f"misses_{cause}"] * FULL.window) for cause in figures.CAUSES}
    assert counted == {
        "cold": 1, "node_restart": 1, "ttl_expired": 2, "migrated": 1, "evicted": 0, "lease_expired": 0,
    }  # fmt: skip
    assert (told["issued"], told["answered"], told["failed"], told["moves"]) == (7, 6, 1, 1)
    assert told["l1"] == pytest.approx(1 / 6)
    nothing = dict.fromkeys(("lookups", "reads", "redis", "renewals", "batches"), 0)
    counted = figures.of_counts(nothing, {**nothing, "lookups": 5, "reads": 1, "redis": 1}, FULL)
    assert counted["l2"] == pytest.approx(4 / 5)


def test_recovery_is_when_a_step_of_fifty_requests_hits_as_often_as_before():
    """Before: all hit. After the fault at 10 s, 50 requests/s: a second of misses, then hits."""
    before = [Line(i / 50, i % 5, 0.01, "edge-1", "l1", "") for i in range(500)]
    after = [Line(10 + i / 50, i % 5, 0.01, "edge-2", "l2" if i < 50 else "l1", "absent") for i in range(200)]
    other = [Line(10 + i / 50, 9, 0.01, "edge-3", "l2", "") for i in range(200)]
    told = figures.recovery(before + after + other, 10.0, FULL)
    assert told == pytest.approx(2.0, abs=0.1)
    assert figures.recovery(before + after[:50], 10.0, FULL) is None


def test_detection_is_read_from_the_balancers_log():
    log = [
        (3.0, "Server edges/edge-1 is DOWN"),
        (12.5, "Server edges/edge-2 is DOWN"),
        (12.6, "Server edges/edge-1 is DOWN"),
    ]
    assert figures.of_fault([], log, 10.0, FULL) == {"detection": pytest.approx(2.6)}


@pytest.mark.parametrize("kind", runs.RUNS)
def test_scenarios_say_what_the_processes_are_told(kind):
    scenario = Scenario.load(str(simulated.SCENARIOS / f"{kind}.yaml"))
    ideal = {
        "service_mean": FULL.service_mean, "service_cv": FULL.service_cv, "core_service": FULL.core_service,
        "client_link": FULL.client_link, "core_link": FULL.core_link,
        "path_edge": 0.0006, "path_core": 0.0, "path_redis": 0.0003,
    }  # fmt: skip
    told = scenario.with_overrides(simulated.overrides(FULL, ideal)).resolved()
    assert told == scenario.resolved()


def test_scenarios_check_and_renew_as_the_deployment_does():
    scenario = Scenario.load(str(simulated.SCENARIOS / "health.yaml"))
    active = scenario.health.active
    assert (active.period, active.fall, active.rise) == (FULL.check_every, FULL.fall, FULL.rise)
    leases = scenario.leases
    assert (leases.length, leases.renew_before, leases.batch_every) == (
        FULL.lease_length, FULL.renew_before, FULL.batch_every,
    )  # fmt: skip
    assert "retries 3" in configuration(FULL, 1, [2, 3])
    assert "check inter 1000ms fall 3 rise 2" in configuration(FULL, 1, [2, 3])


def test_a_difference_is_judged_by_its_goal_and_then_by_its_noise():
    """Goal of L1 hits: .5 points. Student's t of two values 1 apart: 12.7 * .707 / 1.414 = 6.35."""
    assert compare.half_width([1.0, 2.0]) == pytest.approx(6.353, abs=0.001)
    assert compare.verdict("l1", "health", [0.8, 0.8], [0.804, 0.804]) == "met"
    assert compare.verdict("l1", "health", [0.8, 0.8], [0.806, 0.806]) == "missed"
    assert compare.verdict("l1", "health", [0.79, 0.81], [0.806, 0.806]) == "noise"
    assert compare.verdict("detection", "killed", [1.95, 3.05], [2.5]) == "met"
    assert compare.verdict("detection", "killed", [1.8, 2.5], [2.5]) == "missed"
    assert compare.verdict("p99", "killed", [1.0], [2.0]) == ""


def test_a_missing_program_is_one_message_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(system.shutil, "which", lambda *_, **__: None)
    with pytest.raises(system.NotHereError, match=r"haproxy is not installed.*apt-get install haproxy redis-server"):
        system.System(QUICK)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runs", "0"], "0 is not in 1..20"),
        (["--only", "nothing"], "invalid choice"),
        (["--quick", "--write"], "leave --quick and --only out"),
        (["--again", "pyproject.toml"], "validation: Expecting value"),
        (["--again", "/nonexistent"], "No such file"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(options, message):
    told = subprocess.run(
        [sys.executable, "-m", "validation", *options], cwd=system.ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert message in told.stderr
    assert "Traceback" not in told.stderr
