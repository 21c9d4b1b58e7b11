"""Leases: renewals, batches, lapses, reads under leases.

Times in seconds: length L, margin M, tick D. A lease is renewed at the first tick at which M or less remains, so
every I = D ceil((L - M) / D). Source of the first: Gray & Cheriton, SOSP 1989.
"""

from __future__ import annotations

import math


def relative_load(reads_per_s: float, term_s: float, lost_s: float = 0.1025) -> float:
    """Consistency messages under leases, relative to none: 1/(1 + R t), the term less skew and round trip."""
    return 1.0 / (1.0 + reads_per_s * (term_s - lost_s))


def interval_s(length_s: float, margin_s: float, tick_s: float) -> float:
    """Time between two renewals of a lease."""
    return tick_s * math.ceil((length_s - margin_s) / tick_s - 1e-9)


def renewals_per_s(sessions: int, length_s: float, margin_s: float, tick_s: float) -> float:
    """N / I."""
    return sessions / interval_s(length_s, margin_s, tick_s)


def batches_per_s(sessions: int, length_s: float, margin_s: float, tick_s: float) -> float:
    """A tick has a batch unless none of N sessions with phases uniform over K = I / D ticks is due."""
    ticks = interval_s(length_s, margin_s, tick_s) / tick_s
    return (1.0 - (1.0 - 1.0 / ticks) ** sessions) / tick_s


def open_renewals_per_s(opened_per_s: float, life_s: float, length_s: float, margin_s: float, tick_s: float) -> float:
    """Sessions open as a Poisson process and live exponentially: each is renewed at the ticks it lives to see.

    The first renewal comes L - M after the opening, rounded up to a tick; with L - M a multiple of D the rounding
    is uniform on (0, D); then one every I.
    """
    every = interval_s(length_s, margin_s, tick_s)
    rounding = life_s / tick_s * -math.expm1(-tick_s / life_s)
    return opened_per_s * math.exp(-(length_s - margin_s) / life_s) * rounding / -math.expm1(-every / life_s)


def open_batches_per_s(renewals_per_s: float, tick_s: float) -> float:
    """The number due at a tick is Poisson."""
    return -math.expm1(-renewals_per_s * tick_s) / tick_s


def lapse_ratio(lost: float, attempts: int) -> float:
    """All attempts that fit the margin are lost."""
    return lost**attempts
