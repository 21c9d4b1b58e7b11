"""Which edges stand out from the others over an interval: the tests of Envoy's outlier detection, and one of latencies.

Each test takes a value an edge, of those edges that had enough requests, and gives those that stand out, the worst
first. Comparisons leave room for rounding, so that edges that are alike are alike. May import: nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_ROUNDING = 1e-12


def low_success_rates(rates: Mapping[int, float], stdev: float) -> list[int]:
    """Edges whose success rate lies below the mean less `stdev` standard deviations (of the population)."""
    if not rates:
        return []
    mean = math.fsum(rates.values()) / len(rates)
    deviation = math.sqrt(math.fsum((rate - mean) ** 2 for rate in rates.values()) / len(rates))
    limit = mean - stdev * deviation - _ROUNDING
    return sorted((edge for edge, rate in rates.items() if rate < limit), key=lambda edge: (rates[edge], edge))


def high_failure_rates(rates: Mapping[int, float], threshold: float) -> list[int]:
    """Edges of whose requests such a share failed, or a larger one; `rates` are success rates."""
    out = (edge for edge, rate in rates.items() if 1.0 - rate >= threshold - _ROUNDING)
    return sorted(out, key=lambda edge: (rates[edge], edge))


def high_latencies(means_s: Mapping[int, float], factor: float) -> list[int]:
    """Edges whose mean response time is more than `factor` times that of the median edge (of two, the lower)."""
    if not means_s:
        return []
    limit_s = factor * sorted(means_s.values())[(len(means_s) - 1) // 2] * (1.0 + _ROUNDING)
    out = (edge for edge, mean_s in means_s.items() if mean_s > limit_s)
    return sorted(out, key=lambda edge: (-means_s[edge], edge))
