"""A comparison as people read it: tables for a terminal, Markdown for a pull request.

May import compare, explain and formats. Fits 80 columns.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulator.report.format import NOTHING, scale_for, show_difference

if TYPE_CHECKING:
    from simulator.experiment.comparing.compare import Change, Compared, ComparedRow
    from simulator.experiment.comparing.explain import Explanation

HEADINGS = ("", "before", "after", "difference", "verdict", "paired")
_LEAST_NAME = 4  # columns that are left for names
_STYLE = {"better": "32", "worse": "31", "failed": "31", "passed": "32", "undecided": "33"}


def as_table(compared: Compared, *, width: int = 80, color: bool = False) -> str:
    """The comparison as plain text; no column is left out, however long the names."""
    lines = [head_line(compared), ""]
    for row in compared.rows[1:]:
        changes = compared.of(row.label)
        lines += [f"{row.label}, against {compared.rows[0].label}"]
        if changes:
            rows = [HEADINGS, *(cells_of(change) for change in changes)]
            lines += _fitting(rows, width, color=color)
        else:
            lines += ["  no metric differs"]
        lines += _explained(compared.explanations.get(row.label, {}), width)
        lines.append("")
    lines += _gates(compared, color=color)
    lines += notes_of(compared)
    return "\n".join(lines).rstrip() + "\n"


def as_markdown(compared: Compared) -> str:
    """The comparison as Markdown tables."""
    lines = [head_line(compared), ""]
    for row in compared.rows[1:]:
        lines += [f"### {row.label}, against {compared.rows[0].label}", ""]
        changes = compared.of(row.label)
        if changes:
            lines += ["| " + " | ".join(HEADINGS) + " |", "|---|--:|--:|--:|---|--:|"]
            lines += ["| " + " | ".join(_code_first(cells_of(change))) + " |" for change in changes]
        else:
            lines += ["No metric differs."]
        lines.append("")
        explained = _explained(compared.explanations.get(row.label, {}), 100)
        if explained:
            lines += ["```text", *explained[1:], "```", ""]
    lines += [f"* {line}" if place % 2 == 0 else f"  ({line.strip()})"
              for place, line in enumerate(filter(None, _gates(compared, color=False)))]  # fmt: skip
    lines += ["", *notes_of(compared)]
    return "\n".join(lines).rstrip() + "\n"


def sum_line(explanation: Explanation) -> str:
    """`hit_ratio.l1 -12.6 points: migrated -11.9, ttl expired -0.7`: the sum in one line."""
    total = show_difference(explanation.total.mean, explanation.unit)
    parts = [
        f"{part.name.replace('_', ' ')} {_bare(part.change.mean, explanation)}"
        for part in explanation.parts
        if abs(part.change.mean) >= 0.005 * abs(explanation.total.mean) or len(explanation.parts) == 1
    ]
    return f"{explanation.what} {total}: {', '.join(parts) or 'nothing in particular'}"


def without_parts(explanation: Explanation) -> str:
    """Why there is nothing to list: it is no sum of parts, or it did not move."""
    return explanation.note if math.isnan(explanation.total.mean) else f"{explanation.what} did not move"


def paired_word(change: Change) -> str:
    """What pairing was worth: `x147`, the factor by which it cut the variance."""
    if not change.paired:
        return "no"
    ratio = change.variance_ratio
    if math.isnan(ratio):
        return "yes" if change.difference.n > 1 else NOTHING
    if ratio > 999.0:
        return ">x999"
    return f"x{ratio:.0f}" if ratio >= 9.95 else f"x{ratio:.1f}"


def head_line(compared: Compared) -> str:
    """How it was played: replications, pairing, intervals."""
    counts = sorted({len(row.replications) for row in compared.rows})
    many = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    seeds = sorted({row.seed for row in compared.rows})
    same = len(seeds) == 1
    how = f"paired on the same arrivals (seed {seeds[0]})" if same else "seeds differ: not paired"
    plural = "" if counts == [1] else "s"
    return f"{many} replication{plural}, {how}, {100 * compared.confidence:g} % intervals"


def cells_of(change: Change) -> tuple[str, ...]:
    """One row of a table: as many texts as `HEADINGS`."""
    sizes = [abs(v) for v in (change.before, change.after) if math.isfinite(v)]
    scale = scale_for(change.unit, max(sizes, default=None))
    half = change.difference.half_width
    before, after = (
        f"{scale.number(v, _digits(v, half))} {scale.symbol}".strip() if math.isfinite(v) else NOTHING
        for v in (change.before, change.after)
    )
    difference = show_difference(change.difference.mean, change.unit, half)
    return (change.metric, before, after, difference, change.verdict, paired_word(change))


def _digits(value: float, half: float) -> float | None:
    """The half-width that decides the digits of a mean: the difference's, but two digits at least."""
    return min(half, 0.05 * abs(value)) if math.isfinite(half) and half > 0.0 and value else None


