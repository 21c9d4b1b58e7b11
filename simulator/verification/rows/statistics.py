"""Output analysis: coverage of the intervals, common random numbers, Little's law, PASTA, MSER-5."""

from __future__ import annotations

import numpy as np

from simulator.statistics.intervals import mean_interval, mser5, paired_difference
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.rows.queueing import exponential, poisson
from simulator.verification.theory import queueing as theory
from simulator.verification.worlds import ideal, measured, play

GROUP = "Output analysis"


def coverage(intervals: int = 400, requests: int = 3000) -> Case:
    """How many 95 % intervals of 10 replications each cover the truth."""
    queue = theory.mmc(70, 100, 1)
    scenario = ideal(
        requests / 70 + 5, 5, clients=poisson(70, 10), edges={"workers": 1, "service_time": exponential(0.01)}
    )

    def measure(_: int) -> dict[str, float]:
        covered = 0
        for seed in range(intervals):
            values = [play(scenario, r, seed=seed).metrics["edge.sojourn.mean"] for r in range(10)]
            interval = mean_interval(values)
            covered += interval.low <= queue.sojourn_s <= interval.high
        return {"covered": covered / intervals}

    return Case(
        "coverage", "coverage", f"{intervals} intervals of 10 replications, M/M/1 at .7",
        "95 %, binomial bounds of 400 intervals", f"{intervals} x 10 x {requests:,} requests",
        (TheoryCheck("covered", 0.95, between=(0.91, 0.9825)),), measure, replications=1, group=GROUP,
    )  # fmt: skip


def common_random_numbers() -> Case:
    """Two service rates on the same arrivals and the same draws."""
    worlds = [
        ideal(7000, 500, clients=poisson(0.7, 10), edges={"workers": 1, "service_time": exponential(1 / mu)})
        for mu in (1.0, 1.1)
    ]
    expected = theory.mmc(0.7, 1.0, 1).wait_s - theory.mmc(0.7, 1.1, 1).wait_s

    def measure(replication: int) -> dict[str, float]:
        slow, fast = (
            [play(world, 10 * replication + r, seed=7).metrics["edge.wait.mean"] for r in range(10)] for world in worlds
        )
        difference = paired_difference(fast, slow)
        return {"difference of Wq (s)": difference.mean, "variance cut by": difference.variance_ratio}

    return Case(
        "CRN", "CRN", "common random numbers, μ 1 against 1.1, λ .7", "difference of two M/M/1",
        "20 x 10 x 4,500 requests",
        (
            TheoryCheck("difference of Wq (s)", expected, 0.03),
            TheoryCheck("variance cut by", 3.0, between=(3.0, float("inf"))),
        ),
        measure, group=GROUP,
    )  # fmt: skip


def little() -> Case:
    """A run that starts and ends empty: the integral of the number present is the sum of the sojourns."""
    scenario = ideal(
        100, 0, clients=poisson(80, 20) | {"session": {"established": True, "length": "60s", "pause": "1000s"}},
        edges={"workers": 2, "service_time": exponential(0.02), "count": 2}, routing={"policy": "random"},
    )  # fmt: skip

    def measure(replication: int) -> dict[str, float]:
        metrics = play(scenario, replication).metrics
        worst = 0.0
        for edge in ("edge-1", "edge-2"):
            area = metrics[f"edge.in_system.mean[{edge}]"]
            sojourns = metrics[f"edge.load[{edge}]"] * metrics[f"edge.sojourn.mean[{edge}]"]
            worst = max(worst, abs(area / sojourns - 1.0))
        return {"relative error": worst}

    return Case(
        "Little", "Little", "Little's law over a run that starts and ends empty", "L = λW exactly (Little 1961)",
        "20 x 4,800 requests", (TheoryCheck("relative error", 0.0, between=(0.0, 1e-9)),), measure,
        quick=True, group=GROUP,
    )  # fmt: skip


def pasta() -> Case:
    """Poisson arrivals see time averages."""
    scenario = ideal(
        500, 20, clients=poisson(60, 20), edges={"workers": 1, "service_time": {"gamma": {"mean": "10ms", "cv": 2}}}
    )
    return Case(
        "PASTA", "PASTA", "arrivals that wait, share of time busy (M/G/1, ρ .6, c² 4)",
        "PASTA (Wolff 1982): both are ρ",
        "20 x 29,000 requests",
        (
            TheoryCheck("arrivals that wait", 0.6, 0.005), TheoryCheck("time busy", 0.6, 0.005),
            TheoryCheck("difference", 0.0, tolerance=0.004),
        ),
        measured(
            scenario,
            {
                "arrivals that wait": "edge.wait.probability", "time busy": "edge.utilisation",
                "difference": lambda r: r.metrics["edge.wait.probability"] - r.metrics["edge.utilisation"],
            },
        ),
        quick=True, group=GROUP,
    )  # fmt: skip


def truncation() -> Case:
    """MSER-5 on noise, and on noise with a warm-up of 500 values."""

    def measure(replication: int) -> dict[str, float]:
        rng = np.random.default_rng([5, replication])
        noise = rng.normal(size=5000)
        shifted = rng.normal(size=5000) + np.where(np.arange(5000) < 500, 10.0, 0.0)
        return {"cut of noise": float(mser5(noise)), "cut of a shift of 500": float(mser5(shifted))}

    return Case(
        "MSER-5", "MSER-5", "where the warm-up ends", "White, Cobb & Spratt 2000", "20 x 5,000 values",
        (
            TheoryCheck("cut of noise", 0.0, between=(0.0, 250.0)),
            TheoryCheck("cut of a shift of 500", 500.0, between=(500.0, 750.0)),
        ),
        measure, quick=True, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All of them."""
    return [coverage(), common_random_numbers(), little(), pasta(), truncation()]
