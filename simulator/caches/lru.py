"""Least recently used: evict the entry whose last use lies furthest back. Imports only the base and registry.

Source: P. J. Denning, "The working set model for program behavior", CACM 11(5), 1968, for the idea; H. Che,
Y. Tung, Z. Wang, "Hierarchical Web caching systems", IEEE JSAC 20(7), 2002, for its hit ratio.
"""

from __future__ import annotations

from collections.abc import Hashable

from mypy_extensions import mypyc_attr

from simulator.caches.base import Cache, Entry
from simulator.caches.registry import register


@mypyc_attr(allow_interpreted_subclasses=True)
class LruCache(Cache):
    """Evicts the least recently used entry; hits and fills of a present key are uses.

    Entries are in a ring by their last uses, the newest before ``_ring`` and the oldest after it, which is none.
    """

    __slots__ = ("_ring",)

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        super().__init__(capacity, ttl_s, ttl_mode, seed)
        self._ring = Entry(None, 0.0, 0.0)
        self._close_ring()

    def _admit(self, _key: Hashable, /) -> None:
        if len(self._entries) >= self._limit:
            oldest = self._ring.newer
            self._unlink(oldest)
            self._evict(oldest.key)

    def _filled(self, entry: Entry) -> None:
        ring = self._ring
        newest = ring.older
        entry.older, entry.newer = newest, ring
        newest.newer = ring.older = entry

    def _used(self, entry: Entry) -> None:
        ring = self._ring
        newest = ring.older
        if newest is not entry:
            older, newer = entry.older, entry.newer
            older.newer, newer.older = newer, older
            entry.older, entry.newer = newest, ring
            newest.newer = ring.older = entry

    def _unlink(self, entry: Entry) -> None:
        older, newer = entry.older, entry.newer
        older.newer, newer.older = newer, older

    def _remove(self, key: Hashable) -> None:
        self._unlink(self._entries[key])
        super()._remove(key)

    def clear(self) -> None:
        """Remove every entry, each of which holds its neighbours."""
        for entry in self._entries.values():
            entry.older = entry.newer = self._ring
        super().clear()
        self._close_ring()

    def _close_ring(self) -> None:
        self._ring.older = self._ring.newer = self._ring


register("lru")(LruCache)  # no decorator: a compiler takes classes without
