"""Least recently used: evict the entry whose last use lies furthest back. Imports only the base and registry.

Source: P. J. Denning, "The working set model for program behavior", CACM 11(5), 1968, for the idea; H. Che,
Y. Tung, Z. Wang, "Hierarchical Web caching systems", IEEE JSAC 20(7), 2002, for its hit ratio.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from mypy_extensions import mypyc_attr

from simulator.caches.base import Cache
from simulator.caches.registry import register


@mypyc_attr(allow_interpreted_subclasses=True)
class LruCache(Cache):
    """Evicts the least recently used entry; hits and fills of a present key are uses.

    The entries themselves are the order, oldest use first, so that a hit costs two calls into C.
    """

    __slots__ = ("_order",)

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        order: OrderedDict[Hashable, float] = OrderedDict()
        super().__init__(capacity, ttl_s, ttl_mode, seed, entries=order, touch=order.move_to_end)
        self._order = order

    def _admit(self, _key: Hashable, /) -> None:
        if len(self._order) >= self._limit:
            self._evicted(*self._order.popitem(last=False))


register("lru")(LruCache)  # no decorator: a compiler takes classes without
