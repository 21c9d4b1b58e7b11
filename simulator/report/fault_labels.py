"""Which names of faults stand above a time line: those of the faults that did most, as far as there is room.

May import the story's order and formats of charts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.report.story import by_effect
from simulator.report.svg import short
from simulator.report.written_faults import written_faults

if TYPE_CHECKING:
    from simulator.results.result import Result

_MOST: Final = 6
_LETTERS: Final = 26


def fault_labels(result: Result, letter_s: float) -> list[tuple[float, str]]:
    """When they begin (s), and the names, none over another, where a letter is as wide as `letter_s` seconds."""
    placed: list[tuple[float, float, str]] = []
    for fault in by_effect(result, written_faults(result)):
        name = short(fault.name, _LETTERS)
        begin, end = fault.begin_s, fault.begin_s + letter_s * (len(name) + 1)
        if end <= result.facts.duration_s and not any(begin < other[1] and other[0] < end for other in placed):
            placed.append((begin, end, name))
    return [(begin, name) for begin, _, name in sorted(placed[:_MOST])]
