"""Stickiness and L1: hit ratios of a session that stays with probability p, and runs at one edge.

Poisson requests at rate lambda, n edges; a request stays with probability p, else goes to one of the other n-1, each
as likely; x = lambda T; fetches take no time. Derived from the chain of edges: the k-th request after a visit to an
edge is at that edge again with 1/n + (1-1/n) rho^k, rho = (n p - 1)/(n - 1). Follow: where it went is its edge. Home:
an excursion.
"""

from __future__ import annotations

import math

from scipy.special import gammainc


def sliding_follow(p: float, n: int, x: float) -> float:
    """A hit is a return to an edge within T of the last visit there."""
    r = (1.0 - p) / (n - 1)
    away = (1.0 - p) * (math.exp(-r * x) - r * math.exp(-x)) / (1.0 - r) if r < 1.0 else (1.0 + x) * math.exp(-x)
    return 1.0 - p * math.exp(-x) - away


def fixed_follow(p: float, n: int, x: float) -> float:
    """M / (1 + m) with m the expected requests at an edge within T of a fill there."""
    rho = (n * p - 1.0) / (n - 1)
    decay = x if rho == 1.0 else rho / (1.0 - rho) * -math.expm1(-(1.0 - rho) * x)
    m = x / n + (1.0 - 1.0 / n) * decay
    return m / (1.0 + m)


def home_shares(p: float, n: int) -> list[float]:
    """Share of requests at the home edge and at each of the others."""
    return [p, *([(1.0 - p) / (n - 1)] * (n - 1))]


def sliding_home(p: float, n: int, x: float) -> float:
    """Each edge is a thinned Poisson process."""
    return sum(-share * math.expm1(-share * x) for share in home_shares(p, n))


def fixed_home(p: float, n: int, x: float) -> float:
    """The same with a fixed TTL."""
    return sum(share * share * x / (1.0 + share * x) for share in home_shares(p, n))


def cold_start(p: float, n: int, x: float, first: int) -> float:
    """Hit ratio of a session's first K requests under a sliding TTL, caches empty (follow).

    Request k hits if the last visit to its edge was m requests ago, m < k, and m gaps take less than T.
    """
    r = (1.0 - p) / (n - 1)
    hit, total = 0.0, 0.0
    for m in range(1, first):
        back = p if m == 1 else (1.0 - p) * (1.0 - r) ** (m - 2) * r
        hit += back * float(gammainc(m, x))
        total += hit
    return total / first


def same_edge_after(p: float, n: int, requests: int) -> float:
    """P(at the same edge so many requests later)."""
    rho = (n * p - 1.0) / (n - 1)
    return 1.0 / n + (1.0 - 1.0 / n) * rho**requests


def shares_of_sticky_edges(stay: list[float]) -> list[float]:
    """Long-run share of each edge where edge i keeps a request with stay[i], else another, each as likely."""
    weights = [1.0 / (1.0 - w) for w in stay]
    return [weight / sum(weights) for weight in weights]
