"""Rows 48-51: leases, their batched renewal, and lapses."""

from __future__ import annotations

from typing import Any

from simulator.verification.case import Case, TheoryCheck
from simulator.verification.rows.caches import one_edge
from simulator.verification.theory import leases as theory
from simulator.verification.theory.networks import round_trip_loss
from simulator.verification.worlds import ideal, measured, play, seconds

GROUP = "Leases"


def gray_cheriton(term_s: float, reads_per_s: float = 0.864) -> Case:
    """Reads under a lease renewed on demand: a fixed TTL of the term less skew and round trip."""
    usable_s = term_s - 0.1025
    scenario = one_edge(reads_per_s, {"ttl": seconds(usable_s)}, usable_s, 30_000 / (60 * usable_s), 60)
    return Case(
        f"48 term {term_s:g}", "48", f"reads under leases of {term_s:g} s, {reads_per_s:g} reads/s",
        "1/(1+Rt), t the term less .1 s and .0025 s (Gray & Cheriton 1989)", "20 x 26,000 reads",
        (TheoryCheck("relative load", theory.relative_load(reads_per_s, term_s), 0.01),),
        measured(scenario, {"relative load": "miss_ratio.l1"}), quick=term_s == 10, group=GROUP,
    )  # fmt: skip


def leased(length_s: float, margin_s: float, tick_s: float, **more: Any) -> dict[str, Any]:
    """A `leases` section whose sessions never count as idle."""
    return {
        "length": seconds(length_s), "renew_before": seconds(margin_s), "batch_every": seconds(tick_s),
        "max_batch": 1_000_000, "idle_after": "never", **more,
    }  # fmt: skip


QUIET = {"kind": "poisson", "rate": "0.000001/s"}


def renewals(
    sessions: int, length_s: float = 30.0, margin_s: float = 10.0, tick_s: float = 1.0, *, runs: int = 25,
    quick: bool = False, batching: bool = True,
) -> Case:  # fmt: skip
    """Sessions of one edge with random phases."""
    every = theory.interval_s(length_s, margin_s, tick_s) if batching else length_s - margin_s
    span_s = every * 4
    scenario = ideal(
        2 * every + span_s, 2 * every, clients={"count": sessions, "workload": QUIET},
        leases=leased(length_s, margin_s, tick_s, batching="on" if batching else "off"),
    )  # fmt: skip
    rate = sessions / every
    batches = theory.batches_per_s(sessions, length_s, margin_s, tick_s) if batching else rate

    def measure(replication: int) -> dict[str, float]:
        parts = [play(scenario, replication * runs + i).metrics for i in range(runs)]
        names = {"renewals (/s)": "renewals.rate", "batches (/s)": "renewal_batches.rate"}
        result = {name: sum(part[metric] for part in parts) / runs for name, metric in names.items()}
        return result | {"mean batch": result["renewals (/s)"] / result["batches (/s)"]}

    name = f"49 N {sessions} L {length_s:g} M {margin_s:g} D {tick_s:g}" + ("" if batching else " single")
    return Case(
        name, "49", f"{sessions} leases, L {length_s:g} s, M {margin_s:g} s, D {tick_s:g} s"
        + ("" if batching else ", batching off"),
        "N/I, (1-(1-1/K)^N)/D, I = D⌈(L-M)/D⌉", f"20 x {runs} runs of {span_s:g} s",
        (
            TheoryCheck("renewals (/s)", rate, 0.005), TheoryCheck("batches (/s)", batches, 0.01),
            TheoryCheck("mean batch", rate / batches, 0.01),
        ),
        measure, quick=quick, group=GROUP,
    )  # fmt: skip


def open_sessions(
    opened_per_s: float, life_s: float, length_s: float = 30.0, margin_s: float = 10.0, tick_s: float = 1.0,
    *, span_s: float = 4000.0,
) -> Case:  # fmt: skip
    """Sessions that come and go."""
    rate = theory.open_renewals_per_s(opened_per_s, life_s, length_s, margin_s, tick_s)
    scenario = ideal(
        5 * life_s + length_s + span_s, 5 * life_s + length_s, leases=leased(length_s, margin_s, tick_s),
        clients={
            "workload": QUIET,
            "session": {
                "established": False, "arrivals": f"{opened_per_s:g}/s",
                "length": {"exponential": seconds(life_s)},
            },
        },
    )  # fmt: skip
    del scenario["clients"]["c"]["count"]
    return Case(
        f"50 ν {opened_per_s:g} life {life_s:g} L {length_s:g}", "50",
        f"sessions open at {opened_per_s:g}/s and live {life_s:g} s, L {length_s:g} s, M {margin_s:g} s",
        "renewals that sessions live to see; a Poisson number at a tick", f"20 x {span_s:g} s",
        (
            TheoryCheck("renewals (/s)", rate, 0.01),
            TheoryCheck("batches (/s)", theory.open_batches_per_s(rate, tick_s), 0.01),
            TheoryCheck("open", opened_per_s * life_s, 0.01),
        ),
        measured(
            scenario,
            {
                "renewals (/s)": "renewals.rate", "batches (/s)": "renewal_batches.rate",
                "open": "sessions.open.mean",
            },
        ),
        quick=opened_per_s == 0.5, group=GROUP,
    )  # fmt: skip


def lapses(attempts: int, cap: float, sessions: int, span_s: float, leg: float = 0.05) -> Case:
    """Renewals are lost; as many attempts as fit the margin, each a message of its own.

    No lookups come in between, so that a session is followed up to its first lapse: a lapsed lease that is held again
    shortly before its end at the core could lapse without any attempt.
    """
    lost = round_trip_loss(leg)
    length_s = 6.0
    scenario = ideal(
        span_s, 0, clients={"count": sessions, "workload": QUIET},
        leases=leased(length_s, attempts, 1.0) | {"max_batch": 1},
        network={"default": {"latency": "0ms"}, "links": [
            {"from": "edge-*", "to": "core-*", "loss": leg}, {"from": "core-*", "to": "edge-*", "loss": leg},
        ]},
    )  # fmt: skip

    def measure(replication: int) -> dict[str, float]:
        metrics = play(scenario, replication).metrics
        lapsed, renewed = metrics["lease.lapses.rate"], metrics["renewals.rate"]
        return {"lapse": lapsed / (lapsed + renewed)}

    return Case(
        f"51 a {attempts} leg {leg:g}", "51", f"renewal lost with {lost:.4f}, {attempts} attempt(s) fit the margin",
        "lost^a", f"20 x {sessions} sessions x {span_s:g} s",
        (TheoryCheck("lapse", theory.lapse_ratio(lost, attempts), cap),),
        measure, quick=attempts < 3, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    return [
        *(gray_cheriton(term_s) for term_s in (1.0, 5.0, 10.0, 30.0)),
        renewals(20, quick=True),
        renewals(1000, runs=1, quick=True),
        renewals(30, 20.0, 7.5, 2.0, runs=10),
        renewals(15, 30.0, 10.0, 1.0, batching=False, runs=4),
        open_sessions(0.5, 60),
        open_sessions(2.0, 20, 10.0, 4.0, 1.0, span_s=1500.0),
        lapses(1, 0.02, 600, 150),
        lapses(2, 0.03, 200, 800),
        lapses(3, 0.05, 100, 4500),
        lapses(2, 0.03, 400, 100, leg=0.2),
    ]
