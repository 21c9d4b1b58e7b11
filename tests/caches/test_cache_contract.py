"""What every policy owes, the built-in ones and any registered later: the parametrisation is the registry
itself."""

import copy
import math
import tracemalloc

import numpy as np
import pytest

from simulator.caches import Cache, make_cache, policy_names
from tests.caches.traces import zipf, zipf_keys

ALL = [*((policy, 3) for policy in policy_names()), ("lru", None)]
BOUNDED = policy_names()


@pytest.fixture(params=ALL, ids=lambda p: f"{p[0]}-{p[1] or 'unlimited'}")
def kind(request):
    return request.param


def test_the_documented_policies_exist():
    assert set(BOUNDED) >= {"lru", "fifo", "lfu", "random", "sieve", "s3fifo", "wtinylfu"}


def test_an_empty_cache(kind):
    cache = make_cache(*kind)
    assert len(cache) == 0
    assert list(cache.keys()) == []
    assert "a" not in cache
    assert cache.expires_at("a") is None
    assert cache.discard("a") is False
    cache.truncate("a", 1.0)
    assert cache.lookup("a", 0.0) is False
    assert cache.last_expired is False


def test_an_entry_is_valid_until_just_before_its_expiry(kind):
    cache = make_cache(*kind, ttl_s=5.0)
    cache.insert("a", 2.0)
    assert cache.expires_at("a") == 7.0
    assert cache.lookup("a", math.nextafter(7.0, 0.0)) is True
    assert cache.lookup("a", 7.0) is False
    assert cache.last_expired is True
    assert "a" not in cache
    assert cache.lookup("a", 7.0) is False
    assert cache.last_expired is False


def test_an_expired_entry_keeps_its_place_until_it_is_looked_up(kind):
    cache = make_cache(*kind, ttl_s=5.0)
    cache.insert("a", 0.0)
    assert "a" in cache
    assert cache.expires_at("a") == 5.0
    assert len(cache) == 1
    cache.insert("a", 9.0)
    assert cache.lookup("a", 13.0)


def test_without_a_ttl_nothing_expires(kind):
    for ttl_s in (None, math.inf):
        cache = make_cache(*kind, ttl_s=ttl_s)
        cache.insert("a", 0.0)
        assert cache.expires_at("a") == math.inf
        assert cache.lookup("a", 1e300)


def test_a_hit_renews_a_sliding_ttl_and_no_other(kind):
    for mode, valid in (("sliding", True), ("fixed", False)):
        cache = make_cache(*kind, ttl_s=5.0, ttl_mode=mode)
        cache.insert("a", 0.0)
        assert cache.lookup("a", 4.0)
        assert cache.lookup("a", 8.0) is valid


def test_looking_is_not_using(kind):
    cache = make_cache(*kind, ttl_s=5.0, ttl_mode="sliding")
    cache.insert("a", 0.0)
    assert "a" in cache
    assert cache.expires_at("a") == 5.0
    assert list(cache.keys()) == ["a"]
    assert cache.lookup("a", 5.0) is False


@pytest.mark.parametrize("mode", ["fixed", "sliding"])
def test_an_entry_may_have_a_ttl_of_its_own(kind, mode):
    cache = make_cache(*kind, ttl_s=5.0, ttl_mode=mode)
    cache.insert("a", 0.0, 2.0)
    cache.insert("b", 0.0, ttl_s=math.inf)
    assert cache.expires_at("a") == 2.0
    assert cache.expires_at("b") == math.inf
    assert cache.lookup("a", 1.5)
    assert cache.expires_at("a") == (3.5 if mode == "sliding" else 2.0)
    assert cache.lookup("b", 1e9)
    cache.insert("a", 4.0)  # back to the cache's own
    assert cache.lookup("a", 4.5)
    assert cache.expires_at("a") == (9.5 if mode == "sliding" else 9.0)


@pytest.mark.parametrize("ttl_s", [0.0, -1.0])
def test_a_ttl_used_up_on_the_way_is_an_expired_entry_not_a_cold_miss(kind, ttl_s):
    cache = make_cache(*kind, ttl_s=5.0)
    cache.insert("a", 3.0, ttl_s)
    assert cache.lookup("a", 3.0) is False
    assert cache.last_expired is True


@pytest.mark.parametrize("mode", ["fixed", "sliding"])
def test_truncation_only_shortens_and_lasts_until_the_next_fill(kind, mode):
    cache = make_cache(*kind, ttl_s=5.0, ttl_mode=mode)
    cache.insert("a", 0.0)
    cache.truncate("a", 100.0)
    assert cache.expires_at("a") == 5.0
    cache.truncate("a", 3.0)
    cache.truncate("a", 4.0)
    assert cache.expires_at("a") == 3.0
    assert cache.lookup("a", 2.9)
    assert cache.expires_at("a") == 3.0  # not renewed past the bound
    assert cache.lookup("a", 3.0) is False
    assert cache.last_expired is True
    cache.insert("a", 3.0)
    assert cache.expires_at("a") == 8.0
    assert cache.lookup("a", 7.0)
    assert cache.expires_at("a") == (12.0 if mode == "sliding" else 8.0)


