"""Row 106: hedged requests."""

from __future__ import annotations

from simulator.verification.case import Case, TheoryCheck
from simulator.verification.rows.network import GROUP
from simulator.verification.theory import hedging as theory
from simulator.verification.worlds import ideal, measured, seconds


def hedge(mean_s: float = 0.1, after_s: float = 0.1, requests: int = 2_500) -> Case:
    """Exponential service without queues at two edges."""
    scenario = ideal(
        requests / 100.0, 0, edges={"count": 2, "service_time": {"exponential": seconds(mean_s)}},
        clients={"workload": {"kind": "poisson", "rate": "1/s"}, "hedge": {"after": seconds(after_s)}},
    )  # fmt: skip
    checks = (
        TheoryCheck("mean (s)", theory.mean_s(mean_s, after_s), 0.02),
        TheoryCheck("p99 (s)", theory.percentile_s(mean_s, after_s, 99), 0.04),
        TheoryCheck("hedged", theory.share(mean_s, after_s), 0.03),
    )
    readers = {"mean (s)": "latency.mean", "p99 (s)": "latency.p99", "hedged": "hedges.ratio"}
    return Case(
        f"106 after {after_s:g}", "106", f"service Exp({mean_s:g} s), hedged after {after_s:g} s",
        "m(1-e^(-a/m)/2), (m ln 100 + a)/2, e^(-a/m)", f"20 x {requests:,} requests", checks,
        measured(scenario, readers), quick=after_s == mean_s, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """The row, and another time to wait."""
    return [hedge(), hedge(after_s=0.2, requests=5_000)]
