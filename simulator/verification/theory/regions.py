"""Load among sites: how Envoy spills what a priority level cannot carry (its documentation, "Priority levels").

Written apart from what the simulator does, in exact fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def envoy_shares(healthy: Sequence[tuple[int, int]], factor: Fraction) -> list[float]:
    """The share of each level, best first, from (healthy, all) hosts of each; 0 everywhere where nobody is healthy.

    load(P_i) = min(100, health(P_i) * 100 / normalised total) of what is left, health(P) = min(100, factor * healthy
    share), the normalised total min(100, sum of health).
    """
    health = [min(Fraction(1), factor * Fraction(up, of)) for up, of in healthy]
    normalised = min(Fraction(1), sum(health, Fraction(0)))
    shares: list[Fraction] = []
    for one in health:
        left = Fraction(1) - sum(shares, Fraction(0))
        shares.append(min(left, one / normalised) if normalised else Fraction(0))
    return [float(share) for share in shares]
