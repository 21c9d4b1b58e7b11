"""Cache tiers: what is valid when (:class:`Cache`), and one file a replacement policy.

A new built-in policy is a file and its line below; a user's own needs only ``@register("name")``.
"""

from simulator.caches.base import TTL_MODES, Cache
from simulator.caches.fifo import FifoCache
from simulator.caches.lfu import LfuCache
from simulator.caches.lru import LruCache
from simulator.caches.random import RandomCache
from simulator.caches.registry import find_policy, make_cache, policy_names, register
from simulator.caches.s3fifo import S3FifoCache
from simulator.caches.sieve import SieveCache
from simulator.caches.unlimited import UnlimitedCache
from simulator.caches.wtinylfu import WTinyLfuCache

__all__ = [
    "TTL_MODES",
    "Cache",
    "FifoCache",
    "LfuCache",
    "LruCache",
    "RandomCache",
    "S3FifoCache",
    "SieveCache",
    "UnlimitedCache",
    "WTinyLfuCache",
    "find_policy",
    "make_cache",
    "policy_names",
    "register",
]
