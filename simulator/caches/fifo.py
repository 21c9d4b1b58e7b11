"""First in, first out: evict the entry that was filled first. Imports only the base and registry.

Source: W. F. King, "Analysis of demand paging algorithms", IFIP Congress 1971, for its exact hit ratio.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from simulator.caches.base import Cache
from simulator.caches.registry import register


@register("fifo")
class FifoCache(Cache):
    """Evicts the oldest entry; neither a hit nor a refill of a present key moves it back."""

    __slots__ = ("_order",)

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        super().__init__(capacity, ttl_s, ttl_mode, seed)
        self._order: OrderedDict[Hashable, None] = OrderedDict()

    def _admit(self, key: Hashable, /) -> None:
        if len(self._order) >= self._limit:
            oldest, _ = self._order.popitem(last=False)
            self._evict(oldest)
        self._order[key] = None

    def _remove(self, key: Hashable) -> None:
        super()._remove(key)
        del self._order[key]

    def clear(self) -> None:
        """Remove every entry."""
        super().clear()
        self._order.clear()
