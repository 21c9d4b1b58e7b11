"""Rows 80-85: repair, detection, and what clients see of failures."""

from __future__ import annotations

from typing import Any

from simulator.metrics.events import DETECTED, FAULT_BEGIN, FAULT_END
from simulator.observe.result import Replication
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import availability as theory
from simulator.verification.worlds import ideal, measured, per_second, play, seconds

GROUP = "Availability"
IDLE = {"count": 1, "workload": {"kind": "poisson", "rate": "0.001/s"}}
WATCHED = {"model": "static", "initial_weight": 100, "propagation": "0ms", "window": "10s"}


def failing(mttf: Any, mttr: Any, of: str = "edge-*") -> list[dict[str, Any]]:
    """Random crashes of edges."""
    return [{"random": "crash", "of": of, "mttf": mttf, "mttr": mttr}]


def repair(mttf_s: float = 1000.0, mttr_s: float = 50.0, edges: int = 100) -> Case:
    """Alternating up and down."""
    scenario = ideal(
        40_000, 1000, clients=IDLE, edges={"count": edges}, record={"window": "10000s"},
        faults=failing({"exponential": seconds(mttf_s)}, {"exponential": seconds(mttr_s)}),
    )  # fmt: skip
    up = theory.steady(mttf_s, mttr_s)

    def edges_up(result: Replication) -> float:
        values = [v for k, v in result.metrics.items() if k.startswith("node.availability[edge-")]
        return sum(values) / edges

    return Case(
        f"80 MTTR {mttr_s:g}", "80", f"MTTF {mttf_s:g} s, MTTR {mttr_s:g} s", "MTTF/(MTTF+MTTR)",
        f"20 x {edges} edges x 39,000 s",
        (TheoryCheck("availability", up, 0.001), TheoryCheck("unavailability", 1 - up, 0.02)),
        measured(scenario, {"availability": edges_up, "unavailability": lambda r: 1 - edges_up(r)}),
        quick=mttr_s == 50, group=GROUP,
    )  # fmt: skip


def outages(result: Replication) -> list[tuple[float, float, float | None]]:
    """(crashed, repaired, detected or None) of every finished crash."""
    open_s: dict[str, float] = {}
    seen_s: dict[str, float] = {}
    found: list[tuple[float, float, float | None]] = []
    for event in result.events:
        name, t_s = event["target"], event["t_s"]
        if event["kind"] == FAULT_BEGIN:
            open_s[name] = t_s
            seen_s.pop(name, None)
        elif event["kind"] == DETECTED:
            seen_s[name] = t_s
        elif event["kind"] == FAULT_END:
            found.append((open_s.pop(name), t_s, seen_s.pop(name, None)))
    return found


def detection(period_s: float = 1.0, misses: int = 3) -> Case:
    """Heartbeats that take no time."""
    scenario = ideal(
        1100 * period_s, 0, clients=IDLE, edges={"count": 40}, sam={**WATCHED, **_beat(period_s, misses)},
        faults=failing({"exponential": seconds(100 * period_s)}, seconds(10 * misses * period_s)),
    )  # fmt: skip
    mean_s = theory.detection_mean_s(period_s, misses)

    def measure(replication: int) -> dict[str, float]:
        result = play(scenario, replication)
        delays = [seen - began for began, _, seen in outages(result) if seen is not None]
        mean = sum(delays) / len(delays)
        return {
            "mean (s)": mean, "metric (s)": result.metrics["failover.detection.mean"],
            "variance (s²)": sum((d - mean) ** 2 for d in delays) / (len(delays) - 1),
            "least (s)": min(delays), "most (s)": max(delays),
        }  # fmt: skip

    low, high = (misses - 1) * period_s, misses * period_s
    return Case(
        f"82 period {period_s:g} misses {misses}", "82", f"heartbeat {period_s:g} s, {misses} misses",
        "uniform on (misses-1, misses] periods", "20 x 340 crashes",
        (
            TheoryCheck("mean (s)", mean_s, 0.005), TheoryCheck("metric (s)", mean_s, 0.005),
            TheoryCheck("variance (s²)", theory.detection_variance_s2(period_s), 0.02),
            TheoryCheck("least (s)", low, between=(low, low + 0.05 * period_s)),
            TheoryCheck("most (s)", high, between=(high - 0.05 * period_s, high + 1e-6)),
        ),
        measure, quick=misses == 3, group=GROUP,
    )  # fmt: skip


