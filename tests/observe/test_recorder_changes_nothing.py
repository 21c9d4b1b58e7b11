"""The recorder sees all and changes nothing: a world goes the same way without it, and whatever else watches."""

import sys
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from simulator import Scenario
from simulator.observe.counters import Counters
from simulator.observe.recorder import Recorder
from simulator.run import _Run, run_replication

WORLD: dict[str, Any] = {
    "duration": "40s",
    "warmup": "5s",
    "sites": {"here": {"lat": 0, "lon": 0}, "there": {"lat": 0, "lon": 20}},
    "clients": {
        site: {
            "count": 20,
            "site": site,
            "workload": {"kind": "poisson", "rate": "4/s"},
            "operations": {"lookup": "85%", "update": "5%", "acquire": "5%", "read_lock": "5%"},
            "retry": {"timeout": "300ms", "max": 2, "backoff": "20ms"},
            "hedge": {"after": "120ms"},
        }
        for site in ("here", "there")
    },
    "edges": {"pop": {"count": 3, "workers": 1, "service_time": {"exponential": "5ms"}, "l1": {"ttl": "3s"}}},
    "cores": {"core": {"count": 2, "standby": True}},
    "network": {"default": {"latency": {"lognormal": {"median": "10ms", "sigma": 0.4}}, "loss": "1%"}},
    "health": {"active": {}, "passive": {}},
    "faults": [{"at": "12s", "for": "8s", "crash": "pop-1"}, {"at": "25s", "for": "5s", "slow": "pop-2", "factor": 4}],
}
SAMPLED = ("stickiness.", "failover.recovery.")
"""Means over the ends of windows, and times that are only seen there."""


class Blind(Recorder):
    """A recorder that never looks."""

    def run(self) -> Generator[Any, None, None]:
        """A process that is over at once."""
        return
        yield

    def flush(self) -> None:
        """Leave everything where it is."""

    def stop(self) -> None:
        """Nothing was begun."""


def course(monkeypatch, recorder: type[Recorder], trace: float | None) -> tuple[list[Any], dict[str, np.ndarray]]:
    """The log of a run, and all counters of its world after it."""
    monkeypatch.setattr(sys.modules["simulator.run"], "Recorder", recorder)
    run = _Run(Scenario.from_dict(WORLD), 7, 0, None, trace)
    run._begin()
    run._simulate()
    end = Counters(run.world).look()
    assert end.counts["group"].sum() > 0.0
    return run.world.log.rows, {**end.counts, **end.by_cause, **end.areas_s, "t_s": np.array(end.t_s)}


def test_a_world_goes_the_same_way_without_a_recorder(monkeypatch):
    """Every counter of every actor, and every event of the log, to the last bit."""
    blind_log, blind = course(monkeypatch, Blind, None)
    for recorder, trace in ((Recorder, None), (Recorder, 1.0)):
        log, counts = course(monkeypatch, recorder, trace)
        assert repr(log) == repr(blind_log)
        assert {name for name in counts if not np.array_equal(counts[name], blind[name])} == set()


@pytest.fixture(scope="module")
def plain():
    return run_replication(Scenario.from_dict(WORLD), seed=7, replication=0)


def metrics_of(changes: dict[str, Any], trace: float | None = None) -> dict[str, str]:
    scenario = Scenario.from_dict(WORLD | changes)
    return told(run_replication(scenario, seed=7, replication=0, trace=trace).metrics)


def told(metrics: dict[str, float]) -> dict[str, str]:
    return {name: repr(value) for name, value in metrics.items() if not name.startswith(SAMPLED)}


def test_the_trace_changes_no_metric(plain):
    assert metrics_of({}, trace=0.5) == told(plain.metrics)


def test_windows_of_time_series_change_no_metric(plain):
    """But histograms are filled in other portions, whose sums may differ in the last digits."""
    other = metrics_of({"record": {"window": "700ms"}})
    assert other.keys() == told(plain.metrics).keys()
    for name, text in other.items():
        assert float(text) == pytest.approx(plain.metrics[name], rel=1e-12, nan_ok=True), name


def test_names_of_faults_only_add_metrics_by_fault(plain):
    named = metrics_of({"faults": [fault | {"name": f"f{n}"} for n, fault in enumerate(WORLD["faults"])]})
    assert {name: text for name, text in named.items() if "[fault:" not in name} == told(plain.metrics)
    assert "availability[fault:f0]" in named
