"""Links and retries: lognormal latency, transmission, bursty loss, attempts a request.

Times in seconds, sizes in bytes. Sources: Gilbert, BSTJ 39 (1960); Elliott, BSTJ 42 (1963).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri


def lognormal_mean(median: float, sigma: float) -> float:
    """Mean."""
    return median * math.exp(sigma * sigma / 2.0)


def lognormal_percentile(median: float, sigma: float, q: float) -> float:
    """Percentile, q within 0..1."""
    return median * math.exp(sigma * float(ndtri(q)))


def transmission_s(size_bytes: float, bits_per_s: float) -> float:
    """Seconds to put a message on the wire."""
    return size_bytes * 8.0 / bits_per_s


def md1_wait_s(load: float, service_s: float) -> float:
    """Wait of M/D/1."""
    return load * service_s / (2.0 * (1.0 - load))


class GilbertElliottChain:
    """Loss of a two-state chain, stepped per message; k and h are the chances to get through."""

    def __init__(self, p: float, r: float, k: float = 1.0, h: float = 0.0) -> None:
        self.step = np.array([[1.0 - p, p], [r, 1.0 - r]])
        self.law = np.array([r, p]) / (p + r)
        self.lose = np.array([1.0 - k, 1.0 - h])

    def lost_in_a_row(self, count: int) -> float:
        """P(so many given messages in a row are lost)."""
        state = self.law * self.lose
        for _ in range(count - 1):
            state = (state @ self.step) * self.lose
        return float(state.sum())

    @property
    def loss(self) -> float:
        """P(lost)."""
        return self.lost_in_a_row(1)

    @property
    def loss_after_loss(self) -> float:
        """P(lost | the one before was)."""
        return self.lost_in_a_row(2) / self.loss

    @property
    def mean_burst(self) -> float:
        """Mean number lost in a row."""
        return 1.0 / (1.0 - self.loss_after_loss) if self.lose[0] == 0.0 and self.lose[1] == 1.0 else math.nan


class RetryTheory:
    """Attempts of a request whose every attempt fails with probability q; `limit` retries.

    `backoff_s(j)` is what is waited before retry j (from 0), on average.
    """

    def __init__(self, q: float, limit: int, rtt_s: float, timeout_s: float, backoff_s: Callable[[int], float]) -> None:
        self.q = q
        self.limit = limit
        chances = [(1.0 - q) * q**j for j in range(limit + 1)]
        lost_s = [math.fsum(timeout_s + backoff_s(i) for i in range(j)) for j in range(limit + 1)]
        ok = math.fsum(chances)
        self.ok_latency_s = math.fsum(c * (w + rtt_s) for c, w in zip(chances, lost_s, strict=True)) / ok
        self.failed_latency_s = lost_s[limit] + timeout_s

    @property
    def attempts(self) -> float:
        """Sends a request."""
        return math.fsum(self.q**j for j in range(self.limit + 1))

    @property
    def failed(self) -> float:
        """P(all fail)."""
        return float(self.q ** (self.limit + 1))


def round_trip_loss(leg: float) -> float:
    """P(request or answer is lost)."""
    return 1.0 - (1.0 - leg) ** 2