def _beat(period_s: float, misses: int) -> dict[str, Any]:
    return {"heartbeat": {"period": seconds(period_s), "misses": misses}}


def seen_outage(mttr_s: float = 50.0, misses: int = 3) -> Case:
    """Whichever comes first: detection or repair. Edges last long enough to be heard again in between."""
    scenario = ideal(
        2000, 0, clients=IDLE, edges={"count": 40}, sam={**WATCHED, **_beat(1.0, misses)},
        faults=failing({"uniform": {"low": "50s", "high": "150s"}}, {"exponential": seconds(mttr_s)}),
    )  # fmt: skip

    def measure(replication: int) -> dict[str, float]:
        spans = [
            (end if seen is None else min(end, seen)) - began
            for began, end, seen in outages(play(scenario, replication))
        ]
        return {"E[min] (s)": sum(spans) / len(spans)}

    return Case(
        f"83 MTTR {mttr_s:g}", "83", f"outage until detection or repair, MTTR {mttr_s:g} s, {misses} misses",
        "integral over the uniform detection", "20 x 500 crashes",
        (TheoryCheck("E[min] (s)", theory.seen_outage_s(1.0, misses, mttr_s), 0.01),), measure, group=GROUP,
        quick=mttr_s == 50,
    )  # fmt: skip


def unavailability(follow: bool) -> Case:
    """What sessions see: those that are moved, and those that never leave."""
    edges, clients, rate = 100, 1000, 0.02
    span_s = 5000.0
    scenario = ideal(
        span_s, 0, clients={"count": clients, "workload": {"kind": "poisson", "rate": per_second(rate)}},
        edges={"count": edges}, faults=failing({"exponential": "1000s"}, {"exponential": "50s"}),
        **({"sam": {**WATCHED, **_beat(1.0, 3)}} if follow else {}),
    )  # fmt: skip
    outage_s = theory.seen_outage_s(1.0, 3, 50.0)
    if follow:  # a move meets an edge that is down and not detected yet: it waits for that detection
        chance = outage_s / 1050.0
        expected = theory.seen_unavailability(1000.0, outage_s * (1.0 + chance / 2.0))
    else:  # from all up at t = 0: less the transient
        slow = 1.0 / 1000.0 + 1.0 / 50.0
        expected = 50.0 / 1050.0 * (1.0 - 1.0 / (slow * span_s))
    return Case(
        "84 follow" if follow else "84 never leave", "84",
        "requests that fail, sessions that " + ("follow" if follow else "never leave"),
        "E/(MTTF+E), E = E[min(detection, repair)]" if follow else "MTTR/(MTTF+MTTR), less the start",
        f"20 x {int(clients * rate * span_s):,} requests", (TheoryCheck("failed", expected, 0.03),),
        measured(scenario, {"failed": "failures.ratio"}), group=GROUP,
    )  # fmt: skip


def lost_requests(rate: float = 50.0, runs: int = 20) -> Case:
    """Failed requests a failure of the edge that all clients are at."""
    scenario = ideal(
        17, 0, clients={"count": 50, "workload": {"kind": "poisson", "rate": per_second(rate / 50)}},
        edges={"count": 2}, sam={**WATCHED, **_beat(1.0, 3)}, routing={"policy": "static", "weight": 100},
        network={"links": [{"from": "c", "to": "edge-2", "latency": "1ms"}]},
        faults=failing({"uniform": {"low": "10s", "high": "11s"}}, {"exponential": "50s"}, "edge-1"),
    )  # fmt: skip

    def measure(replication: int) -> dict[str, float]:
        failed = [play(scenario, replication * runs + i).totals["failed"] for i in range(runs)]
        return {"failed requests": sum(failed) / runs}

    return Case(
        "85", "85", f"failed requests a failure at {rate:g} req/s", "rate x E[min(detection, repair)]",
        f"20 x {runs} failures", (TheoryCheck("failed requests", rate * theory.seen_outage_s(1.0, 3, 50.0), 0.015),),
        measure, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    return [
        repair(),
        repair(500.0, 200.0),
        detection(),
        detection(2.0, 2),
        seen_outage(),
        seen_outage(3.0, 5),
        unavailability(follow=True),
        unavailability(follow=False),
        lost_requests(),
    ]
