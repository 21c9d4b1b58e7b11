"""Rows 1-22: queues at an edge. Latency 0, every lookup hits (fetches take no time), requests Poisson or closed."""

from __future__ import annotations

import math
from typing import Any

from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import queueing as theory
from simulator.verification.worlds import ideal, measured, per_second, seconds

GROUP = "Queueing at an edge"
CLIENTS = 100


def poisson(rate: float, clients: int = CLIENTS) -> dict[str, Any]:
    """A group whose requests are Poisson with this rate in all."""
    return {"count": clients, "workload": {"kind": "poisson", "rate": per_second(rate / clients)}}


def exponential(mean_s: float) -> dict[str, str]:
    """An exponential service time."""
    return {"exponential": seconds(mean_s)}


def mmc(
    row: str, arrivals: float, service_rate: float, servers: int, requests: int, cap: float,
    *, quick: bool = False, key: str = "",
) -> Case:  # fmt: skip
    """M/M/c without limits; percentiles of the sojourn for one server."""
    queue = theory.mmc(arrivals, service_rate, servers)
    duration_s = requests / arrivals
    warmup_s = 100.0 / (servers * service_rate - arrivals) * (1.0 + servers)
    scenario = ideal(
        duration_s + warmup_s, warmup_s, clients=poisson(arrivals),
        edges={"workers": servers, "service_time": exponential(1.0 / service_rate)},
    )  # fmt: skip
    checks = [
        TheoryCheck("W (s)", queue.sojourn_s, cap),
        TheoryCheck("Wq (s)", queue.wait_s, cap * 1.5),
        TheoryCheck("L", queue.number, cap),
        TheoryCheck("P(wait)", queue.p_wait, cap),
    ]
    readers = {
        "W (s)": "edge.sojourn.mean", "Wq (s)": "edge.wait.mean", "L": "edge.in_system.mean",
        "P(wait)": "edge.wait.probability",
    }  # fmt: skip
    if servers == 1:
        for q in (50, 95, 99):
            name = f"sojourn p{q} (s)"
            checks.append(
                TheoryCheck(name, theory.mm1_sojourn_percentile(arrivals, service_rate, q / 100.0), cap * 1.5)
            )
            readers[name] = f"edge.sojourn.p{q}"
    return Case(
        key or row, row, f"M/M/{servers}, λ {arrivals:g}/s, μ {service_rate:g}/s", "Erlang C (Kleinrock I)",
        f"20 x {requests:,} requests", tuple(checks), measured(scenario, readers), quick=quick, group=GROUP,
    )  # fmt: skip


def blocking(
    row: str, key: str, arrivals: float, service_rate: float, servers: int, queue: int, requests: int, cap: float,
    *, quick: bool = False,
) -> Case:  # fmt: skip
    """M/M/c/K: `queue` waiting places; Erlang B with none."""
    law = theory.mmck(arrivals, service_rate, servers, servers + queue)
    warmup_s = 50.0 / service_rate * (servers + queue)
    scenario = ideal(
        requests / arrivals + warmup_s, warmup_s, clients=poisson(arrivals),
        edges={"workers": servers, "queue": queue, "service_time": exponential(1.0 / service_rate)},
    )  # fmt: skip
    return Case(
        key, row, f"M/M/{servers}/{servers + queue}, λ {arrivals:g}/s, μ {service_rate:g}/s",
        "Erlang B; birth-death chain (Kleinrock I)", f"20 x {requests:,} requests",
        (
            TheoryCheck("blocked", law.p_blocked, cap),
            TheoryCheck("L", law.number, cap),
            TheoryCheck("W of the accepted (s)", law.sojourn_s, cap),
        ),
        measured(
            scenario,
            {
                "blocked": "edge.refused_ratio", "L": "edge.in_system.mean",
                "W of the accepted (s)": "edge.sojourn.mean",
            },
        ),
        quick=quick, group=GROUP,
    )  # fmt: skip


def mg1(key: str, law: Any, second_moment: float, requests: int, cap: float, *, arrivals: float = 80.0) -> Case:
    """M/G/1 with mean service 10 ms; `second_moment` in units of the squared mean."""
    queue = theory.mg1(arrivals, 0.01, second_moment * 1e-4)
    scenario = ideal(
        requests / arrivals + 30.0, 30.0, clients=poisson(arrivals), edges={"workers": 1, "service_time": law}
    )
    return Case(
        f"11 {key}", "11", f"M/G/1, λ {arrivals:g}/s, mean 10 ms, {key}", "Pollaczek-Khinchine",
        f"20 x {requests:,} requests", (TheoryCheck("Wq (s)", queue.wait_s, cap), TheoryCheck("L", queue.number, cap)),
        measured(scenario, {"Wq (s)": "edge.wait.mean", "L": "edge.in_system.mean"}), group=GROUP,
    )  # fmt: skip