def _code_first(cells: Sequence[str]) -> list[str]:
    return [f"`{cells[0]}`", *cells[1:]]


def _fitting(rows: Sequence[Sequence[str]], width: int, *, color: bool) -> list[str]:
    """All columns, whatever the length of names: with short units where it is tight, then with long names above."""
    if max(map(len, _aligned(rows, color=False))) > width:
        rows = [[cell.replace(" points", " pt") for cell in row] for row in rows]
    plain = _aligned(rows, color=False)
    names = max(len(row[0]) for row in rows)
    if max(map(len, plain)) <= width:
        return _aligned(rows, color=color)
    room = max(_LEAST_NAME, names - (max(map(len, plain)) - width))
    lines: list[str] = []
    short = [[row[0] if len(row[0]) <= room else "", *row[1:]] for row in rows]
    for row, line in zip(rows, _aligned([*short, [" " * room, *[""] * (len(rows[0]) - 1)]], color=color), strict=False):
        lines += ([] if len(row[0]) <= room else [f" {row[0]}"]) + [line]
    return lines


def _aligned(rows: Sequence[Sequence[str]], *, color: bool) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    verdict = len(rows[0]) - 2
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place in (0, verdict) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        if color:
            cells[verdict] = _coloured(cells[verdict], row[verdict].removeprefix("slightly "))
        lines.append(f" {'  '.join(cells[:-1])} {cells[-1]}".rstrip())
    return lines


def _coloured(text: str, key: str) -> str:
    return f"\x1b[{_STYLE[key]}m{text}\x1b[0m" if key in _STYLE else text


def _explained(explanations: Mapping[str, Explanation], width: int) -> list[str]:
    if not explanations:
        return []
    lines = [""]
    for explanation in explanations.values():
        if not explanation.parts:
            lines += textwrap.wrap(without_parts(explanation), width, initial_indent="  ", subsequent_indent="    ")
            continue
        why = f"why {sum_line(explanation)}"
        lines += textwrap.wrap(why, width, initial_indent="  ", subsequent_indent="    ")
        rows = [
            (
                part.name.replace("_", " "),
                show_difference(part.change.mean, explanation.unit, part.change.half_width),
            )
            for part in explanation.parts
        ]
        wide = max(len(name) for name, _ in rows)
        lines += [f"    {name.ljust(wide)}  {change}" for name, change in rows]
        lines.append(f"    ({explanation.note})")
    return lines


def _bare(value: float, explanation: Explanation) -> str:
    """A part's change in the unit of the total, without naming it again."""
    if explanation.unit == "ratio":
        return f"{100 * value:+.2g}" if abs(value) < 0.1 else f"{100 * value:+.1f}"
    scale = scale_for(explanation.unit, explanation.total.mean)
    return f"{value / scale.factor:+.3g}"


def _gates(compared: Compared, *, color: bool) -> list[str]:
    lines = []
    for gate in compared.gates:
        change = gate.change
        status = _coloured(gate.status, gate.status) if color else gate.status
        moved = show_difference(change.difference.mean, change.unit, change.difference.half_width)
        kind = "may move by" if change.better == "none" else "may get worse by"
        lines.append(f"{status}  {change.row}: {change.metric} {moved}")
        lines.append(f"        it {kind} {change.margin}")
    return [*lines, ""] if lines else []


def notes_of(compared: Compared) -> list[str]:
    """What is said under the tables, a line each."""
    lines = [row.note for row in compared.rows if row.note]
    lines += _window_note(compared.rows)
    if min(len(row.replications) for row in compared.rows) < 2:
        lines.append("One replication decides nothing: --replications 10 gives intervals.")
    elif any(c.verdict == "undecided" for c in compared.changes):
        lines.append("Undecided: the interval holds zero; more --replications narrow it.")
    if any(c.paired and c.variance_ratio > 1.0 for c in compared.changes):
        lines.append("paired: x4 means that pairing cut the variance to a quarter.")
    return lines


def _window_note(rows: Sequence[ComparedRow]) -> list[str]:
    windows = {row.window_s for row in rows}
    if len(windows) == 1:
        return []
    told = ", ".join(f"{row.label} {row.window_s[0]:g}..{row.window_s[1]:g} s" for row in rows)
    return [f"The measured windows differ: {told}."]
