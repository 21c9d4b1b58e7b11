"""Random histories of every policy against a model that is obviously right.

lru, fifo, lfu, s3fifo, sieve and unlimited must agree with it in every answer, eviction and expiry. The
others (and any policy registered later) choose victims by rules that a list cannot restate: for them the
model follows the evictions they report, and everything else must agree, with nothing lost: inserted =
present + evicted + discarded + expired + cleared.
"""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from simulator.caches import UnlimitedCache, make_cache, policy_names
from tests.caches.models import MODELS, Model, UnlimitedModel

KEYS = st.one_of(st.integers(0, 7), st.sampled_from(["a", "b"]))
TTLS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, math.inf])
BRIEF = settings(max_examples=50, stateful_step_count=60, deadline=None, derandomize=True,
                 suppress_health_check=list(HealthCheck))  # fmt: skip


class Follower(Model):
    """Evicts what the cache under test evicts."""

    def follow(self, key, expires_at_s):
        entry = self.find(key)
        assert entry is not None, f"evicted {key!r}, which was not there"
        assert entry.expires_at_s == expires_at_s
        assert len(self.entries) == self.capacity, "evicted without need"
        self.remove(entry)
        self.evicted.append((key, expires_at_s))

    def insert(self, key, now_s, ttl_s=None):
        assert len(self.entries) < self.capacity or self.find(key), "no room was made"
        super().insert(key, now_s, ttl_s)


class CacheMachine(RuleBasedStateMachine):
    """One cache and its model, through the same history."""

    policy = ""

    @initialize(
        capacity=st.integers(1, 6), ttl_s=TTLS.filter(bool), mode=st.sampled_from(["fixed", "sliding"]),
        seed=st.integers(0, 3),
    )  # fmt: skip
    def build(self, capacity, ttl_s, mode, seed):
        if self.policy == "unlimited":
            self.cache = make_cache("lru", None, ttl_s, mode, seed)
            assert isinstance(self.cache, UnlimitedCache)
            capacity, kind = 10**9, UnlimitedModel
        else:
            self.cache = make_cache(self.policy, capacity, ttl_s, mode, seed)
            kind = MODELS.get(self.policy, Follower)
        self.model = kind(capacity, ttl_s, mode == "sliding")
        self.evicted = []
        self.cache.on_evict = self.note_eviction
        self.now_s = 0.0
        self.tally = dict.fromkeys(["inserted", "discarded", "expired", "cleared"], 0)

    def note_eviction(self, key, expires_at_s):
        self.evicted.append((key, expires_at_s))
        if isinstance(self.model, Follower):
            self.model.follow(key, expires_at_s)

    @rule(key=KEYS)
    def lookup(self, key):
        expected = self.model.lookup(key, self.now_s)
        assert self.cache.lookup(key, self.now_s) is (expected == "hit")
        if expected != "hit":
            assert self.cache.last_expired is (expected == "expired")
        self.tally["expired"] += expected == "expired"

    @rule(key=KEYS)
    def lookup_and_fill_at_a_miss(self, key):
        self.lookup(key)
        if key not in self.cache:
            self.insert(key, None)

    @rule(key=KEYS, ttl_s=st.one_of(st.none(), TTLS))
    def insert(self, key, ttl_s):
        self.tally["inserted"] += key not in self.cache
        self.cache.insert(key, self.now_s, ttl_s)
        self.model.insert(key, self.now_s, ttl_s)

    @rule(key=KEYS, in_s=st.sampled_from([-1.0, 0.0, 0.5, 1.5, 4.0, math.inf]))
    def truncate(self, key, in_s):
        self.cache.truncate(key, self.now_s + in_s)
        self.model.truncate(key, self.now_s + in_s)

    @rule(key=KEYS)
    def discard(self, key):
        was_there = self.model.discard(key)
        assert self.cache.discard(key) is was_there
        self.tally["discarded"] += was_there

    @precondition(lambda self: len(self.cache) > 3)
    @rule(sure=st.integers(0, 9))
    def clear(self, sure):
        if not sure:
            self.tally["cleared"] += len(self.cache)
            self.cache.clear()
            self.model.clear()

    @rule(by_s=st.sampled_from([0.25, 0.5, 1.0, 2.0]))
    def wait(self, by_s):
        self.now_s += by_s

    @invariant()
    def agrees(self):
        cache, entries = self.cache, self.model.entries
        assert cache.capacity is None or len(cache) <= cache.capacity
        assert len(cache) == len(entries) == len(cache.keys())
        assert {e.key: e.expires_at_s for e in entries} == dict(
            zip(cache.keys(), map(cache.expires_at, cache.keys()), strict=True)
        )
        assert all(e.key in cache for e in entries)
        assert self.evicted == self.model.evicted
        left = len(self.evicted) + self.tally["discarded"] + self.tally["expired"] + self.tally["cleared"]
        assert self.tally["inserted"] == len(cache) + left


