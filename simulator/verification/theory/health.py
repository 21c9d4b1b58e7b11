"""Health checks: detection, false alarms, ejection, slow start. Times in seconds.

Runs of Bernoulli trials: Feller, An Introduction to Probability Theory and Its Applications I (1968), XIII.7. The rest
follows from the uniform phase of a crash within a period, and from renewal and reward.
"""

from __future__ import annotations

import math

from scipy.integrate import quad


def detection_span_s(period_s: float, timeout_s: float, fall: int) -> tuple[float, float]:
    """A crash at a random moment is found after a time uniform on (the first, the second]."""
    return (fall - 1) * period_s + timeout_s, fall * period_s + timeout_s


def trials_until_run(chance: float, length: int) -> float:
    """Mean number of trials until so many successes in a row, each of that chance (Feller XIII.7)."""
    return (chance**-length - 1.0) / (1.0 - chance)


def believed_failed(lost: float, fall: int, rise: int, period_s: float, timeout_s: float) -> float:
    """Share of time that a healthy edge is believed failed, whose probes are lost independently.

    A failure is known a timeout after its probe was sent, a success at once.
    """
    healthy, unhealthy = trials_until_run(lost, fall), trials_until_run(1.0 - lost, rise)
    return (unhealthy * period_s - timeout_s) / ((healthy + unhealthy) * period_s)


def failed_share(rate: float, edges: int, consecutive: int, ejection_s: float) -> float:
    """One edge of these answers errors only, requests go to any: failed ones, of those of a cycle of ejections."""
    return consecutive / (rate * ejection_s + consecutive * edges)


def ramp_share(window_s: float, least: float, aggression: float) -> float:
    """The share of an edge that comes back, of the load of two, over its slow start: the mean of w / (1 + w)."""

    def share(t_s: float) -> float:
        weight = max(least, math.pow(t_s / window_s, 1.0 / aggression))
        return weight / (1.0 + weight)

    kink_s = window_s * least**aggression
    total = quad(share, 0.0, kink_s)[0] + quad(share, kink_s, window_s)[0]
    return float(total / window_s)
