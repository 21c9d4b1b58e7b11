"""How often `check` is right on the real model: planted regressions and unchanged programs (slow)."""

import copy
import functools

import numpy as np
import pytest

from simulator.experiment.checking.check import run_suite
from simulator.experiment.checking.record import record
from simulator.experiment.checking.references import Files
from simulator.experiment.checking.suite import load_suite
from simulator.run import run_replication
from tests.experiment.checking.fakes import SCENARIO, SUITE, write

TRIES = 100
SHOP = SCENARIO | {"duration": "9s", "warmup": "2s"}
FEW = SUITE | {"replications": {"first": 5, "most": 10}}
PLANTED = copy.deepcopy(FEW)
PLANTED["checks"]["shop"]["set"] = {"edges.pop.l1.capacity": 294}
PLAY = f"{__name__}:play"
_scenarios = {}


@functools.lru_cache(maxsize=4000)
def _played(key, seed, replication):
    found = run_replication(_scenarios[key], seed=seed, replication=replication)
    found.histograms = {}  # hundreds of replications are remembered: only what is checked
    found.timeseries = {}
    return found


def play(scenario, *, seed, replication, progress, trace):
    """The real model; a replication that was played for another try is not played again."""
    key = scenario.with_overrides({"seed": 0}).content_hash()
    _scenarios[key] = scenario
    return _played(key, seed, replication)


@pytest.mark.slow
def test_half_a_point_is_found_and_another_seed_is_not(tmp_path):
    """An L1 of 294 instead of 300 costs 0.5 points of hit ratio here (Che); the margin is 0.25 points.

    n = 100 tries, each with a seed of its own, 5 to 10 replications of 7 s (a second of work).
    Planted: a pair's noise is about 0.1 points, so FAIL is nearly certain; more than 95 of 100 must be found.
    Unchanged, compared with the next seed (unpaired): two stages with 1.25 % at the end that matters bound the
    rate by 2.5 %, and the margin takes it below 1 %, where 5 or more of 100 have probability 0.4 %.
    """
    found = alarms = 0
    shifts = []
    for seed in range(1, TRIES + 1):
        folder = tmp_path / str(seed)
        suite = load_suite(write(folder, SHOP | {"seed": seed}, FEW))
        record(suite, "first", function=PLAY)
        alarms += run_suite(suite, Files(folder), seed=seed + 1, function=PLAY).exit_code == 99
        planted = load_suite(write(folder, SHOP | {"seed": seed}, PLANTED))
        report = run_suite(planted, Files(folder), function=PLAY)
        found += report.exit_code == 99
        shifts.append(report.outcomes[0].findings[0].difference.mean)
    print(f"planted {np.mean(shifts) * 100:.3f} points, found {found}, false alarms {alarms} of {TRIES}")
    assert np.mean(shifts) == pytest.approx(-0.005, abs=0.0005)
    assert found > 0.95 * TRIES
    assert alarms < 0.05 * TRIES
