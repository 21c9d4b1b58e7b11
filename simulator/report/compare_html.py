"""A comparison as a page: gates, a forest chart for each metric, the tables, and what explains them.

May import the comparison, its text and the forest chart. Everything from a scenario is escaped.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from simulator.metrics.names import parse_metric
from simulator.report import page
from simulator.report.compare_text import HEADINGS, cells_of, head_line, notes_of, sum_line, without_parts
from simulator.report.forest import Bar, forest_chart
from simulator.report.format import show, show_difference
from simulator.report.page import cell, kept
from simulator.report.sorting import SortedCell, SortedRow, table
from simulator.report.svg import escape
from simulator.results.places import write_whole

if TYPE_CHECKING:
    from simulator.experiment.comparing.compare import Change, Compared
    from simulator.experiment.comparing.explain import Explanation

_CLASSES: Final = {"better": "met", "worse": "missed", "passed": "met", "failed": "missed", "undecided": "undecided"}
_GRAVEST: Final = ("failed", "undecided", "passed")
_PARTS_SHOWN: Final = 8


def write(compared: Compared, file: Path) -> None:
    """Write the page. Raises OSError."""
    write_whole(file, document(compared, file.absolute().parent))


def document(compared: Compared, place: Path | None = None) -> str:
    """The whole page; `place` is the folder that it will stand in, from which it leads to the runs' reports."""
    first, *others = (row.label for row in compared.rows)
    title = f"{', '.join(others[:3])}{' and others' if len(others) > 3 else ''} against {first}"
    parts = [_reports(compared, place) if place is not None else "", *_parts(compared, heading=2)]
    return page.document(title, parts, sorts=True)


def _reports(compared: Compared, place: Path) -> str:
    """Links to the report of each side that was read from a folder with one."""
    links = []
    for row in compared.rows:
        if row.folder is not None and (row.folder / "report.html").is_file():
            there = Path(os.path.relpath(row.folder / "report.html", place)).as_posix()
            links.append(f'<a href="{escape(quote(there))}">{escape(row.label)}</a>')
    return f"<p>Reports: {', '.join(links)}</p>" if links else ""


def fragment(compared: Compared) -> str:
    """The same without a page around it and without figures (notebooks show it)."""
    return f'<div class="stickysim">{"".join(_parts(compared, heading=3, drawn=False))}</div>'


def _parts(compared: Compared, *, heading: int, drawn: bool = True) -> list[str]:
    parts = [f'<p class="dim">{kept(head_line(compared))}</p>', _gates(compared)]
    if drawn and compared.changes:
        parts += [f"<h{heading}>What differs</h{heading}>", f'<p class="dim">{_how_to_read(compared)}</p>']
        parts.append(page.grid(_forests(compared)))
    for row in compared.rows[1:]:
        parts.append(f"<h{heading}>{escape(row.label)}, against {escape(compared.rows[0].label)}</h{heading}>")
        parts += [
            _table(compared.of(row.label), row.label, sorts=drawn),
            *_explained(compared.explanations.get(row.label, {}), drawn=drawn),
        ]
    parts += [f'<p class="dim">{kept(note)}</p>' for note in notes_of(compared)]
    return [part for part in parts if part]


def _how_to_read(compared: Compared) -> str:
    first = escape(compared.rows[0].label)
    return (
        f"Dots: the mean difference to “{first}”; whiskers: its 95 % interval. Green is better, orange worse, grey "
        "neither; hollow: undecided, the interval holds zero."
    )


def _gates(compared: Compared) -> str:
    if not compared.gates:
        return ""
    worst = next(status for status in _GRAVEST if any(g.status == status for g in compared.gates))
    rows = []
    for gate in compared.gates:
        change = gate.change
        moved = show_difference(change.difference.mean, change.unit, change.difference.half_width)
        kind = "may move by" if change.better == "none" else "may get worse by"
        where = f"{change.row}: {change.metric}"
        rows.append(f"<tr>{cell(gate.status, _CLASSES[gate.status])}{cell(where)}{cell(moved, 'n')}"
                    f"{cell(f'{kind} {change.margin}', 'dim')}</tr>")  # fmt: skip
    return f'<div class="verdict {_CLASSES[worst]}"><div class="wide"><table>{"".join(rows)}</table></div></div>'


def _forests(compared: Compared) -> list[str]:
    """A chart for each metric, in the order of the changes."""
    figures = []
    for metric in dict.fromkeys(change.metric for change in compared.changes):
        changes = [change for change in compared.changes if change.metric == metric]
        parsed = parse_metric(metric)
        bars = [_bar(change) for change in changes]
        svg = forest_chart(f"Differences of {metric}", parsed.unit, bars, max(c.margin_si for c in changes))
        better = f" {parsed.better.capitalize()} is better." if parsed.better != "none" else ""
        first = compared.rows[0].label
        caption = f"{_capital(parsed.metric.description)}: {show(changes[0].before, parsed.unit)} {_of(first)}.{better}"
        if svg:
            figures.append(page.figure(f"forest-{metric}", metric, caption, svg))
    return figures


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of(first: str) -> str:
    return first if first == "as written" else f"in {first}"


def _bar(change: Change) -> Bar:
    d = change.difference
    words = f"{show_difference(d.mean, change.unit, d.half_width)}"
    return Bar(
        change.row,
        d.mean,
        d.low,
        d.high,
        words,
        change.verdict,
        decided=change.verdict not in ("undecided", "no value"),
    )


def _table(changes: list[Change], name: str, *, sorts: bool) -> str:
    if not changes:
        return "<p>No metric differs.</p>"
    rows = []
    for change in changes:
        metric, before, after, difference, verdict, paired = cells_of(change)
        kind = _CLASSES.get(verdict.removeprefix("slightly "), "dim")
        numbers = [(before, change.before), (after, change.after), (difference, change.difference.mean)]
        cells = [SortedCell(text, "n", value if math.isfinite(value) else "") for text, value in numbers]
        rows.append(SortedRow([SortedCell(metric), *cells, SortedCell(verdict, kind), SortedCell(paired, "n")]))
    kinds = ("", "n", "n", "n", "", "n")
    return table(name, list(zip(HEADINGS, kinds, strict=True)), rows, sorts=sorts)


def _explained(explanations: dict[str, Explanation] | object, *, drawn: bool) -> list[str]:
    found: list[Explanation] = list(explanations.values()) if isinstance(explanations, dict) else []
    figures, words = [], []
    for explanation in found:
        if not explanation.parts:
            words.append(f"<li>{kept(_capital(without_parts(explanation)))}</li>")
            continue
        words.append(f"<li>{kept(f'Why {sum_line(explanation)}')}</li>")
        bars = [
            Bar(
                part.name.replace("_", " "), part.change.mean, part.change.low, part.change.high,
                show_difference(part.change.mean, explanation.unit, part.change.half_width),
                decided=math.isnan(part.change.low) or part.change.low > 0.0 or part.change.high < 0.0,
            )
            for part in explanation.parts[:_PARTS_SHOWN]
        ]  # fmt: skip
        svg = forest_chart(f"Why {explanation.what} moved", explanation.unit, bars)
        name = f"why-{explanation.what}"
        figures.append(page.figure(name, f"Why {explanation.what} moved", f"{_capital(explanation.note)}.", svg))
    listed = f"<ul>{''.join(words)}</ul>" if words else ""
    return [listed, page.grid(figures) if drawn else ""]
