"""Rows 27-46: TTLs and tiers in the whole simulator, replacement directly on the caches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from simulator.caches import Cache, make_cache
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import caching as theory
from simulator.verification.worlds import ideal, measured, per_second, seconds

GROUP = "Caches"
TOLERANCE = 0.002
INFINITY = math.inf


def spread(span_s: float) -> dict[str, Any]:
    """Sessions that exist at t = 0 and begin within a span, so that their TTLs are out of phase."""
    return {"start": {"uniform": {"low": "0s", "high": seconds(span_s)}}}


def one_edge(
    rate: float, l1: dict[str, Any], span_s: float, cycles: float, sessions: int = 100, **parts: Any
) -> dict[str, Any]:
    """Clients with Poisson requests at one edge; `span_s` is the slowest TTL, `cycles` of it are measured."""
    warmup_s = 3.0 * span_s + 5.0 / rate
    group = {
        "count": sessions, "workload": {"kind": "poisson", "rate": per_second(rate)}, "session": spread(span_s),
        **parts.pop("clients", {}),
    }  # fmt: skip
    edges = {"l1": l1, **parts.pop("edges", {})}
    return ideal(warmup_s + cycles * span_s, warmup_s, clients=group, edges=edges, **parts)


def ttl(row: str, mode: str, ttl_s: float, rate: float, requests: int, *, quick: bool = False) -> Case:
    """One tier, Poisson requests, TTL fixed or sliding."""
    x = rate * ttl_s
    expected = theory.fixed_ttl(x) if mode == "fixed" else theory.sliding_ttl(x)
    clients = 100
    cycles = requests / (clients * rate * ttl_s)
    scenario = one_edge(rate, {"ttl": seconds(ttl_s), "ttl_mode": mode}, ttl_s, cycles, clients)
    formula = "λT/(1+λT)" if mode == "fixed" else "1-exp(-λT)"
    return Case(
        f"{row} {mode} λ {rate:g} T {ttl_s:g}", row, f"{mode} TTL {ttl_s:g} s, λ {rate:g}/s",
        f"{formula} (Jung et al. 2003)", f"20 x {requests:,} requests",
        (TheoryCheck("hit ratio", expected, tolerance=TOLERANCE),),
        measured(scenario, {"hit ratio": "hit_ratio.l1"}), quick=quick, group=GROUP,
    )  # fmt: skip


def renewal(mode: str, stages: int = 2, mean_s: float = 2.0, ttl_s: float = 5.0) -> Case:
    """Requests that are not Poisson: Erlang gaps."""
    if mode == "fixed":
        expected = theory.fixed_ttl(theory.erlang_renewals(stages, mean_s, ttl_s))
    else:
        expected = theory.erlang_gap_below(stages, mean_s, ttl_s)
    workload = {"kind": "renewal", "interarrival": {"erlang": {"k": stages, "mean": seconds(mean_s)}}}
    scenario = one_edge(
        1.0 / mean_s, {"ttl": seconds(ttl_s), "ttl_mode": mode}, ttl_s, 80, clients={"workload": workload}
    )
    return Case(
        f"30 {mode} k {stages}", "30", f"{mode} TTL {ttl_s:g} s, Erlang-{stages} gaps of {mean_s:g} s",
        "renewal function m/(1+m); the gap's law", "20 x 20,000 requests",
        (TheoryCheck("hit ratio", expected, tolerance=TOLERANCE),),
        measured(scenario, {"hit ratio": "hit_ratio.l1"}), group=GROUP,
    )  # fmt: skip


def coalesced(rate: float, ttl_s: float, fetch_s: float, *, where: str = "storage", quick: bool = False) -> Case:
    """A fetch takes D: hits, delayed hits and misses. The TTL runs from the fill."""
    shares = theory.coalesced(rate, ttl_s, fetch_s)
    parts: dict[str, Any] = {}
    if where == "storage":
        parts |= {"storage": {"read": seconds(fetch_s)}, "cores": {"l2": {"ttl": "1us"}}}
    else:
        half = seconds(fetch_s / 2)
        parts["network"] = {
            "links": [
                {"from": "edge-*", "to": "core-*", "latency": half},
                {"from": "core-*", "to": "edge-*", "latency": half},
            ]
        }
    scenario = one_edge(rate, {"ttl": seconds(ttl_s)}, ttl_s, 80, 100, **parts)
    names = ("hit", "delayed", "miss")
    readers = dict(zip(names, ("hit_ratio.l1", "delayed_hit_ratio.l1", "miss_ratio.l1"), strict=True))
    return Case(
        f"33 D {fetch_s:g} ({where})", "33",
        f"fetch of {fetch_s:g} s ({where}), coalesced, λ {rate:g}/s, T {ttl_s:g} s",
        "a cycle has 1 + λ(D+T) requests", f"20 x {int(80 * ttl_s * rate * 100):,} requests",
        tuple(TheoryCheck(n, s, tolerance=TOLERANCE) for n, s in zip(names, shares, strict=True)),
        measured(scenario, readers), quick=quick, group=GROUP,
    )  # fmt: skip


def two_tiers(rate: float, ttl1_s: float, ttl2_s: float, cycles: float = 15, sessions: int = 100) -> Case:
    """L1 then L2, fresh fixed TTLs."""
    scenario = one_edge(
        rate, {"ttl": seconds(ttl1_s)}, ttl2_s, cycles, sessions, cores={"l2": {"ttl": seconds(ttl2_s)}}
    )
    return Case(
        f"41 {ttl1_s:g} s, {ttl2_s:g} s", "41", f"L1 {ttl1_s:g} s over L2 {ttl2_s:g} s, λ {rate:g}/s",
        "L1's misses are renewals with gaps T1 + Exp(λ)", f"20 x {int(cycles * ttl2_s * rate * sessions):,} requests",
        (
            TheoryCheck("h1", theory.fixed_ttl(rate * ttl1_s), tolerance=TOLERANCE),
            TheoryCheck("h2", theory.second_tier_fixed(rate, ttl1_s, ttl2_s), tolerance=TOLERANCE),
        ),
        measured(scenario, {"h1": "hit_ratio.l1", "h2": "hit_ratio.l2"}), quick=ttl1_s == 5.0, group=GROUP,
    )  # fmt: skip


def inherited(rate: float, ttl1_s: float, ttl2_s: float, edges: int = 1) -> Case:
    """L1 inherits what is left of L2: storage sees one cache with L2's TTL."""
    scenario = one_edge(
        rate, {"ttl": seconds(ttl1_s), "inherit_ttl": True}, ttl2_s, 40, 60,
        edges={"count": edges}, cores={"l2": {"ttl": seconds(ttl2_s)}}, routing={"policy": "random"},
    )  # fmt: skip
    return Case(
        f"43 λ {rate:g}, {edges} edges", "43",
        f"L1 {ttl1_s:g} s inherits from L2 {ttl2_s:g} s, λ {rate:g}/s, {edges} edge(s)",
        "L1 never outlives L2: reads of storage are 1/(1+λT2)", f"20 x {int(40 * ttl2_s * rate * 60):,} requests",
        (TheoryCheck("reads that reach storage", 1.0 / (1.0 + rate * ttl2_s), tolerance=TOLERANCE),),
        measured(scenario, {"reads that reach storage": lambda r: 1.0 - r.metrics["hit_ratio.total"]}),
        quick=edges == 1, group=GROUP,
    )  # fmt: skip


