"""Kinds of the events of a run, by the names that its log, result folders and reports share.

An event is a dictionary ``{"t_s": float, "kind": str, "target": str, "detail": dict}``. These are the kinds that
reports understand; others are kept and listed as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

FAULT_BEGIN: Final = "fault.begin"
"""A fault starts at `target`; detail: ``fault`` ("crash", "slow", ...), ``judged`` (where the sessions of a crashed
edge were not recovered at the end: in how many steps that was seen, 0 where too few requests were there to tell)."""
FAULT_END: Final = "fault.end"
"""The fault of the same `target` and ``fault`` ends."""
DETECTED: Final = "detected"
"""The SAM, active health checks or a core's standby believe `target` failed; detail: ``after_s`` (since its crash), or
``false_alarm``; ``by`` ("checks": by active health checks; left out: by missing heartbeats)."""
SESSIONS_MOVED: Final = "sessions.moved"
"""Sessions of `target` were given another edge; detail: ``sessions`` (count), ``to`` (edge: sessions)."""
RECOVERED: Final = "recovered"
"""The hit ratio of the affected sessions is back at 95 %; detail: ``after_s`` (since the fault)."""
EJECTED: Final = "ejected"
"""Passive health checks eject `target`; detail: ``reason`` ("consecutive", "success_rate", "failure_percentage",
"latency", or "trial": the request that was let through failed), ``for_s``, ``times`` (the k of the k-th ejection)."""
RETURNED: Final = "returned"
"""The ejection of `target` is over; detail: ``after_s``."""
HEALTHY: Final = "healthy"
"""Active health checks find `target` healthy again, or for the first time; detail: ``joined`` (whether the latter)."""
PANIC_BEGIN: Final = "panic.begin"
"""So few edges of `target` (a site, or "edges" for all) are believed healthy that all of them are candidates; detail:
``healthy``, ``of`` (counts)."""
PANIC_END: Final = "panic.end"
"""Enough edges are believed healthy again; detail likewise."""
TAKEOVER: Final = "takeover"
"""A standby serves in place of the core `target`; detail: ``after_s``."""
INVARIANT: Final = "invariant"
"""A safety invariant broke; detail: ``invariant``, ``message``."""
TRACE_READ: Final = "trace.read"
"""The client group `target` replays a log; detail: ``summary``, ``format``, ``first``, ``last`` (dates, or seconds),
``span_s``, ``lines``, ``requests``, ``bad`` and the same ``skipped``, ``out_of_order``, ``played``, ``not_played``,
``after_the_end`` (those of them that come too late), ``clients``, ``sessions``."""


def fault_spans(events: Iterable[dict[str, object]]) -> list[tuple[float, float, str]]:
    """(begin_s, end_s, "crash pop-1") of every fault in the events; one that never ends ends at infinity."""
    begun: dict[tuple[str, str], list[int]] = {}
    spans: list[tuple[float, float, str]] = []
    for event in events:
        detail = event.get("detail")
        kind = str(detail.get("fault", "")) if isinstance(detail, dict) else ""
        key = (str(event["target"]), kind)
        time_s = float(str(event["t_s"]))
        if event["kind"] == FAULT_BEGIN:
            begun.setdefault(key, []).append(len(spans))
            spans.append((time_s, math.inf, f"{kind} {key[0]}".strip()))
        elif event["kind"] == FAULT_END and begun.get(key):
            place = begun[key].pop(0)
            spans[place] = (spans[place][0], time_s, spans[place][2])
    return spans
