"""Least frequently used: evict the entry with the fewest uses. Imports only the base and registry.

Source: K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for implementing the LFU cache eviction scheme",
2010. Not modelled: ageing of the counts, and memory of keys that left (they come back with one use).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from simulator.caches.base import Cache
from simulator.caches.registry import register


@register("lfu")
class LfuCache(Cache):
    """Evicts the entry used least often since its fill, among equals the least recently used.

    The fill is the first use; hits and fills of a present key are further ones.
    """

    __slots__ = ("_buckets", "_least", "_uses")

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        super().__init__(capacity, ttl_s, ttl_mode, seed, touch=self._use)
        self._uses: dict[Hashable, int] = {}
        self._buckets: dict[int, OrderedDict[Hashable, None]] = {}  # uses -> keys, least recently used first
        self._least = 1  # the lowest non-empty bucket whenever the cache is full

    def _use(self, key: Hashable) -> None:
        uses = self._uses[key]
        self._leave_bucket(key, uses)
        if self._least == uses and uses not in self._buckets:
            self._least = uses + 1
        self._enter_bucket(key, uses + 1)

    def _admit(self, key: Hashable, /) -> None:
        if len(self._entries) >= self._limit:
            victim = next(iter(self._buckets[self._least]))
            self._leave_bucket(victim, self._uses.pop(victim))
            self._evict(victim)
        self._enter_bucket(key, 1)
        self._least = 1

    def _remove(self, key: Hashable) -> None:
        # If this empties the lowest bucket, the fill that makes the cache full again puts `_least` right.
        super()._remove(key)
        self._leave_bucket(key, self._uses.pop(key))

    def clear(self) -> None:
        """Remove every entry and its count."""
        super().clear()
        self._uses.clear()
        self._buckets.clear()

    def _enter_bucket(self, key: Hashable, uses: int) -> None:
        self._uses[key] = uses
        bucket = self._buckets.get(uses)
        if bucket is None:
            bucket = self._buckets[uses] = OrderedDict()
        bucket[key] = None

    def _leave_bucket(self, key: Hashable, uses: int) -> None:
        bucket = self._buckets[uses]
        del bucket[key]
        if not bucket:
            del self._buckets[uses]
