"""Explanations add up to what they explain."""

import copy
import math

import numpy as np
import pytest

from simulator.experiment.comparing.compare import ComparedRow
from simulator.experiment.comparing.explain import HOP_WORDS, explain
from simulator.experiment.comparing.sides import Contestant, ContestantError, rows_of
from simulator.observe.tracing import HOPS
from simulator.report.compare_text import sum_line
from simulator.run import run_replication
from simulator.scenario.schema import Scenario
from tests.experiment.comparing.fakes import SMALL_CACHE

WANDERING = copy.deepcopy(SMALL_CACHE) | {
    "duration": "10s", "warmup": "2s", "sam": {}, "leases": {"length": "30s"},
    "routing": {"policy": "adaptive", "leave_to": "uniform"},
    "network": {"default": {"latency": "5ms", "loss": "1%"}},
    "variants": {"random": {"routing.policy": "random"}},
}  # fmt: skip
WANDERING["clients"]["visitors"]["retry"] = {"timeout": "100ms", "max": 2, "backoff": "10ms", "budget": "unlimited"}
WANDERING["edges"]["pop"]["l1"]["ttl"] = "2s"
PLAY = "simulator.experiment.comparing.explain:play_for_tails"


@pytest.fixture(scope="module")
def rows():
    scenario = Scenario.from_dict(WANDERING)
    sides = [Contestant("adaptive", None, scenario), Contestant("random", None, scenario.variant("random"))]
    return rows_of(sides, replications=3, control=True, function=PLAY)


def test_causes_add_up_to_the_change_of_the_hit_ratio(rows):
    found = explain(rows[0], rows[1])["hit_ratio.l1"]
    before, after = (np.mean([r.metrics["hit_ratio.l1"] for r in row.replications]) for row in rows[:2])
    assert found.total.mean == pytest.approx(after - before, abs=1e-12)
    assert math.fsum(part.change.mean for part in found.parts) == pytest.approx(after - before, abs=1e-12)
    assert found.parts[0].name == "migrated"  # random routing: what it costs is migration, by construction
    assert found.parts[0].change.high < 0.0
    assert sum_line(found).startswith("hit_ratio.l1 -")


def test_hops_add_up_to_the_change_of_the_tail(rows):
    found = explain(rows[0], rows[1])["latency.tail"]
    assert {part.name for part in found.parts} <= set(HOP_WORDS.values())
    assert math.fsum(part.change.mean for part in found.parts) == pytest.approx(found.total.mean, abs=1e-12)


def test_the_hops_of_every_answered_request_add_up_to_its_latency():
    scenario = Scenario.from_dict(WANDERING)
    traced = run_replication(scenario, seed=1, replication=0, trace=1.0).requests
    ok = np.array(traced["outcome"]) == "ok"
    spent = sum(np.array(traced[hop]) for hop in HOPS)
    assert ok.sum() > 3000
    np.testing.assert_allclose(spent[ok], np.array(traced["latency_s"])[ok], atol=1e-9)
    assert min(min(traced[hop]) for hop in HOPS) > -1e-9
    assert max(traced["retry_s"]) > 0.1  # somebody was lost and tried again


def test_without_a_trace_the_tail_is_told_by_tier(rows):
    bare = [ComparedRow(r.label, r.seed, [copy.copy(x) for x in r.replications]) for r in rows[:2]]
    for row in bare:
        for replication in row.replications:
            replication.requests = None
    found = explain(*bare)["latency.tail"]
    assert found.unit == "ratio"
    assert math.fsum(part.change.mean for part in found.parts) == pytest.approx(found.total.mean, abs=1e-9)


def test_tracing_for_the_tail_changes_nothing(rows):
    plain = run_replication(Scenario.from_dict(WANDERING), seed=1, replication=0)
    assert rows[0].replications[0].fingerprint == plain.fingerprint


def test_the_control_has_the_mean_weight_of_the_first_row(rows):
    weight = np.mean([r.metrics["stickiness.mean"] for r in rows[0].replications])
    assert rows[2].control
    assert rows[2].label == f"static {weight:.3f}".rstrip("0").rstrip(".") or rows[2].label.startswith("static")
    stay = [np.mean([r.metrics["left_ratio"] for r in row.replications]) for row in (rows[0], rows[2])]
    assert stay[0] == pytest.approx(stay[1], abs=0.03)


def test_a_policy_without_weights_has_no_control():
    scenario = Scenario.from_dict(SMALL_CACHE)
    sides = [Contestant("a", None, scenario), Contestant("b", None, scenario.variant("larger"))]
    short = [Contestant(s.label, None, s.scenario.with_overrides({"duration": "4s"})) for s in sides]
    with pytest.raises(ContestantError, match="--control"):
        rows_of(short, replications=1, control=True)


def test_the_metrics_that_were_asked_for_are_explained(rows):
    asked = ["failures.ratio", "availability", "misses.l1.rate", "latency.p50"]
    found = explain(rows[0], rows[1], metrics=asked)
    assert list(found) == asked
    for metric in asked[:3]:
        before, after = (np.mean([r.metrics["availability" if metric == "availability" else metric]
                                  for r in row.replications]) for row in rows[:2])  # fmt: skip
        assert found[metric].total.mean == pytest.approx(after - before, abs=1e-9)
        assert math.fsum(part.change.mean for part in found[metric].parts) == pytest.approx(after - before, abs=1e-9)
    assert not found["latency.p50"].parts
    assert "no parts of latency.p50 are known" in found["latency.p50"].note
    assert list(explain(rows[0], rows[1], metrics=["latency.p99"])) == ["latency.tail"]
