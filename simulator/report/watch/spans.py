"""What was on when: faults, what was believed of nodes, what was not there; spans out of a replication's events.

May import the names of events.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.metrics.events import (
    DETECTED,
    EJECTED,
    FAULT_BEGIN,
    FAULT_END,
    HEALTHY,
    PANIC_BEGIN,
    PANIC_END,
    RETURNED,
    TAKEOVER,
    fault_spans,
)

BELIEVED: Final = "believed failed"
EJECTED_NOW: Final = "ejected"
PANIC: Final = "panic"
ABSENT: Final = "absent"
STANDBY: Final = "standby serves"
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin_s` to `end_s` (s), half-open, `kind` held for `target`: a fault's kind, or one of those above."""

    begin_s: float
    end_s: float
    kind: str
    target: str


def spans_of(events: Sequence[Event], duration_s: float, later: Iterable[str]) -> list[Span]:
    """All spans, cut at the end of the run, by their begin; `later` names edges that are not there at first."""
    faults = [Span(begin, end, *_kind_and_target(what)) for begin, end, what in fault_spans(map(dict, events))]
    found = [span for span in faults if span.kind != "add"]  # lasts for as long as what was added is there
    found += _between(events, DETECTED, (HEALTHY,), BELIEVED)
    found += _between(events, EJECTED, (RETURNED,), EJECTED_NOW)
    found += _between(events, PANIC_BEGIN, (PANIC_END,), PANIC)
    found += _between(events, TAKEOVER, (), STANDBY)
    found += _absences(events, later)
    cut = [Span(s.begin_s, min(s.end_s, duration_s), s.kind, s.target) for s in found if s.begin_s < duration_s]
    return sorted(cut, key=lambda span: (span.begin_s, span.kind, span.target))


def _kind_and_target(what: str) -> tuple[str, str]:
    kind, _, target = what.partition(" ")
    return kind, target


def _between(events: Sequence[Event], begin: str, ends: Sequence[str], kind: str) -> list[Span]:
    """From an event to the next one of `ends` of its target, or to the end of its crash."""
    found, open_since = [], dict[str, float]()
    for event in events:
        target, t_s = str(event["target"]), float(event["t_s"])
        if event["kind"] == begin:
            open_since.setdefault(target, t_s)
        elif event["kind"] in ends or (kind in (BELIEVED, STANDBY) and _crash_is_over(event)):
            since_s = open_since.pop(target, None)
            if since_s is not None:
                found.append(Span(since_s, t_s, kind, target))
    return found + [Span(since_s, math.inf, kind, target) for target, since_s in open_since.items()]


def _crash_is_over(event: Event) -> bool:
    detail = event.get("detail") or {}
    return event["kind"] == FAULT_END and detail.get("fault") == "crash"


def _absences(events: Sequence[Event], later: Iterable[str]) -> list[Span]:
    """When edges were not there: before they joined, and after they were removed."""
    gone = dict.fromkeys(later, 0.0)
    found = []
    for event in events:
        fault, target = (event.get("detail") or {}).get("fault"), str(event["target"])
        if event["kind"] == FAULT_BEGIN and fault == "add" and target in gone:
            found.append(Span(gone.pop(target), float(event["t_s"]), ABSENT, target))
        elif event["kind"] == FAULT_END and fault == "remove":
            gone[target] = float(event["t_s"])
    return found + [Span(since_s, math.inf, ABSENT, target) for target, since_s in gone.items()]
