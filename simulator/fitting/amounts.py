"""Amounts that are positive: sizes of answers, times of service. Gamma or lognormal, by likelihood.

May import: numpy, scipy. Does not model: several peaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, gammaln

from simulator.fitting.cut import Floats

_LEAST = 20


@dataclass(frozen=True)
class Amounts:
    """One law of positive amounts."""

    law: str
    mean: float
    cv: float
    median: float
    sigma: float
    """Of the logarithm."""
    count: int
    zeros: int
    """Amounts of 0, which are left out."""


def amounts(values: Floats | None) -> Amounts | None:
    """Fit by maximum likelihood; None for fewer than 20 amounts. NaN are left out."""
    if values is None:
        return None
    known = values[np.isfinite(values)]
    positive = known[known > 0]
    if len(positive) < _LEAST:
        return None
    logs = np.log(positive)
    mean, centre, sigma = float(positive.mean()), float(logs.mean()), float(logs.std())
    zeros = len(known) - len(positive)
    skew = math.log(mean) - centre
    if sigma < 1e-9 or skew < 1e-9:
        return Amounts("constant", mean, 0.0, mean, 0.0, len(positive), zeros)
    shape = brentq(lambda k: math.log(k) - digamma(k) - skew, 1e-4, 1e12)
    gamma = len(logs) * (shape * math.log(shape / mean) - gammaln(shape) + (shape - 1) * centre - shape)
    lognormal = -len(logs) * (math.log(sigma) + 0.5 * math.log(2 * math.pi) + 0.5 + centre)
    law = "gamma" if gamma > lognormal else "lognormal"
    return Amounts(law, mean, shape**-0.5, math.exp(centre), sigma, len(positive), zeros)
