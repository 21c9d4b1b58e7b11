"""A cache without a limit: every policy is this one when nothing need ever leave. Imports only the base."""

from __future__ import annotations

from collections.abc import Hashable

from mypy_extensions import mypyc_attr

from simulator.caches.base import Cache


@mypyc_attr(allow_interpreted_subclasses=True)
class UnlimitedCache(Cache):
    """Holds every entry until it expires, is discarded or cleared.

    Expired entries that nobody looks up again stay in memory: discard what has ended.
    """

    __slots__ = ()

    policy = "unlimited"

    def _admit(self, _key: Hashable, /) -> None:
        """There is always room."""
