"""A new metric is one entry of the catalogue: what is read, the value in all and by label, and its name follow."""

import math

import pytest

from simulator import Scenario, run
from simulator.metrics.catalogue import CATALOGUE, Metric
from simulator.metrics.expectations import parse_expectation
from simulator.observe.counters import counters_by_actor

WORLD = {
    "duration": "20s",
    "warmup": "2s",
    "clients": {
        "near": {"count": 20, "workload": {"kind": "poisson", "rate": "4/s"}},
        "far": {"count": 5, "workload": {"kind": "poisson", "rate": "4/s"}},
    },
    "edges": {"pop": {"count": 2, "service_time": {"exponential": "5ms"}, "l1": {"ttl": "1s"}}},
    "cores": {"core": {"count": 2}},
}


@pytest.fixture
def result(monkeypatch):
    """A run with two metrics more, one of a counter of edges that is read anyway, one of a counter that nobody read."""
    for row in (
        ("fetches.ratio", "ratio", "lower", ("edge",), "fetches from the core / visits", "edge: fetches / visits"),
        ("sessions.begun.rate", "1/s", "none", ("group",), "sessions that began", "group: sessions_begun / s"),
    ):
        monkeypatch.setitem(CATALOGUE, row[0], Metric.of(*row))
    return run(Scenario.from_dict(WORLD), seed=3)


def test_it_is_given_in_all_and_by_each_label(result):
    begun = [result[f"sessions.begun.rate[{group}]"].mean for group in ("near", "far")]
    assert result["sessions.begun.rate"].mean == pytest.approx(math.fsum(begun))
    shares = [result[f"fetches.ratio[pop-{number}]"].mean for number in (1, 2)]
    assert min(shares) <= result["fetches.ratio"].mean <= max(shares)
    assert 0.0 < result["fetches.ratio"].mean <= result["miss_ratio.l1"].mean


def test_it_is_checked_and_may_be_expected(result):
    assert result.replications[0].invariants["violations"] == []
    expectation = parse_expectation("fetches.ratio[pop-1] <= 60%")
    assert expectation.holds(result[expectation.metric.name].mean)


def test_only_what_is_named_is_read(monkeypatch):
    assert "sessions_begun" not in counters_by_actor()["group"]
    monkeypatch.setitem(CATALOGUE, "x", Metric.of("x", "1/s", "none", (), "x", "group: sessions_begun / s"))
    assert "sessions_begun" in counters_by_actor()["group"]
