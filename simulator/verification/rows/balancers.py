"""Rows 118-121: resets of a host, and balancers with their retries (the whole simulator, no time but what is named)."""

from __future__ import annotations

from typing import Any

from simulator.verification.case import Case, TheoryCheck
from simulator.verification.worlds import ideal, measured, per_second, seconds

GROUP = "Balancers"
REQUESTS = 5_000


def _exactly(name: str, value: float) -> TheoryCheck:
    return TheoryCheck(name, value, between=(value - 1e-9, value + 1e-9))


def _clients() -> dict[str, Any]:
    return {"count": 100, "workload": {"kind": "poisson", "rate": per_second(REQUESTS / 100 / 100)}}


def reset(leg_s: float = 0.01) -> Case:
    """The sole edge is down, and its host says so: there and back."""
    scenario = ideal(
        100, 0, clients=_clients(), network={"default": {"latency": seconds(leg_s)}},
        faults=[{"at": "0s", "crash": "edge-1", "connections": "reset"}],
    )  # fmt: skip
    return Case(
        f"118 leg {leg_s:g}", "118", f"a sole edge that is reset, {leg_s * 1e3:g} ms a leg: what fails", "2 legs",
        f"20 x {REQUESTS:,} requests", (_exactly("a failure takes (s)", 2 * leg_s), _exactly("failed", 1.0)),
        measured(scenario, {"a failure takes (s)": "latency.failed.mean", "failed": "failures.ratio[reset]"}),
        quick=leg_s == 0.01, group=GROUP,
    )  # fmt: skip


def four_legs(client_s: float = 0.008, edge_s: float = 0.005) -> Case:
    """Every request hits, by way of a balancer."""
    ways = (("c", "lb", client_s), ("lb", "c", client_s), ("lb", "edge", edge_s), ("edge", "lb", edge_s))
    legs = [{"from": one, "to": other, "latency": seconds(leg_s)} for one, other, leg_s in ways]
    scenario = ideal(100, 0, clients=_clients(), balancers={"lb": {}}, network={"links": legs})
    total_s = 2 * (client_s + edge_s)
    return Case(
        "119", "119", f"a balancer, {client_s * 1e3:g} ms from clients and {edge_s * 1e3:g} ms from the edge", "4 legs",
        f"20 x {REQUESTS:,} requests", (_exactly("latency (s)", total_s), _exactly("round trip (s)", total_s)),
        measured(scenario, {"latency (s)": "latency.mean", "round trip (s)": "network_latency.mean"}), quick=True,
        group=GROUP,
    )  # fmt: skip


def retries(to: str, limit: int = 3, turnaround_s: float = 1.0) -> Case:
    """One of two edges is dead and not known so; a balancer sends requests to either, at random."""
    scenario = ideal(
        100, 0, clients=_clients(), edges={"count": 2}, routing={"policy": "random", "weight": None},
        balancers={"lb": {"retry": {"max": limit, "to": to, "turnaround": seconds(turnaround_s)}}},
        faults=[{"at": "0s", "crash": "edge-1", "connections": "reset"}],
    )  # fmt: skip
    del scenario["routing"]["weight"]
    readers = {"availability": "availability"}
    if to == "same":
        exact = limit * turnaround_s
        checks = (TheoryCheck("availability", 0.5, 0.01), _exactly("a failure takes (s)", exact))
        readers["a failure takes (s)"] = "latency.failed.mean"
        theory = "a half; retries x turnaround"
    else:
        checks = (_exactly("availability", 1.0), TheoryCheck("latency (s)", (limit - 1) * turnaround_s / 2, 0.01))
        readers["latency (s)"] = "latency.mean"
        theory = "1; (retries - 1) x turnaround for a half"
    row = "121" if to == "same" else "120"
    return Case(
        f"{row} {limit} retries", row, f"one of two edges dead, a balancer's {limit} retries, to: {to}", theory,
        f"20 x {REQUESTS:,} requests", checks, measured(scenario, readers), quick=limit == 3, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    return [
        reset(),
        reset(0.1),
        four_legs(),
        retries("other_last"),
        retries("other_last", 2, 0.5),
        retries("same"),
        retries("same", 1, 0.5),
    ]