def held(row: str, key: str, rate: float, miss: float, service_s: float, fetch_s: float, requests: int) -> Case:
    """One worker, held while it waits for the core: M/G/1 whose service includes the fetch of a miss."""
    sessions = 4000
    ttl_s = _ttl_for(miss, rate / sessions)
    mean = service_s + miss * fetch_s
    moment = 2 * service_s**2 + miss * (2 * service_s * fetch_s + fetch_s**2)
    queue = theory.mg1(rate, mean, moment)
    warmup_s = 6.0 * sessions / rate
    scenario = ideal(
        requests / rate + warmup_s, warmup_s, clients=poisson(rate, sessions),
        edges={
            "workers": 1, "service_time": exponential(service_s), "hold_worker_on_miss": True,
            "l1": {"ttl": seconds(ttl_s), "ttl_mode": "sliding"},
        },
        cores={"service_time": seconds(fetch_s)},
    )  # fmt: skip
    return Case(
        key, row, f"worker held on a miss, λ {rate:g}/s, misses {miss:g}",
        "Pollaczek-Khinchine, service = work + fetch with the chance of a miss", f"20 x {requests:,} requests",
        (
            TheoryCheck("utilisation", rate * mean, 0.01), TheoryCheck("Wq (s)", queue.wait_s, 0.02),
            TheoryCheck("W (s)", queue.sojourn_s, 0.01),
        ),
        measured(
            scenario,
            {"utilisation": "edge.utilisation", "Wq (s)": "edge.wait.mean", "W (s)": "edge.sojourn.mean"},
        ),
        group=GROUP,
    )  # fmt: skip


def _ttl_for(miss: float, rate: float) -> float:
    """The sliding TTL under which a session's lookups miss with this chance."""
    return -math.log(miss) / rate


def released(row: str, key: str, rate: float, miss: float, servers: int, rtt_s: float, requests: int) -> Case:
    """Workers released on a miss: M/M/c, then with the chance of a miss M/M/1 (Burke's theorem)."""
    sessions = 4000
    edge = theory.mmc(rate, 100.0, servers)
    core = theory.mmc(rate * miss, 150.0, 1)
    warmup_s = 6.0 * sessions / rate
    scenario = ideal(
        requests / rate + warmup_s, warmup_s, clients=poisson(rate, sessions),
        edges={
            "workers": servers, "service_time": exponential(0.01),
            "l1": {"ttl": seconds(_ttl_for(miss, rate / sessions)), "ttl_mode": "sliding"},
        },
        cores={"workers": 1, "service_time": exponential(1.0 / 150.0)},
        network={"links": [
            {"from": "edge-*", "to": "core-*", "latency": seconds(rtt_s / 2)},
            {"from": "core-*", "to": "edge-*", "latency": seconds(rtt_s / 2)},
        ]},
    )  # fmt: skip
    return Case(
        key, row, f"worker released on a miss, λ {rate:g}/s, misses {miss:g}, RTT {rtt_s * 1e3:g} ms",
        "M/M/c, then M/M/1 of the misses (Burke 1956)", f"20 x {requests:,} requests",
        (
            TheoryCheck("latency (s)", edge.sojourn_s + miss * (core.sojourn_s + rtt_s), 0.01),
            TheoryCheck("edge W (s)", edge.sojourn_s, 0.01),
        ),
        measured(scenario, {"latency (s)": "latency.mean", "edge W (s)": "edge.sojourn.mean"}), group=GROUP,
    )  # fmt: skip


def closed(
    row: str, clients: int, think_s: float, service_s: float, servers: int, requests: int,
    *, think: str = "exponential", key: str = "",
) -> Case:  # fmt: skip
    """A closed loop around one station."""
    rate, response, utilisation = theory.finite_source(clients, think_s, service_s, servers)
    law: Any = exponential(think_s) if think == "exponential" else seconds(think_s)
    scenario = ideal(
        requests / rate + 20.0 * think_s, 20.0 * think_s,
        clients={"count": clients, "workload": {"kind": "closed", "think_time": law}},
        edges={"workers": servers, "service_time": exponential(service_s)},
    )  # fmt: skip
    return Case(
        key or row, row, f"closed loop, N {clients}, think {think_s:g} s ({think}), c {servers}",
        "machine repair chain (Gross et al.); insensitive to the law of thinking", f"20 x {requests:,} requests",
        (
            TheoryCheck("X (/s)", rate, 0.005), TheoryCheck("R (s)", response, 0.005),
            TheoryCheck("utilisation", utilisation, 0.005),
        ),
        measured(
            scenario, {"X (/s)": "requests.rate", "R (s)": "latency.mean", "utilisation": "edge.utilisation"}
        ),
        group=GROUP,
    )  # fmt: skip


