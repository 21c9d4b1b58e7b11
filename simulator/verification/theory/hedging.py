"""Hedged requests: the first of two exponential services, the second of which begins later.

(J. Dean and L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013, have the idea; the law is elementary.)
"""

from __future__ import annotations

import math


def share(mean_s: float, after_s: float) -> float:
    """Requests that have no answer after `after_s`, where the service is exponential."""
    return math.exp(-after_s / mean_s)


def mean_s(mean_s: float, after_s: float) -> float:
    """Mean time until the first answer, seconds: from `after_s` on two services run."""
    hedged = share(mean_s, after_s)
    return mean_s * (1.0 - hedged) + hedged * mean_s / 2.0


def percentile_s(mean_s: float, after_s: float, q: float) -> float:
    """The time, beyond `after_s`, by which `q` percent are answered, seconds: P(T > t) = exp(-(2t - a)/m)."""
    return (after_s - mean_s * math.log(1.0 - q / 100.0)) / 2.0
