"""Availability: repair, detection by heartbeat, and what clients see of it. Times in seconds.

Source: Barlow & Proschan, Mathematical Theory of Reliability (1965); the rest follows from the uniform phase of a
crash within a heartbeat period.
"""

from __future__ import annotations

import math


def steady(mttf_s: float, mttr_s: float) -> float:
    """Share of time up."""
    return mttf_s / (mttf_s + mttr_s)


def detection_mean_s(period_s: float, misses: int) -> float:
    """Uniform on (misses - 1, misses] periods."""
    return (misses - 0.5) * period_s


def detection_variance_s2(period_s: float) -> float:
    """Of that."""
    return period_s * period_s / 12.0


def seen_outage_s(period_s: float, misses: int, mttr_s: float) -> float:
    """E[min(detection, exponential repair)]: the integral of mttr (1 - exp(-u / mttr)) over the uniform detection."""
    low, high = (misses - 1) * period_s, misses * period_s
    return mttr_s * (1.0 - mttr_s / (high - low) * (math.exp(-low / mttr_s) - math.exp(-high / mttr_s)))


def seen_unavailability(mttf_s: float, outage_s: float) -> float:
    """Sessions that follow: up for MTTF (no memory), then without service for the outage."""
    return outage_s / (mttf_s + outage_s)
