"""S3-FIFO: a small queue that filters, a main queue that keeps, a ghost queue that remembers.

Imports only the base and registry. Source: J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO queues are
all you need for cache eviction", SOSP 2023, algorithm 1: the small queue takes a tenth of the room, the ghost
queue remembers as many keys as the main queue holds, counts stop at three.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from simulator.caches.base import Cache
from simulator.caches.registry import register

SMALL_SHARE = 0.1
MOST_USES = 3
USES_TO_STAY = 2  # "freq > 1" in the paper


@register("s3fifo")
class S3FifoCache(Cache):
    """Evicts new entries not used twice before their turn, and main entries not used since their last turn.

    An expired or discarded entry leaves no ghost behind: the policy did not choose it.
    """

    __slots__ = ("_ghost", "_ghost_limit", "_main", "_small", "_small_limit", "_uses")

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        super().__init__(capacity, ttl_s, ttl_mode, seed, touch=self._use)
        self._small_limit = max(1, int(self._limit * SMALL_SHARE))
        self._ghost_limit = self._limit - self._small_limit
        self._small: OrderedDict[Hashable, None] = OrderedDict()
        self._main: OrderedDict[Hashable, None] = OrderedDict()
        self._ghost: OrderedDict[Hashable, None] = OrderedDict()
        self._uses: dict[Hashable, int] = {}  # hits since the entry joined its queue; no item for none

    def _use(self, key: Hashable) -> None:
        uses = self._uses.get(key, 0)
        if uses < MOST_USES:
            self._uses[key] = uses + 1

    def _admit(self, key: Hashable, /) -> None:
        remembered = key in self._ghost  # before room is made, which may push the key out
        if len(self._entries) >= self._limit:
            if len(self._small) >= self._small_limit or not self._main:
                self._evict_small()
            else:
                self._evict_main()
        if remembered:
            self._ghost.pop(key, None)
            self._main[key] = None
        else:
            self._small[key] = None

    def _evict_small(self) -> None:
        """Move the oldest small entries, if used often enough, to the main queue; evict the first other."""
        main_limit = self._limit - self._small_limit
        while True:  # ends, as a full cache has no room for all of its entries in the main queue
            key, _ = self._small.popitem(last=False)
            if self._uses.pop(key, 0) < USES_TO_STAY:
                self._remember(key)
                self._evict(key)
                return
            self._main[key] = None
            if len(self._main) > main_limit:
                self._evict_main()
                return

    def _evict_main(self) -> None:
        """Evict the oldest main entry without a use; those met on the way pay one use and go to the end."""
        uses = self._uses
        while True:
            key, _ = self._main.popitem(last=False)
            count = uses.pop(key, 0)
            if not count:
                self._evict(key)
                return
            if count > 1:
                uses[key] = count - 1
            self._main[key] = None

    def _remember(self, key: Hashable) -> None:
        self._ghost[key] = None
        if len(self._ghost) > self._ghost_limit:
            self._ghost.popitem(last=False)

    def _remove(self, key: Hashable) -> None:
        super()._remove(key)
        self._uses.pop(key, None)
        if key in self._small:
            del self._small[key]
        else:
            del self._main[key]

    def clear(self) -> None:
        """Remove every entry, and the ghosts."""
        super().clear()
        self._uses.clear()
        self._small.clear()
        self._main.clear()
        self._ghost.clear()