def exponential_tiers(
    row: str, key: str, edges: int, stay: float | None, rate: float, ttl1_s: float = 5.0, ttl2_s: float = 60.0
) -> Case:
    """Several edges over one L2, exponential TTLs: an exact Markov chain. `stay` None: each request anywhere."""
    h1, h2, storage = theory.exponential_tiers(edges, 1.0 / edges if stay is None else stay, rate, ttl1_s, ttl2_s)
    routing = {"policy": "random"} if stay is None else {"policy": "static", "weight": 100 * stay}
    clients, cycles = 60, 50
    scenario = one_edge(
        rate, {"ttl": {"exponential": seconds(ttl1_s)}}, ttl2_s, cycles, clients,
        edges={"count": edges}, cores={"l2": {"ttl": {"exponential": seconds(ttl2_s)}}},
        routing=routing | {"leave_to": "uniform"},
    )  # fmt: skip
    return Case(
        key, row, f"{edges} edges over one L2, exponential TTLs {ttl1_s:g} s and {ttl2_s:g} s, {rate:g}/s a session",
        "Markov chain of fresh entries, solved exactly", f"20 x {int(clients * cycles * ttl2_s * rate):,} requests",
        (
            TheoryCheck("h1", h1, tolerance=TOLERANCE),
            TheoryCheck("h2", h2, tolerance=TOLERANCE),
            TheoryCheck("storage reads (/s)", storage, 0.02),
        ),
        measured(
            scenario,
            {
                "h1": "hit_ratio.l1", "h2": "hit_ratio.l2",
                "storage reads (/s)": lambda r: r.metrics["storage.reads.rate"] / clients,
            },
        ),
        group=GROUP,
    )  # fmt: skip


