"""Same seed, same decisions: in another process, under another hash seed, with string keys."""

import os
import subprocess
import sys

import pytest

from simulator.caches import make_cache, policy_names
from simulator.caches.sketch import FrequencySketch, digest

HISTORY = """
import numpy as np, zlib
from simulator.caches import make_cache, policy_names
for policy in policy_names():
    for make_key in (int, lambda i: f"europe-{i}", lambda i: ("pop", i)):
        cache = make_cache(policy, 20, 3.0, "sliding", seed=5)
        log = []
        cache.on_evict = lambda key, expires_at_s: log.append((key, expires_at_s))
        rng = np.random.default_rng(1)
        for step, i in enumerate(np.minimum(rng.geometric(0.03, 3000), 99).tolist()):
            key = make_key(i)
            if not cache.lookup(key, step * 0.05):
                cache.insert(key, step * 0.05)
        print(policy, len(log), zlib.crc32(repr((log, list(cache.keys()))).encode()))
"""


def test_no_decision_depends_on_the_hash_seed():
    """Evictions in order, and the order of keys, 3000 requests with int, string and tuple keys: exact."""
    outputs = []
    for hash_seed in ("0", "1", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", HISTORY],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert len(outputs[0].splitlines()) == 3 * len(policy_names())
    assert all(int(line.split()[1]) > 100 for line in outputs[0].splitlines())
    assert outputs[0] == outputs[1] == outputs[2]


def evictions(policy, seed):
    cache = make_cache(policy, 10, seed=seed)
    log = []
    cache.on_evict = lambda key, _: log.append(key)
    for i in range(1000):
        key = i * i % 97
        if not cache.lookup(key, 0.0):
            cache.insert(key, 0.0)
    return log


@pytest.mark.parametrize("policy", policy_names())
def test_the_same_seed_makes_the_same_decisions(policy):
    assert evictions(policy, 3) == evictions(policy, 3)


def test_another_seed_draws_other_victims():
    assert evictions("random", 3) != evictions("random", 4)


def test_digests_tell_keys_and_seeds_apart_and_fill_all_64_bits():
    """Theory: 30,000 random 64-bit digests collide with probability 2.4e-11; each bit is set in half of
    them within 6 standard deviations (.0173) but for 1.3e-7 over 64 bits."""
    keys = [
        *range(-5000, 5000),
        *(f"europe-{i}" for i in range(10_000)),
        *(("pop", i) for i in range(10_000)),
    ]
    digests = [digest(key, 1) for key in keys]
    assert len(set(digests)) == len(keys)
    for bit in range(64):
        assert abs(sum(d >> bit & 1 for d in digests) / len(keys) - 0.5) < 0.0174
    assert all(digest(key, 1) != digest(key, 2) for key in keys[:100])
    assert digest(True, 1) == digest(1, 1)
    assert digest(b"a", 1) == digest("a", 1)


def test_a_sketch_counts_up_to_fifteen_and_halves():
    """Before the first halving a count is never too low; with 10 keys in 4 rows of 512 counters it is exact
    unless a key shares all of its four counters."""
    sketch = FrequencySketch(100, seed=1)
    for key in range(10):
        for _ in range(key + 1):
            sketch.add(key)
    assert [sketch.count(key) for key in range(10)] == list(range(1, 11))
    assert sketch.count("never") == 0
    for _ in range(100):
        sketch.add(9)
    assert sketch.count(9) == 15
    for i in range(1000 - 60):  # 55 uses above, and 5 that took key 9 to its limit
        assert sketch.count(9) == 15
        sketch.add(1000 + i)
    assert sketch.count(9) == 7  # the 1000th use halved every count
    for i in range(500):  # halved too, the tally of uses reaches its limit sooner
        assert sketch.count(9) == 7
        sketch.add(5000 + i)
    assert sketch.count(9) == 3
    sketch.clear()
    assert sketch.count(9) == 0
