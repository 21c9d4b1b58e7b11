"""What is no longer in a cache, and why: the cause of the next miss.

An entry that would have expired by the time of the miss is `ttl_expired`, whatever else had happened to it before.
May import: the cache contract, the vocabulary of requests. Changes a cache only where it is told to empty it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.messages import Cause

if TYPE_CHECKING:
    from simulator.caches.base import Cache

COLD: Final = int(Cause.COLD)
TTL_EXPIRED: Final = int(Cause.TTL_EXPIRED)
EVICTED: Final = int(Cause.EVICTED)


class Absent:
    """Entries that left a cache other than by expiring in it, with the time at which they would have expired.

    Times are seconds, infinity for an entry without a TTL.
    """

    __slots__ = ("_expires_at_s", "_why")

    def __init__(self) -> None:
        self._expires_at_s: dict[Any, float] = {}
        self._why: dict[Any, int] = {}  # only what was not evicted

    def evicted(self, key: Any, expires_at_s: float) -> None:
        """An entry made room for another."""
        self._expires_at_s[key] = expires_at_s
        if self._why:
            self._why.pop(key, None)

    def note(self, key: Any, expires_at_s: float, cause: int) -> None:
        """An entry is gone for another `Cause`."""
        self._expires_at_s[key] = expires_at_s
        self._why[key] = cause

    def forget(self, key: Any) -> None:
        """The entry is there again, or nobody will ask for it any more."""
        if self._expires_at_s:
            self._expires_at_s.pop(key, None)
            if self._why:
                self._why.pop(key, None)

    def empty(self, cache: Cache, cause: int) -> None:
        """Lose all that `cache` holds, for this `Cause`."""
        for key in list(cache.keys()):
            expires_at_s = cache.expires_at(key)
            assert expires_at_s is not None
            self.note(key, expires_at_s, cause)
        cache.clear()

    def cause(self, cache: Cache, key: Any, now_s: float) -> int:
        """Why the lookup of `key` in `cache` that was just made, at `now_s`, missed: COLD if it was never there."""
        if cache.last_expired:
            self.evicted(key, now_s)  # gone from the cache; known here until it is filled again
        expires_at_s = self._expires_at_s.get(key)
        if expires_at_s is None:
            return COLD
        if now_s >= expires_at_s:
            return TTL_EXPIRED
        return self._why.get(key, EVICTED)
