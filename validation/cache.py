"""A cache with a time to live, and least recently used entries evicted: L1 and L2."""

from __future__ import annotations

import time
from collections import OrderedDict


class Cache:
    """Entries live `ttl` s from when they were put; a hit renews the rank, not the life."""

    def __init__(self, capacity: int, ttl: float) -> None:
        self.capacity = capacity
        self.ttl = ttl
        self.ends: OrderedDict[str, float] = OrderedDict()
        self.evicted: set[str] = set()

    def look(self, key: str) -> str:
        """`hit`, or why it is none: `ttl_expired`, `evicted`, `absent`."""
        end = self.ends.get(key)
        if end is None:
            return "evicted" if key in self.evicted else "absent"
        if time.monotonic() >= end:
            return "ttl_expired"
        self.ends.move_to_end(key)
        return "hit"

    def put(self, key: str, until: float = float("inf")) -> None:
        """Keep it for the time to live, or until then (monotonic s) if that is sooner."""
        self.ends[key] = min(time.monotonic() + self.ttl, until)
        self.ends.move_to_end(key)
        self.evicted.discard(key)
        if len(self.ends) > self.capacity:
            gone, _ = self.ends.popitem(last=False)
            self.evicted.add(gone)
