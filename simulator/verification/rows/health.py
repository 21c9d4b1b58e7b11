"""Rows 101-105: health checks as load balancers do them."""

from __future__ import annotations

from typing import Any

from simulator.metrics.events import DETECTED, FAULT_BEGIN
from simulator.observe.result import Replication
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import health as theory
from simulator.verification.worlds import ideal, measured, per_second, play, seconds

GROUP = "Health checks"
IDLE = {"count": 1, "workload": {"kind": "poisson", "rate": "0.001/s"}}


def delays_s(result: Replication) -> list[float]:
    """From each crash that was found to its detection."""
    crashed_s: dict[str, float] = {}
    found: list[float] = []
    for event in result.events:
        if event["kind"] == FAULT_BEGIN:
            crashed_s[event["target"]] = event["t_s"]
        elif event["kind"] == DETECTED:
            found.append(event["t_s"] - crashed_s.pop(event["target"]))
    return found


def _active(period_s: float, timeout_s: float, fall: int, rise: int) -> dict[str, Any]:
    return {"active": {"period": seconds(period_s), "timeout": seconds(timeout_s), "fall": fall, "rise": rise}}


def detection(period_s: float = 2.0, timeout_s: float = 1.0, fall: int = 3, *, quick: bool = True) -> Case:
    """Crashes at random moments."""
    scenario = ideal(
        350 * period_s, 0, clients=IDLE, edges={"count": 40}, health=_active(period_s, timeout_s, fall, 1),
        faults=[
            {
                "random": "crash", "of": "edge-*", "mttf": {"exponential": seconds(100 * period_s)},
                "mttr": seconds(10 * fall * period_s),
            }
        ],
    )  # fmt: skip
    low, high = theory.detection_span_s(period_s, timeout_s, fall)

    def measure(replication: int) -> dict[str, float]:
        result = play(scenario, replication)
        delays = delays_s(result)
        mean = sum(delays) / len(delays)
        return {
            "mean (s)": mean, "metric (s)": result.metrics["failover.detection.mean"],
            "variance (s²)": sum((d - mean) ** 2 for d in delays) / (len(delays) - 1),
            "least (s)": min(delays), "most (s)": max(delays),
        }  # fmt: skip

    return Case(
        f"101 period {period_s:g} timeout {timeout_s:g} fall {fall}", "101",
        f"checks every {period_s:g} s, timeout {timeout_s:g} s, {fall} failures",
        "uniform on ((fall-1) period + timeout, fall period + timeout]", "20 x 100 crashes",
        (
            TheoryCheck("mean (s)", (low + high) / 2, 0.005), TheoryCheck("metric (s)", (low + high) / 2, 0.005),
            TheoryCheck("variance (s²)", period_s**2 / 12.0, 0.03),
            TheoryCheck("least (s)", low, between=(low, low + 0.05 * period_s)),
            TheoryCheck("most (s)", high, between=(high - 0.05 * period_s, high + 1e-6)),
        ),
        measure, quick=quick, group=GROUP,
    )  # fmt: skip


def false_alarms(lost: float = 0.1, fall: int = 3, rise: int = 2, *, edges: int = 20, span_s: float = 1200.0) -> Case:
    """Probes of healthy edges are lost on the way there or back; of a sole edge, requests tell when it is failed."""
    legs = (("health", "edge-*"), ("edge-*", "health"))
    rate = 0.2 if edges == 1 else 0.001
    scenario = ideal(
        60 + span_s, 60, clients={"count": 1, "workload": {"kind": "poisson", "rate": per_second(rate)}},
        health=_active(2.0, 1.0, fall, rise), record={"window": seconds(60 + span_s)}, edges={"count": edges},
        network={"links": [{"from": a, "to": b, "loss": lost} for a, b in legs]},
    )  # fmt: skip
    share = theory.believed_failed(1.0 - (1.0 - lost) ** 2, fall, rise, 2.0, 1.0)
    checks = [TheoryCheck("time believed failed", share, 0.05)]
    if edges == 1:
        checks.append(TheoryCheck("unroutable", share, 0.05))
    return Case(
        f"102 loss {lost:g} fall {fall} rise {rise} edges {edges}", "102",
        f"false alarms, {100 * lost:g} % lost each way, {fall} failures, {rise} successes",
        "runs of Bernoulli trials (Feller I, XIII.7): U/(H+U), in time", f"20 x {edges * span_s / 2:,.0f} probes",
        tuple(checks),
        measured(
            scenario,
            {"unroutable": "failures.ratio[unroutable]", "time believed failed": "health.wrong.ratio"},
        ),
        quick=edges > 1, group=GROUP,
    )  # fmt: skip


