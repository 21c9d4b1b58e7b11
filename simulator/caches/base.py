"""The contract of a cache tier and everything that all replacement policies share: entries and their TTLs.

A policy decides *which* entry leaves when there is no room; this module decides what is valid *when*. It may
import the standard library only. Not modelled: sizes (capacity counts entries, and a session is one entry),
values (the simulator asks only whether a session is cached), and background expiry (an expired entry keeps
its place until it is looked up or the policy evicts it).
"""

from __future__ import annotations

import math
import operator
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, KeysView
from typing import Any, ClassVar, NoReturn

from mypy_extensions import mypyc_attr

TTL_MODES = ("fixed", "sliding")


class Entry:
    """One entry: until when it is valid, seconds, and its neighbours where a policy keeps entries in an order.

    In a sliding cache `ttl_s` is what a hit renews it by, and `ceiling_s` how far at most.
    """

    __slots__ = ("ceiling_s", "expires_at_s", "key", "newer", "older", "ttl_s")

    newer: Entry
    older: Entry

    def __init__(self, key: Hashable, expires_at_s: float, ttl_s: float) -> None:
        self.key = key
        self.expires_at_s = expires_at_s
        self.ttl_s = ttl_s
        self.ceiling_s = math.inf


@mypyc_attr(allow_interpreted_subclasses=True)
class Cache(ABC):
    """A set of keys with expiry times, bounded by a replacement policy.

    All times are seconds on the caller's clock, which must not run backwards. An entry is valid while
    ``now_s < expires_at_s``: exactly at its expiry it no longer is. With ``ttl_mode="fixed"`` the TTL runs
    from the fill, with ``"sliding"`` from the last hit.

    A new policy is a subclass in a file of its own, under :func:`simulator.caches.register`. It hands
    ``touch`` (called with the key at every hit) to this constructor, or leaves it out where a hit changes
    nothing; it writes ``_admit``, and extends ``_remove`` and ``clear`` if it keeps an order of its own.

    Attributes:
        last_expired: after a ``lookup`` that returned False, whether the entry was there but expired. Written
            on the miss path only; meaningless after a hit.
        on_evict: called with ``(key, expires_at_s)`` for each entry evicted for want of room (an expired one
            still in its place included), and for no other removal. It must not change the cache.
        capacity: the most entries held at once, or None for unlimited.
        ttl_s: the default TTL in seconds; ``math.inf`` for never.
        seed: of the policy's own draws, if it has any.

    Raises:
        ValueError: capacity below 1 or not whole, TTL not above zero or NaN, unknown TTL mode.
    """

    __slots__ = (
        "_entries",
        "_limit",
        "_sliding",
        "_touch",
        "capacity",
        "last_expired",
        "on_evict",
        "seed",
        "ttl_s",
    )

    policy: ClassVar[str] = ""

    last_expired: bool
    on_evict: Callable[[Any, float], object] | None  # Any: keys come back as the type they went in as
    capacity: int | None
    ttl_s: float
    seed: int

    def __init__(
        self,
        capacity: int | None,
        ttl_s: float | None = None,
        ttl_mode: str = "fixed",
        seed: int = 1,
        *,
        touch: Callable[[Hashable], object] | None = None,
    ) -> None:
        self.seed = seed
        self.capacity = checked_capacity(capacity)
        self.ttl_s = checked_ttl_s(ttl_s)
        self._limit: int = sys.maxsize if self.capacity is None else self.capacity
        self._sliding = checked_ttl_mode(ttl_mode) == "sliding"
        self._entries: dict[Any, Entry] = {}
        self._touch = touch
        self.last_expired = False
        self.on_evict = None

    # What a policy writes.

    @abstractmethod
    def _admit(self, key: Hashable, /) -> None:
        """Make room for one more entry (through ``_evict``) and give the new ``key`` its place in the order.

        Called just before the entry of ``key`` is stored; afterwards ``len(self)`` is below ``self._limit``.
        """

    def _remove(self, key: Hashable) -> None:
        """Drop ``key``, which expired or was discarded. A policy with an order of its own extends this."""
        del self._entries[key]

    def _filled(self, entry: Entry) -> None:  # noqa: B027  (most policies keep keys in an order, not entries)
        """Give a new entry its place in an order of entries, where a policy keeps one."""

    def _used(self, entry: Entry) -> None:
        """An entry was hit, or filled again."""
        if self._touch is not None:
            self._touch(entry.key)

    # What users call.

    def lookup(self, key: Hashable, now_s: float) -> bool:
        """Is there a valid entry of ``key`` at ``now_s``?

        A hit counts as a use and renews a sliding TTL; an expired entry is a miss and is removed.
        """
        entry = self._entries.get(key)
        if entry is None:
            self.last_expired = False
            return False
        if now_s < entry.expires_at_s:
            if self._sliding:
                entry.expires_at_s = min(now_s + entry.ttl_s, entry.ceiling_s)
            self._used(entry)
            return True
        self._remove(key)
        self.last_expired = True
        return False

    def insert(self, key: Hashable, now_s: float, ttl_s: float | None = None) -> None:
        """Fill ``key`` at ``now_s``; a key already present gets a fresh TTL, and that counts as one more use.

        Args:
            key: an int or a string (some policies take any hashable key).
            now_s: the time of the fill, from which the TTL runs.
            ttl_s: this entry's own TTL (a drawn or inherited one) in place of the cache's; a sliding entry is
                renewed by it. Zero or less stores an entry that has expired already, so that its next miss is
                told from a cold one.

        Raises:
            ValueError: the expiry is not a number.
        """
        lasts_s = self.ttl_s if ttl_s is None else ttl_s
        expires_at_s = now_s + lasts_s
        if math.isnan(expires_at_s):
            raise ValueError(f"an entry needs a time and a TTL, not now_s={now_s!r}, ttl_s={ttl_s!r}")
        entry = self._entries.get(key)
        if entry is None:
            self._admit(key)
            entry = self._entries[key] = Entry(key, expires_at_s, lasts_s)
            self._filled(entry)
        else:
            self._used(entry)
            entry.expires_at_s, entry.ttl_s, entry.ceiling_s = expires_at_s, lasts_s, math.inf

    def discard(self, key: Hashable) -> bool:
        """Remove ``key``, valid or not; return whether it was there."""
        if key not in self._entries:
            return False
        self._remove(key)
        return True

    def clear(self) -> None:
        """Remove every entry, and what the policy has learnt from them, as a restart does."""
        self._entries.clear()

    def truncate(self, key: Hashable, expires_at_s: float) -> None:
        """Let the entry of ``key`` expire by ``expires_at_s`` at the latest; an absent key is ignored.

        The bound lasts until the key is inserted again: hits do not renew a sliding entry past it.

        Raises:
            ValueError: ``expires_at_s`` is NaN.
        """
        if math.isnan(expires_at_s):
            raise ValueError("an expiry must be a time, not NaN")
        entry = self._entries.get(key)
        if entry is not None:
            entry.expires_at_s = min(expires_at_s, entry.expires_at_s)
            entry.ceiling_s = min(expires_at_s, entry.ceiling_s)

    def expires_at(self, key: Hashable) -> float | None:
        """The time (s) at which the entry of ``key`` expires or did, or None if there is none. Not a use."""
        entry = self._entries.get(key)
        return None if entry is None else entry.expires_at_s

    def keys(self) -> KeysView[Any]:
        """A live view of the keys present, expired ones included, in an order fixed by the calls so far."""
        return self._entries.keys()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        """Is there an entry, valid or not? Not a use."""
        return key in self._entries

    def __repr__(self) -> str:
        capacity = "unlimited" if self.capacity is None else self.capacity
        mode = "sliding" if self._sliding else "fixed"
        return f"<{type(self).__name__} {len(self)}/{capacity} entries, ttl {self.ttl_s} s {mode}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a cache holds methods bound to its entries and cannot be copied; make a new one")

    # What policies call.

    def _evict(self, key: Hashable) -> None:
        """Drop ``key``, which the policy has already taken out of its order, for want of room."""
        entry = self._entries.pop(key)
        if self.on_evict is not None:
            self.on_evict(key, entry.expires_at_s)


