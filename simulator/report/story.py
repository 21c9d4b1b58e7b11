"""What happened, in sentences computed from events and series: fault, detection, moves, cost.

An entry is a fault as the scenario writes it, however many nodes it strikes. What failed most requests comes first:
failures beyond those of calm times, in the windows in which it struck; where faults overlap, each has the share of its
targets, and what is down has it before what is only slow. Then comes what moved most sessions, then what came first.

May import the result, changes and formats. A change is told only where it stands out from the time before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.faults.words import Told
from simulator.metrics.events import DETECTED, EJECTED, FAULT_BEGIN, RECOVERED, SESSIONS_MOVED, TAKEOVER
from simulator.observe.result import Replication
from simulator.report.changes import BEFORE_S, SIGMAS, SPANS, Swing, around, change_of, same_faults, spans_of
from simulator.report.format import HOP_WORDS, show, show_count, show_duration
from simulator.report.series import Floats, labels_of, mean_of, mean_series, series, window_of
from simulator.report.written_faults import Span, WrittenFault, kind_of, written_faults

if TYPE_CHECKING:
    from simulator.results.result import Result

_FAULTS_TOLD: Final = 12
_NAMES_SHOWN: Final = 3
_SOFT_BLAME: Final = 0.01
_HOP_NOTABLE_S: Final = 0.002
_TOO_FEW: Final = "There were too few requests around it to tell what it changed."
_TOO_FEW_HIT: Final = "Too few requests of the sessions it hit were there to tell when their hit ratio was back."


def story(result: Result) -> list[list[str]]:
    """For each fault as written, what did most first, its sentences; one entry for a run without faults."""
    if not result.replications:
        return []
    faults = written_faults(result)
    if not faults:
        return [["No fault was injected."]]
    faults = by_effect(result, faults)
    told = [list(_of_fault(result, fault, faults)) for fault in faults[:_FAULTS_TOLD]]
    if len(faults) > _FAULTS_TOLD:
        more = len(faults) - _FAULTS_TOLD
        told.append([f"And {more} more fault{'s' * (more > 1)} that did less, shaded in the figures."])
    return told


def by_effect(result: Result, faults: Sequence[WrittenFault]) -> list[WrittenFault]:
    """The faults, that which did most first: failed requests, then sessions moved, then the time of its begin."""
    failed = _failures_of(result, faults)
    keys = {
        place: (-round(failed[place]), -_sessions_moved(result, fault), fault.begin_s)
        for place, fault in enumerate(faults)
    }
    return [faults[place] for place in sorted(keys, key=lambda place: keys[place])]


def _failures_of(result: Result, faults: Sequence[WrittenFault]) -> list[float]:
    """How many requests each fault failed: means over replications (of the first, where faults differ)."""
    times, values = series(result, "failures.rate")
    width = window_of(result)
    if not times.size or not width or not faults:
        return [0.0] * len(faults)
    sent = mean_series(result, "requests.rate", times=times)[1]
    failed = np.nan_to_num(mean_of(values if same_faults(result) else values[:1])) * width
    struck = np.array([
        [_blame(fault) * sum(b < t + width - 1e-9 and e > t + 1e-9 for b, e, _ in fault.spans) for t in times.tolist()]
        for fault in faults
    ], dtype=float)  # fmt: skip
    every = struck.sum(axis=0)
    calm = (every == 0.0) & (times >= result.facts.warmup_s - 1e-9)
    requests = np.nan_to_num(sent) * width
    usual = failed[calm].sum() / requests[calm].sum() if requests[calm].sum() else 0.0
    beyond = np.maximum(failed - usual * requests, 0.0)
    share = np.divide(struck, every, out=np.zeros_like(struck), where=every > 0.0)
    return [float(one) for one in share @ beyond]


def _blame(fault: WrittenFault) -> float:
    """The weight of one of its targets: what slows or drains is blamed for what nothing that is down explains."""
    return _SOFT_BLAME if kind_of(fault.event).soft else 1.0


def _sessions_moved(result: Result, fault: WrittenFault) -> float:
    """Sessions that were given another edge after it, in the first replication."""
    found = [_consequences(result.replications[0], what.partition(" ")[2], begin) for begin, _, what in fault.spans]
    moved = [events[SESSIONS_MOVED]["detail"] for events in found if SESSIONS_MOVED in events]
    return sum(float(detail.get("sessions", 0)) for detail in moved)


def _of_fault(result: Result, fault: WrittenFault, faults: Sequence[WrittenFault]) -> Iterator[str]:
    if len(fault.spans) == 1:
        yield from _of_one(result, fault.spans[0])
    else:
        yield from _of_many(result, fault)
    overlap = [other.name for other in faults if other is not fault and _overlap(fault, other)]
    if overlap:
        more = f" and {len(overlap) - _NAMES_SHOWN} more" if len(overlap) > _NAMES_SHOWN else ""
        were = "was" if len(overlap) == 1 else "were"
        yield f"({', '.join(overlap[:_NAMES_SHOWN])}{more} {were} on at the same time.)"


def _overlap(a: WrittenFault, b: WrittenFault) -> bool:
    return any(x[0] < y[1] and y[0] < x[1] for x in a.spans for y in b.spans)


def _of_one(result: Result, span: Span) -> Iterator[str]:
    """The sentences of a fault that struck one target once."""
    begin, end, what = span
    kind, _, target = what.partition(" ")
    yield _begin_sentence(result, kind, target, begin, end)
    following = [_consequences(r, target, begin) for r in _alike(result)]
    yield from _detection(following, kind, end - begin)
    cost = list(_cost(result, span))
    yield from cost
    yield from (told for told in _recovery(following) if told != _TOO_FEW_HIT or _TOO_FEW not in cost)


def _of_many(result: Result, fault: WrittenFault) -> Iterator[str]:
    """The sentences of a fault that struck several targets, or one again and again."""
    yield _begin_of_many(result, fault)
    after = [
        [_consequences(r, what.partition(" ")[2], begin) for begin, _, what in fault.spans] for r in _alike(result)
    ]
    yield from _noticed(fault, after)
    yield from _cost(result, (fault.begin_s, fault.end_s, fault.name))
    back = [_after_s(events[RECOVERED]) for spans in after for events in spans if RECOVERED in events]
    if back:
        whose = f", for {len(back) / len(after):.3g} of {len(fault.spans)}" if len(back) < len(_flat(after)) else ""
        yield f"{_spread(back)} after it the hit ratio of the sessions it hit was back at 95 % of before{whose}."


def _begin_of_many(result: Result, fault: WrittenFault) -> str:
    """`At 1 min 10 s 4 nodes crashed (pop-*), for 20 s.`, or from when to when they did one after the other."""
    targets = list(dict.fromkeys(what.partition(" ")[2] for _, _, what in fault.spans))
    struck, many = kind_of(fault.event), len(targets) != 1
    factor = _factor(_detail(result.replications[0], fault.event, targets[0], fault.begin_s))
    lasts = fault.end_s < result.facts.duration_s
    told = Told(
        begin=show_duration(fault.begin_s),
        ends=f"to {show_duration(fault.end_s)}" if lasts else "to the end",
        lasted=f", for {show_duration(fault.end_s - fault.begin_s)}" if lasts else " and stayed so to the end",
        targets=len(targets),
        spans=len(fault.spans),
        target=fault.target,
        struck=f"{len(targets)} {struck.noun}{'s' * many}",
        did=struck.predicate(factor, plural=many),
    )
    return kind_of(fault.kind).sentence(told)


def _factor(detail: Mapping[str, Any]) -> str:
    """`3 times `, where the log says how many; else nothing."""
    return f"{float(detail['factor']):g} times " if "factor" in detail else ""


def _noticed(fault: WrittenFault, after: Sequence[Sequence[Mapping[str, dict[str, Any]]]]) -> Iterator[str]:
    """Which of its spans were noticed, how late, and how many sessions moved: means over replications."""
    found = [events[DETECTED] for events in _flat(after) if DETECTED in events]
    thrown = [events[EJECTED] for events in _flat(after) if EJECTED in events]
    moved = [events[SESSIONS_MOVED] for events in _flat(after) if SESSIONS_MOVED in events]
    parts = []
    if found:
        some = f" {len(found) / len(after):.3g} of {len(fault.spans)}" if len(found) < len(_flat(after)) else " them"
        parts.append(f"{_what_told(found)} gave{some} away after {_spread([_after_s(event) for event in found])}")
    if thrown:
        some = f"{len(thrown) / len(after):.3g} of {len(fault.spans)}" if len(thrown) < len(_flat(after)) else "they"
        parts.append(f"{some} were ejected after {_spread([_after_s(event) for event in thrown])}")
    if not parts and kind_of(fault.event).noticeable:
        parts.append("nobody noticed")
    if moved:
        parts.append(_moved(sum(float(event["detail"].get("sessions", 0)) for event in moved) / len(after)))
    takeovers = [_after_s(events[TAKEOVER]) for events in _flat(after) if TAKEOVER in events]
    if takeovers:
        parts.append(f"standbys served {_spread(takeovers)} after the crash")
    if parts:
        told = ", and ".join(parts)
        yield f"{told[0].upper()}{told[1:]}."


def _flat(after: Sequence[Sequence[Mapping[str, dict[str, Any]]]]) -> list[Mapping[str, dict[str, Any]]]:
    return [events for spans in after for events in spans]


def _after_s(event: Mapping[str, Any]) -> float:
    """How long after the begin of the fault an event came, in seconds."""
    return float(event["detail"].get("after_s", event["t_s"] - event["since_s"]))


def _alike(result: Result) -> Sequence[Replication]:
    """The replications in which faults begin as in the first one."""
    return result.replications if same_faults(result) else result.replications[:1]


def _begin_sentence(result: Result, kind: str, target: str, begin: float, end: float) -> str:
    """What the fault was, such as `At 1 min pop-tokyo-1 crashed, for 20 s.`."""
    detail = _detail(result.replications[0], kind, target, begin)
    words = kind_of(kind).clause(target, _factor(detail))
    lasted = " and stayed so to the end" if end >= result.facts.duration_s else f", for {show_duration(end - begin)}"
    return f"At {show_duration(begin)} {words}{lasted}."


def _detection(following: Sequence[Mapping[str, dict[str, Any]]], kind: str, lasted_s: float) -> Iterator[str]:
    found = [events[DETECTED] for events in following if DETECTED in events]
    thrown = [events[EJECTED] for events in following if EJECTED in events]
    moved = [events[SESSIONS_MOVED] for events in following if SESSIONS_MOVED in events]
    if not found and not thrown and kind_of(kind).noticeable:
        yield f"Nobody noticed within the {show_duration(lasted_s)}." if math.isfinite(lasted_s) else "Nobody noticed."
        return
    sentence = ""
    if found:
        words = f"{_what_told(found)} gave it away after {_spread([_after_s(event) for event in found])}"
        sentence = words[0].upper() + words[1:]
    if thrown:
        words = f"it was ejected after {_spread([_after_s(event) for event in thrown])}"
        sentence = f"{sentence}, and {words}" if sentence else words[0].upper() + words[1:]
    if moved:
        counts = [float(event["detail"].get("sessions", 0)) for event in moved]
        words = f"{_moved(sum(counts) / len(counts))}{_destinations(moved)}"
        sentence = f"{sentence}, and {words}" if sentence else words[0].upper() + words[1:]
    takeovers = [float(events[TAKEOVER]["detail"].get("after_s", 0.0)) for events in following if TAKEOVER in events]
    if takeovers:
        sentence += f"{', and' if sentence else 'The'} its standby served {_spread(takeovers)} after the crash"
    if sentence:
        yield f"{sentence}."


def _what_told(found: Sequence[Mapping[str, Any]]) -> str:
    """What gave a node away."""
    return "failed health checks" if found[0]["detail"].get("by") == "checks" else "missing heartbeats"


def _moved(mean: float) -> str:
    """`30 sessions were given another edge`, of a mean over replications."""
    if mean == 0.0:
        return "no session had to move"
    if mean == 1.0:
        return "1 session was given another edge"
    return f"{show_count(mean) if mean >= 1.5 else f'{mean:.1f}'} sessions were given another edge"


def _destinations(moved: Sequence[dict[str, Any]]) -> str:
    """` (all to pop-2)`, ` (80 to pop-2, 35 to pop-3)`: means over replications, largest first."""
    sums: dict[str, float] = {}
    for event in moved:
        for edge, count in event["detail"].get("to", {}).items():
            sums[edge] = sums.get(edge, 0.0) + float(count)
    if not sums:
        return ""
    ranked = sorted(sums, key=lambda edge: (-sums[edge], edge))
    if len(ranked) == 1:
        return f": {ranked[0]}" if sums[ranked[0]] == len(moved) else f", all of them {ranked[0]}"
    parts = [f"{show_count(sums[edge] / len(moved))} {edge}" for edge in ranked[:3]]
    rest = f" and {len(ranked) - 3} other{'s' * (len(ranked) > 4)}" if len(ranked) > 3 else ""
    return f": {', '.join(parts)}{rest}"


def _cost(result: Result, span: tuple[float, float, str]) -> Iterator[str]:
    """What changed while it lasted, worst first as people feel it."""
    begin, end, _ = span
    parts: list[str] = []
    failures = _failures(result, begin, end)
    if failures:
        parts.append(failures)
    slow = change_of(result, span, "latency.p99", up=True)
    if slow is not None:
        parts.append(f"p99 rose from {show(slow.before, 's')} to {show(slow.worst, 's')} at {show_duration(slow.at_s)}")
    hits = change_of(result, span, "hit_ratio.l1", up=False)
    if hits is not None:
        parts.append(
            f"the L1 hit ratio fell from {show(hits.before, 'ratio')} to {show(hits.worst, 'ratio')} "
            f"at {show_duration(hits.at_s)}"
        )
    load = change_of(result, span, "core.requests.rate", up=True)
    if load is not None:
        parts.append(f"core load rose from {show(load.before, '1/s')} to {show(load.worst, '1/s')}")
    if parts:
        joined = "; ".join(parts)
        yield f"While it lasted, {joined}." if failures else f"{joined[0].upper()}{joined[1:]}."
    more = [sentence for sentence in (_slowest_hop(result, span), _crowded(result, span)) if sentence]
    yield from more
    if not parts and not more:
        yield _nothing_shows(result, span)


def _nothing_shows(result: Result, span: tuple[float, float, str]) -> str:
    """That nothing changed, where there were enough requests to see it."""
    before_s, near_s = around(result, span)
    past, near = (spans_of(result, "requests.rate", "", *part)[0].size for part in (before_s, near_s))
    if past < SPANS or not near:
        return _TOO_FEW
    return "Neither failures, p99, L1 hits nor core load show it."


def _failures(result: Result, begin: float, end: float) -> str:
    """How many requests failed, where that is more than the minute before lets expect."""
    first = max(result.facts.warmup_s, begin - BEFORE_S)
    failed, sent = _count(result, "failures.rate", begin, end), _count(result, "requests.rate", begin, end)
    before, sent_before = (_count(result, name, first, begin) for name in ("failures.rate", "requests.rate"))
    usual = before / sent_before if sent_before > 0.0 else 0.0
    expected = usual * sent
    if sent <= 0.0 or failed < 1.0 or failed <= expected + SIGMAS * math.sqrt(expected):
        return ""
    against = f", against {show(usual, 'ratio')} before" if before >= 1.0 else ""
    counts = f"{show_count(failed)} of {show_count(sent)}"
    return f"{show(failed / sent, 'ratio')} of the requests failed ({counts}{against})"


def _slowest_hop(result: Result, span: tuple[float, float, str]) -> str:
    """Where requests lost most time, where that stands out."""
    worst: tuple[str, Swing] | None = None
    for hop in labels_of(result, "latency.hop.mean"):
        change = change_of(result, span, "latency.hop.mean", hop, up=True)
        if change is None or change.worst - change.before < _HOP_NOTABLE_S:
            continue
        if worst is None or change.worst - change.before > worst[1].worst - worst[1].before:
            worst = (hop, change)
    if worst is None:
        return ""
    hop, change = worst
    return (
        f"Most of the added time went into {HOP_WORDS[hop]}: {show(change.worst, 's')} a visit at its worst, "
        f"against {show(change.before, 's')} before."
    )


def _crowded(result: Result, span: tuple[float, float, str]) -> str:
    """The edge whose queue grew most, where that stands out."""
    worst: tuple[float, str, Swing] | None = None
    for edge in labels_of(result, "edge.in_system"):
        change = change_of(result, span, "edge.in_system", edge, up=True)
        if change is not None and change.worst >= 2.0 and (worst is None or change.worst - change.before > worst[0]):
            worst = (change.worst - change.before, edge, change)
    if worst is None:
        return ""
    _, edge, change = worst
    number = f"{change.worst:.0f}" if change.worst >= 10 else f"{change.worst:.1f}"
    return f"The longest queue was at {edge}: {number} requests there, against {change.before:.1f} before."


def _recovery(following: Sequence[Mapping[str, dict[str, Any]]]) -> Iterator[str]:
    times = [float(e[RECOVERED]["detail"].get("after_s", 0.0)) for e in following if RECOVERED in e]
    if times:
        some = f" (in {len(times)} of {len(following)} replications)" if len(times) < len(following) else ""
        yield f"{_spread(times)} after the fault the hit ratio of the sessions it hit was back at 95 % of before{some}."
        return
    begun = [e[FAULT_BEGIN]["detail"] for e in following if FAULT_BEGIN in e]
    judged = [int(detail["judged"]) for detail in begun if "judged" in detail]
    if any(judged):
        seen = sum(count > 0 for count in judged)
        some = f" (in {seen} of {len(following)} replications)" if seen < len(following) else ""
        yield f"The hit ratio of the sessions it hit did not come back to 95 % of before by the end{some}."
    elif judged:
        yield _TOO_FEW_HIT


def _spread(seconds: Sequence[float]) -> str:
    """`2.0 s`, or the mean and the range over replications."""
    mean = sum(seconds) / len(seconds)
    if len(seconds) == 1 or max(seconds) - min(seconds) < 0.005 * mean:
        return show(mean, "s")
    return f"{show(mean, 's')} ({show(min(seconds), 's')} to {show(max(seconds), 's')})"


def _consequences(replication: Replication, target: str, begin: float) -> dict[str, dict[str, Any]]:
    """The first event of each kind that followed a fault, up to the next one on the same target."""
    found: dict[str, dict[str, Any]] = {}
    for event in replication.events:
        if event["t_s"] < begin - 1e-9 or event["target"] != target:
            continue
        if event["kind"] == FAULT_BEGIN and event["t_s"] > begin + 1e-9:
            break
        detail = event.get("detail") or {}
        if not detail.get("false_alarm"):
            found.setdefault(event["kind"], {**event, "detail": detail, "since_s": begin})
    return found


def _detail(replication: Replication, kind: str, target: str, begin: float) -> dict[str, Any]:
    for event in replication.events:
        detail = event.get("detail") or {}
        this = event["kind"] == FAULT_BEGIN and event["target"] == target and event["t_s"] == begin
        if this and detail.get("fault", kind) == kind:
            return dict(detail)
    return {}


def _count(result: Result, metric: str, begin: float, end: float) -> float:
    """Events of a rate over the windows that touch the span: mean over replications."""
    times, values = series(result, metric)
    width = window_of(result)
    touched = (times + width > begin + 1e-9) & (times < end - 1e-9)
    per_window: Floats = np.nan_to_num(values[:, touched]) * width
    return float(per_window.sum(axis=1).mean()) if per_window.size else 0.0
