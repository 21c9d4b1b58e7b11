"""The summary on a terminal or in a pipe: question, verdict, numbers, comparison, what happened, where it is.

May import sections, the verdict and rich. Fits 80 columns; colour only underlines what the words say.
"""

from __future__ import annotations

import io
from textwrap import fill
from typing import TYPE_CHECKING, Any

from simulator.report.format import show
from simulator.report.sections import (
    expectation_rows,
    measured_rows,
    played,
    read_lines,
    sections,
    tally,
)
from simulator.report.story import story
from simulator.report.verdict import answer, table_of
from simulator.text.printable import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console
    from rich.table import Table

    from simulator.report.verdict import Table as VariantTable
    from simulator.results.result import Result

_HEADING_WIDTH = 9  # over that it takes another line, and leaves room for the names of variants
_VERDICT_STYLE = {"met": "green", "missed": "bold red", "undecided": "yellow"}


def render(result: Result, *, width: int = 80, color: bool = False, all_metrics: bool = False) -> str:
    """The whole summary as text, no line longer than `width`; ANSI colours only where `color`."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        force_jupyter=False,  # in a notebook rich would show every line as an output of its own
    )
    _head(console, result)
    _expectations(console, result)
    if result.variants and result.replications:
        _variants(console, result)
    if result.replications:
        _sections(console, result)
    _measured(console, result)
    _story(console, result)
    if all_metrics:
        _all_metrics(console, result)
    _troubles(console, result)
    text = printable_lines(out.getvalue(), colours=color)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def render_short(result: Result) -> str:
    """A line a log that was played, one an expectation, and one for what went wrong."""
    rows = expectation_rows(result)
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
    lines = ["  ".join([*(f"{part:<{width}}" for part, width in zip(row, widths, strict=False)), row[3]]).rstrip()
             for row in rows]  # fmt: skip
    lines = [*read_lines(result), *lines]
    lines += [tally(result)] if tally(result) else []
    lines += [f"{failure.item} gave no result: {failure.message}" for failure in result.failures]
    lines += [f"a safety invariant broke: {v['violation']}" for v in result.invariants["violations"]]
    return "".join(f"{printable(line)}\n" for line in lines)


def _all_metrics(console: Console, result: Result) -> None:
    from rich.text import Text

    console.print()
    console.print("All metrics", style="bold")
    grid = _grid(2)
    for name, value in result.estimates.items():
        grid.add_row(Text(printable(f"  {name}")), Text(show(value, value.unit, value.half_width)))
    console.print(grid)


def _head(console: Console, result: Result) -> None:
    facts = result.facts
    console.print(printable(facts.name), style="bold")
    for text in (facts.question, facts.description):
        if text:
            console.print(printable(text.strip()))
    console.print()
    meant = _places(facts.resolved)
    for text in (played(result), *([meant] if meant else []), *read_lines(result)):
        console.print(printable(text), style="dim")


def _places(resolved: Mapping[str, Any]) -> str:
    """One sentence about the sites of a resolved scenario that were given by name; empty where there are none."""
    from simulator.geography.geo import place_at

    told = []
    for name, site in (resolved.get("sites") or {}).items():
        found = place_at(name, float(site["lat"]), float(site["lon"]))
        if found is not None:
            told.append(f"{name} is {found.title.partition(' (')[0]}")
    return f"Places: {', '.join(told)}." if told else ""


def _expectations(console: Console, result: Result) -> None:
    rows = expectation_rows(result)
    if not rows:
        return
    from rich.text import Text

    console.print()
    grid = _grid(4)
    for verdict, text, value, note in rows:
        grid.add_row(Text(verdict, style=_VERDICT_STYLE[verdict]), Text(text), Text(value), Text(note, style="dim"))
    console.print(grid)
    if tally(result):
        console.print(tally(result), style="bold")


def _sections(console: Console, result: Result) -> None:
    from rich.text import Text

    note = " (as written)" if result.variants else ""
    found = sections(result)
    labels = max((len(row.label) for section in found for row in section.rows), default=0) + 2
    values = max((len(row.value) for section in found for row in section.rows), default=0)
    for section in found:
        grid = _grid(3, widths=(labels, values))
        for row in section.rows:
            grid.add_row(Text("  " + row.label), Text(row.value), Text(row.note, style="dim"))
        console.print()
        console.print(section.title + note, style="bold")
        console.print(grid)


def _variants(console: Console, result: Result) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    content = table_of(result)
    console.print()
    for place, columns in enumerate(_abreast(content, console.width)):
        if place:
            console.print()
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, header_style="bold")
        table.add_column("", overflow="fold")
        for column in columns:
            table.add_column(_heading(content.headings[column]), justify="right", overflow="fold")
        for name, cells in content.rows:
            row = [Text(name)]
            for column, cell in ((column, cells[column]) for column in columns):
                text = Text(cell.text, style="bold green" if cell.best else "")
                if cell.verdict:
                    text.append(
                        f" {cell.verdict:<{_verdict_width(content, column)}}", style=_VERDICT_STYLE[cell.verdict]
                    )
                row.append(text)
            table.add_row(*row)
        console.print(table)
    console.print()
    console.print(answer(result), style="bold")


def _abreast(content: VariantTable, width: int) -> list[list[int]]:
    """The columns of the table in as many tables as it takes to fit the width, each with the rows' names."""
    names = min(width // 3, max(len(name) for name, _ in content.rows))
    parts: list[list[int]] = []
    free = 0
    for column, heading in enumerate(content.headings):
        verdict = _verdict_width(content, column)
        values = [len(cells[column].text) + (1 + verdict if verdict else 0) for _, cells in content.rows]
        wide = 2 + max(*values, *map(len, _heading(heading).splitlines()))
        if wide > free:
            parts.append([])
            free = width - names - 3
        parts[-1].append(column)
        free -= wide
    return parts


def _verdict_width(content: VariantTable, column: int) -> int:
    return max(len(cells[column].verdict) for _, cells in content.rows)


def _heading(text: str) -> str:
    return fill(text, _HEADING_WIDTH, break_long_words=False)


def _measured(console: Console, result: Result) -> None:
    rows = measured_rows(result)
    if not rows:
        return
    from rich.text import Text

    console.print()
    grid = _grid(4)
    grid.add_row(*(Text(h, style="bold") for h in ("Against reality", "model", "measured", "difference")))
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(grid)


def _story(console: Console, result: Result) -> None:
    told = story(result)
    if not told:
        return
    from rich.padding import Padding
    from rich.text import Text

    console.print()
    console.print("What happened" + (" (as written)" if result.variants else ""), style="bold")
    for sentences in told:
        console.print(Padding(Text(" ".join(sentences)), (0, 0, 0, 2)))


def _troubles(console: Console, result: Result) -> None:
    """What did not go well: interrupted, failed items, broken invariants."""
    if result.interrupted:
        console.print()
        planned = result.facts.replications
        done = f"{len(result.replications)} of {planned} replications"
        console.print(f"Interrupted: the numbers are of the {done} that were finished.", style="yellow")
    if result.failures:
        console.print()
        console.print("Without a result:", style="bold red")
        for failure in result.failures:
            console.print(printable_lines(f"  {failure.item}: {failure.message}"))
    for broken in result.invariants["violations"]:
        console.print(
            f"A safety invariant broke in replication {broken['replication']}: {broken['violation']}",
            style="bold red",
        )


def _grid(columns: int, *, widths: tuple[int, ...] = ()) -> Table:
    """A borderless table whose last column wraps."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2), pad_edge=False)
    for place in range(columns):
        width = widths[place] if place < len(widths) else None
        grid.add_column(min_width=width, no_wrap=place < columns - 1, overflow="fold")
    return grid
