"""The intervals of back-tests cover what happened as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from simulator import backtest
from tests.fitting.synthetic import always_there

DRAWS = 100


@pytest.mark.slow
def test_the_second_half_of_a_stationary_log_is_covered_as_often_as_said():
    """500 clients with gamma rates (CV 2) ask 20,000 times; the second half's hit ratio, in 95 % intervals.

    Of 100 draws 90 to 99 are covered, but for one time in 30 where the intervals are right (binomial).
    """
    assert binom.cdf(89, DRAWS, 0.95) + binom.sf(99, DRAWS, 0.95) < 1 / 30
    covered = 0
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        log = always_there(rng, rng.gamma(0.25, 0.04, 500), 4000.0)
        found = backtest(log, metrics=["hit_ratio.l1"], seed=draw)
        covered += found["hit_ratio.l1"].covered
    assert 90 <= covered <= 99
