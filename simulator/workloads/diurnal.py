"""A daily rhythm: a Poisson process whose rate swings around a mean on a clock common to all clients.

The curve, with angle a = 2 pi (t + phase) / period, has exactly the given mean and peak:

* peak <= 2: a sinusoid, mean * (1 + (peak - 1) sin a); it touches zero at the trough for peak = 2;
* peak > 2, where a sinusoid would go below zero: mean * exp(k sin a) / I0(k), with k such that exp(k) / I0(k)
  = peak (the density of a von Mises law: a narrow rush hour and a long quiet night).

At t = 0 and phase 0 the rate rises; the peak comes a quarter period later.

May import: numpy, pydantic, the specs' field types, its siblings. Does not model: weekends, noise between
days.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field

from simulator.laws.fields import RateDist
from simulator.units import Duration, Factor, PositiveDuration
from simulator.workloads.base import FloatArray, Source, SourceContext, WorkloadSpec, register
from simulator.workloads.poisson import poisson_source
from simulator.workloads.profile import Cycle

_STEPS = 4096  # pieces of one period; divisible by 4, so that the peak lies on a corner
_LARGEST_PEAK = 100.0


@register
class Diurnal(WorkloadSpec):
    """`{kind: diurnal, rate: MEAN, peak: 2.5x, period: 24h, phase: 0s}`."""

    kind: Literal["diurnal"]
    rate: RateDist
    """Mean requests per second of one client over a period; a distribution is drawn once per client."""
    peak: Factor = Field(ge=1, le=_LARGEST_PEAK)
    """Highest rate over mean rate."""
    period: PositiveDuration = 86_400.0
    """Length of a cycle in seconds."""
    phase: Duration = 0.0
    """How far into the cycle t = 0 lies: at `period`/4 the run begins at the peak."""

    def build(self, context: SourceContext) -> Source:
        """Poisson processes under the common curve."""
        return poisson_source(context, self.rate, Cycle(curve(self.peak), self.period, self.phase))


def curve(peak: float) -> FloatArray:
    """One period of the relative rate at equal steps: mean 1, maximum `peak`; shape (4096,)."""
    sine = np.sin(2 * np.pi * np.arange(_STEPS) / _STEPS)
    if peak <= 2:
        return np.maximum(1 + (peak - 1) * sine, 0.0)
    shape = np.exp(_concentration(peak, sine) * (sine - 1))
    relative: FloatArray = shape / shape.mean()
    return relative


def _concentration(peak: float, sine: FloatArray) -> float:
    """The k at which exp(k sine) has `peak` times its own mean, by bisection (peak grows with k)."""
    low, high = 0.0, 4 * peak * peak  # for large k the peak is sqrt(2 pi k)
    for _ in range(200):
        middle = (low + high) / 2
        if 1 / np.exp(middle * (sine - 1)).mean() < peak:
            low = middle
        else:
            high = middle
        if math.nextafter(low, math.inf) >= high:
            break
    return (low + high) / 2
