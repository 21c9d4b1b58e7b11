"""Row 109: how the load of a site that is not well goes to the next nearest (`routing.scope: site`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory.regions import envoy_shares
from simulator.verification.worlds import ideal, play

GROUP = "Regions"
SITES = ("frankfurt", "london", "tokyo")  # from the nearest to frankfurt's clients to the farthest


def spill(down: Sequence[int], of: int, policy: str, factor: Fraction = Fraction(7, 5), *, quick: bool = False) -> Case:
    """Shares of the load of three sites of so many edges, some of which are down and believed so."""
    requests = 8_000
    crashes = [
        {"at": "0s", "for": "1h", "crash": f"edge-{site}-{number + 1}"}
        for site, many in zip(SITES, down, strict=True)
        for number in range(many)
    ]
    scenario = ideal(
        100.0, 20.0,
        clients={"count": 100, "site": SITES[0], "workload": {"kind": "poisson", "rate": f"{requests / 8000:g}/s"}},
        edges={"count": None, "at": dict.fromkeys(SITES, of)},
        routing={"policy": policy, "scope": "site", "overprovision": float(factor)},
        sam={}, sites=list(SITES), network={"geo": {"last_mile": "0ms"}}, faults=crashes,
    )  # fmt: skip
    del scenario["edges"]["edge"]["count"]

    def measure(replication: int) -> Mapping[str, float]:
        traced = play(scenario, replication, trace=1.0).requests
        assert traced is not None
        late = [edge for t_s, edge in zip(traced["t_s"], traced["edge"], strict=True) if t_s >= 20.0]
        at = Counter(edge.split("-")[1] for edge in late)
        return {site: at[site] / len(late) for site in SITES}

    shares = envoy_shares([(of - many, of) for many in down], factor)
    told = ", ".join(f"{many} of {of}" for many in down)
    checks = [TheoryCheck(site, share, 0.02) for site, share in zip(SITES, shares, strict=True)]
    return Case(
        f"109 {policy} {told} x {float(factor):g}", "109",
        f"{policy} within sites, down {told}, overprovisioned {float(factor):g} times: shares of load",
        "Envoy's priority levels, min(1, o·h) normalised", f"20 x {requests:,} requests",
        tuple(checks), measure, quick=quick, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """The row, and variations of its parameters and of the policy."""
    return [
        spill((3, 0, 0), 6, "random", quick=True),
        spill((4, 0, 0), 5, "power_of_two"),
        spill((8, 5, 0), 10, "random", quick=True),
        spill((5, 5, 5), 6, "round_robin"),
        spill((3, 2, 0), 4, "least_outstanding", Fraction(1)),
        spill((2, 0, 0), 6, "nearest"),
    ]
