"""Random replacement: evict an entry drawn uniformly. Imports only the base and registry.

Source: E. Gelenbe, "A unified approach to the evaluation of a class of replacement algorithms", IEEE Trans.
Computers 22(6), 1973: under independent requests its hit ratio is exactly that of FIFO.
"""

from __future__ import annotations

from collections.abc import Hashable
from random import Random

from simulator.caches.base import Cache
from simulator.caches.registry import register


@register("random")
class RandomCache(Cache):
    """Evicts one of its entries at random, from a generator of its own; hits change nothing."""

    __slots__ = ("_draw", "_keys", "_places")

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        super().__init__(capacity, ttl_s, ttl_mode, seed)
        self._draw = Random(seed).random
        self._keys: list[Hashable] = []
        self._places: dict[Hashable, int] = {}  # key -> its index in `_keys`

    def _admit(self, key: Hashable, /) -> None:
        if len(self._keys) >= self._limit:
            victim = self._keys[int(self._draw() * len(self._keys))]
            self._free_place(victim)
            self._evict(victim)
        self._places[key] = len(self._keys)
        self._keys.append(key)

    def _remove(self, key: Hashable) -> None:
        super()._remove(key)
        self._free_place(key)

    def _free_place(self, key: Hashable) -> None:
        place = self._places.pop(key)
        last = self._keys.pop()
        if place < len(self._keys):  # the last key takes the place that became free
            self._keys[place] = last
            self._places[last] = place

    def clear(self) -> None:
        """Remove every entry; the draws go on where they were."""
        super().clear()
        self._keys.clear()
        self._places.clear()
