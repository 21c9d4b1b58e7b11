"""Sequential stopping on drawn numbers, and batch means against their theory."""

import numpy as np
import pytest

from simulator.experiment.stopping import AT_LEAST, parse_target, run_until
from simulator.metrics.names import MetricUnavailableError
from simulator.results.batches import TooShortError, batch_means
from simulator.scenario.schema import Scenario
from tests.experiment.comparing.fakes import replication

NOISY = {
    "schema": 1, "name": "noisy", "duration": "10s",
    "clients": {"a": {"count": 1, "workload": {"kind": "poisson", "rate": "1/s"}}},
    "edges": {"pop": {"count": 1}}, "sam": "off", "leases": "off", "routing": {"policy": "nearest"},
}  # fmt: skip
SIGMA = 0.01


def play(scenario, *, seed, replication: int, progress, trace):
    """A hit ratio that is normal with mean 0.7 and standard deviation SIGMA."""
    from tests.experiment.comparing.fakes import replication as made

    rng = np.random.default_rng([seed, replication])
    return made(replication, {"hit_ratio.l1": float(rng.normal(0.7, SIGMA))}, seed=seed)


def until(text, **more):
    scenario = Scenario.from_dict(NOISY)
    return run_until(scenario, [parse_target(text)], function=f"{__name__}:play", **more)


def test_it_stops_when_the_interval_is_narrow_enough():
    """Theory: +-0.2 points of a normal of 1 point needs n = (1.96 * 1 / 0.2)^2 = 96 or so; fixed seed."""
    stopped = until("hit_ratio.l1:±0.2%")
    found = stopped.result["hit_ratio.l1"]
    assert stopped.missing == ()
    assert found.half_width <= 0.002
    assert 60 <= found.n <= 150


def test_an_easy_target_still_takes_the_fewest():
    assert until("hit_ratio.l1:±50%").result["hit_ratio.l1"].n == AT_LEAST


def test_what_cannot_be_reached_is_told_and_ends():
    stopped = until("hit_ratio.l1:±0.01%", at_most=12)
    assert stopped.result["hit_ratio.l1"].n == 12
    assert "asked for" in stopped.missing[0]


def test_stopping_changes_no_replication():
    stopped = until("hit_ratio.l1:±0.5%").result
    from simulator.experiment.api import run

    whole = run(Scenario.from_dict(NOISY), replications=len(stopped.replications), function=f"{__name__}:play")
    assert stopped.fingerprints == whole.fingerprints


def test_a_metric_that_is_not_there_is_an_error():
    with pytest.raises(MetricUnavailableError):
        until("stickiness.mean:±1")


def test_stopping_keeps_its_coverage():
    """Theory: intervals of sequential stopping cover a little less than 95 % (Chow & Robbins; here 90-97 %).

    n = 300 runs, p = 0.93 at worst: standard error 1.5 points; fewer than 86 % has probability < 1e-5.
    """
    covered = 0
    for seed in range(300):
        found = run_until(
            Scenario.from_dict(NOISY | {"seed": seed}),
            [parse_target("hit_ratio.l1:±0.6%")],
            function=f"{__name__}:play",
        ).result["hit_ratio.l1"]
        covered += found.low <= 0.7 <= found.high
    assert covered > 0.86 * 300


def windows(values, metric="goodput", start_s=0.0):
    found = replication(0, {})
    found.timeseries = {
        "t_s": [start_s + t for t in range(len(values))], "metric": [metric] * len(values), "label": [""] * len(values),
        "value": list(map(float, values)),
    }  # fmt: skip
    return found


def test_batch_means_of_a_correlated_series_cover():
    """Theory: AR(1), phi 0.9, mean 0; batches of 100 hardly correlate; intervals cover 95 % (a little less).

    n = 200 series: standard error 1.6 points; fewer than 87 % has probability < 1e-5. The naive interval of
    the 2000 values covers 34 % of the time (its variance is 19 times too small).
    """
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(200):
        noise = rng.normal(0.0, 1.0, 2100)
        series = np.zeros(2100)
        for t in range(1, 2100):
            series[t] = 0.9 * series[t - 1] + noise[t]
        found = batch_means(windows(series[100:] + 5.0), "goodput", warmup_s=0.0, window_s=1.0)
        covered += found.interval.low <= 5.0 <= found.interval.high
    assert 0.87 * 200 < covered <= 200


def test_batches_that_remember_each_other_say_so():
    drift = np.linspace(0.0, 1.0, 400)
    assert not batch_means(windows(drift), "goodput", warmup_s=0.0, window_s=1.0).trusted
    steady = np.random.default_rng(4).normal(0.0, 1.0, 400)
    assert batch_means(windows(steady), "goodput", warmup_s=0.0, window_s=1.0).trusted


def test_a_ratio_is_that_of_the_sums():
    """Windows with 1 of 1 and 0 of 3 hits: 25 %, not 50 %."""
    found = replication(0, {})
    columns = {"t_s": [], "metric": [], "label": [], "value": []}
    for t in range(40):
        hits, misses = (1.0, 0.0) if t % 2 else (0.0, 3.0)
        for name, label, value in (
            ("hits.l1.rate", "", hits),
            ("delayed.l1.rate", "", 0.0),
            ("misses.l1.rate", "cold", misses),
        ):
            for column, cell in zip(columns.values(), (float(t), name, label, value), strict=True):
                column.append(cell)
    found.timeseries = columns
    assert batch_means(found, "hit_ratio.l1", warmup_s=0.0, window_s=1.0).interval.mean == pytest.approx(0.25)


def test_a_short_run_has_no_batches():
    with pytest.raises(TooShortError, match="run for at least 44 s"):
        batch_means(windows([1.0] * 20), "goodput", warmup_s=4.0, window_s=1.0)
