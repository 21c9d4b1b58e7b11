"""`warmup: auto`: MSER-5 on a pilot's windows, deaf to faults, the same for every variant."""

import numpy as np

from simulator.experiment.api import run
from simulator.observe.result import Replication
from simulator.play.warmup import found_warmup_s
from tests.results.fakes import PLAY, FakeScenario


def pilot(series, events=()):
    rows = [(float(t), name, "", v) for name, values in series.items() for t, v in enumerate(values)]
    rows.append((0.0, "hit_ratio.l1", "pop-1", 0.0))
    columns = dict(zip(("t_s", "metric", "label", "value"), map(list, zip(*rows, strict=True)), strict=True))
    return Replication(0, 1, {}, {}, {}, columns, list(events))


def test_the_cut_is_where_the_transient_ends_in_simulated_time():
    """Hit ratio climbs for 60 windows of 2 s, then stays: noise of sd .01 against a climb of .7."""
    rng = np.random.default_rng(3)
    climb = 0.7 * np.minimum(1.0, np.arange(400) / 60.0) + rng.normal(0.0, 0.01, 400)
    flat = rng.normal(0.02, 0.001, 400)
    assert 90.0 <= found_warmup_s(pilot({"hit_ratio.l1": climb, "latency.p50": flat}), 2.0) <= 160.0
    assert found_warmup_s(pilot({"latency.p50": flat}), 2.0) <= 40.0


def test_what_follows_a_fault_is_no_warm_up():
    """A crash at the 150th of 300 windows halves the hit ratio for good: without it nothing is cut."""
    rng = np.random.default_rng(4)
    values = rng.normal(0.7, 0.01, 300)
    values[150:] -= 0.35
    crash = {"t_s": 150.0, "kind": "fault.begin", "target": "pop-1", "detail": {"fault": "crash"}}
    assert found_warmup_s(pilot({"hit_ratio.l1": values}, [crash]), 1.0) <= 20.0
    assert found_warmup_s(pilot({"hit_ratio.l1": values}), 1.0) >= 140.0


def test_windows_without_lookups_and_series_without_values_are_borne():
    """A climb over 60 s is found beside a series without a value, and where a tenth of its windows is missing."""
    rng = np.random.default_rng(5)
    climb = 0.7 * np.minimum(1.0, np.arange(400) / 60.0) + rng.normal(0.0, 0.01, 400)
    nothing = np.full(400, np.nan)
    assert found_warmup_s(pilot({"hit_ratio.l1": nothing}), 1.0) == 0.0
    whole_s = found_warmup_s(pilot({"hit_ratio.l1": nothing, "latency.p50": climb}), 1.0)
    climb[::10] = np.nan
    assert 45.0 <= whole_s <= 80.0
    assert 45.0 <= found_warmup_s(pilot({"hit_ratio.l1": nothing, "latency.p50": climb}), 1.0) <= 80.0


def test_every_variant_gets_the_found_warm_up_and_the_summary_says_so():
    result = run(FakeScenario(warmup="auto", variants={"b": {"hit_ratio": 0.8}}), function=PLAY)
    assert result.facts.warmup_found
    assert result.facts.warmup_s == result.variants["b"].facts.warmup_s
    assert isinstance(result.facts.warmup_s, float)
