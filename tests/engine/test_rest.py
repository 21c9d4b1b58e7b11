"""Idle time: ticks that would change nothing are passed over, and no number is another for it."""

from __future__ import annotations

import pytest

from simulator.engine.rest import Rest
from simulator.run import run_replication
from simulator.scenario.schema import Scenario
from tests.worlds import BASE, merged, small

SPARSE = {
    "duration": "2000s",
    "clients": {"people": {"count": 2, "workload": {"rate": "0.005/s"}, "retry": {"timeout": "1s", "max": 2}}},
    "cores": {"core": {"count": 2, "standby": True}},
    "record": {"window": "500s"},
}
WORLDS = {
    "nothing else": {},
    "a crash in silence": {"faults": [{"at": "333.3s", "for": "100s", "crash": "pop-1"}]},
    "a crash at a tick": {"faults": [{"at": "400s", "for": "7s", "crash": ["pop-1", "core-1"]}]},
    "a crash while a heartbeat is on its way": {"faults": [{"at": "400.003s", "for": "99.5s", "crash": "pop-2"}]},
    "a slow heartbeat": {
        "network": {"links": [{"from": "pop-1", "to": "sam", "latency": "800ms"}]},
        "faults": [{"at": "400.5s", "for": "9s", "crash": "pop-1"}],
    },
    "a limited one": {
        "network": {"links": [{"from": "pop-1", "to": "sam", "bandwidth": "10kbit/s"}]},
        "faults": [{"at": "600.05s", "for": "9s", "crash": "pop-1"}],
    },
    "chance": {"network": {"default": {"jitter": {"exponential": "3ms"}, "loss": "2%"}}},
    "a partition": {"faults": [{"at": "500.001s", "for": "60s", "partition": [["pop-1"], ["sam"]]}]},
    "a crashed manager": {"faults": [{"at": "300.0045s", "for": "60s", "crash": "sam"}]},
    "a drain": {"faults": [{"at": "300s", "for": "600s", "drain": "pop-1"}]},
    "leases at phases of their own": {"leases": {"phase": "spread", "batch_every": "1.7s", "idle_after": "100s"}},
    "hedges": {"clients": {"people": {"hedge": {"after": "11ms"}}}},
    "leases for ever": {"leases": {"idle_after": "never"}},
    "cumulative": {"sam": {"model": "cumulative"}, "clients": {"people": {"session": {"length": "300s"}}}},
    "odd periods": {
        "sam": {"interval": "700ms", "window": "4.9s", "heartbeat": {"period": "1.3s", "misses": 2}},
        "leases": {"batch_every": "1.7s"}, "faults": [{"at": "610s", "for": "300s", "crash": "pop-1"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("world", WORLDS)
def test_no_number_is_another_for_it(world, monkeypatch):
    scenario = small(**merged(SPARSE, WORLDS[world]))
    rested = run_replication(scenario, seed=7, replication=0)
    monkeypatch.setattr(Rest, "until", lambda *_: 0.0)
    restless = run_replication(scenario, seed=7, replication=0)
    assert rested.metrics == pytest.approx(restless.metrics, rel=0, abs=0, nan_ok=True)
    assert rested.totals == restless.totals
    assert rested.events == restless.events
    assert str(rested.timeseries) == str(restless.timeseries)  # NaN is not itself
    if world != "chance":  # each heartbeat is drawn there
        assert rested.n_events < restless.n_events / 2


def test_months_of_silence_cost_no_more_than_their_windows(tmp_path):
    (tmp_path / "two.csv").write_text("t_s,client,op\n1.0,a,lookup\n8985000.0,a,lookup\n")
    workload = {"kind": "trace", "format": "csv", "file": str(tmp_path / "two.csv")}
    scenario = Scenario.from_dict({**BASE, "clients": {"people": {"workload": workload}}, "duration": "104d"})
    result = run_replication(scenario, seed=1, replication=0)
    assert result.metrics["requests.rate"] * scenario.duration == pytest.approx(2)
    assert result.n_events < 20 * scenario.duration / scenario.record.window
