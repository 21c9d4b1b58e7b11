"""Hit ratios under independent requests against theory: exact for few keys, Che's approximation for many.

Each case runs 20 replications and asks for |mean - theory| <= the stated tolerance, which is at least four
true standard errors: a right program with fresh seeds misses it with probability below 7e-5. The standard
error as estimated must be below a third of the tolerance, so that no case passes by being vague. The seeds
are fixed.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import brentq

from simulator.caches import make_cache
from tests.caches.traces import count_hits, replicate, zipf, zipf_keys


def simulated(policy, probabilities, capacity, n, warmup, seed, **ttl):
    """Hit ratio (mean, standard error) over n requests after a warm-up, at 500 requests/s where a TTL is
    given."""

    def one(rng):
        cache = make_cache(policy, capacity, seed=int(rng.integers(2**32)), **ttl)
        times = itertools.repeat(0.0)
        if ttl:
            times = np.cumsum(rng.exponential(1 / 500, warmup + n)).tolist()
        requests = list(zip(zipf_keys(rng, probabilities, warmup + n), times, strict=False))
        count_hits(cache, requests[:warmup])
        return count_hits(cache, requests[warmup:]) / n

    return replicate(one, seed)


def agrees(estimate, standard_error, expected, tolerance):
    return abs(estimate - expected) <= tolerance and 3 * standard_error <= tolerance


def exact_lru(p, capacity):
    """King 1971: the chance of the ordered content (i, j, ...) is p_i p_j/(1-p_i) ..., most recent first."""
    total = 0.0
    for content in itertools.permutations(range(len(p)), capacity):
        chance, seen = 1.0, 0.0
        for i in content:
            chance *= p[i] / (1.0 - seen)
            seen += p[i]
        total += chance * seen
    return total


def exact_fifo(p, capacity):
    """King 1971, Gelenbe 1973: a content has a chance in proportion to the product of its probabilities."""
    contents = list(itertools.combinations(range(len(p)), capacity))
    weights = [math.prod(p[i] for i in content) for content in contents]
    hits = [sum(p[i] for i in content) for content in contents]
    return sum(w * h for w, h in zip(weights, hits, strict=True)) / sum(weights)


def che_lru(p, capacity):
    """Che 2002: key i is present with 1-exp(-p_i t), where t makes the expected number present the
    capacity."""
    t = brentq(lambda t: np.sum(-np.expm1(-p * t)) - capacity, 1, 1e9)
    return float(np.sum(-p * np.expm1(-p * t)))


def che_fifo(p, capacity):
    """The same for FIFO and RANDOM (Martina, Garetto, Leonardi 2014): present with p_i t/(1+p_i t)."""
    t = brentq(lambda t: np.sum(p * t / (1 + p * t)) - capacity, 1, 1e9)
    return float(np.sum(p * p * t / (1 + p * t)))


@pytest.mark.parametrize(
    ("policy", "n_keys", "alpha", "expected"),
    [
        ("lru", 4, 1.0, 0.603846),
        ("fifo", 4, 1.0, 0.588571),
        ("random", 4, 1.0, 0.588571),
        ("lru", 5, 0.8, 0.477098),
        ("fifo", 5, 0.8, 0.467214),
        ("random", 5, 0.8, 0.467214),
    ],
)
def test_two_places_and_a_few_keys_exactly(policy, n_keys, alpha, expected):
    """Theory: stationary laws of King and Gelenbe, worked out in full. n = 20 x 60,000, standard error about
    .0005, tolerance .002 (LRU and FIFO differ by .015 and .010). False alarms < 7e-5 a case."""
    p = zipf(n_keys, alpha)
    assert (exact_lru if policy == "lru" else exact_fifo)(p, 2) == pytest.approx(expected, abs=1e-6)
    estimate, se = simulated(policy, p, 2, 60_000, 100, seed=37)
    assert agrees(estimate, se, expected, 0.002), (estimate, se)


@pytest.mark.parametrize(
    ("policy", "capacity", "expected"),
    [
        ("lru", 100, 0.15663),
        ("lru", 1000, 0.43666),
        ("fifo", 100, 0.13363),
        ("fifo", 1000, 0.39418),
        ("random", 100, 0.13363),
        ("random", 1000, 0.39418),
    ],
)
def test_ten_thousand_keys_by_che(policy, capacity, expected):
    """Theory: Che's approximation, Zipf(10^4, .8). n = 20 x 40,000 after 10 requests a place (over five
    times the mean stay), standard error about .0005, tolerance .003 (LRU and FIFO differ by .023 and .042).
    False alarms < 7e-5 a case."""
    p = zipf(10_000, 0.8)
    assert (che_lru if policy == "lru" else che_fifo)(p, capacity) == pytest.approx(expected, abs=1e-5)
    estimate, se = simulated(policy, p, capacity, 40_000, 10 * capacity, seed=34)
    assert agrees(estimate, se, expected, 0.003), (estimate, se)


@pytest.mark.parametrize(("ttl_s", "expected"), [(1.0, 0.3002), (4.0, 0.4367)])
def test_sliding_ttl_before_and_after_the_capacity_binds(ttl_s, expected):
    """Theory: 500 requests/s, Zipf(10^4, .8), capacity 1000. Below Che's characteristic time (2.94 s) the
    TTL decides, sum p(1-exp(-500 p T)); well above it the TTL never strikes and plain LRU remains (at 3 s,
    on the shoulder, some still expire). n = 20 x 60,000, standard error about .0005, tolerance .002. False
    alarms < 7e-5 a case."""
    p = zipf(10_000, 0.8)
    by_ttl = float(np.sum(-p * np.expm1(-500 * p * ttl_s)))
    assert min(by_ttl, che_lru(p, 1000)) == pytest.approx(expected, abs=5e-4)
    estimate, se = simulated("lru", p, 1000, 60_000, 10_000, seed=40, ttl_s=ttl_s, ttl_mode="sliding")
    assert agrees(estimate, se, expected, 0.002), (estimate, se)
