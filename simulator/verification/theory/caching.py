"""Caches: TTLs by renewal theory, replacement by exact laws and Che's approximation, tiers by Markov chains.

Times in seconds, rates per second. Sources: Jung, Berger & Balakrishnan, INFOCOM 2003 (TTL); Che, Tung & Wang, JSAC
20 (2002); Martina, Garetto & Leonardi, INFOCOM 2014 (FIFO, RANDOM); King, IFIP 1971; Gelenbe, IEEE TC 22 (1973).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc

FloatArray = np.ndarray


def fixed_ttl(hits_a_fill: float) -> float:
    """M / (1 + m): a fill is followed by m hits on average until it expires; m = lambda T under Poisson."""
    return hits_a_fill / (1.0 + hits_a_fill)


def updated_elsewhere(lookups: float, updates: float, ttl_s: float, edges: int = 2) -> tuple[float, float]:
    """Stale share of hits and hit ratio with a fixed TTL, requests at random edges; rates are a session's, per second.

    An update refills the edge that carries it, rate u of each edge, and makes entries of the others stale. So an entry
    lives for min(T, Exp(u)), v on average, in which lookups hit it; one of age a is stale with probability
    1 - exp(-(n-1) u a). A miss is the first lookup or update after an entry's end by its TTL, if it is a lookup.
    """
    u = updates / edges
    lives_s = -math.expm1(-u * ttl_s) / u
    fresh_s = -math.expm1(-updates * ttl_s) / updates
    hit = lives_s / (lives_s + math.exp(-u * ttl_s) / (lookups / edges + u))
    return 1.0 - fresh_s / lives_s, hit


def sliding_ttl(rate_times_ttl: float) -> float:
    """A hit is a gap shorter than T."""
    return -math.expm1(-rate_times_ttl)


def erlang_renewals(stages: int, mean_s: float, span_s: float) -> float:
    """Renewal function of Erlang gaps: expected renewals within `span_s` of one (not counted)."""
    rate = stages / mean_s
    total, k = 0.0, 1
    while True:
        chance = float(gammainc(stages * k, rate * span_s))
        total += chance
        if chance < 1e-16:
            return total
        k += 1


def erlang_gap_below(stages: int, mean_s: float, span_s: float) -> float:
    """P(gap < span)."""
    return float(gammainc(stages, stages / mean_s * span_s))


def coalesced(rate: float, ttl_s: float, fetch_s: float) -> tuple[float, float, float]:
    """(hit, delayed hit, miss): a cycle is a fetch of D and a TTL of T with 1 + lambda (D + T) requests."""
    cycle = 1.0 + rate * (fetch_s + ttl_s)
    return rate * ttl_s / cycle, rate * fetch_s / cycle, 1.0 / cycle


def second_tier_fixed(rate: float, ttl1_s: float, ttl2_s: float) -> float:
    """Hit ratio of L2 under an L1 with a fixed TTL: L1's misses are renewals with gaps T1 + Exp(lambda)."""
    m, k = 0.0, 1
    while ttl2_s - ttl1_s * k > 0:
        m += float(gammainc(k, rate * (ttl2_s - ttl1_s * k)))
        k += 1
    return fixed_ttl(m)


def zipf(n_keys: int, alpha: float) -> FloatArray:
    """Probabilities of keys 0..n-1, most popular first."""
    weights = 1.0 / np.arange(1, n_keys + 1) ** alpha
    result: FloatArray = weights / weights.sum()
    return result


def che_lru(p: FloatArray, capacity: int) -> float:
    """Key i is present with 1 - exp(-p t) where t makes the expected number present the capacity."""
    t = brentq(lambda t: float(np.sum(-np.expm1(-p * t))) - capacity, 1e-6, 1e9)
    return float(np.sum(-p * np.expm1(-p * t)))


def che_fifo(p: FloatArray, capacity: int) -> float:
    """The same for FIFO and RANDOM: present with p t / (1 + p t)."""
    t = brentq(lambda t: float(np.sum(p * t / (1 + p * t))) - capacity, 1e-6, 1e9)
    return float(np.sum(p * p * t / (1 + p * t)))


def lru_with_sliding_ttl(p: FloatArray, capacity: int, rate: float, ttl_s: float) -> float:
    """Whichever is shorter decides: the TTL or Che's characteristic time."""
    by_ttl = float(np.sum(-p * np.expm1(-rate * p * ttl_s)))
    return min(by_ttl, che_lru(p, capacity))


def exact_lru(p: FloatArray, capacity: int) -> float:
    """King: the ordered content (i, j, ...) has probability p_i p_j / (1 - p_i) ..., most recent first."""
    total = 0.0
    for content in itertools.permutations(range(len(p)), capacity):
        chance, seen = 1.0, 0.0
        for i in content:
            chance *= float(p[i]) / (1.0 - seen)
            seen += float(p[i])
        total += chance * seen
    return total


def exact_fifo(p: FloatArray, capacity: int) -> float:
    """King, Gelenbe: a content has a probability in proportion to the product of its keys' (also RANDOM)."""
    contents = list(itertools.combinations(range(len(p)), capacity))
    weights = [math.prod(float(p[i]) for i in content) for content in contents]
    hits = [sum(float(p[i]) for i in content) for content in contents]
    return sum(w * h for w, h in zip(weights, hits, strict=True)) / sum(weights)


def exponential_tiers(edges: int, stay: float, rate: float, ttl1_s: float, ttl2_s: float) -> tuple[float, float, float]:
    """(h1, h2, storage reads/s) of one session on n edges over one L2, exponential TTLs, exact Markov chain.

    The session follows: each request stays with probability `stay`, else goes to one of the others. By symmetry the
    state is (current edge fresh, number of other edges fresh, L2 fresh): 4 n states, solved by numpy.
    """
    index = {s: i for i, s in enumerate(itertools.product((0, 1), range(edges), (0, 1)))}
    flow = np.zeros((len(index), len(index)))
    ask1, ask2 = np.zeros(len(index)), np.zeros(len(index))

    def add(source: int, target: tuple[int, int, int], amount: float) -> None:
        flow[source, index[target]] += amount

    for (here, others, l2), i in index.items():
        if here:
            add(i, (0, others, l2), 1.0 / ttl1_s)
        if others:
            add(i, (here, others - 1, l2), others / ttl1_s)
        if l2:
            add(i, (here, others, 0), 1.0 / ttl2_s)
        fresh = others / (edges - 1) if edges > 1 else 0.0
        hit = stay * here + (1.0 - stay) * fresh
        ask1[i] = 1.0 - hit
        ask2[i] = ask1[i] * (1 - l2)
        add(i, (1, others, l2 if here else 1), rate * stay)
        if edges > 1:
            leave = rate * (1.0 - stay)
            if fresh > 0:
                add(i, (1, others - 1 + here, l2), leave * fresh)
            if fresh < 1:
                add(i, (1, others + here, 1), leave * (1.0 - fresh))
    np.fill_diagonal(flow, 0.0)
    generator = flow - np.diag(flow.sum(axis=1))
    system = np.vstack([generator.T[:-1], np.ones(len(index))])
    law = np.linalg.solve(system, np.eye(len(index))[-1])
    miss1, miss2 = float(law @ ask1), float(law @ ask2)
    return 1.0 - miss1, 1.0 - miss2 / miss1, rate * miss2