def test_a_bound_above_the_present_expiry_stops_a_sliding_entry_later(kind):
    cache = make_cache(*kind, ttl_s=5.0, ttl_mode="sliding")
    cache.insert("a", 0.0)
    cache.truncate("a", 7.0)
    assert cache.lookup("a", 4.0)
    assert cache.expires_at("a") == 7.0


@pytest.mark.parametrize("mode", ["fixed", "sliding"])
@pytest.mark.parametrize("leave", ["expire", "discard", "clear"])
def test_an_entry_that_left_leaves_no_ttl_and_no_bound_behind(kind, mode, leave):
    cache = make_cache(*kind, ttl_s=5.0, ttl_mode=mode)
    cache.insert("a", 0.0, 1.0)
    cache.truncate("a", 0.5)
    {"expire": lambda: cache.lookup("a", 1.0), "discard": lambda: cache.discard("a"), "clear": cache.clear}[leave]()
    assert len(cache) == 0
    cache.insert("a", 2.0)
    assert cache.lookup("a", 3.0)
    assert cache.expires_at("a") == (8.0 if mode == "sliding" else 7.0)


@pytest.mark.parametrize("capacity", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("policy", BOUNDED)
def test_a_bounded_cache_fills_up_and_stays_full(policy, capacity):
    cache = make_cache(policy, capacity, ttl_s=1e6)
    evicted = []
    cache.on_evict = lambda key, expires_at_s: evicted.append((key, expires_at_s))
    for i in range(3 * capacity):
        cache.insert(i, float(i))
        assert len(cache) == min(i + 1, capacity)
        assert i in cache, "a fill must not evict itself"
    assert len(evicted) == len(dict(evicted)) == 2 * capacity
    assert all(expires_at_s == key + 1e6 for key, expires_at_s in evicted)
    assert not any(key in cache for key, _ in evicted)


@pytest.mark.parametrize("policy", BOUNDED)
def test_only_evictions_for_want_of_room_are_reported(policy):
    cache = make_cache(policy, 2, ttl_s=5.0)
    evicted = []
    cache.on_evict = lambda *args: evicted.append(args)
    cache.insert("a", 0.0)
    cache.insert("a", 1.0)
    cache.lookup("a", 6.0)
    cache.insert("b", 6.0)
    cache.discard("b")
    cache.insert("c", 7.0)
    cache.clear()
    assert evicted == []
    for i in range(3):
        cache.insert(i, 8.0)
    assert len(evicted) == 1


@pytest.mark.parametrize("policy", BOUNDED)
def test_a_cleared_cache_behaves_as_a_new_one(policy):
    """The draws of `random` go on where they were, so there only the sizes are compared."""
    used, new = make_cache(policy, 5), make_cache(policy, 5)
    keys = zipf_keys(np.random.default_rng(3), zipf(30, 0.8), 2000)
    for key in keys[:1000]:
        if not used.lookup(key, 0.0):
            used.insert(key, 0.0)
    used.clear()
    for key in keys[1000:]:
        hits = [cache.lookup(key, 0.0) or cache.insert(key, 0.0) for cache in (used, new)]
        assert policy == "random" or hits[0] == hits[1]
        assert len(used) == len(new)


@pytest.mark.parametrize("policy", BOUNDED)
def test_popular_keys_hit_more_than_chance(policy):
    """Theory: a cache of C of N keys that ignored the requests would hit C/N = 10 %; Zipf 1.0 gives every
    policy here at least FIFO's 40 %. 20,000 requests, fixed seed: no false alarms."""
    cache = make_cache(policy, 100)
    keys = zipf_keys(np.random.default_rng(5), zipf(1000, 1.0), 20_000)
    hits = sum(cache.lookup(key, 0.0) or bool(cache.insert(key, 0.0)) for key in keys)
    assert hits / len(keys) > 0.3


@pytest.mark.parametrize(("policy", "capacity"), [*((policy, 20_000) for policy in BOUNDED), ("lru", None)])
def test_an_entry_costs_little_memory(policy, capacity):
    """A million sessions must fit: at most 400 bytes an entry with its expiry and all bookkeeping, key
    excluded."""
    keys = list(range(20_000))
    tracemalloc.start()
    try:
        cache = make_cache(policy, capacity, ttl_s=5.0)
        for key in keys:
            cache.insert(key, float(key))
            cache.lookup(key, float(key))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(cache) == 20_000
    assert size / 20_000 < 400


def test_every_policy_is_a_cache_that_says_what_it_is(kind):
    cache = make_cache(*kind, ttl_s=5.0)
    assert isinstance(cache, Cache)
    assert cache.policy == (kind[0] if kind[1] else "unlimited")
    assert cache.capacity == kind[1]
    assert cache.ttl_s == 5.0
    assert repr(cache) == f"<{type(cache).__name__} 0/{kind[1] or 'unlimited'} entries, ttl 5.0 s fixed>"


def test_a_cache_is_not_copied(kind):
    """Its bound methods would go on working on the original's entries."""
    with pytest.raises(TypeError, match="cannot be copied; make a new one"):
        copy.deepcopy(make_cache(*kind))
