"""What a summary shows, section by section, as rows of text: terminal and HTML draw the same ones.

May import the result, metrics and formats. Rows are (label, value, note). A metric that the run does not give
leaves no row; a section without rows is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.metrics.events import TRACE_READ
from simulator.metrics.labels import FAILURE_CAUSES, MISS_CAUSES
from simulator.metrics.names import MetricUnavailableError
from simulator.report.format import show, show_count, show_difference, show_duration

if TYPE_CHECKING:
    from simulator.results.result import Result
    from simulator.results.summary import Estimate


_FAULT_TOTAL = re.compile(r"^requests\[fault:([^\]]+)\]$")


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One line of a section."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its rows."""

    title: str
    rows: list[SectionRow]


def sections(result: Result) -> list[Section]:
    """The key metrics, grouped."""
    makers: tuple[tuple[str, Callable[[Result], Iterator[SectionRow]]], ...] = (
        ("Latency and failures", _latency),
        ("By fault: within 200 ms, of requests due while it was on", _by_fault),
        ("By site of the clients: within 200 ms", _by_site),
        ("Cache", _cache),
        ("Stickiness", _stickiness),
        ("Load", _load),
        ("Leases", _leases),
        ("Failover", _failover),
    )
    found = [Section(title, list(make(result))) for title, make in makers]
    return [section for section in found if section.rows]


def played(result: Result) -> str:
    """One line: how much was played."""
    facts = result.facts
    count = len(result.replications)
    requests = sum(r.totals.get("requests", 0) for r in result.replications)
    text = f"{count} replication{'s' * (count != 1)} of {show_duration(facts.duration_s)}"
    if facts.warmup_found and not facts.warmup_s:
        text += " (no warm-up found by MSER-5)"
    elif facts.warmup_s:
        found = ", by MSER-5" if facts.warmup_found else ""
        text += f" (the first {show_duration(facts.warmup_s)} not counted{found})"
    return f"{text}, seed {facts.seed}, {show_count(requests)} requests"


def read_lines(result: Result) -> list[str]:
    """What became of the lines of the traces that were replayed: a sentence each."""
    events = result.replications[0].events if result.replications else []
    return [str(event["detail"]["summary"]) for event in events if event["kind"] == TRACE_READ]


def expectation_rows(result: Result) -> list[tuple[str, str, str, str]]:
    """(verdict, expectation, value, note) of each."""
    rows: list[tuple[str, str, str, str]] = []
    for judged in result.expectations:
        half = None
        if judged.ci_low is not None and judged.ci_high is not None:
            half = (judged.ci_high - judged.ci_low) / 2.0
        rows.append((judged.verdict, judged.text, show(judged.mean, judged.unit, half), judged.note))
    return rows


def tally(result: Result) -> str:
    """How many expectations were missed, undecided and met, where not all went alike: a miss hides nothing else."""
    verdicts = [judged.verdict for judged in result.expectations]
    if len(set(verdicts)) < 2:
        return ""
    counts = [f"{verdicts.count(word)} {word}" for word in ("missed", "undecided", "met") if word in verdicts]
    return f"{len(verdicts)} expectations: {', '.join(counts)}."


def measured_rows(result: Result) -> list[tuple[str, str, str, str]]:
    """(metric, model, measured, difference) where the scenario says what reality measured."""
    rows: list[tuple[str, str, str, str]] = []
    for name, real in result.facts.measured.items():
        value = _get(result, name)
        if value is None:
            rows.append((name, "not given", "", ""))
            continue
        rows.append((name, _shown(value), show(real, value.unit), show_difference(value - real, value.unit)))
    return rows


def _get(result: Result, name: str) -> Estimate | None:
    try:
        value = result[name]
    except MetricUnavailableError:
        return None
    return None if math.isnan(value) else value


def _shown(value: Estimate) -> str:
    return show(value, value.unit, value.half_width)


def _row(result: Result, label: str, name: str, note: str = "") -> Iterator[SectionRow]:
    value = _get(result, name)
    if value is not None:
        yield SectionRow(label, _shown(value), note)


def _note(result: Result, *pairs: tuple[str, str]) -> str:
    """`p95 44 ms, p99 120 ms`: several metrics in a note, without intervals."""
    parts = []
    for word, name in pairs:
        value = _get(result, name)
        if value is not None:
            parts.append(f"{word} {show(value, value.unit)}".strip())
    return ", ".join(parts)


def _causes(result: Result, base: str, causes: tuple[str, ...]) -> str:
    """The causes that occurred, largest first, as shares of all."""
    values = {cause: _get(result, f"{base}[{cause}]") for cause in causes}
    found = {cause: float(value) for cause, value in values.items() if value is not None and value > 0.0}
    total = sum(found.values())
    if len(found) == 1:
        return f"all {next(iter(found)).replace('_', ' ')}"
    ranked = sorted(found, key=lambda cause: -found[cause])
    return ", ".join(f"{cause.replace('_', ' ')} {show(found[cause] / total, 'ratio')}" for cause in ranked)


