"""Tables whose columns sort on a click, as every page has them.

May import the frame of offline pages. A page with such tables takes `STYLE` and `SCRIPT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.report.offline import render

STYLE: Final = "static/tables.css"
SCRIPT: Final = "static/tables.js"


@dataclass(frozen=True, slots=True)
class SortedCell:
    """Text, its class, what it is sorted by (None: its text; "": a number that is not known), and where it leads."""

    text: str
    kind: str = ""
    value: float | str | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class SortedRow:
    """Cells, and what filters know the row by: (site, group, edge or fault; its name)."""

    cells: Sequence[SortedCell]
    keys: tuple[tuple[str, str], ...] = ()


def table(name: str, columns: Sequence[tuple[str, str]], rows: Sequence[SortedRow], *, sorts: bool = True) -> str:
    """The table; columns are (heading, class: `n` for numbers). Without `sorts` for places that run no script."""
    return render("templates/table.html", name=name, columns=columns, rows=rows, sorts=sorts)
