"""Rows 53-61: latency, transmission, bursty loss (directly on a path), retries (the whole simulator)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simulator.engine.samplers import Fixed
from simulator.laws.distributions import Lognormal, sampler
from simulator.links import GilbertElliott, Line, LossModel, Path
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import networks as theory
from simulator.verification.worlds import ideal, measured, per_second, seconds

GROUP = "Network"


def rng(*words: int) -> np.random.Generator:
    """A generator of this case's own."""
    return np.random.default_rng(words)


def lognormal(median_s: float = 0.02, sigma: float = 0.5) -> Case:
    """One-way latencies of a path."""

    def measure(replication: int) -> dict[str, float]:
        path, line = Path(sampler(Lognormal(median_s, sigma), rng(53, replication)), None, rng(0)), Line()
        legs = np.array([path.transit(line, 128.0, 0.0, 0.0) for _ in range(20_000)])
        return {
            "mean (s)": legs.mean(), "two legs (s)": 2 * legs.mean(), "p99 of one (s)": np.percentile(legs, 99),
        }  # fmt: skip

    mean_s = theory.lognormal_mean(median_s, sigma)
    return Case(
        f"53 σ {sigma:g}", "53", f"lognormal one-way latency, median {median_s * 1e3:g} ms, σ {sigma:g}",
        "median exp(σ²/2)", "20 x 20,000 messages",
        (
            TheoryCheck("mean (s)", mean_s, 0.002), TheoryCheck("two legs (s)", 2 * mean_s, 0.002),
            TheoryCheck("p99 of one (s)", theory.lognormal_percentile(median_s, sigma, 0.99), 0.004),
        ),
        measure, quick=True, group=GROUP,
    )  # fmt: skip


def lognormal_in_the_world(median_s: float = 0.02, sigma: float = 0.5) -> Case:
    """The same as clients measure it."""
    law = {"lognormal": {"median": seconds(median_s), "sigma": sigma}}
    scenario = ideal(
        200, 10, clients={"workload": {"kind": "poisson", "rate": "1/s"}}, network={"default": {"latency": law}}
    )
    mean_s = 2 * theory.lognormal_mean(median_s, sigma)
    return Case(
        "53 in the world", "53", "two lognormal legs as clients measure them", "2 median exp(σ²/2)",
        "20 x 19,000 requests",
        (TheoryCheck("round trip (s)", mean_s, 0.002), TheoryCheck("latency (s)", mean_s, 0.002)),
        measured(scenario, {"round trip (s)": "network_latency.mean", "latency (s)": "latency.mean"}), group=GROUP,
    )  # fmt: skip


def transmission(size_bytes: float, bits_per_s: float) -> Case:
    """Time on the wire, exactly."""

    def measure(_: int) -> dict[str, float]:
        return {"delay (s)": Path(Fixed(0.0), None, rng(0), bits_per_s).transit(Line(), size_bytes, 7.0, 0.0)}

    expected = theory.transmission_s(size_bytes, bits_per_s)
    return Case(
        f"54 {size_bytes:g} B", "54", f"{size_bytes:g} B at {bits_per_s / 1e6:g} Mbit/s", "size / bandwidth", "exact",
        (TheoryCheck("delay (s)", expected, between=(expected * (1 - 1e-12), expected * (1 + 1e-12))),),
        measure, replications=1, quick=True, group=GROUP,
    )  # fmt: skip


def link_queue(load: float = 0.8, size_bytes: int = 1500, bits_per_s: float = 10e6) -> Case:
    """The transmit queue of an access link in the whole simulator: one client, Poisson requests."""
    service_s = theory.transmission_s(size_bytes, bits_per_s)
    rate = load / service_s
    scenario = ideal(
        90_000 / rate, 2_000 / rate,
        clients={
            "count": 1, "workload": {"kind": "poisson", "rate": per_second(rate)}, "request_size": f"{size_bytes}B",
        },
        network={"links": [{"from": "c", "to": "edge-*", "bandwidth": f"{bits_per_s / 1e6:g}Mbit/s"}]},
    )  # fmt: skip
    return Case(
        f"55 load {load:g}", "55",
        f"link queue at load {load:g}, {size_bytes} B at {bits_per_s / 1e6:g} Mbit/s, Poisson",
        "M/D/1: ρD/(2(1-ρ))", "20 x 88,000 messages",
        (
            TheoryCheck("wait (s)", theory.md1_wait_s(load, service_s), 0.01),
            TheoryCheck("latency (s)", theory.md1_wait_s(load, service_s) + service_s, 0.01),
        ),
        measured(scenario, {"wait (s)": "link.wait.mean[client>edge]", "latency (s)": "latency.mean"}), group=GROUP,
    )  # fmt: skip


def lost_messages(model: LossModel, row: int, replication: int, n: int) -> tuple[np.ndarray, Path]:
    """Which of n messages on one line are lost."""
    path, line = Path(Fixed(0.0), model, rng(row, replication)), Line()
    return np.array([math.isinf(path.transit(line, 0.0, 0.0, 0.0)) for _ in range(n)]), path


def bursts(p: float = 0.01, r: float = 0.25) -> Case:
    """Gilbert: all or nothing."""
    law = theory.GilbertElliottChain(p, r)

    def measure(replication: int) -> dict[str, float]:
        lost, path = lost_messages(GilbertElliott(good_to_bad=p, bad_to_good=r), 56, replication, 100_000)
        counters = path.counters()
        three = lost[:-2] & lost[1:-1] & lost[2:]
        return {"loss": counters.loss_ratio, "mean burst": counters.mean_burst, "three in a row": three.mean()}

    return Case(
        f"56 p {p:g} r {r:g}", "56", f"Gilbert p {p:g} r {r:g}", "p/(p+r), 1/r, the chain", "20 x 100,000 messages",
        (
            TheoryCheck("loss", law.loss, 0.015), TheoryCheck("mean burst", law.mean_burst, 0.01),
            TheoryCheck("three in a row", law.lost_in_a_row(3), 0.02),
        ),
        measure, quick=True, group=GROUP,
    )  # fmt: skip


