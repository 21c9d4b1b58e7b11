"""The faults of a run as its scenario wrote them: each with all the spans in which one of its targets failed.

May import the result and units. Events tell spans target by target; a rolling restart of ten edges is ten of them, and
one fault. A span that no written fault explains (of a folder that lacks the scenario) is an entry of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from simulator.faults import FAMILY, verb_of
from simulator.faults.words import Words
from simulator.metrics.events import fault_spans

if TYPE_CHECKING:
    from simulator.results.result import Result

Span = tuple[float, float, str]
"""(begin_s, end_s, `crash pop-1`)."""
_BESIDE: Final = ("at", "for", "every", "name", "factor")  # keys that are no verb, of a fault that is not known here


@dataclass(frozen=True, slots=True)
class WrittenFault:
    """One entry of `faults:`, or a span that none of them explains.

    Attributes:
        kind: crash, rolling_restart, random, ...
        target: what it names, as written.
        spans: its spans in the first replication, by their begin; never empty.
        given: the name that the scenario gives it, or empty.
    """

    kind: str
    target: str
    spans: tuple[Span, ...]
    given: str = ""

    @property
    def name(self) -> str:
        """The name that it was given; else `crash pop-1`, `rolling restart pop-*`, `random crash pop-*`."""
        if self.given:
            return self.given
        return kind_of(self.kind).called(self.event, self.target) or self.target

    @property
    def event(self) -> str:
        """What the log calls its spans: `crash`, of a rolling restart too."""
        return self.spans[0][2].partition(" ")[0]

    @property
    def begin_s(self) -> float:
        """When its first span begins."""
        return self.spans[0][0]

    @property
    def end_s(self) -> float:
        """When its last span is over; infinite where one never is."""
        return max(end for _, end, _ in self.spans)


def written_faults(result: Result) -> list[WrittenFault]:
    """The faults that began before the end of the run, by their begin; empty without any."""
    if not result.replications:
        return []
    events = result.replications[0].events
    entries = [entry for entry in result.facts.resolved.get("faults") or [] if isinstance(entry, Mapping)]
    found = list(_numbered(events, entries, result.facts.duration_s))
    spans = sorted(fault_spans(event for event in events if _number(event) is None))
    left = [span for span in spans if span[0] < result.facts.duration_s]
    for entry in sorted(entries, key=_vagueness):
        kind, patterns = _verb(entry)
        mine = [span for span in left if _explains(entry, kind, patterns, span)]
        if not kind_of(kind).scattered:
            mine = list({span[2]: span for span in reversed(mine)}.values())[::-1]  # one written twice is two faults
        if mine:
            for span in mine:
                left.remove(span)
            target = mine[0][2].partition(" ")[2] if len(mine) == 1 and not _at_random(kind) else "|".join(patterns)
            found.append(WrittenFault(kind, target, tuple(mine)))
    found += [WrittenFault(what.partition(" ")[0], what.partition(" ")[2], ((begin, end, what),))
              for begin, end, what in left]  # fmt: skip
    return sorted(found, key=lambda fault: (fault.begin_s, fault.name))


def _number(event: Mapping[str, Any]) -> int | None:
    """Which of the scenario's faults an event is of; None where that is not told (folders of earlier versions)."""
    detail = event.get("detail")
    number = detail.get("number") if isinstance(detail, Mapping) else None
    return None if number is None else int(number)


def _numbered(
    events: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]], until_s: float
) -> Iterator[WrittenFault]:
    """Of the events that say which fault they are of: each fault with its spans before `until_s`."""
    by_number: dict[int, list[dict[str, Any]]] = {}
    for event in events:
        number = _number(event)
        if number is not None and number < len(entries):
            by_number.setdefault(number, []).append(dict(event))
    for number, its in sorted(by_number.items()):
        spans = tuple(sorted(span for span in fault_spans(its) if span[0] < until_s))
        if spans:
            entry = entries[number]
            kind, patterns = _verb(entry)
            alone = len(spans) == 1 and not _at_random(kind)
            target = spans[0][2].partition(" ")[2] if alone else "|".join(patterns)
            yield WrittenFault(kind, target, spans, str(entry.get("name") or ""))


def merged_spans(faults: Sequence[WrittenFault], until_s: float) -> list[tuple[float, float]]:
    """When at least one fault was on, as spans (s) that do not overlap, cut at the end of the run."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted((b, min(e, until_s)) for fault in faults for b, e, _ in fault.spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _vagueness(entry: Mapping[str, Any]) -> int:
    """Those that say exactly when they begin are matched first, those at random last."""
    kind, _ = _verb(entry)
    return kind_of(kind).scattered


def _at_random(kind: str) -> bool:
    return kind_of(kind).scattered > 1


def kind_of(kind: str) -> type[Words]:
    """What reports say of a kind of fault: one of a user's own may not be known here, nor what is no fault's name."""
    return FAMILY.get(kind) or _unknown(kind)


@lru_cache(maxsize=256)
def _unknown(kind: str) -> type[Words]:
    return type("Unknown", (Words,), {"verb": kind})


def _verb(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What a fault does, and the names or globs of its targets."""
    verb = verb_of(entry) or next((str(key) for key in entry if key not in _BESIDE), "")
    return verb, kind_of(verb).target_words(entry)


def _explains(entry: Mapping[str, Any], kind: str, patterns: Sequence[str], span: Span) -> bool:
    """Whether a span is of this fault: its kind, its target, and when it began."""
    begin, _, what = span
    event, _, target = what.partition(" ")
    return kind_of(kind).explains(entry, event, begin) and any(_matches(target, pattern) for pattern in patterns)


def _matches(target: str, pattern: str) -> bool:
    """By name, by glob, or as a member of the group of that name (its nodes are numbered)."""
    member = re.fullmatch(rf"{re.escape(pattern)}(-.*)?-\d+", target) is not None
    return target == pattern or fnmatchcase(target, pattern) or member