def _latency(result: Result) -> Iterator[SectionRow]:
    yield from _row(result, "median", "latency.p50", "of ok requests, intended send to answer")
    yield from _row(result, "p95", "latency.p95")
    yield from _row(result, "p99", "latency.p99")
    yield from _row(result, "within 200 ms", "within[200ms]", "of all requests, failures included")
    yield from _row(result, "failed", "failures.ratio", _causes(result, "failures.ratio", FAILURE_CAUSES))
    yield from _row(result, "failed during faults", "failures.faults.ratio")
    sessions = _get(result, "sessions.failed_ratio")
    if sessions:
        yield SectionRow("users who noticed", _shown(sessions), "sessions with a failed request")
    attempts = _get(result, "attempts.per_request")
    if attempts is not None and abs(attempts - 1.0) >= 0.005:
        yield SectionRow("attempts a request", _shown(attempts))


def _by_fault(result: Result) -> Iterator[SectionRow]:
    """A row for each named fault, in the order in which they are written, and for none."""
    totals = result.replications[0].totals if result.replications else {}
    names = [match[1] for total in totals if (match := _FAULT_TOTAL.match(total))]
    for name in names:
        yield from _within(result, "no fault" if name == "none" else name, f"[fault:{name}]")


def _by_site(result: Result) -> Iterator[SectionRow]:
    """A row for each site with clients, where there are several."""
    totals = result.replications[0].totals if result.replications else {}
    for site in result.facts.resolved.get("sites") or ():
        if f"requests[{site}]" in totals:
            yield from _within(result, str(site), f"[{site}]")


def _within(result: Result, label: str, suffix: str) -> Iterator[SectionRow]:
    """How many requests of a kind were answered in time; how many failed, and their tail."""
    requests = sum(replication.totals.get(f"requests{suffix}", 0) for replication in result.replications)
    value = _get(result, f"within[200ms]{suffix}")
    if value is None:
        yield SectionRow(label, "-", "no request was due" if not requests else f"{show_count(requests)} requests")
        return
    note = _note(result, ("failed", f"failures.ratio{suffix}"), ("p99", f"latency.p99{suffix}"))
    yield SectionRow(
        label, _shown(value), ", ".join(part for part in (note, f"{show_count(requests)} requests") if part)
    )


def _cache(result: Result) -> Iterator[SectionRow]:
    delayed = _get(result, "delayed_hit_ratio.l1")
    note = f"{show(delayed, 'ratio')} more waited for a fetch" if delayed else ""
    yield from _row(result, "L1 hits", "hit_ratio.l1", note)
    misses = _causes(result, "misses.l1.rate", MISS_CAUSES)
    if misses:
        yield from _row(result, "L1 misses", "misses.l1.rate", misses)
    yield from _row(result, "L2 hits", "hit_ratio.l2")
    stale = _get(result, "stale_reads.rate")
    if stale:
        yield from _row(result, "stale reads", "stale_reads.rate", _share_of_hits(result))


def _share_of_hits(result: Result) -> str:
    share = _get(result, "stale_reads.ratio")
    return f"{show(share, 'ratio')} of L1 hits" if share is not None else ""


def _stickiness(result: Result) -> Iterator[SectionRow]:
    spread = _note(result, ("5 % are below", "stickiness.p05"), ("5 % above", "stickiness.p95"))
    yield from _row(result, "mean weight", "stickiness.mean", spread)
    yield from _row(result, "left their edge", "left_ratio", "of requests")
    yield from _row(result, "crossed sites", "crossed_site_ratio", "not served at the nearest site")
    yield from _row(result, "stay length", "stay_length.mean", "requests in a row at one edge")


def _load(result: Result) -> Iterator[SectionRow]:
    yield from _row(result, "requests", "requests.rate")
    tries = _note(result, ("wait", "balancer.wait.mean"), ("retries", "balancer.retries.rate"))
    yield from _row(result, "balancers", "balancer.requests.rate", tries)
    edges = _note(result, ("p95 wait", "edge.wait.p95"), ("busiest/mean", "edge.imbalance"))
    yield from _row(result, "edges busy", "edge.utilisation", edges)
    yield from _row(result, "core requests", "core.requests.rate", _note(result, ("busy", "core.utilisation")))
    yield from _row(result, "storage reads", "storage.reads.rate", _note(result, ("writes", "storage.writes.rate")))


def _leases(result: Result) -> Iterator[SectionRow]:
    saved = _note(result, ("saves", "renewal_messages_saved_ratio"))
    note = f"{saved} of them" if saved else ""
    yield from _row(result, "renewed", "renewals.rate", _note(result, ("lapsed", "lease.lapses.rate")))
    size = _note(result, ("of", "renewal_batch.size.mean"))
    label_note = ", ".join(part for part in (f"{size} leases" if size else "", note) if part)
    yield from _row(result, "messages", "renewal_batches.rate", label_note)


def _failover(result: Result) -> Iterator[SectionRow]:
    for label, name in (("detected after", "failover.detection"), ("recovered after", "failover.recovery")):
        mean, longest = _get(result, f"{name}.mean"), _get(result, f"{name}.max")
        differ = mean is not None and longest is not None and longest > 1.005 * mean
        yield from _row(result, label, f"{name}.mean", _note(result, ("longest", f"{name}.max")) if differ else "")
    moved = _get(result, "failover.sessions_moved")
    if moved:
        yield SectionRow("sessions moved", _shown(moved))
    yield from _row(result, "edges ejected", "ejections.rate", "by passive health checks")
    yield from _row(result, "believed wrongly", "health.wrong.ratio", "of the edges' time")
