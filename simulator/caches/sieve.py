"""SIEVE: a FIFO queue with one bit an entry and a hand that sifts. Imports only the base and registry.

Source: Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is simpler than LRU: an efficient
turn-key eviction algorithm for Web caches", NSDI 2024, algorithm 1.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from simulator.caches.base import Cache
from simulator.caches.registry import register


@register("sieve")
class SieveCache(Cache):
    """Evicts the first unvisited entry that the hand meets on its way from the oldest to the newest.

    Visited entries that it meets lose their bit and keep their place; past the newest the hand starts again
    at the oldest. The queue is kept in two parts, oldest first: those that the hand has ``_passed`` and those
    ``_ahead`` of it, whose first is under the hand. New entries join at the end of ``_ahead``, which is empty
    only in an empty cache: when the hand has passed the newest entry, the two parts change names.
    """

    __slots__ = ("_ahead", "_passed", "_visited")

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        self._visited: set[Hashable] = set()
        super().__init__(capacity, ttl_s, ttl_mode, seed, touch=self._visited.add)
        self._ahead: OrderedDict[Hashable, None] = OrderedDict()
        self._passed: OrderedDict[Hashable, None] = OrderedDict()

    def _admit(self, key: Hashable, /) -> None:
        if len(self._entries) >= self._limit:
            self._evict(self._sift())
        self._ahead[key] = None

    def _sift(self) -> Hashable:
        visited = self._visited
        while True:
            key, _ = self._ahead.popitem(last=False)
            spared = key in visited
            if spared:
                visited.remove(key)
                self._passed[key] = None
            if not self._ahead:
                self._wrap()
            if not spared:
                return key

    def _remove(self, key: Hashable) -> None:
        super()._remove(key)
        self._visited.discard(key)
        if key in self._ahead:
            del self._ahead[key]
            if not self._ahead:
                self._wrap()
        else:
            del self._passed[key]

    def clear(self) -> None:
        """Remove every entry; the hand starts anew."""
        super().clear()
        self._visited.clear()
        self._ahead.clear()
        self._passed.clear()

    def _wrap(self) -> None:
        self._ahead, self._passed = self._passed, self._ahead
