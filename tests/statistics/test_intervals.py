"""The statistics against textbooks and against sources whose truth is known."""

import math

import numpy as np
import pytest

from simulator.statistics.intervals import (
    batch_means,
    mean_interval,
    mean_intervals,
    mser5,
    paired_difference,
    t_quantile,
    welch_difference,
)


@pytest.mark.parametrize(
    ("p", "degrees", "expected"),
    [(0.975, 1, 12.706), (0.975, 4, 2.776), (0.975, 9, 2.262), (0.975, 29, 2.045), (0.95, 9, 1.833)],
)
def test_t_quantiles_are_those_of_the_tables(p, degrees, expected):
    assert t_quantile(p, degrees) == pytest.approx(expected, abs=5e-4)


def test_the_interval_of_a_textbook_example():
    """Law, Simulation Modeling and Analysis, example 4.29: ten values, mean 1.34, 90 % half-width 0.24."""
    values = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09]
    interval = mean_interval(values, confidence=0.90)
    assert interval.mean == pytest.approx(1.34, abs=0.005)
    assert interval.half_width == pytest.approx(0.24, abs=0.005)


def test_one_value_has_no_interval_and_none_no_mean():
    one, none = mean_interval([3.0]), mean_interval([])
    assert (one.mean, one.n) == (3.0, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert not one.decided
    assert math.isnan(none.mean)


def test_95_percent_intervals_cover_95_percent_of_the_time():
    """4000 intervals of 5 normal values each: coverage is binomial with sd 0.34 points.

    Between 93.6 % and 96.4 % (4 sd): a right program fails once in 16,000.
    """
    rng = np.random.default_rng(20)
    covered = 0
    for _ in range(4000):
        interval = mean_interval(rng.normal(3.0, 2.0, 5))
        covered += interval.low <= 3.0 <= interval.high
    assert 0.936 <= covered / 4000 <= 0.964


def test_many_metrics_at_once_are_the_same_as_one_by_one():
    table = np.random.default_rng(4).normal(size=(6, 9))
    for row, column in zip(mean_intervals(table), table.T, strict=True):
        interval = mean_interval(column)
        assert row == pytest.approx([interval.mean, interval.low, interval.high], rel=1e-12)


def test_pairing_decides_what_common_noise_hides():
    """A difference of 1 under common noise of sd 10: paired it is plain, unpaired it drowns."""
    rng = np.random.default_rng(8)
    common = rng.normal(0, 10, 10)
    a, b = common + rng.normal(0, 0.3, 10), common + 1.0 + rng.normal(0, 0.3, 10)
    paired, unpaired = paired_difference(a, b), welch_difference(a, b)
    assert paired.decided
    assert paired.low < 1.0 < paired.high
    assert not unpaired.decided
    assert paired.variance_ratio > 100
    assert paired.mean == pytest.approx(unpaired.mean)


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="not pairs"):
        paired_difference([1.0, 2.0], [1.0])


def test_welch_covers_with_unequal_variances():
    """2000 intervals, sd 1 (n 8) against sd 5 (n 15): 95 % within 4 sd of .49 points, and .5 for Welch."""
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(2000):
        interval = welch_difference(rng.normal(0, 1, 8), rng.normal(2, 5, 15))
        covered += interval.low <= 2.0 <= interval.high
    assert 0.925 <= covered / 2000 <= 0.975


def test_batch_means_see_the_correlation_that_single_values_hide():
    """AR(1) with rho .9: the mean's sd is sqrt((1+rho)/(1-rho)) = 4.36 times the independent one."""
    rng = np.random.default_rng(10)
    noise = rng.normal(size=40_000)
    series = np.empty_like(noise)
    last = 0.0
    for place, shock in enumerate(noise):
        last = 0.9 * last + shock
        series[place] = last
    batched, naive = batch_means(series, 20), mean_interval(series)
    assert batched.half_width / naive.half_width == pytest.approx(4.36, rel=0.5)


def test_batch_means_want_enough_values():
    with pytest.raises(ValueError, match="batches"):
        batch_means([1.0, 2.0, 3.0], 20)


def test_mser5_cuts_next_to_nothing_of_independent_noise():
    """On i.i.d. noise a cut is chance: of 50 series of 5000 half lose at most 5, nine in ten below 2 %."""
    rng = np.random.default_rng(11)
    cuts = [mser5(rng.normal(size=5000)) for _ in range(50)]
    assert np.median(cuts) <= 5
    assert np.quantile(cuts, 0.9) <= 100


@pytest.mark.parametrize("seed", range(5))
def test_mser5_cuts_a_warm_up_of_500_points(seed):
    series = np.random.default_rng(seed).normal(size=5000)
    series[:500] += 10.0
    assert 500 <= mser5(series) <= 700


def test_mser5_of_a_series_too_short_cuts_nothing():
    assert mser5([1.0] * 7) == 0
    assert mser5([2.0] * 1000) == 0