def checked_capacity(capacity: Any) -> int | None:  # Any: what is compiled refuses other types without a message
    """Return ``capacity`` as an int >= 1, or None for unlimited; ValueError otherwise."""
    if capacity is None:
        return None
    try:
        count = operator.index(capacity)
    except TypeError:
        raise ValueError(f"cache capacity must be a whole number, or None, not {capacity!r}") from None
    if isinstance(capacity, bool) or count < 1:
        raise ValueError(f"cache capacity must be at least 1 entry, or None for unlimited, not {capacity!r}")
    return count


def checked_ttl_s(ttl_s: float | None) -> float:
    """Return ``ttl_s`` (> 0, in seconds) as a float, ``math.inf`` for None; ValueError otherwise."""
    if ttl_s is None:
        return math.inf
    if not ttl_s > 0:  # NaN too
        raise ValueError(f"cache TTL must be above 0 s, or None for never, not {ttl_s!r}")
    return float(ttl_s)


def checked_ttl_mode(ttl_mode: str) -> str:
    """Return ``ttl_mode`` if it is one of ``TTL_MODES``; ValueError otherwise."""
    if ttl_mode not in TTL_MODES:
        raise ValueError(f"unknown cache ttl_mode {ttl_mode!r}: choose {' or '.join(TTL_MODES)}")
    return ttl_mode
