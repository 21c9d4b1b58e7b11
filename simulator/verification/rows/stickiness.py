"""Stickiness x L1: the table, cold start, exponential TTLs, and runs at one edge."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from simulator.observe.result import Replication
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.rows.caches import exponential_tiers
from simulator.verification.theory import stickiness as theory
from simulator.verification.worlds import ideal, measured, per_second, play, seconds

GROUP = "Stickiness and L1"
FORMULAS = {
    ("sliding", "stay"): theory.sliding_follow, ("fixed", "stay"): theory.fixed_follow,
    ("sliding", "return"): theory.sliding_home, ("fixed", "return"): theory.fixed_home,
}  # fmt: skip
WORDS = {"stay": "follow", "return": "home"}


def world(
    p: float, mode: str, after: str, edges: int, rate: float, ttl_s: float, span_s: float, clients: int = 200
) -> dict[str, Any]:
    """Sessions that stay with probability p, else go to any other edge; fetches take no time."""
    warmup_s = 8.0 * ttl_s
    return ideal(
        warmup_s + span_s, warmup_s,
        clients={
            "count": clients, "workload": {"kind": "poisson", "rate": per_second(rate)},
            "session": {"start": {"uniform": {"low": "0s", "high": seconds(ttl_s)}}},
        },
        edges={"count": edges, "l1": {"ttl": seconds(ttl_s), "ttl_mode": mode}},
        routing={"policy": "static", "weight": 100 * p, "leave_to": "uniform", "after_leaving": after},
    )  # fmt: skip


def hit_ratio(
    p: float, mode: str, after: str, *, edges: int = 4, rate: float = 1.0, ttl_s: float = 5.0, requests: int = 15_000,
    quick: bool = False,
) -> Case:  # fmt: skip
    """One cell of the table."""
    expected = FORMULAS[mode, after](p, edges, rate * ttl_s)
    scenario = world(p, mode, after, edges, rate, ttl_s, requests / (200 * rate))
    row = f"{mode} {WORDS[after]}"
    other = "" if (edges, rate, ttl_s) == (4, 1.0, 5.0) else f" n {edges} λ {rate:g} T {ttl_s:g}"
    return Case(
        f"{row} p {p:g}{other}", row, f"{mode} TTL {ttl_s:g} s, {WORDS[after]}, stay {p:g}, n {edges}, λ {rate:g}/s",
        "chain of edges with the law of the gap (theory.stickiness)", f"20 x {requests:,} requests",
        (TheoryCheck("hit ratio", expected, 0.003),), measured(scenario, {"hit ratio": "hit_ratio.l1"}),
        quick=quick, group=GROUP,
    )  # fmt: skip


def cold_start(p: float = 0.75, edges: int = 4, rate: float = 1.0, ttl_s: float = 5.0) -> Case:
    """Hit ratios of the first requests of sessions that meet empty caches."""
    firsts = (10, 20, 100)
    sessions, span_s = 150, 165.0 / rate
    scenario = ideal(
        span_s, 0,
        clients={"count": sessions, "workload": {"kind": "poisson", "rate": per_second(rate)}},
        edges={"count": edges, "l1": {"ttl": seconds(ttl_s), "ttl_mode": "sliding"}},
        routing={"policy": "static", "weight": 100 * p, "leave_to": "uniform"},
    )  # fmt: skip

    def measure(replication: int) -> dict[str, float]:
        hits = _tiers_in_order(play(scenario, replication, trace=1.0))
        return {f"K {k}": sum(sum(row[:k]) for row in hits) / (k * len(hits)) for k in firsts}

    return Case(
        f"cold start n {edges} p {p:g}", "cold start", f"cold start, sliding TTL {ttl_s:g} s, n {edges}, stay {p:g}",
        "sum over returns after m requests within T", f"20 x {sessions} sessions, their first 100 requests",
        tuple(TheoryCheck(f"K {k}", theory.cold_start(p, edges, rate * ttl_s, k), 0.005) for k in firsts),
        measure, quick=edges == 4, group=GROUP,
    )  # fmt: skip


def _by_session(result: Replication, column: str) -> list[list[str]]:
    """The values of a traced column, a list a session, in the order in which requests were sent."""
    traced = result.requests
    assert traced is not None
    rows = sorted(zip(traced["t_s"], traced["session"], traced[column], strict=True))
    found: dict[int, list[str]] = {}
    for _, session, value in rows:
        found.setdefault(session, []).append(value)
    return list(found.values())


def _tiers_in_order(result: Replication) -> list[list[bool]]:
    return [[tier == "l1" for tier in row] for row in _by_session(result, "tier")]


def runs(p: float = 0.75, edges: int = 4, after: int = 3, *, quick: bool = True) -> Case:
    """Rows 70, 71: mean requests in a row at one edge; chance to be there again after some."""
    scenario = world(p, "fixed", "stay", edges, 1.0, 5.0, 150.0)

    def measure(replication: int) -> dict[str, float]:
        result = play(scenario, replication, trace=1.0)
        same = total = 0
        for row in _by_session(result, "edge"):
            same += sum(a == b for a, b in zip(row, row[after:], strict=False))
            total += max(len(row) - after, 0)
        lengths = [sum(a != b for a, b in pairwise(row)) for row in _by_session(result, "edge")]
        requests = sum(len(row) - 1 for row in _by_session(result, "edge"))
        return {
            "run length": result.metrics["stay_length.mean"], "same edge": same / total,
            "left": sum(lengths) / requests,
        }  # fmt: skip

    return Case(
        f"70 n {edges} p {p:g}", "70", f"runs at one edge, n {edges}, stay {p:g}",
        "geometric; rho^k of the chain", "20 x 30,000 requests",
        (
            TheoryCheck("run length", 1.0 / (1.0 - p), 0.005), TheoryCheck("left", 1.0 - p, 0.005),
            TheoryCheck("same edge", theory.same_edge_after(p, edges, after), 0.005),
        ),
        measure, quick=quick, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    table = [
        *((p, mode, "stay") for mode in ("sliding", "fixed") for p in (0.25, 0.5, 0.75, 0.9, 1.0)),
        *((p, mode, "return") for mode in ("sliding", "fixed") for p in (0.5, 0.75, 0.9)),
    ]
    return [
        *(hit_ratio(p, mode, after, quick=True) for p, mode, after in table),
        *(hit_ratio(1.0, mode, "return", requests=10_000) for mode in ("sliding", "fixed")),
        hit_ratio(0.6, "sliding", "stay", edges=2, rate=0.5, ttl_s=3.0, requests=30_000),
        hit_ratio(0.6, "fixed", "stay", edges=2, rate=0.5, ttl_s=3.0, requests=30_000),
        hit_ratio(0.97, "fixed", "stay", edges=8, rate=2.0, ttl_s=10.0, requests=60_000),
        hit_ratio(0.97, "sliding", "stay", edges=8, rate=2.0, ttl_s=10.0, requests=60_000),
        hit_ratio(0.1, "fixed", "stay", edges=3, rate=1.0, ttl_s=4.0, requests=30_000),
        hit_ratio(0.0, "sliding", "stay", edges=3, rate=1.0, ttl_s=4.0, requests=30_000),
        hit_ratio(0.3, "sliding", "return", edges=6, rate=2.0, ttl_s=4.0, requests=30_000),
        hit_ratio(0.3, "fixed", "return", edges=6, rate=2.0, ttl_s=4.0, requests=30_000),
        cold_start(),
        cold_start(0.9, 3, 2.0, 2.0),
        exponential_tiers("exponential TTLs", "exponential TTLs n 4 p .75", 4, 0.75, 1.0),
        exponential_tiers("exponential TTLs", "exponential TTLs n 3 p .9", 3, 0.9, 0.5, 10.0, 40.0),
        runs(),
        runs(0.9, 3, 2, quick=False),
    ]
