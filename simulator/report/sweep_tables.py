"""The summary of a sweep as plain text: the best cells, a map of two parameters, the Pareto front, failures.

May import the sweep's result and number formats. Every line fits the width that is asked for.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simulator.experiment.studies.design import short_names
from simulator.metrics.names import parse_metric
from simulator.report.format import NOTHING, column_decimals, fixed, scale_for, show, show_column
from simulator.text.printable import printable

if TYPE_CHECKING:
    from simulator.experiment.studies.outcomes import CellOutcome
    from simulator.experiment.studies.sweep_result import SweepResult

ROWS_SHOWN: Final = 10
_MAP_COLUMNS = 12
_CELL_WIDTH = 22


def render(result: SweepResult, *, width: int = 80, rows: int = ROWS_SHOWN) -> str:
    """The whole summary."""
    parts = [_head(result, width), _best(result, width, rows), *_maps(result, width), _pareto(result, width)]
    parts.append(_failures(result, width))
    return "\n\n".join(part for part in parts if part) + "\n"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 0, width: int = 80) -> str:
    """A table: the first `left` columns to the left, numbers to the right.

    Columns that do not fit are left out, which a line below says.
    """
    table = [list(map(str, header)), *(list(map(str, row)) for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(header))]
    fitting, total = 0, -2
    for wide in widths:
        total += wide + 2
        if total > width and fitting:
            break
        fitting += 1
    lines = []
    for row in table:
        cells = [
            text.ljust(wide) if place < left else text.rjust(wide)
            for place, (text, wide) in enumerate(zip(row[:fitting], widths, strict=False))
        ]
        lines.append("  ".join(cells).rstrip()[:width])
    needed = sum(widths) + 2 * (len(widths) - 1)
    if left_out := [str(name) for name in header[fitting:] if name]:
        lines.append(wrap(f"Not shown in {width} columns: {', '.join(left_out)} (COLUMNS={needed} shows all)", width))
    return "\n".join(lines)


def clip(text: str, width: int = _CELL_WIDTH) -> str:
    """Text of at most that many columns, on one line."""
    text = printable(text)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def wrap(text: str, width: int, indent: str = "") -> str:
    """Text in lines of at most `width`."""
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def values_of(outcome: CellOutcome, paths: Sequence[str]) -> str:
    """`l1.ttl=5s policy=nearest`."""
    shorts = short_names(paths)
    return " ".join(f"{shorts[path]}={outcome.cell.values[path].text}" for path in paths)


def played(result: SweepResult) -> str:
    """One line of what was played."""
    each = f"{result.replications} replication{'s' * (result.replications != 1)} each"
    reused = sum(outcome.reused for outcome in result.outcomes)
    text = f"{len(result)} cells ({result.design}), {each}, seed {result.seed}"
    return f"{text}; {reused} from before" if reused else text


def failure_lines(result: SweepResult) -> list[str]:
    """What is missing and why: a line each."""
    lines = [
        f"{outcome.cell.number} {values_of(outcome, result.paths)}: {failure}"
        for outcome in result.failed
        for failure in outcome.failures
    ]
    waiting = sum(outcome.status == "not run" for outcome in result.outcomes)
    partly = sum(outcome.status == "interrupted" for outcome in result.outcomes)
    if waiting:
        lines.append(f"{waiting} cells were not run")
    if partly:
        lines.append(f"{partly} cells have only some of their replications")
    return lines


def swept_paths(result: SweepResult) -> list[str]:
    """The paths that have more than one value."""
    return [p for p in result.paths if len({o.cell.values[p].text for o in result.outcomes}) > 1]


def direction(metric: str) -> str:
    """What is better, in words."""
    better = parse_metric(metric).better
    return f"{better} is better" if better != "none" else "from high to low"


def _head(result: SweepResult, width: int) -> str:
    lines = [
        printable(result.name),
        *([wrap(printable(result.question), width)] if result.question else []),
        wrap(played(result), width),
    ]
    if result.interrupted:
        lines.append("Interrupted: the numbers are of what was finished.")
    return "\n".join(lines)


def _best(result: SweepResult, width: int, rows: int) -> str:
    metric = result.metrics[0]
    ranked = result.best(metric)
    if not ranked:
        return ""
    shorts = short_names(result.paths)
    judged = any(outcome.verdicts for outcome in result.outcomes)
    header = ["", "cell", *(clip(shorts[p]) for p in result.paths), *(["expected"] if judged else []), *result.metrics]
    shown = ranked[:rows]
    columns = [estimate_texts([place.outcome for place in shown], name) for name in result.metrics]
    body = []
    ties = sum(place.tied is True for place in ranked) - 1
    for number, place in enumerate(shown):
        outcome = place.outcome
        body.append(
            [
                "=" if place.tied and ties else "",
                str(outcome.cell.number),
                *(clip(outcome.cell.values[p].text) for p in result.paths),
                *([outcome.meets or NOTHING] if judged else []),
                *(column[number] for column in columns),
            ]
        )
    title = f"Best cells by {metric} ({direction(metric)})"
    if len(ranked) > rows:
        title += f", {rows} of {len(ranked)}"
    lines = [title, grid(header, body, left=2 + len(result.paths), width=width)]
    if ties > 0:
        lines.append(
            wrap(f"= cannot be told from the best with {result.replications} replications (paired, 95 % family-wise)",
                 width)
        )  # fmt: skip
    elif ranked[0].outcome.replications < 2 and len(ranked) > 1:
        lines.append("One replication: no intervals. --replications 5 says which differences are real.")
    return "\n".join(lines)


def estimate_text(outcome: CellOutcome, metric: str) -> str:
    """A metric of a cell with its interval."""
    found = outcome.estimates.get(metric)
    return NOTHING if found is None else show(found, found.unit, found.half_width)


def estimate_texts(outcomes: Sequence[CellOutcome], metric: str) -> list[str]:
    """A metric of several cells as one column: one unit, one precision."""
    found = [outcome.estimates.get(metric) for outcome in outcomes]
    pairs = [(math.nan, math.nan) if one is None else (float(one), one.half_width) for one in found]
    return show_column(pairs, parse_metric(metric).unit)


def _maps(result: SweepResult, width: int) -> list[str]:
    paths = swept_paths(result)
    if result.design != "grid" or len(paths) != 2:
        return []
    down, across = paths
    columns = _levels(result, across)
    if len(columns) > _MAP_COLUMNS:
        down, across = across, down
        columns = _levels(result, across)
    if len(columns) > _MAP_COLUMNS:
        sizes = f"{len(_levels(result, down))} by {len(columns)}"
        return [wrap(f"No map here of {result.metrics[0]}, which has {sizes} cells: report.html draws it.", width)]
    return [_map(result, metric, down, across, width) for metric in result.metrics[:1]]


def _map(result: SweepResult, metric: str, down: str, across: str, width: int) -> str:
    by_place = {(o.cell.values[down].text, o.cell.values[across].text): o.value(metric) for o in result.outcomes}
    known = [abs(v) for v in by_place.values() if not math.isnan(v)]
    scale = scale_for(parse_metric(metric).unit, max(known, default=0.0))
    decimals = column_decimals([(v, math.nan) for v in known], scale)
    columns = _levels(result, across)
    rows = [
        [clip(level), *(fixed(by_place.get((level, c), math.nan) / scale.factor, decimals) for c in columns)]
        for level in _levels(result, down)
    ]
    unit = f" in {scale.symbol}" if scale.symbol else ""
    shorts = short_names(result.paths)
    title = f"{metric}{unit}: {shorts[down]} down, {shorts[across]} across"
    return f"{clip(title, width)}\n" + grid(["", *(clip(c, 14) for c in columns)], rows, left=1, width=width)


def _levels(result: SweepResult, path: str) -> list[str]:
    return list(dict.fromkeys(outcome.cell.values[path].text for outcome in result.outcomes))


def _pareto(result: SweepResult, width: int) -> str:
    judged = [m for m in result.metrics if parse_metric(m).better != "none"]
    if len(judged) < 2:
        return ""
    front = result.pareto()
    if not front or len(result) < 2:
        return ""
    lines = [
        wrap(f"Nothing is better in all of {', '.join(judged)} than these {len(front)} (Pareto front):", width)
        if len(front) > 1
        else wrap(f"One cell is the best in all of {', '.join(judged)}:", width)
    ]
    lines += [clip(f"  {o.cell.number} {values_of(o, result.paths)}", width) for o in front[:ROWS_SHOWN]]
    if len(front) > ROWS_SHOWN:
        lines.append(f"  and {len(front) - ROWS_SHOWN} more")
    return "\n".join(lines)


def _failures(result: SweepResult, width: int) -> str:
    lines = failure_lines(result)
    if not lines:
        return ""
    done = sum(outcome.status == "complete" for outcome in result.outcomes)
    title = f"{done} of {len(result)} cells are complete. Without a result:"
    shown = [wrap(line, width, "  ") for line in lines[: 2 * ROWS_SHOWN]]
    if len(lines) > 2 * ROWS_SHOWN:
        shown.append(f"  and {len(lines) - 2 * ROWS_SHOWN} more: manifest.json names them all")
    return "\n".join([title, *shown])