def closed_network(row: str, clients: int, think_s: float, edge_s: float, core_s: float, share: float) -> Case:
    """Edge, then with a chance the core: acquires of a shared-mode lock of one's own are decided there."""
    rate, response = theory.mva(clients, think_s, [edge_s, share * core_s])
    requests = 60_000
    scenario = ideal(
        requests / rate + 20.0, 20.0,
        clients={
            "count": clients, "workload": {"kind": "closed", "think_time": exponential(think_s)},
            "operations": {"lookup": f"{100 * (1 - share):.10g}%", "acquire": f"{100 * share:.10g}%"},
            "locks": {"per_session": 1, "mode": "shared"},
        },
        edges={"workers": 1, "service_time": exponential(edge_s)},
        cores={"workers": 1, "service_time": exponential(core_s)},
    )  # fmt: skip
    return Case(
        row, row, f"closed, edge {edge_s * 1e3:g} ms, core {core_s * 1e3:g} ms with {share:g}, N {clients}",
        "mean value analysis (Reiser & Lavenberg 1980)", f"20 x {requests:,} requests",
        (TheoryCheck("X (/s)", rate, 0.005), TheoryCheck("R (s)", response, 0.005)),
        measured(scenario, {"X (/s)": "requests.rate", "R (s)": "latency.mean"}), group=GROUP,
    )  # fmt: skip


def mmpp(row: str, rates: tuple[float, float], leaves: tuple[float, float], service_rate: float, requests: int) -> Case:
    """MMPP-2/M/1."""
    queue = theory.mmpp_m_1(rates, leaves, service_rate)
    mean = queue.number / queue.sojourn_s
    scenario = ideal(
        requests / mean + 50.0, 50.0,
        clients={
            "count": 1,
            "workload": {
                "kind": "mmpp", "rates": [per_second(rate) for rate in rates],
                "switching": [per_second(rate) for rate in leaves],
            },
        },
        edges={"workers": 1, "service_time": exponential(1.0 / service_rate)},
    )  # fmt: skip
    return Case(
        row, row, f"MMPP-2/M/1, rates {rates[0]:g}, {rates[1]:g}/s, μ {service_rate:g}/s",
        "matrix-geometric solution (Neuts 1981)", f"20 x {requests:,} requests",
        (
            TheoryCheck("mean rate (/s)", mean, 0.01), TheoryCheck("L", queue.number, 0.03),
            TheoryCheck("W (s)", queue.sojourn_s, 0.03),
        ),
        measured(
            scenario, {"mean rate (/s)": "requests.rate", "L": "edge.in_system.mean", "W (s)": "edge.sojourn.mean"}
        ),
        group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    hyper = {"hyperexponential": {"weights": [0.9, 0.1], "means": ["2.929ms", "73.64ms"]}}
    hyper_moment = 2 * (0.9 * 0.2929**2 + 0.1 * 7.364**2)
    return [
        mmc("1", 80, 100, 1, 90_000, 0.012, quick=True),
        mmc("1", 50, 100, 1, 20_000, 0.012, key="1 half load"),
        mmc("3", 320, 100, 4, 120_000, 0.01, quick=True),
        mmc("3", 150, 100, 2, 60_000, 0.01, key="3 two workers"),
        blocking("6", "6 c 10", 100, 10, 10, 0, 40_000, 0.005),
        blocking("6", "6 c 4", 320, 100, 4, 0, 30_000, 0.005, quick=True),
        blocking("8", "8", 80, 100, 1, 9, 250_000, 0.01),
        blocking("9", "9", 120, 100, 1, 9, 90_000, 0.005),
        blocking("9", "9 K 5", 120, 100, 1, 4, 15_000, 0.01, quick=True),
        blocking("8", "8 two workers", 180, 100, 2, 5, 60_000, 0.01),
        mg1("constant", "10ms", 1.0, 60_000, 0.02),
        mg1("Erlang-4", {"erlang": {"k": 4, "mean": "10ms"}}, 1.25, 60_000, 0.02),
        mg1("exponential", exponential(0.01), 2.0, 80_000, 0.02),
        mg1("gamma, c² 4", {"gamma": {"mean": "10ms", "cv": 2}}, 5.0, 120_000, 0.03),
        mg1("hyperexponential", hyper, hyper_moment, 120_000, 0.06),
        held("13", "13", 40, 0.3, 0.005, 0.03, 40_000),
        released("15", "15", 300, 0.3, 4, 0.01, 60_000),
        released("15", "15 no RTT", 240, 0.5, 3, 0.0, 60_000),
        closed("17", 20, 1.0, 0.05, 1, 30_000),
        closed("17", 20, 1.0, 0.05, 1, 30_000, think="constant", key="17 constant thinking"),
        closed("18", 50, 2.0, 0.05, 2, 30_000),
        closed_network("20", 30, 1.0, 0.02, 0.05, 0.4),
        mmpp("22", (20, 120), (0.5, 1.0), 100, 250_000),
    ]
