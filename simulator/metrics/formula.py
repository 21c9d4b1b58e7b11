"""How a metric follows from what actors count: a quotient of counters, written as text.

`edge: hits / lookups` is a ratio of what edges count, `moves: migrations / s` a rate per second of the window, and
`lease: (sent - messages) / sent` a ratio with a difference above the line. What counts stands before the colon (a key
of `COUNTED_BY`), the names of its counters after it. A metric may have several formulas, split by `;`: the first gives
it in all and by its actors, the others by theirs alone. `if data changes, ...` is given only in worlds where data that
L1 holds can change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

COUNTED_BY: Final = {
    "edge": "edge", "lease": "edge", "core": "core", "group": "group", "moves": "group", "tally": "group",
    "balancer": "balancer", "storage": "",
}  # fmt: skip
"""What counts, and by which kind of label its counts are told: an edge's lease table by edge, the moves and tally of a
client group by group, storage only in all."""
IF_CHANGES: Final = "if data changes, "
SECOND: Final = "s"
_FORM = re.compile(r"^(?P<counter>[a-z]+): (?P<part>\([^()]+\)|\w+) / (?P<whole>\([^()]+\)|\w+)$")


@dataclass(frozen=True, slots=True)
class Formula:
    """A quotient of sums of counters.

    Attributes:
        counted_by: a key of COUNTED_BY.
        part: names of counters above the line, each with 1 or -1.
        whole: the same below it; none: the seconds of the window.
        if_changes: whether it is given only where data can change.
    """

    counted_by: str
    part: tuple[tuple[str, int], ...]
    whole: tuple[tuple[str, int], ...]
    if_changes: bool = False

    @property
    def counters(self) -> list[str]:
        """The names of all counters in it."""
        return [name for name, _ in (*self.part, *self.whole)]


def parse_formulas(text: str) -> tuple[Formula, ...]:
    """The formulas of a catalogue entry, none of an empty text. Raises ValueError."""
    return tuple(_formula(one.strip()) for one in text.split(";")) if text else ()


def _formula(text: str) -> Formula:
    match = _FORM.match(text.removeprefix(IF_CHANGES))
    if match is None or match["counter"] not in COUNTED_BY:
        raise ValueError(f"`{text}` is no formula: write for example edge: hits / lookups, or core: received / s")
    whole = () if match["whole"] == SECOND else _terms(match["whole"])
    return Formula(match["counter"], _terms(match["part"]), whole, text.startswith(IF_CHANGES))


def _terms(text: str) -> tuple[tuple[str, int], ...]:
    """`(sent - messages)` as (("sent", 1), ("messages", -1))."""
    found = re.findall(r"([+-]?) ?(\w+)", text.strip("()"))
    return tuple((name, -1 if sign == "-" else 1) for sign, name in found)
