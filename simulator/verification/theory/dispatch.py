"""Load under random choices. Source: Kolchin, Sevast'yanov & Chistyakov, Random Allocations (1978)."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln


def expected_maximum(balls: int, bins: int) -> float:
    """Expected largest number in a bin when balls fall uniformly: exact, by powers of truncated exponentials.

    P(max <= m) = balls! / bins^balls [z^balls] (sum_{k<=m} z^k / k!)^bins. The series is that of Poisson(balls / bins),
    so that nothing over- or underflows.
    """
    mean = balls / bins
    k = np.arange(balls + 1)
    poisson = np.exp(k * np.log(mean) - mean - gammaln(k + 1))
    total = np.exp(balls * np.log(balls) - balls - gammaln(balls + 1))
    below = 0.0
    expected = 0.0
    for m in range(balls):
        law = np.where(k <= m, poisson, 0.0)
        power = np.array([1.0])
        for _ in range(bins):
            power = np.convolve(power, law)[: balls + 1]
        below = float(power[balls] / total)
        expected += 1.0 - below
        if below > 1.0 - 1e-13:
            break
    return expected
