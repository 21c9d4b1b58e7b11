"""What the page says in words, and when: a beat for each thing that happens, with the numbers of the run.

May import the result, series and formats. Every number is of the replication that is played: a beat on the cost of a
fault is there only where it stands out (see report.story).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.metrics.events import (
    DETECTED,
    EJECTED,
    FAULT_BEGIN,
    FAULT_END,
    INVARIANT,
    PANIC_BEGIN,
    RECOVERED,
    SESSIONS_MOVED,
    TAKEOVER,
)
from simulator.report.changes import change_of
from simulator.report.format import show, show_duration
from simulator.report.series import series, shaded, window_of
from simulator.report.watch.scene import CLIENT, CORE, EDGE, Scene
from simulator.report.watch.words import WORDS, counted, listed

if TYPE_CHECKING:
    from simulator.results.result import Result

MOST_BEATS: Final = 400
_MOST_WORST: Final = 12
_TOGETHER_S: Final = 1e-6
_WORST: Final = "worst"
START, WARM, OVER = "start", "warm", "end"
_STOPS: Final = (FAULT_BEGIN, FAULT_END, DETECTED, SESSIONS_MOVED, RECOVERED, TAKEOVER, EJECTED, PANIC_BEGIN, INVARIANT,
                 _WORST)  # fmt: skip
_CALM: Final = (
    ("requests.rate", "1/s", "requests at {}"),
    ("hit_ratio.l1", "ratio", "an L1 hit ratio of {}"),
    ("latency.p50", "s", "a median latency of {}"),
)
_IN_ALL: Final = (
    ("availability", "ratio", "availability {}"),
    ("hit_ratio.l1", "ratio", "L1 hit ratio {}"),
    ("latency.p99", "s", "p99 {}"),
)


@dataclass(frozen=True, slots=True)
class Beat:
    """At `t_s`: a `title` of a few words and a `text` of one or two sentences; `stop`: whether to pause there."""

    t_s: float
    kind: str
    title: str
    text: str
    stop: bool = False


def beats_of(result: Result, scene: Scene) -> list[Beat]:
    """The beats of a result with one replication, by time; at most `MOST_BEATS` of its events."""
    faults = result.facts.resolved.get("faults") or ()
    events = [
        _known(event, faults, scene)
        for event in result.replications[0].events
        if event["t_s"] < result.facts.duration_s
    ]
    told = list(_events(events))
    left = len(told) - MOST_BEATS
    told = told[:MOST_BEATS] + list(_worst(result))
    told += [_start(result, scene), *_warm(result), _over(result, left)]
    order = {START: 0, OVER: 2}
    return sorted(told, key=lambda beat: (order.get(beat.kind, 1), beat.t_s, _rank(beat.kind)))


def _known(event: Mapping[str, Any], faults: Sequence[Any], scene: Scene) -> Mapping[str, Any]:
    """An event whose detail also has the `role` of its target and, as its fault is written, its `connections`."""
    detail = event.get("detail") or {}
    place, number = scene.places.get(str(event["target"])), detail.get("number", -1)
    written = faults[int(number)] if 0 <= int(number) < len(faults) else None
    more = {
        "role": "" if place is None else scene.nodes[place].role,
        "connections": written.get("connections") if isinstance(written, Mapping) else None,
    }
    return {**event, "detail": {**detail, **more}}


def _rank(kind: str) -> int:
    return (WARM, FAULT_BEGIN, DETECTED, SESSIONS_MOVED).index(kind) if kind in (WARM, FAULT_BEGIN, DETECTED,
                                                                               SESSIONS_MOVED) else 9  # fmt: skip


def _start(result: Result, scene: Scene) -> Beat:
    facts = result.facts
    groups = [node for node in scene.nodes if node.role == CLIENT]
    clients = sum(node.count for node in groups)
    parts = [counted(clients, "client") + (f" in {len(groups)} groups" if len(groups) > 1 else "")] if clients else []
    parts += [counted(scene.count(role), name) for role, name in ((EDGE, "edge"), (CORE, "core")) if scene.count(role)]
    policy = str((facts.resolved.get("routing") or {}).get("policy", "")).replace("_", " ")
    text = f"{listed(parts)}; routing: {policy or 'a policy of the scenario’s own'}."
    if facts.warmup_s > 0.0:
        text += f" The first {show_duration(facts.warmup_s)} are warm-up: caches fill, nothing is counted."
    return Beat(0.0, START, "The run begins", text)


def _warm(result: Result) -> Iterator[Beat]:
    if result.facts.warmup_s > 0.0:
        text = "From here on everything counts."
        first = min((begin for begin, _, _ in shaded(result)), default=result.facts.duration_s)
        usual = list(_usual(result, result.facts.warmup_s, first))
        if usual:
            until = "Until the first fault" if first < result.facts.duration_s else "To the end"
            text += f" {until}: {listed(usual)}."
        yield Beat(result.facts.warmup_s, WARM, "Warm-up is over", text)


def _usual(result: Result, begin: float, end: float) -> Iterator[str]:
    """Means over windows, of what there is."""
    for metric, unit, words in _CALM:
        times, values = series(result, metric)
        inside = values[0][(times >= begin - 1e-9) & (times < end - 1e-9)] if times.size else np.empty(0)
        inside = inside[np.isfinite(inside)]
        if inside.size:
            yield words.format(show(float(inside.mean()), unit))


def _over(result: Result, left: int) -> Beat:
    metrics = result.replications[0].metrics
    parts = [
        words.format(show(metrics[name], unit))
        for name, unit, words in _IN_ALL
        if name in metrics and np.isfinite(metrics[name])
    ]
    text = f"Of all that was counted: {listed(parts)}." if parts else ""
    if left > 0:
        text += f" {counted(left, 'more event')} had no words here; they are in events.parquet."
    return Beat(result.facts.duration_s, OVER, "The run is over", text.strip())


# -- events -------------------------------------------------------------------------------------------------------
def _events(events: Sequence[Mapping[str, Any]]) -> Iterator[Beat]:
    """One beat for events of a kind at one instant."""
    place = 0
    while place < len(events):
        first = events[place]
        key = _key(first)
        stop = place + 1
        while stop < len(events) and _key(events[stop]) == key and events[stop]["t_s"] - first["t_s"] < _TOGETHER_S:
            stop += 1
        kind = str(first["kind"])
        if kind in WORDS:
            title, text = WORDS[kind](
                [str(event["target"]) for event in events[place:stop]],
                [event.get("detail") or {} for event in events[place:stop]],
            )
            yield Beat(float(first["t_s"]), kind, title, text, kind in _STOPS)
        place = stop


def _key(event: Mapping[str, Any]) -> tuple[str, str]:
    return str(event["kind"]), str((event.get("detail") or {}).get("fault", ""))


# -- what a fault cost --------------------------------------------------------------------------------------------
def _worst(result: Result) -> Iterator[Beat]:
    """The worst windows after each of the first faults, where they stand out."""
    width, told = window_of(result), set[tuple[str, float]]()
    for span in shaded(result)[:_MOST_WORST]:
        for metric, unit, title in (
            ("latency.p99", "s", "The slowest moment"),
            ("failures.rate", "1/s", "Failures peak"),
        ):
            change = change_of(result, span, metric, up=True)
            if change is None or (metric, change.at_s) in told or change.at_s + width <= span[0]:
                continue
            told.add((metric, change.at_s))
            what = "The slowest 1 % take" if metric == "latency.p99" else "Failures reach"
            more = " or more" if metric == "latency.p99" else ""
            usual = "there were none" if change.before == 0.0 else f"it was {show(change.before, unit)}"
            text = f"{what} {show(change.worst, unit)}{more}; before the fault {usual}."
            yield Beat(change.at_s + width, _WORST, title, text)
