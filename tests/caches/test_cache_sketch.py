"""Digests and counts against what their authors publish, and W-TinyLFU against a model made of lists."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from simulator.caches import make_cache
from simulator.caches.sketch import FrequencySketch, digest

GOLDEN = 0x9E3779B97F4A7C15
SPLITMIX64 = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC, 0x1B39896A51A8749B]
"""The first outputs of the generator from seed 0 (Steele, Lea and Flood 2014; Vigna's reference program)."""


def test_digests_of_ints_are_splitmix64():
    """Seed s starts the generator at s increments; key k moves it by k: published outputs, negative keys included."""
    assert [digest(0, seed) for seed in range(5)] == SPLITMIX64
    assert [digest(n * GOLDEN, 0) for n in range(5)] == SPLITMIX64
    assert [digest(-n * GOLDEN, 4) for n in range(5)] == SPLITMIX64[::-1]


def test_digests_of_text_and_tuples():
    """Text by its CRC-32 in UTF-8; a tuple by its length, then part by part, each part's digest seeding the next."""
    assert digest("pop-1", 3) == digest(b"pop-1", 3) == digest(zlib.crc32(b"pop-1"), 3)
    assert digest("ü", 3) == digest("ü".encode(), 3)
    assert digest((), 3) == digest(0, 3)
    assert digest(("a", 7), 3) == digest(digest(7, digest("a", 2)), 3)


def test_a_counter_is_one_of_so_many_in_each_of_four_rows():
    """At least four counters an entry (a power of two, 16 or more), a row: two keys of n then share all four of their
    counters with probability 1/n^2 or less (place and step), so that of 60 keys in rows of 4096 none is too high."""
    sketch = FrequencySketch(1000, seed=2)
    for key in range(60):
        for _ in range(key % 4 + 1):
            sketch.add(key)
    assert [sketch.count(key) for key in range(60)] == [key % 4 + 1 for key in range(60)]
    assert sum(sketch.count(key) for key in range(1000, 1500)) == 0


@pytest.mark.parametrize(("capacity", "counters"), [(1, 16), (4, 16), (5, 32), (8, 32), (9, 64), (1000, 4096)])
def test_rows_are_the_next_power_of_two_above_four_an_entry(capacity, counters):
    """As in Caffeine: 16 to 32 bytes an entry in four rows, and no fewer than 16 counters a row."""
    sketch = FrequencySketch(capacity, seed=1)
    assert [len(row) for row in sketch._rows] == [counters] * 4


@pytest.mark.parametrize("capacity", [1, 3, 50])
def test_counts_are_halved_after_ten_uses_an_entry(capacity):
    """The first time after 10 * capacity uses, which then count half; so the next time comes after half as many."""
    sketch = FrequencySketch(capacity, seed=1)
    counts = []
    for use in range(25 * capacity):
        sketch.add(("key", use % (2 * capacity)))
        counts.append(sum(sum(row) for row in sketch._rows))
    fell = [use + 1 for use in range(1, len(counts)) if counts[use] < counts[use - 1]]
    assert fell == [10 * capacity, 15 * capacity, 20 * capacity, 25 * capacity][: len(fell)]
    assert len(fell) >= 3


def test_a_cleared_sketch_counts_and_ages_as_a_new_one():
    used, new = FrequencySketch(5, seed=1), FrequencySketch(5, seed=1)
    for key in range(37):
        used.add(key % 7)
    used.clear()
    for key in range(200):
        used.add(key % 7)
        new.add(key % 7)
        assert [used.count(k) for k in range(7)] == [new.count(k) for k in range(7)]


class WTinyLfuModel:
    """Section 4 of the paper with lists, oldest use first: window 1 % (at least one), main part 20 % probation and
    80 % protected; what leaves the window enters the main part if it was used more often than probation's oldest.
    The counts come from a sketch as the cache has it."""

    def __init__(self, capacity, seed):
        self.window_size = max(1, capacity // 100)
        self.main_size = capacity - self.window_size
        self.protected_size = self.main_size * 8 // 10
        self.window, self.probation, self.protected = [], [], []
        self.sketch = FrequencySketch(capacity, seed)

    def lookup(self, key):
        for part in (self.window, self.probation, self.protected):
            if key in part:
                self.sketch.add(key)
                part.remove(key)
                (self.window if part is self.window else self.protected).append(key)
                if len(self.protected) > self.protected_size:
                    self.probation.append(self.protected.pop(0))
                return True
        return False

    def insert(self, key):
        """The key that is evicted, or None."""
        self.sketch.add(key)
        self.window.append(key)
        if len(self.window) <= self.window_size:
            return None
        candidate = self.window.pop(0)
        if len(self.probation) + len(self.protected) < self.main_size:
            self.probation.append(candidate)
            return None
        main = self.probation or self.protected
        if not main or self.sketch.count(candidate) <= self.sketch.count(main[0]):
            return candidate
        victim = main.pop(0)
        self.probation.append(candidate)
        return victim

    def discard(self, key):
        for part in (self.window, self.probation, self.protected):
            if key in part:
                part.remove(key)


@pytest.mark.parametrize(
    ("capacity", "requests"), [(1, 500), (2, 1000), (3, 1000), (6, 2000), (30, 4000), (100, 4000), (200, 6000)]
)
def test_histories_of_wtinylfu_agree_with_the_model(capacity, requests):
    """Skewed keys, now and then one that is discarded: the same hits, and the same victims in order. Fixed seed."""
    rng = np.random.default_rng(5)
    keys = rng.geometric(1 / (3 * capacity + 5), requests).tolist()
    cache, model = make_cache("wtinylfu", capacity, seed=9), WTinyLfuModel(capacity, 9)
    evicted, expected = [], []
    cache.on_evict = lambda key, _: evicted.append(key)
    for key, act in zip(keys, rng.random(requests).tolist(), strict=True):
        if act < 0.05:
            cache.discard(key)
            model.discard(key)
        hit = cache.lookup(key, 0.0)
        assert hit is model.lookup(key)
        if not hit:
            cache.insert(key, 0.0)
            victim = model.insert(key)
            expected += [] if victim is None else [victim]
    assert evicted == expected
    assert len(evicted) > requests // 10
