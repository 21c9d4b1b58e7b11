"""The tables of docs/scale.md, made from a file of benchmarks/results; see make_benchmarks.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SESSIONS, REQUESTS_PER_S = 1e9, 2e7
"""The large service: a request of each session in 50 s."""


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _ratio(x: float) -> str:
    return f"{x:.2g}" if x < 10 else f"{x:.0f}"


def one_core(figures: dict[str, Any]) -> str:
    """What a core does: measured, and the goal."""
    return _table(("", "measured", "goal"), _core_rows(figures))


def _core_rows(figures: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    reference, each = figures["reference"], figures["events_per_request"]
    yield "requests of `reference` per raw heap operation", f"{reference['requests_per_heap_operation']:.3f}", ""
    yield (
        "the same with set-up and measuring", f"{reference['requests_per_heap_operation_with_set_up']:.3f}", "0.05"
    )  # fmt: skip
    yield "events per bare SimPy event", _ratio(reference["events_per_bare_simpy_event"]), ""
    yield "requests per second of processor time", f"{reference['requests_per_s']:,.0f}", ""
    yield "events per request of `reference`", f"{reference['events_per_request']:.2f}", ""
    yield "events per L1 hit", f"{each['l1_hit']:g}", "4.2"
    yield "events per miss that L2 answers", f"{each['l2_answer']:g}", "7.3"
    yield "bytes per session, before it does anything", f"{figures['bytes_per_session']:,.0f}", "1,500"
    for row in figures.get("memory", ()):
        goal = "400 MB" if row["requests"] > 5e6 else ""
        yield f"peak memory of {row['requests']:,} requests", f"{row['peak_rss_bytes'] / 1e6:.0f} MB", goal
    if "million_sessions" in figures:
        peak = figures["million_sessions"]["peak_rss_bytes"]
        yield "peak memory of 1,000,000 sessions", f"{peak / 1e9:.2f} GB", "1.5 GB"
    yield from _cost_rows(figures)
    start = figures.get("start_up_s", {})
    for name, text, goal in (
        ("help", "`simulator --help`", "0.3 s"),
        ("quickstart", "`simulator run quickstart`", "8 s"),
    ):
        if name in start:
            yield f"{text}, whole process", f"{start[name]:.2g} s", goal
    if "extras" in figures:
        extras = figures["extras"]
        yield "writing results, report included: share of a run", f"{extras['writing_share']:.1%}", "5 %"
        yield "`--trace` of every request: times a run without", _ratio(extras["traced_times_plain"]), "1.5"


def _cost_rows(figures: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for part, what, goals in (
        ("cost_by_clients", "clients", {"1000000": "1.5"}), ("cost_by_edges", "edges", {"1000": "1.3"})
    ):  # fmt: skip
        costs = figures.get(part, {})
        first = next(iter(costs), "")
        for count in list(costs)[1:]:
            text = f"cost of a request (of an event) at {int(count):,} {what}: times that at {int(first):,}"
            yield text, f"{_ratio(costs[count]['request'])} ({_ratio(costs[count]['event'])})", goals.get(count, "")


def peers(figures: dict[str, Any]) -> str:
    """Other simulators, what they do and leave out."""
    head = ("", "requests per 100 heap operations", "times", "does", "leaves out")
    return _table(head, _peer_rows(figures["peers"]))


def _peer_rows(rows: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        if "skipped" in row:
            continue
        times = f"{_ratio(row['times_everything_on'])} ({_ratio(row['times_what_peers_do'])})" if "does" in row else ""
        name = row["name"] + (f" (Python {row['python']})" if "python" in row else "")
        ratio = f"{100 * row['requests_per_heap_operation']:.2g}"
        yield name, ratio, times, row.get("does", ""), row.get("leaves_out", "")


def beyond(figures: dict[str, Any]) -> str:
    """What follows from the figures of one core, not measured."""
    return _table(("extrapolated", ""), _beyond_rows(figures))


def _beyond_rows(figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rate = figures["reference"]["requests_per_s"]
    yield "one core: 10^9 requests of `reference`", f"{1e9 / rate / 3600:.1f} h"
    yield "16 cores: the same, as 16 or more replications", f"{1e9 / rate / 16 / 60:.0f} min"
    yield "100 cores: the same, as 100 or more replications", f"{1e9 / rate / 100 / 60:.1f} min"
    each_s = 1.0 / rate
    if "1000000" in figures.get("cost_by_clients", {}):  # among so many sessions a request costs more
        each_s = figures["cost_by_clients"]["1000000"]["request_us"] / 1e6
    yield "10^9 sessions whole: a simulated second", f"{REQUESTS_PER_S * each_s:.0f} s of a core, or more"
    per_session = figures["bytes_per_session"]
    if "million_sessions" in figures:
        per_session = figures["million_sessions"]["peak_rss_bytes"] / 1e6
    yield "10^9 sessions whole: memory", f"{SESSIONS * per_session / 1e12:.1f} TB"
    yield "a slice of 10^6 of them: a simulated second", f"{REQUESTS_PER_S / 1000 * each_s:.2f} s of a core"
    yield "a slice of 10^6 of them: memory", f"{1e6 * per_session / 1e9:.1f} GB"


TABLES = {"one core": one_core, "peers": peers, "beyond": beyond}