def ejection(edges: int = 10, consecutive: int = 5, ejection_s: float = 10.0, *, quick: bool = True) -> Case:
    """One edge answers errors only."""
    rate, cycles, warmup_s = 100.0, 8, ejection_s / 2.0
    cycle_s = ejection_s + consecutive * edges / rate
    span_s = cycles * cycle_s  # the window begins and ends amid an ejection
    scenario = ideal(
        warmup_s + span_s, warmup_s,
        clients={"count": 100, "workload": {"kind": "poisson", "rate": per_second(rate / 100)}},
        edges={"count": edges}, routing={"policy": "random"}, faults=[{"at": "0s", "error": "edge-1", "after": "0ms"}],
        health={
            "passive": {
                "consecutive": consecutive, "ejection": seconds(ejection_s), "max_ejection": seconds(ejection_s),
            }
        },
    )  # fmt: skip
    return Case(
        f"103 c {consecutive} n {edges} ejection {ejection_s:g}", "103",
        f"ejected after {consecutive} errors in a row for {ejection_s:g} s, 1 edge of {edges} errs",
        "renewal and reward: c/(λ ejection + c n)", f"20 x {rate * span_s:,.0f} requests",
        (
            TheoryCheck("failed", theory.failed_share(rate, edges, consecutive, ejection_s), 0.02),
            TheoryCheck("ejections (/s)", 1.0 / cycle_s, 0.02),
        ),
        measured(scenario, {"failed": "failures.ratio", "ejections (/s)": "ejections.rate"}), quick=quick, group=GROUP,
    )  # fmt: skip


def panic(below: str | int, expected: float) -> Case:
    """Three edges of four are dead, and believed so."""
    scenario = ideal(
        200, 20,
        clients={
            "count": 50, "workload": {"kind": "poisson", "rate": "1/s"}, "retry": {"timeout": "200ms", "max": 0},
        },
        edges={"count": 4}, routing={"policy": "random"},
        faults=[{"at": "0s", "crash": f"edge-{number}"} for number in (1, 2, 3)],
        health={**_active(1.0, 0.5, 2, 2), "panic_below": below},
    )  # fmt: skip
    return Case(
        f"104 panic below {below}", "104", f"3 edges of 4 dead and believed so, panic below {below}",
        "all are candidates, or the living one", "20 x 9,000 requests",
        (TheoryCheck("failed", expected, 0.01, tolerance=None if expected else 1e-12),),
        measured(scenario, {"failed": "failures.ratio"}), quick=True, group=GROUP,
    )  # fmt: skip


def ramp(window_s: float = 30.0, least: float = 0.1, aggression: float = 1.0, policy: str = "random") -> Case:
    """One of two edges comes back as the window begins: it is up again just in time for a probe."""
    warmup_s = 5.0
    scenario = ideal(
        warmup_s + window_s, warmup_s, clients={"count": 100, "workload": {"kind": "poisson", "rate": "1/s"}},
        edges={"count": 2}, routing={"policy": policy}, faults=[{"at": "1s", "crash": "edge-1", "for": "3.99s"}],
        health={
            **_active(0.01, 0.01, 1, 1),
            "slow_start": {"window": seconds(window_s), "min": least, "aggression": aggression},
        },
    )  # fmt: skip

    def share(result: Replication) -> float:
        load = result.metrics
        return load["edge.load[edge-1]"] / (load["edge.load[edge-1]"] + load["edge.load[edge-2]"])

    return Case(
        f"105 {policy} window {window_s:g} min {least:g} aggression {aggression:g}", "105",
        f"slow start over {window_s:g} s from {least:g}, aggression {aggression:g}, {policy} of 2 edges",
        "the mean of w / (1 + w)", f"20 x {100 * window_s:,.0f} requests",
        (TheoryCheck("share", theory.ramp_share(window_s, least, aggression), 0.02),),
        measured(scenario, {"share": share}), quick=policy == "random" and aggression == 1.0, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    return [
        detection(),
        detection(1.0, 1.0, 2, quick=False),
        false_alarms(),
        false_alarms(0.3, 2, 3, span_s=300.0),
        false_alarms(edges=1, span_s=40_000.0),
        ejection(),
        ejection(4, 2, 3.0, quick=False),
        panic("50%", 0.75),
        panic("25%", 0.0),
        panic("0%", 0.0),
        panic(2, 0.75),
        ramp(),
        ramp(20.0, 0.5, 2.0),
        ramp(20.0, 0.3, 1.0, "round_robin"),
    ]
