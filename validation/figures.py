"""Figures of a real run from what clients, cores and the balancer's log told, by the simulator's definitions."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

from validation.settings import Settings

CAUSES = ("cold", "ttl_expired", "evicted", "migrated", "node_restart", "lease_expired")
VICTIM = "edge-1"
ENOUGH = 50  # requests in a step of recovery
STEP = 1.0  # s, at least
SHARE = 0.95


class Line(NamedTuple):
    """A request: due (s), its session, latency (s; None: failed), and what the answer's headers said."""

    due: float
    session: int
    latency: float | None
    edge: str
    tier: str
    cause: str


def quantile(ordered: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def of_requests(lines: list[Line], settings: Settings) -> dict[str, float]:
    """L1 ratios, misses by cause (1/s), latencies (s), failed requests, sessions moved; of the window."""
    last: dict[int, str] = {}
    filled: dict[tuple[int, str], float] = {}  # when an edge's L1 last got the session, s
    tiers: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    latencies = []
    issued = failed = moves = 0
    moved = set()
    for line in sorted(lines):
        before = last.get(line.session, "")
        missed = line.tier in ("l2", "storage")
        cause = cause_of(line, before, filled, settings) if missed else ""
        if missed and line.latency is not None:
            filled[line.session, line.edge] = line.due + line.latency
        last[line.session] = line.edge or before
        if line.due < settings.warmup:
            continue
        issued += 1
        if line.latency is None:
            failed += 1
            continue
        latencies.append(line.latency)
        if before not in ("", line.edge):
            moves += 1
            moved.add(line.session)
        tiers[line.tier] += 1
        causes[cause] += missed
    latencies.sort()
    answered = len(latencies)
    result = {
        "issued": float(issued),
        "answered": float(answered),
        "failed": float(failed),
        "moves": float(moves),
        "moved": float(len(moved)),
        "requests": issued / settings.window,
        "l1": tiers["l1"] / answered,
        "delayed": tiers["l1_delayed"] / answered,
        "misses": (tiers["l2"] + tiers["storage"]) / answered,
    }
    result |= {f"misses_{cause}": causes[cause] / settings.window for cause in CAUSES}
    return result | {f"p{share}": quantile(latencies, share / 100) for share in (50, 95, 99)}


def cause_of(line: Line, before: str, filled: dict[tuple[int, str], float], settings: Settings) -> str:
    """Why L1 missed: what would have expired by now has expired, whatever became of it before (docs/model.md)."""
    if before not in ("", line.edge):
        return "migrated"
    if line.cause != "absent":
        return line.cause
    if (line.session, line.edge) not in filled:
        return "cold"
    return "ttl_expired" if line.due >= filled[line.session, line.edge] + settings.l1_ttl else "node_restart"


def of_counts(before: dict[str, int], after: dict[str, int], settings: Settings) -> dict[str, float]:
    """Rates (1/s) of what cores and Redis did in the window, and L2's hit ratio as cores count it."""
    names = {
        "lookups": "core_lookups",
        "redis": "redis_reads",
        "reads": "core_reads",
        "renewals": "renewals",
        "batches": "batches",
    }
    done = {name: after[name] - before[name] for name in names}
    return {names[name]: count / settings.window for name, count in done.items()} | {
        "l2": 1 - done["reads"] / max(1, done["lookups"])
    }


def of_fault(lines: list[Line], log: list[tuple[float, str]], fault: float, settings: Settings) -> dict[str, float]:
    """Detection and recovery, s after the fault; left out where it did not come to that."""
    result = {}
    for at, line in log:
        if at > fault and f"Server edges/{VICTIM} is DOWN" in line:
            result["detection"] = at - fault
            break
    back = recovery(lines, fault, settings)
    if back is not None:
        result["recovery"] = back
    return result


def recovery(lines: list[Line], fault: float, settings: Settings) -> float | None:
    """When the sessions that were at the victim hit its L1 as often as before (95 %), in steps; s after the fault."""
    before = [line for line in lines if line.edge == VICTIM and line.due < fault]
    if not before:
        return None
    goal = SHARE * sum(line.tier == "l1" for line in before) / len(before)
    last = {line.session: line.edge for line in sorted(lines) if line.due < fault}
    there = {session for session, edge in last.items() if edge == VICTIM}
    ends = sorted(
        (line.due + (settings.timeout if line.latency is None else line.latency), line.tier == "l1")
        for line in lines
        if line.session in there
    )
    began, hits, requests = fault, 0, 0
    for end, hit in ends:
        if end < fault:
            continue
        requests += 1
        hits += hit
        if requests >= ENOUGH and end - began >= STEP:
            if hits >= goal * requests:
                return end - fault
            began, hits, requests = end, 0, 0
    return None
