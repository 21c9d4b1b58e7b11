"""The published stickiness rule as its table, and the cumulative rule as a Markov chain."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

LATENCY_STEPS, RATE_STEPS, ERROR_STEPS = (10, 0, -10), (5, 0, -5), (10, 0, -15)
TABLE = (
    ((75, 70, 65), (65, 60, 55), (55, 50, 45)),
    ((65, 60, 55), (55, 50, 45), (45, 40, 35)),
    ((50, 45, 40), (40, 35, 30), (30, 25, 20)),
)
"""Published weights: [error class][latency class][rate class], classes from good to bad."""


def cumulative_law(latency: Sequence[float], rate: Sequence[float], error: Sequence[float]) -> dict[int, float]:
    """Stationary law of the weight under the cumulative rule with independent classes (good to bad)."""
    jumps: dict[int, float] = {}
    for i, j, k in itertools.product(range(3), repeat=3):
        step = LATENCY_STEPS[i] + RATE_STEPS[j] + ERROR_STEPS[k]
        jumps[step] = jumps.get(step, 0.0) + latency[i] * rate[j] * error[k]
    weights = list(range(0, 101, 5))
    matrix = np.zeros((len(weights), len(weights)))
    for i, weight in enumerate(weights):
        for step, chance in jumps.items():
            matrix[i, min(max(weight + step, 0), 100) // 5] += chance
    system = np.vstack([(matrix.T - np.eye(len(weights)))[:-1], np.ones(len(weights))])
    law = np.linalg.solve(system, np.eye(len(weights))[-1])
    return dict(zip(weights, law.tolist(), strict=True))
