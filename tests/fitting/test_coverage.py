"""The intervals of back-tests cover what happened as often as they say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from simulator import backtest
from tests.fitting.synthetic import always_there

DRAWS = 100
METRICS = ("requests.rate", "hit_ratio.l1", "hit_ratio.l2", "core.requests.rate", "storage.reads.rate",
           "latency.mean", "latency.p99", "edge.utilisation")  # fmt: skip


@pytest.mark.slow
def test_the_second_half_of_a_stationary_log_is_covered_as_often_as_said():
    """500 clients with gamma rates (CV 2) ask 20,000 times; the second half's metrics, in 95 % intervals.

    Of 100 draws the hit ratio at the edges is covered in 90 to 99, but for one time in 30 where the intervals are right
    (binomial); of the other metrics each in 90 or more, but for one time in 80 each.
    """
    assert binom.cdf(89, DRAWS, 0.95) < 1 / 80
    assert binom.cdf(89, DRAWS, 0.95) + binom.sf(99, DRAWS, 0.95) < 1 / 30
    covered = Counter[str]()
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        log = always_there(rng, rng.gamma(0.25, 0.04, 500), 4000.0)
        found = backtest(log, metrics=METRICS, replications=5, seed=draw, explain=False)
        covered.update(row.metric for row in found.rows if row.covered)
    assert 90 <= covered["hit_ratio.l1"] <= 99, covered
    assert min(covered[name] for name in METRICS) >= 90, covered