@pytest.mark.parametrize("policy", [*policy_names(), "unlimited"])
def test_histories_agree_with_the_model(policy):
    """50 histories of 60 steps each, the same ones in every run (derandomised): no false alarms."""
    machine = type(f"{policy.title()}Machine", (CacheMachine,), {"policy": policy})
    run_state_machine_as_test(machine, settings=BRIEF)


@pytest.mark.parametrize(("policy", "model"), [("fifo", "lru"), ("lru", "fifo"), ("sieve", "fifo"), ("lfu", "lru")])
def test_control_the_wrong_model_is_told_apart(policy, model, monkeypatch):
    """Negative control: every history test above has the power to see that one policy is not another."""
    monkeypatch.setitem(MODELS, policy, MODELS[model])
    machine = type("WrongMachine", (CacheMachine,), {"policy": policy})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=settings(BRIEF, phases=[Phase.generate], print_blob=False))


@pytest.mark.parametrize("capacity", [2, 3, 12, 25])
@pytest.mark.parametrize("policy", MODELS)
def test_long_histories_of_every_exact_policy(policy, capacity):
    """10,000 skewed requests on 50 keys with discards and expiries: where rare branches (hands that wrap,
    buckets that empty, ghosts that return) are met many times. Fixed seed: no false alarms."""
    rng = np.random.default_rng(7)
    keys = np.minimum(rng.geometric(0.06, 10_000) - 1, 49).tolist()
    times = np.cumsum(rng.exponential(0.1, 10_000)).tolist()
    acts = rng.random(10_000).tolist()
    cache, model = make_cache(policy, capacity, 8.0), MODELS[policy](capacity, 8.0, False)
    evicted = []
    cache.on_evict = lambda key, expires_at_s: evicted.append((key, expires_at_s))
    for key, now_s, act in zip(keys, times, acts, strict=True):
        if act < 0.1:
            assert cache.discard(key) is model.discard(key)
        elif cache.lookup(key, now_s):
            assert model.lookup(key, now_s) == "hit"
        else:
            assert model.lookup(key, now_s) != "hit"
            cache.insert(key, now_s)
            model.insert(key, now_s)
    assert len(evicted) > 500
    assert evicted == model.evicted


def test_the_hand_of_sieve_starts_again_at_the_oldest_when_those_before_it_leave():
    """The hand stops before the newest two; they are discarded; it must not stay for the newcomers."""
    cache = make_cache("sieve", 4)
    evicted = []
    cache.on_evict = lambda key, _: evicted.append(key)
    for key in "abcd":
        cache.insert(key, 0.0)
    for key in "ab":
        cache.lookup(key, 0.0)
    cache.insert("e", 0.0)  # the hand spares a and b, takes c, and waits at d
    for key in "de":
        cache.discard(key)
    for key in "fgh":
        cache.insert(key, 0.0)
    assert evicted == ["c", "a"]