def bursts_in_the_world(p: float = 0.01, r: float = 0.25) -> Case:
    """The same on access links, one chain a client and direction, stepped per message."""
    law = theory.GilbertElliottChain(p, r)
    loss = {"gilbert_elliott": {"good_to_bad": p, "bad_to_good": r, "pass_good": 1, "pass_bad": 0}}
    scenario = ideal(
        400, 0, clients={"count": 100, "workload": {"kind": "poisson", "rate": "2/s"}},
        network={"links": [{"from": "c-*", "to": "edge-*", "loss": loss}]},
    )  # fmt: skip
    return Case(
        "56 in the world", "56", "Gilbert loss on the access links of 100 clients", "p/(p+r), 1/r",
        "20 x 80,000 messages",
        (
            TheoryCheck("loss", law.loss, 0.015), TheoryCheck("mean burst", law.mean_burst, 0.015),
            TheoryCheck("failed requests", law.loss, 0.015),
        ),
        measured(
            scenario,
            {
                "loss": "link.loss_ratio[client>edge]", "mean burst": "link.loss_burst.mean[client>edge]",
                "failed requests": "failures.ratio",
            },
        ),
        group=GROUP,
    )  # fmt: skip


def elliott(p: float = 0.005, r: float = 0.1, k: float = 0.999, h: float = 0.5) -> Case:
    """Gilbert-Elliott: some get through in the bad state."""
    law = theory.GilbertElliottChain(p, r, k, h)

    def measure(replication: int) -> dict[str, float]:
        model = GilbertElliott(good_to_bad=p, bad_to_good=r, pass_good=k, pass_bad=h)
        lost, _ = lost_messages(model, 57, replication, 100_000)
        return {"loss": lost.mean(), "loss after loss": lost[1:][lost[:-1]].mean()}

    return Case(
        f"57 h {h:g}", "57", f"Gilbert-Elliott p {p:g} r {r:g} k {k:g} h {h:g}", "the chain's matrix",
        "20 x 100,000 messages",
        (TheoryCheck("loss", law.loss, 0.015), TheoryCheck("loss after loss", law.loss_after_loss, 0.015)),
        measure, quick=True, group=GROUP,
    )  # fmt: skip


def retries(
    row: str, leg: float, limit: int, backoff_s: float, *, rtt_s: float = 0.05, timeout_s: float = 0.2,
    cap_s: float = 1.6, jitter: str = "none", edges: int = 1, requests: int = 40_000, cap: float = 0.01, key: str = "",
) -> Case:  # fmt: skip
    """Requests and answers are lost; the client retries."""

    def wait(j: int) -> float:
        return min(cap_s, backoff_s * 2.0**j) * (0.5 if jitter == "full" else 1.0)

    law = theory.RetryTheory(theory.round_trip_loss(leg), limit, rtt_s, timeout_s, wait)
    policy: dict[str, Any] = {
        "timeout": seconds(timeout_s), "max": limit, "backoff": seconds(backoff_s), "cap": seconds(cap_s),
        "jitter": jitter, "budget": "unlimited",
    }  # fmt: skip
    scenario = ideal(
        requests / 100.0, 0, clients={"workload": {"kind": "poisson", "rate": "1/s"}, "retry": policy},
        edges={"count": edges},
        network={"default": {"latency": "0ms"}, "links": [
            {"from": "c-*", "to": "edge-*", "loss": leg, "latency": seconds(rtt_s / 2)},
            {"from": "edge-*", "to": "c-*", "loss": leg, "latency": seconds(rtt_s / 2)},
        ]},
    )  # fmt: skip
    checks = [
        TheoryCheck("sends a request", law.attempts, 0.002),
        TheoryCheck("mean of the successful (s)", law.ok_latency_s, cap),
    ]
    readers = {"sends a request": "attempts.per_request", "mean of the successful (s)": "latency.mean"}
    if law.failed > 1e-4:
        checks.append(TheoryCheck("failed", law.failed, 0.03))
        readers["failed"] = "failures.ratio"
    if law.failed * requests > 3 and jitter == "none":
        exact = law.failed_latency_s
        checks.append(TheoryCheck("a failure takes (s)", exact, between=(exact - 1e-6, exact + 1e-6)))
        readers["a failure takes (s)"] = "latency.failed.mean"
    return Case(
        key or row, row, f"{leg:.0%} a leg, {limit} retries, backoff {backoff_s:g} s, jitter {jitter}",
        "geometric sums over attempts", f"20 x {requests:,} requests", tuple(checks), measured(scenario, readers),
        quick=row == "60", group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    return [
        lognormal(),
        lognormal_in_the_world(),
        transmission(1500, 10e6),
        transmission(65536, 100e6),
        link_queue(),
        link_queue(0.5),
        bursts(),
        bursts(0.02, 0.4),
        bursts_in_the_world(),
        elliott(),
        elliott(0.01, 0.2, 0.99, 0.3),
        retries("59", 0.02, 3, 0.1),
        retries("60", 0.1, 2, 0.1, cap=0.02),
        retries("60", 0.1, 2, 0.1, cap=0.02, jitter="full", edges=3, key="60 three edges, jitter"),
        retries("61", 0.02, 3, 0.1, key="61", requests=60_000),
        retries("61", 0.3, 3, 0.1, key="61 heavy loss", cap_s=0.15, requests=20_000),
    ]
