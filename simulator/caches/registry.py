"""Cache policies by name: the table that scenarios, error messages and contract tests read.

May import :mod:`simulator.caches.base`, :mod:`simulator.caches.unlimited`, settings and synonyms. The built-in
policies enter the table when :mod:`simulator.caches` is imported; a user's own enter it by the same decorator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel

from simulator.caches.base import Cache, checked_capacity
from simulator.caches.unlimited import UnlimitedCache
from simulator.plugins.settings import configured, settings_of, with_defaults
from simulator.text.synonyms import meant

_POLICIES: dict[str, type[Cache]] = {}

CacheClass = TypeVar("CacheClass", bound=type[Cache])


def register(name: str) -> Callable[[CacheClass], CacheClass]:
    """Class decorator: make a :class:`Cache` subclass known as policy ``name``, in YAML and everywhere else.

    The class is called as ``cls(capacity, ttl_s, ttl_mode, seed)`` with a capacity of at least 1: without a
    limit nothing is ever evicted, and no policy is asked. Its settings are a pydantic model ``Settings`` inside the
    class, read as ``self.settings`` from the constructor on. Running the definition again (in a notebook)
    replaces it.

    Raises:
        TypeError: the class does not derive from :class:`Cache`, or does not write ``_admit``.
        ValueError: another class has the name, or the name is not lower case letters, digits and underscores.
    """

    def add(cls: CacheClass) -> CacheClass:
        if not (isinstance(cls, type) and issubclass(cls, Cache)):
            raise TypeError(f"cache policy {name!r} must derive from simulator.caches.Cache")
        if cls._admit is Cache._admit:  # Python would tell when one is made; a compiled base does not
            raise TypeError(f"cache policy {name!r} must write _admit, which makes room for one more entry")
        if not name.isidentifier() or name != name.lower():
            raise ValueError(f"cache policy name {name!r} must be lower case letters, digits and underscores")
        known = _POLICIES.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"cache policy {name!r} is taken by {known.__module__}.{known.__qualname__}")
        _POLICIES[name] = cls
        cls.policy = name
        return with_defaults(cls)

    return add


def policy_names() -> tuple[str, ...]:
    """The names of all known policies, the built-in ones first, each in order of registration."""
    return tuple(_POLICIES)


def find_policy(name: str) -> type[Cache]:
    """The class of policy ``name``; a ValueError with the nearest name and all names if there is none."""
    try:
        return _POLICIES[name]
    except (KeyError, TypeError):
        near = meant(str(name).lower(), _POLICIES)
        hint = f", did you mean {near!r}?" if near else ";"
        raise ValueError(f"unknown cache policy {name!r}{hint} known: {', '.join(_POLICIES)}") from None


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
