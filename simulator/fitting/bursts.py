"""Bursts: requests of a client that come closer together, and further apart, than a Poisson process has them.

The gaps within sessions are fitted by a hyperexponential law of two phases (by expectation and maximisation); it stands
for a source that is on and off (Kuczura, "The interrupted Poisson process as an overflow process", 1973): an MMPP with
one silent phase. Sessions end at rate mu, so an observed gap has the density f(t) exp(-mu t); mu is what makes the
untilted f a law. The index of dispersion for intervals says how bursty the gaps are (1: Poisson).

May import: numpy, scipy, the cut. Does not model: bursts and different rates at once (the likelihood says which).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from simulator.fitting.cut import Cut, Floats

_LEAST_GAPS = 100
_STEPS = 300


@dataclass(frozen=True)
class Bursts:
    """An interrupted Poisson process for every client, with exponential sessions."""

    rate: float
    """Requests per second while it is on."""
    off_rate: float
    """Leaving on, per second."""
    on_rate: float
    """Leaving off, per second."""
    end_rate: float
    """1 / mean session length (per second)."""
    seen: float
    """Share of sessions that send a request."""
    dispersion: float
    """Squared coefficient of variation of the gaps."""
    log_likelihood: float
    """Of the gaps."""

    @property
    def mean_rate(self) -> float:
        """Requests per second of an open session."""
        return self.rate * self.on_rate / (self.on_rate + self.off_rate)


def bursts(cut: Cut) -> Bursts | None:
    """Fit it; None where there are fewer than 100 gaps or they are no more variable than exponential ones."""
    gaps_s = cut.gaps_s
    gaps_s = np.maximum(gaps_s, 1e-6)
    if len(gaps_s) < _LEAST_GAPS:
        return None
    dispersion = float(gaps_s.var() / gaps_s.mean() ** 2)
    if dispersion <= 1.05:
        return None
    weight, fast, slow, value = _two_phases(gaps_s)
    more = len(gaps_s) / (len(gaps_s) + float(cut.clients.ended.sum()))
    weights, rates = np.array([weight, 1 - weight]), np.array([fast, slow])
    if rates.min() <= 0 or fast <= slow * 1.01 or not 0.001 < weight < 0.999:
        return None

    def excess(end: float) -> float:
        return float(more * (weights * rates / (rates - end)).sum() - 1)

    end = 0.0 if more >= 1 else float(brentq(excess, 0.0, slow * (1 - 1e-12)))
    rates = rates - end
    weights = more * weights * (rates + end) / rates
    on = float(weights @ rates)
    both = float(rates.prod())
    off_rate = float(weights.prod() / weights.sum() ** 2 * (rates[0] - rates[1]) ** 2 / on)
    on_rate = both / on
    return Bursts(on, off_rate, on_rate, end, _seen(on, off_rate, on_rate, end), dispersion, value)


def _two_phases(gaps_s: Floats) -> tuple[float, float, float, float]:
    """Weight and rate of the fast phase, rate of the slow one, log-likelihood."""
    mean = float(gaps_s.mean())
    low = float(np.median(gaps_s))
    weight, fast, slow = 0.5, 1 / max(min(low, mean / 2), 1e-6), 1 / (2 * mean)
    value = -np.inf
    for _ in range(_STEPS):
        a = np.log(weight * fast) - fast * gaps_s
        b = np.log((1 - weight) * slow) - slow * gaps_s
        each = np.logaddexp(a, b)
        share = np.exp(a - each)
        total = float(each.sum())
        if total - value < 1e-7 * abs(total):
            value = total
            break
        value = total
        weight = min(max(float(share.mean()), 1e-9), 1 - 1e-9)
        fast = float(share.sum() / max(float(share @ gaps_s), 1e-300))
        slow = float((1 - share).sum() / max(float((1 - share) @ gaps_s), 1e-300))
    if fast < slow:
        weight, fast, slow = 1 - weight, slow, fast
    return weight, fast, slow, float(value)


def _seen(rate: float, off_rate: float, on_rate: float, end: float) -> float:
    """Chance of a request before the end, from a phase in the stationary law."""
    if end == 0:
        return 1.0
    from_off = on_rate / (on_rate + end)
    from_on = rate / (rate + off_rate + end - off_rate * from_off)
    on = on_rate / (on_rate + off_rate)
    return on * from_on + (1 - on) * from_off * from_on
