"""Names, errors, and policies of a user's own."""

import math

import pytest

from simulator.caches import FAMILY, Cache, UnlimitedCache, find_policy, make_cache, policy_names, register
from simulator.caches.lru import LruCache


@pytest.mark.parametrize("capacity", [0, -1, 1.5, "10", math.nan, True])
def test_a_capacity_is_a_whole_number_from_one(capacity):
    with pytest.raises(ValueError, match="cache capacity must be"):
        make_cache("lru", capacity)


@pytest.mark.parametrize("ttl_s", [0, -1.0, math.nan, -math.inf])
@pytest.mark.parametrize("capacity", [10, None])
def test_a_ttl_is_above_zero(ttl_s, capacity):
    with pytest.raises(ValueError, match="cache TTL must be above 0 s"):
        make_cache("lru", capacity, ttl_s=ttl_s)


def test_an_unknown_ttl_mode_lists_the_two():
    with pytest.raises(ValueError, match="unknown cache ttl_mode 'slide': choose fixed or sliding"):
        make_cache("lru", 10, ttl_mode="slide")


@pytest.mark.parametrize("capacity", [10, None])
def test_a_mistyped_policy_gets_the_nearest_name_and_the_list(capacity):
    with pytest.raises(ValueError, match="unknown cache policy 'siev', did you mean 'sieve'") as caught:
        make_cache("siev", capacity)
    assert all(name in str(caught.value) for name in policy_names())
    assert "\n" not in str(caught.value)


def test_a_policy_unlike_any_gets_the_list_alone():
    with pytest.raises(ValueError, match=r"unknown cache policy 'belady'; known: .*lru"):
        find_policy("belady")


@pytest.mark.parametrize("policy", policy_names())
def test_a_class_alone_has_the_defaults_of_make_cache(policy):
    """`LruCache(3)` and `make_cache("lru", 3)` are the same: no TTL, fixed, seed 1."""
    alone, made = find_policy(policy)(3), make_cache(policy, 3)
    assert type(alone) is type(made)
    assert repr(alone) == repr(made)
    assert alone.seed == made.seed == UnlimitedCache(None).seed == make_cache(policy, None).seed == 1


def test_any_ttl_above_zero_will_do():
    assert make_cache("lru", 3, ttl_s=5e-324).ttl_s == 5e-324


@pytest.mark.parametrize("bad", [{"now_s": math.nan}, {"now_s": 0.0, "ttl_s": math.nan}])
def test_an_entry_without_a_time_is_refused(bad):
    cache = make_cache("lru", 10)
    with pytest.raises(ValueError, match="needs a time and a TTL"):
        cache.insert("a", **bad)
    assert "a" not in cache


def test_a_bound_that_is_no_time_is_refused():
    with pytest.raises(ValueError, match="not NaN"):
        make_cache("lru", 10).truncate("a", math.nan)


def test_a_sketched_policy_refuses_keys_without_a_reproducible_digest():
    with pytest.raises(TypeError, match="must be an int, a string, bytes or a tuple"):
        make_cache("wtinylfu", 10).insert(frozenset("a"), 0.0)


@pytest.fixture
def own_names():
    """Names registered in a test are gone after it."""
    with FAMILY.for_a_while():
        yield


def make_mru():
    @register("mru")
    class Mru(LruCache):
        """Evicts the most recently used entry."""

        def _admit(self, _key, /):
            if len(self) >= self._limit:
                newest = self._ring.older
                self._unlink(newest)
                self._evict(newest.key)

    return Mru


def test_a_policy_of_ones_own_is_made_like_the_others(own_names):
    cls = make_mru()
    assert "mru" in policy_names()
    assert find_policy("mru") is cls
    cache = make_cache("mru", 2, ttl_s=9.0)
    for key in "abc":
        cache.insert(key, 0.0)
    assert list(cache.keys()) == ["a", "c"]
    assert cache.policy == "mru"
    assert make_cache("lru", 2).policy == "lru"


def test_running_a_definition_again_replaces_it(own_names):
    first = make_mru()
    second = make_mru()
    assert find_policy("mru") is second is not first


def test_a_name_belongs_to_one_class(own_names):
    with pytest.raises(ValueError, match=r"'lru' is taken by simulator\.caches\.lru\.LruCache"):

        @register("lru")
        class Other(LruCache):
            """Another."""


@pytest.mark.parametrize("name", ["", "my cache", "LRU2", "2q"])
def test_a_name_is_fit_for_yaml(own_names, name):
    with pytest.raises(ValueError, match="must be lower case letters"):
        register(name)(type("Own", (LruCache,), {}))


def test_only_caches_are_policies(own_names):
    with pytest.raises(TypeError, match="must derive from"):
        register("thing")(dict)
    with pytest.raises(TypeError, match=r"cache policy 'lazy' must write _admit"):
        register("lazy")(type("Lazy", (Cache,), {}))
