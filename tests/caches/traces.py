"""Request sequences and hit counting shared by the cache tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from simulator.caches import Cache

REPLICATIONS = 20


def zipf(n_keys: int, alpha: float) -> np.ndarray:
    """Probabilities of keys 0..n_keys-1, most popular first."""
    weights = 1.0 / np.arange(1, n_keys + 1) ** alpha
    return weights / weights.sum()


def zipf_keys(rng: np.random.Generator, probabilities: np.ndarray, n: int) -> list[int]:
    """n independent keys (the independent reference model)."""
    return np.searchsorted(np.cumsum(probabilities), rng.random(n), side="right").tolist()


def count_hits(cache: Cache, requests: Iterable[tuple[int, float]]) -> int:
    """Look each (key, now_s) up, fill at once at a miss, and count the hits."""
    lookup, insert = cache.lookup, cache.insert
    hits = 0
    for key, now_s in requests:
        if lookup(key, now_s):
            hits += 1
        else:
            insert(key, now_s)
    return hits


def replicate(one: Callable[[np.random.Generator], float], seed: int) -> tuple[float, float]:
    """Mean and standard error of `one` over REPLICATIONS independent generators."""
    values = [one(np.random.default_rng([seed, r])) for r in range(REPLICATIONS)]
    return float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(REPLICATIONS)


def poisson_times(rng: np.random.Generator, rate: float, n: int) -> list[float]:
    """The first n times of a Poisson process."""
    return np.cumsum(rng.exponential(1.0 / rate, n)).tolist()


def one_key(times: Iterable[float]) -> Iterator[tuple[int, float]]:
    """Requests for a single key at these times."""
    return ((0, t) for t in times)