def updates(lookups: float, updates: float, ttl_s: float, edges: int = 2) -> Case:
    """Sessions' data change: hits on what another edge has changed since are stale."""
    stale, hit = theory.updated_elsewhere(lookups, updates, ttl_s, edges)
    share = updates / (lookups + updates)
    clients, duration_s = 40, 80.0
    scenario = one_edge(
        lookups + updates, {"ttl": seconds(ttl_s)}, ttl_s, duration_s / ttl_s, clients,
        clients={"operations": {"lookup": 1.0 - share, "update": share}},
        edges={"count": edges}, routing={"policy": "random"},
    )  # fmt: skip
    return Case(
        f"110 T {ttl_s:g}, {edges} edges", "110",
        f"updates {updates:g}/s, lookups {lookups:g}/s, at {edges} edges at random, T {ttl_s:g} s",
        "an entry lives for min(T, Exp(w/n)), v on average", f"20 x {int(duration_s * clients * (lookups + updates)):,}"
        " requests",
        (
            TheoryCheck("stale share of hits", stale),
            TheoryCheck("hit ratio", hit),
        ),
        measured(scenario, {"stale share of hits": "stale_reads.ratio", "hit ratio": "hit_ratio.l1"}),
        quick=edges == 2, group=GROUP,
    )  # fmt: skip


# -- directly on the caches ---------------------------------------------------------------------------
def count_hits(cache: Cache, requests: Iterable[tuple[int, float]]) -> int:
    """Look each (key, now_s) up, fill at once at a miss, and count the hits."""
    lookup, insert, hits = cache.lookup, cache.insert, 0
    for key, now_s in requests:
        if lookup(key, now_s):
            hits += 1
        else:
            insert(key, now_s)
    return hits


def replacement(
    row: str, policy: str, n_keys: int, alpha: float, capacity: int, tolerance: float,
    formula: Callable[[np.ndarray, int], float], source: str,
) -> Case:  # fmt: skip
    """Independent requests for Zipf keys under a replacement policy."""
    p = theory.zipf(n_keys, alpha)
    edges = np.cumsum(p)
    n, warmup = (40_000, 10 * capacity) if n_keys > 100 else (60_000, 100)

    def measure(replication: int) -> dict[str, float]:
        rng = np.random.default_rng([34, n_keys, capacity, replication])
        keys = np.minimum(np.searchsorted(edges, rng.random(warmup + n), side="right"), n_keys - 1).tolist()
        cache = make_cache(policy, capacity, seed=replication)
        count_hits(cache, zip(keys[:warmup], itertools.repeat(0.0)))
        return {"hit ratio": count_hits(cache, zip(keys[warmup:], itertools.repeat(0.0))) / n}

    return Case(
        f"{row} {policy} N {n_keys} C {capacity}", row,
        f"{policy.upper()}, Zipf N {n_keys:,} α {alpha:g}, C {capacity}",
        source, f"20 x {n:,} requests", (TheoryCheck("hit ratio", formula(p, capacity), tolerance=tolerance),), measure,
        quick=n_keys < 100, group=GROUP,
    )  # fmt: skip


