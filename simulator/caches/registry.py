"""Cache policies by name: the table that scenarios, error messages and contract tests read.

May import :mod:`simulator.caches.base`, :mod:`simulator.caches.unlimited` and the registry of families.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from simulator.caches.base import Cache, checked_capacity
from simulator.caches.unlimited import UnlimitedCache
from simulator.plugins.family import Family
from simulator.plugins.settings import configured, settings_of


def _admits(name: str, cls: type[Cache]) -> None:
    if cls._admit is Cache._admit:  # Python would tell when one is made; a compiled base does not
        raise TypeError(f"cache policy {name!r} must write _admit, which makes room for one more entry")


FAMILY: Final[Family[Cache]] = Family(
    "cache policy", "Cache policies", group="simulator.caches", base=Cache, base_path="simulator.caches.Cache",
    key="policy", takes_settings=True, check=_admits,
    built_in=("fifo", "lfu", "lru", "random", "s3fifo", "sieve", "wtinylfu"),
)  # fmt: skip
"""All policies. One is called as ``cls(capacity, ttl_s, ttl_mode, seed)`` with a capacity of at least 1: without a
limit nothing is ever evicted, and no policy is asked."""
register = FAMILY.register
find_policy = FAMILY.find


def policy_names() -> tuple[str, ...]:
    """The names of all known policies, the built-in ones first, each in order of registration."""
    return tuple(FAMILY)


def make_cache(
    policy: str,
    capacity: int | None,
    ttl_s: float | None = None,
    ttl_mode: str = "fixed",
    seed: int = 1,
    settings: Mapping[str, object] | BaseModel | None = None,
) -> Cache:
    """Make an empty cache.

    Args:
        policy: one of :func:`policy_names`.
        capacity: the most entries held at once; None for unlimited, where every policy is the same.
        ttl_s: seconds for which an entry is valid; None or ``math.inf`` for ever.
        ttl_mode: "fixed", from the fill, or "sliding", from the last hit.
        seed: of policies that draw (random victims, hashed sketches); the same seed, the same decisions.
        settings: of a policy that declares ``Settings``: the model, or keys and values as a scenario writes them.

    Raises:
        ValueError: unknown policy or TTL mode, capacity below 1, TTL not above zero, settings that cannot be.
    """
    cls, capacity = find_policy(policy), checked_capacity(capacity)  # compiled classes would say less of a wrong one
    if capacity is None:
        return UnlimitedCache(None, ttl_s, ttl_mode, seed)
    if settings is not None:
        cls = configured(cls, _checked(settings, cls))
    return cls(capacity, ttl_s, ttl_mode, seed)


def _checked(settings: Mapping[str, object] | BaseModel, cls: type[Cache]) -> BaseModel:
    """Settings as the model that the class declares."""
    if isinstance(settings, BaseModel):
        return settings
    declared = settings_of(cls)
    if declared is None:
        raise ValueError(f"cache policy {cls.policy!r} takes no settings")
    return declared.model_validate(settings)
