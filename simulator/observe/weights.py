"""Means and percentiles of the sessions' stickiness weights, each with how many sessions have it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator.observe.window import Values

if TYPE_CHECKING:
    from simulator.world.world import World

PERCENTILES = (5, 50, 95)


def stickiness(world: World, seen: Mapping[str, Counter[float]]) -> Values:
    """The metrics of weights, in all and by group; none where nobody keeps weights.

    Args:
        world: the world that was measured.
        seen: how many sessions had each weight, by group and in all (""), added up over the measured windows.
    """
    if world.static_weight is not None:
        labels = ["", *(f"[{group.name}]" for group in world.groups)]
        names = ("mean", *(f"p{q:02d}" for q in PERCENTILES))
        return {f"stickiness.{name}{label}": world.static_weight for name in names for label in labels}
    result: Values = {}
    for group_name, weights in seen.items():
        if weights:
            label = f"[{group_name}]" if group_name else ""
            result |= {f"{name}{label}": value for name, value in of_weights(weights).items()}
    return result


def of_weights(weights: Counter[float]) -> Values:
    """`stickiness.mean` and percentiles of some sessions."""
    result = {"stickiness.mean": weighted_mean(weights)}
    return result | {f"stickiness.p{q:02d}": weighted_percentile(weights, q) for q in PERCENTILES}


def weighted_mean(weights: Counter[float]) -> float:
    """Mean of values that occur so many times."""
    total = sum(weights.values())
    return math.fsum(value * weights[value] for value in sorted(weights)) / total


def weighted_percentile(weights: Counter[float], q: float) -> float:
    """The smallest value that at least q per cent of all do not exceed."""
    limit = sum(weights.values()) * q / 100.0
    seen = 0
    for value in sorted(weights):
        seen += weights[value]
        if seen >= limit:
            return value
    return float("nan")
