"""The published stickiness rule, as a pure function of what was measured.

From a base of 50, every time: latency < 50 ms +10, > 200 ms -10; rate > 100/s +5, < 10/s -5; errors > 5 % -15,
< 1 % +10; clamped to 0..100. All comparisons are strict: exactly at a threshold contributes nothing. Its range is
therefore 20..75 and its clamp never binds. May import: numpy. Does not model: who measures, and when.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class StickinessRule:
    """Thresholds and steps; latencies in seconds, rates per second, errors as ratios 0..1."""

    base: float = 50.0
    latency_low_s: float = 0.05
    latency_high_s: float = 0.2
    rate_low_per_s: float = 10.0
    rate_high_per_s: float = 100.0
    error_low_ratio: float = 0.01
    error_high_ratio: float = 0.05
    latency_low_step: float = 10.0
    latency_high_step: float = -10.0
    rate_low_step: float = -5.0
    rate_high_step: float = 5.0
    error_low_step: float = 10.0
    error_high_step: float = -15.0

    def weights(
        self, start: FloatArray | float, latency_s: FloatArray, rate_per_s: FloatArray, error_ratio: FloatArray
    ) -> FloatArray:
        """New weights from `start` (the base, or the previous weights), elementwise; a latency of NaN adds 0."""
        weight = start + self.latency_term(latency_s)
        weight = weight + np.where(rate_per_s > self.rate_high_per_s, self.rate_high_step, 0.0)
        weight = weight + np.where(rate_per_s < self.rate_low_per_s, self.rate_low_step, 0.0)
        weight = weight + np.where(error_ratio > self.error_high_ratio, self.error_high_step, 0.0)
        weight = weight + np.where(error_ratio < self.error_low_ratio, self.error_low_step, 0.0)
        clamped: FloatArray = np.clip(weight, 0.0, 100.0)
        return clamped

    def latency_term(self, latency_s: FloatArray) -> FloatArray:
        """What the latency alone adds; NaN (no sample) adds 0."""
        low: FloatArray = np.where(latency_s < self.latency_low_s, self.latency_low_step, 0.0)
        return low + np.where(latency_s > self.latency_high_s, self.latency_high_step, 0.0)


def adjust_stickiness(
    *,
    network_latency_s: float | None,
    request_rate_per_s: float,
    error_ratio: float,
    weight: float | None = None,
    rule: StickinessRule | None = None,
) -> float:
    """The stickiness weight, 0..100, that the rule gives for one session.

    Args:
        network_latency_s: mean round trip between client and edge, seconds; None or NaN for no sample.
        request_rate_per_s: requests per second over the window.
        error_ratio: failed attempts / attempts ended, 0..1.
        weight: start from this weight (the cumulative model) instead of from the rule's base.
        rule: thresholds and steps; the published ones unless given.

    Raises:
        ValueError: a negative or non-finite measurement, or a weight outside 0..100.

    >>> adjust_stickiness(network_latency_s=0.04, request_rate_per_s=120, error_ratio=0.001)
    75
    """
    latency = math.nan if network_latency_s is None else float(network_latency_s)
    if latency < 0 or math.isinf(latency):
        raise ValueError(f"network_latency_s must be seconds >= 0 (or None for no sample), not {network_latency_s!r}")
    if not (math.isfinite(request_rate_per_s) and request_rate_per_s >= 0):
        raise ValueError(f"request_rate_per_s must be a rate >= 0, not {request_rate_per_s!r}")
    if not 0 <= error_ratio <= 1:
        raise ValueError(f"error_ratio must be within 0..1, not {error_ratio!r}")
    if weight is not None and not 0 <= weight <= 100:
        raise ValueError(f"weight must be within 0..100, not {weight!r}")
    rule = rule or StickinessRule()
    start = rule.base if weight is None else float(weight)
    result = float(rule.weights(start, np.array([latency]), np.array([request_rate_per_s]), np.array([error_ratio]))[0])
    return int(result) if result.is_integer() else result
