"""A daily rhythm: the first harmonic of the times at which sessions begin.

Rayleigh's test says whether there is one (Mardia and Jupp, "Directional Statistics", 2000); only whole days count.

May import: numpy, the cut. Does not model: weekends, curves with two peaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulator.fitting.cut import Cut

DAY_S = 86_400.0
_RAYLEIGH = 6.9  # n R**2 beyond this has a chance of 0.1 % without a rhythm
_LARGEST = 1.95


@dataclass(frozen=True)
class Rhythm:
    """A sinusoid around the mean."""

    peak: float
    """Highest rate over mean rate."""
    phase_s: float
    """How far into the cycle (0: the rate rises through its mean) the log begins."""


def rhythm(cut: Cut) -> Rhythm | None:
    """The daily rhythm; None for less than two days, or where chance would do."""
    days = math.floor(cut.span_s / DAY_S)
    if days < 2:
        return None
    time_s = cut.time_s[cut.first]
    time_s = time_s[time_s < days * DAY_S]
    turn = np.exp(2j * np.pi * time_s / DAY_S).mean()
    if len(time_s) * abs(turn) ** 2 < _RAYLEIGH:
        return None
    peak_at_s = float(np.angle(turn)) / (2 * math.pi) * DAY_S
    return Rhythm(min(1 + 2 * float(abs(turn)), _LARGEST), (DAY_S / 4 - peak_at_s) % DAY_S)
