"""W-TinyLFU: a small LRU window, then a segmented LRU that only keys used more than its victim enter.

Imports the base, registry and sketch. Source: G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly
efficient cache admission policy", ACM Transactions on Storage 13(4), 2017, section 4; shares as in Caffeine's
defaults. Not modelled: Caffeine's hill climber, which adapts the window, and its random admissions against
hash flooding.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from simulator.caches.base import Cache
from simulator.caches.registry import register
from simulator.caches.sketch import FrequencySketch

WINDOW_SHARE = 0.01
PROTECTED_SHARE = 0.8  # of the main part


@register("wtinylfu")
class WTinyLfuCache(Cache):
    """Evicts the rarer of two: the entry that leaves the window, and the oldest on probation.

    Keys are ints, strings, bytes or tuples of these (they are digested for the sketch).
    """

    __slots__ = (
        "_main_limit",
        "_probation",
        "_protected",
        "_protected_limit",
        "_sketch",
        "_window",
        "_window_limit",
    )

    def __init__(self, capacity: int, ttl_s: float | None = None, ttl_mode: str = "fixed", seed: int = 1) -> None:
        super().__init__(capacity, ttl_s, ttl_mode, seed, touch=self._use)
        self._window_limit = max(1, round(self._limit * WINDOW_SHARE))
        self._main_limit = self._limit - self._window_limit
        self._protected_limit = int(self._main_limit * PROTECTED_SHARE)
        self._window: OrderedDict[Hashable, None] = OrderedDict()  # all three: least recently used first
        self._probation: OrderedDict[Hashable, None] = OrderedDict()
        self._protected: OrderedDict[Hashable, None] = OrderedDict()
        self._sketch = FrequencySketch(self._limit, seed)

    def _use(self, key: Hashable) -> None:
        self._sketch.add(key)
        if key in self._protected:
            self._protected.move_to_end(key)
        elif key in self._probation:
            del self._probation[key]
            self._protected[key] = None
            if len(self._protected) > self._protected_limit:
                demoted, _ = self._protected.popitem(last=False)
                self._probation[demoted] = None
        else:
            self._window.move_to_end(key)

    def _admit(self, key: Hashable, /) -> None:
        self._sketch.add(key)
        self._window[key] = None
        if len(self._window) <= self._window_limit:
            return
        candidate, _ = self._window.popitem(last=False)
        if len(self._probation) + len(self._protected) < self._main_limit:
            self._probation[candidate] = None
            return
        main = self._probation or self._protected
        victim = next(iter(main), None)
        if victim is not None and self._sketch.count(candidate) > self._sketch.count(victim):
            del main[victim]
            self._probation[candidate] = None
            self._evict(victim)
        else:
            self._evict(candidate)

    def _remove(self, key: Hashable) -> None:
        super()._remove(key)
        if key in self._protected:
            del self._protected[key]
        elif key in self._probation:
            del self._probation[key]
        else:
            del self._window[key]

    def clear(self) -> None:
        """Remove every entry, and forget every use count."""
        super().clear()
        self._window.clear()
        self._probation.clear()
        self._protected.clear()
        self._sketch.clear()
