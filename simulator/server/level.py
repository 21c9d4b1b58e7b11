"""One level of cache at a node: the cache, how long its entries are fresh, and why it has not what it has not.

May import: the cache contract. Does not model: how often an entry is read, or by whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.caches.absent import Absent

if TYPE_CHECKING:
    from simulator.agents.client import SessionId
    from simulator.caches.base import Cache
    from simulator.engine.samplers import Sampler


class Level:
    """A cache of sessions' records. Times are seconds.

    Args:
        cache: the cache.
        ttl_s: TTLs, one for each entry; None where entries do not expire.
    """

    __slots__ = ("_absent", "cache", "ttl_s")

    def __init__(self, cache: Cache, ttl_s: Sampler | None) -> None:
        self.cache = cache
        self.ttl_s = ttl_s
        self._absent = Absent()
        cache.on_evict = self._absent.evicted

    def lookup(self, session_id: SessionId, now_s: float) -> bool:
        """Whether it has a fresh record."""
        return self.cache.lookup(session_id, now_s)

    def cause(self, session_id: SessionId, now_s: float) -> int:
        """Why the lookup that was just made missed: a `Cause`."""
        return self._absent.cause(self.cache, session_id, now_s)

    def fill(self, session_id: SessionId, now_s: float) -> None:
        """Put a record in, with a TTL of its own."""
        self._absent.forget(session_id)
        self.put(session_id, now_s, None if self.ttl_s is None else self.ttl_s.next())

    def put(self, session_id: SessionId, now_s: float, ttl_s: float | None) -> None:
        """Put a record in that is fresh for so long, for ever (None), or never (0)."""
        if ttl_s is None:
            self.cache.insert(session_id, now_s)
        elif ttl_s > 0.0:
            self.cache.insert(session_id, now_s, ttl_s)

    def ttl_left_s(self, session_id: SessionId, now_s: float) -> float:
        """For how long a record is still fresh, 0 if it is not here."""
        expires_at_s = self.cache.expires_at(session_id)
        return 0.0 if expires_at_s is None else expires_at_s - now_s

    def close(self, session_id: SessionId) -> None:
        """A session is closed: its record is not needed any more."""
        self.cache.discard(session_id)
        self._absent.forget(session_id)

    def empty(self, cause: int) -> None:
        """Lose all records; the next misses of what it held have this cause (a `Cause`)."""
        self._absent.empty(self.cache, cause)
