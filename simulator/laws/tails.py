"""How far a law's rare large values lie above its least one: what a timeout must allow for.

May import: the laws. Does not draw.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from simulator.laws.distributions import (
    Constant,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)

BEYOND = 1e-4  # share of the values above the 99.99th percentile


def tail_s(law: Distribution) -> float:  # noqa: PLR0911 (one line for each law)
    """The 99.99th percentile less the least value, in the law's unit; 0 for a constant.

    Raises:
        TypeError: a law that is not of the language.
    """
    match law:
        case Constant():
            return 0.0
        case Exponential(mean=mean):
            return -mean * math.log(BEYOND)
        case Uniform(low=low, high=high):
            return (high - low) * (1.0 - BEYOND)
        case Normal(mu=mu, sd=sd, least=least):
            return mu - sd * NormalDist().inv_cdf(BEYOND * law.accepted) - least
        case Lognormal(median=median, sigma=sigma):
            return median * math.exp(-sigma * NormalDist().inv_cdf(BEYOND))
        case Gamma(mean=mean, cv=cv):
            return mean * cv**2 * _gamma(1.0 / cv**2)
        case Erlang(k=k, mean=mean):
            return mean / k * _gamma(k)
        case Hyperexponential():
            return _hyperexponential(law)
        case Pareto(least=least, alpha=alpha):
            return float(least * (BEYOND ** (-1.0 / alpha) - 1.0))
        case Weibull(scale=scale, shape=shape):
            return float(scale * (-math.log(BEYOND)) ** (1.0 / shape))
        case Empirical(values=values):
            return float(np.quantile(values, 1.0 - BEYOND) - values.min())
    raise TypeError(f"no tail is known of {law!r}")


def _gamma(shape: float) -> float:
    from scipy.special import gammainccinv

    return float(gammainccinv(shape, BEYOND))


def _hyperexponential(law: Hyperexponential) -> float:
    """Where the mixture's survival function is what is beyond, by bisection."""
    low, high = 0.0, -max(law.means) * math.log(BEYOND)
    for _ in range(100):
        middle = (low + high) / 2.0
        above = math.fsum(w * math.exp(-middle / m) for w, m in zip(law.weights, law.means, strict=True) if m > 0.0)
        low, high = (middle, high) if above > BEYOND else (low, middle)
    return high
