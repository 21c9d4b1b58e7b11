"""Cache tiers: what is valid when (:class:`Cache`), and one file for each replacement policy.

A new built-in policy is a file, and its name in the list of `registry`; a user's own needs only ``@register("name")``.
"""

from simulator.caches.base import TTL_MODES, Cache
from simulator.caches.registry import FAMILY, find_policy, make_cache, policy_names, register
from simulator.caches.unlimited import UnlimitedCache

__all__ = ["FAMILY", "TTL_MODES", "Cache", "UnlimitedCache", "find_policy", "make_cache", "policy_names", "register"]
