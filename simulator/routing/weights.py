"""Weights of edges: how much of an edge each counts where one is chosen among several.

An edge counts its own weight (`edges.*.weight`), and after it comes (back) only a share of that, which grows over a
window (slow start): max(least, (t / window)^(1 / aggression)), as Envoy has it; with an aggression of 1 it grows in a
line, as in HAProxy and NGINX. Random choices are in proportion to weights; loads are compared as (n + 1) / weight.

Does not choose: see `by_weight`. Does not model: nearest edges, cookies that are held, hashing; weights leave them
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

INFINITY: Final = float("inf")


class Weights:
    """What each edge counts at the present time.

    Args:
        fixed: the weight of each edge, > 0.
        now: the time, seconds.
    """

    __slots__ = ("_begun_s", "_exponent", "_least", "_now", "_ramps", "_window_s", "fixed")

    def __init__(self, fixed: Sequence[float], now: Callable[[], float]) -> None:
        self.fixed = list(fixed)
        self._now = now
        self._begun_s = [-INFINITY] * len(self.fixed)  # when each one's slow start began
        self._ramps = 0  # how many slow starts may not be over
        self._window_s = 0.0
        self._least = 1.0
        self._exponent = 1.0

    def slow_start(self, window_s: float, least: float, aggression: float) -> None:
        """From now on an edge whose slow start begins counts less for `window_s` seconds.

        Args:
            window_s: > 0.
            least: the least share of its weight, 0..1.
            aggression: > 0; above 1 the share grows faster at first.
        """
        self._window_s, self._least, self._exponent = window_s, least, 1.0 / aggression

    def begin(self, edge: int, now_s: float) -> None:
        """An edge comes (back): its slow start begins."""
        if self._window_s > 0.0:
            self._begun_s[edge] = now_s
            self._ramps += 1

    def of(self, edge: int) -> float:
        """What an edge counts now."""
        if not self._ramps:
            return self.fixed[edge]
        return self.fixed[edge] * self.share(edge)

    def share(self, edge: int) -> float:
        """Which share of its weight an edge counts now, 0..1."""
        begun_s = self._begun_s[edge]
        if begun_s == -INFINITY:
            return 1.0
        t = (self._now() - begun_s) / self._window_s
        if t < 1.0:
            return max(self._least, float(t**self._exponent))
        self._begun_s[edge] = -INFINITY
        self._ramps = sum(other > -INFINITY for other in self._begun_s)
        return 1.0


def weighted(load: int, weight: float) -> float:
    """A load as it is compared where edges have weights; infinity at one that counts nothing yet."""
    return (load + 1) / weight if weight > 0.0 else INFINITY