def sliding_with_lru(ttl_s: float) -> Case:
    """Sliding TTL and LRU with the whole simulator: popularity deals requests to sessions."""
    p = theory.zipf(10_000, 0.8)
    expected = theory.lru_with_sliding_ttl(p, 1000, 500.0, ttl_s)
    scenario = ideal(
        130, 10,
        clients={
            "count": 10_000,
            "workload": {"kind": "poisson", "total_rate": "500/s", "popularity": {"zipf": 0.8}},
        },
        edges={"l1": {"capacity": 1000, "policy": "lru", "ttl": seconds(ttl_s), "ttl_mode": "sliding"}},
    )  # fmt: skip
    return Case(
        f"40 T {ttl_s:g}", "40", f"sliding TTL {ttl_s:g} s with LRU, 500/s, Zipf N 10,000 α .8, C 1000",
        "the shorter of TTL and Che's characteristic time", "20 x 60,000 requests",
        (TheoryCheck("hit ratio", expected, tolerance=TOLERANCE),),
        measured(scenario, {"hit ratio": "hit_ratio.l1"}), group=GROUP,
    )  # fmt: skip


LIBCACHESIM = {"lru": 87253, "fifo": 78879, "sieve": 104350, "s3fifo": 104664, "wtinylfu": 107499}


def libcachesim(policy: str) -> Case:
    """Request by request against libCacheSim on a fixed trace."""
    hits, exact = LIBCACHESIM[policy], policy in ("lru", "fifo", "sieve")

    def measure(_: int) -> dict[str, float]:
        u = np.random.default_rng(12345).random(200_000)
        keys = np.searchsorted(np.cumsum(theory.zipf(10_000, 0.8)), u, side="right").tolist()
        return {"hits": float(count_hits(make_cache(policy, 1000), zip(keys, itertools.repeat(0.0))))}

    slack = 0 if exact else 3000
    return Case(
        f"46 {policy}", "46", f"{policy} against libCacheSim, C 1000",
        "independent program" + ("" if exact else ", within 1.5 points of hit ratio"), "200,000 requests",
        (TheoryCheck("hits", hits, between=(hits - slack, hits + slack)),), measure, replications=1, quick=True,
        group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    che, exact = "Che's approximation (Martina et al. 2014)", "exact stationary law (King 1971, Gelenbe 1973)"
    return [
        ttl("27", "fixed", 1, 1, 50_000, quick=True),
        ttl("27", "fixed", 5, 1, 30_000, quick=True),
        ttl("27", "fixed", 20, 0.1, 40_000),
        ttl("28", "sliding", 1, 1, 50_000, quick=True),
        ttl("28", "sliding", 5, 1, 15_000, quick=True),
        ttl("28", "sliding", 20, 0.1, 50_000),
        renewal("fixed"),
        renewal("sliding"),
        renewal("fixed", stages=4),
        coalesced(1, 5, 0.2, quick=True),
        coalesced(1, 5, 0.2, where="link"),
        coalesced(2, 2, 0.75),
        *(replacement("34", "lru", 10_000, 0.8, c, 0.003, theory.che_lru, che) for c in (100, 1000)),
        *(
            replacement("35", x, 10_000, 0.8, c, 0.003, theory.che_fifo, che)
            for x in ("fifo", "random")
            for c in (100, 1000)
        ),
        *(replacement("37", "lru", n, a, 2, TOLERANCE, theory.exact_lru, exact) for n, a in ((4, 1.0), (5, 0.8))),
        *(
            replacement("37", x, n, a, 2, TOLERANCE, theory.exact_fifo, exact)
            for x in ("fifo", "random")
            for n, a in ((4, 1.0), (5, 0.8))
        ),
        sliding_with_lru(1.0),
        sliding_with_lru(4.0),
        two_tiers(1, 5, 60),
        two_tiers(2, 3, 20),
        inherited(0.5, 4, 30),
        inherited(0.8, 4, 30, edges=3),
        exponential_tiers("44", "44", 3, None, 0.6),
        exponential_tiers("44", "44 five edges", 5, None, 1.0, 4.0, 20.0),
        updates(2.0, 0.4, 5.0),
        updates(1.0, 0.3, 8.0, edges=3),
        *(libcachesim(policy) for policy in LIBCACHESIM),
    ]  # fmt: skip
