"""The published rule: 27 cells, thresholds, the cumulative chain; by itself and inside the simulator."""

from __future__ import annotations

import itertools

import numpy as np

from simulator.sam import adjust_stickiness
from simulator.sam.rule import StickinessRule
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import affinity as theory
from simulator.verification.worlds import ideal, play, seconds

GROUP = "SAM"
LATENCIES_S, RATES, ERRORS = (0.02, 0.1, 0.3), (150.0, 50.0, 4.0), (0.0, 0.03, 0.2)


def cells() -> Case:
    """All 27 cells of the pure function, and every threshold exactly (the middle class)."""

    def measure(_: int) -> dict[str, float]:
        right = 0
        for e, late, r in itertools.product(range(3), repeat=3):
            right += theory.TABLE[e][late][r] == adjust_stickiness(
                network_latency_s=LATENCIES_S[late], request_rate_per_s=RATES[r], error_ratio=ERRORS[e]
            )
        exact = 0
        for latency_s, rate, error in itertools.product((0.05, 0.2), (100.0, 10.0), (0.01, 0.05)):
            exact += adjust_stickiness(network_latency_s=latency_s, request_rate_per_s=rate, error_ratio=error) == 50
        return {"cells": float(right), "thresholds": float(exact)}

    return Case(
        "SAM cells", "SAM", "the published rule: 27 cells, 8 corners of thresholds",
        "the published table, strict comparisons", "exact",
        (TheoryCheck("cells", 27, between=(27, 27)), TheoryCheck("thresholds", 8, between=(8, 8))),
        measure, replications=1, quick=True, group=GROUP,
    )  # fmt: skip


def cumulative() -> Case:
    """The cumulative rule under random classes, many chains at once."""
    shares = ((0.3, 0.4, 0.3), (0.2, 0.5, 0.3), (0.5, 0.2, 0.3))
    law = theory.cumulative_law(*shares)
    chains, steps, settle = 200, 400, 100

    def measure(replication: int) -> dict[str, float]:
        rng, rule = np.random.default_rng([80, replication]), StickinessRule()
        classes = [np.array(values) for values in (LATENCIES_S, RATES, ERRORS)]
        weights, seen = np.full(chains, 50.0), []
        for _ in range(steps):
            drawn = [row[rng.choice(3, chains, p=share)] for row, share in zip(classes, shares, strict=True)]
            weights = rule.weights(weights, *drawn)
            seen.append(weights)
        values = np.concatenate(seen[settle:])
        return {"mean": values.mean(), "P(100)": (values == 100).mean(), "P(0)": (values == 0).mean()}

    return Case(
        "SAM cumulative", "SAM", "the cumulative rule as a Markov chain", "stationary law of 21 weights, solved",
        f"20 x {chains} chains x {steps - settle} steps",
        (
            TheoryCheck("mean", sum(w * c for w, c in law.items()), 0.01), TheoryCheck("P(100)", law[100], 0.03),
            TheoryCheck("P(0)", law[0], 0.03),
        ),
        measure, quick=True, group=GROUP,
    )  # fmt: skip


def in_the_world(error: int) -> Case:
    """Nine sessions, one in each class of latency and rate; errors are requests that a lossy uplink loses."""
    share = ERRORS[error]  # the share of a window is random: slack below
    names = [(late, r) for late in range(3) for r in range(3)]
    window_s = 100.0 if error else 10.0
    scenario = ideal(
        window_s + 7, window_s + 2, sam={"window": seconds(window_s), "propagation": "0ms"},
        routing={"policy": "adaptive", "leave_to": "uniform"},
    )  # fmt: skip
    base = scenario["clients"].pop("c")
    for late, r in names:
        scenario["clients"][f"c{late}{r}"] = base | {
            "count": 1, "workload": {"kind": "renewal", "interarrival": seconds(1.0 / RATES[r])},
            "retry": {"timeout": "400ms", "max": 0},
        }  # fmt: skip
    scenario["network"]["links"] = [
        link
        for late, r in names
        for link in (
            {"from": f"c{late}{r}", "to": "edge-*", "latency": seconds(LATENCIES_S[late] / 2), "loss": share},
            {"from": "edge-*", "to": f"c{late}{r}", "latency": seconds(LATENCIES_S[late] / 2)},
        )
    ]
    wanted = sorted(theory.TABLE[error][late][r] for late, r in names)

    def measure(replication: int) -> dict[str, float]:
        metrics = play(scenario, replication).metrics
        return {"mean weight": metrics["stickiness.mean"], "least": metrics["stickiness.p05"]}

    mean = sum(wanted) / 9.0
    slack = 1.0 if error == 1 else 1e-9
    return Case(
        f"SAM in the world, errors {share:g}", "SAM", f"nine sessions, latency x rate, errors {share:g}",
        "the published table", "5 s after a whole window",
        (
            TheoryCheck("mean weight", mean, between=(mean - slack, mean + slack)),
            TheoryCheck("least", wanted[0], between=(wanted[0] - 5 * slack, wanted[0] + 5 * slack)),
        ),
        measure, replications=3 if error == 1 else 1, quick=error != 1, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows."""
    return [cells(), cumulative(), *(in_the_world(error) for error in range(3))]
