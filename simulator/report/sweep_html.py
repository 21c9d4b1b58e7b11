"""report.html of a sweep: one file that works offline, with the best cells, figures, and all cells.

May import the tables and charts of sweeps. Everything from a scenario is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from simulator.experiment.studies.design import short_names
from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.names import parse_metric
from simulator.report import answer_html, page
from simulator.report.format import show
from simulator.report.page import PageFigure, figure_style, folded, kept
from simulator.report.sorting import SortedCell, SortedRow, table
from simulator.report.svg import escape
from simulator.report.sweep_charts import (
    effects_chart,
    heat_map,
    known,
    numeric_values,
    pareto_chart,
    points_chart,
    scale_of,
)
from simulator.report.sweep_tables import direction, estimate_text, failure_lines, played, swept_paths
from simulator.results.places import write_whole

if TYPE_CHECKING:
    from simulator.experiment.studies.outcomes import CellOutcome
    from simulator.experiment.studies.sweep_result import SweepResult

_ROWS_IN_NOTEBOOK = 12
_MOST_PANELS = 6
_INTERVALS = (
    '<p class="dim">Intervals are 95 % over replications (Student\'s t). All cells meet the same arrivals '
    "(common random numbers).</p>"
)


_DRAW = (
    '<p class="dim">A cell leads to its report where one was drawn (<code>simulator report cells/NAME</code>), else to '
    "its summary.</p>"
)


def write_report(result: SweepResult, folder: Path) -> Path:
    """Write figures/*.svg and report.html into `folder`."""
    drawn = figures(result)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for one in drawn:
        write_whole(folder / "figures" / f"{one.name}.svg", _standalone(one))
    for old in {file.stem for file in (folder / "figures").glob("*.svg")} - {one.name for one in drawn}:
        (folder / "figures" / f"{old}.svg").unlink()
    path = folder / "report.html"
    write_whole(path, document(result, drawn))
    if result.kind == "optimise":
        write_whole(folder / "optimise.html", document(result, drawn))
    return path


def figures(result: SweepResult) -> list[PageFigure]:
    """The figures that have something to show; the same result gives the same bytes."""
    if result.kind != "sweep":
        return answer_html.figures(result)
    paths = swept_paths(result)
    found = [one for metric in _moving(result) for one in _of_metric(result, metric, paths)] if paths else []
    judged = [m for m in _moving(result) if parse_metric(m).better != "none"]
    if len(judged) >= 2 and len(result) > 2:
        caption = "One dot per cell. Numbered, dashed: no other cell is better in both (Pareto front)."
        found.append(PageFigure("pareto", "What can be had together", caption, pareto_chart(result, *judged[:2])))
    return [one for one in found if one.svg]


def _of_metric(result: SweepResult, metric: str, paths: Sequence[str]) -> list[PageFigure]:
    """The figures of one metric: a map or lines, and main effects; points where the design drew its values."""
    safe = "".join(c if c.isalnum() else "-" for c in metric).strip("-")
    shorts, drawn = short_names(result.paths), []
    symbol = scale_of(result, metric).symbol
    unit = f" ({symbol})" if symbol else ""
    if result.design in ("random", "lhs") or len(paths) == 1 or result.design == "zip":
        joined = len(paths) == 1 or result.design == "zip"
        caption = "One point per cell, with its 95 % interval where there are replications."
        for path in paths[:1] if joined else paths[:_MOST_PANELS]:
            svg = points_chart(result, metric, path, joined=joined)
            drawn.append(
                PageFigure(f"{safe}-over-{path.replace('.', '-')}", f"Over {shorts[path]}", caption, svg, metric)
            )
        return drawn
    more = [shorts[path] for path in paths[2:]]
    mean = f" Mean over {', '.join(more)}." if more else ""
    caption = f"{direction(metric).capitalize()}; the darker, the higher; framed: the best.{mean}"
    svg = heat_map(result, metric, *paths[:2])
    drawn.append(PageFigure(f"{safe}-map", f"{shorts[paths[0]]} and {shorts[paths[1]]}{unit}", caption, svg, metric))
    caption = (
        "What each value does on its own: the mean of its cells less the mean of all, with 95 % intervals over "
        "replications where there are several."
    )
    svg = effects_chart(result, metric, paths[:_MOST_PANELS])
    drawn.append(PageFigure(f"{safe}-effects", "Main effects", caption, svg, metric))
    return drawn


def _moving(result: SweepResult) -> list[str]:
    """The metrics that are not the same in all cells."""
    return [m for m in result.metrics if len({o.value(m) for o in known(result, m)}) > 1]


def document(result: SweepResult, drawn: Sequence[PageFigure]) -> str:
    """The whole page."""
    answered = answer_html.parts(result, drawn)
    if answered:
        return page.document(
            f"{result.name}: {result.kind}", [answered[0], _trouble(result), *answered[1:], _INTERVALS]
        )
    parts = [_explore_link(result), fragment(result, heading=False, rows=30, sorts=True)]
    parts.append(_figures([one for one in drawn if not one.metric]))
    for metric in dict.fromkeys(one.metric for one in drawn if one.metric):
        parts.append(f"<h2>{escape(metric)}: {escape(parse_metric(metric).metric.description)}</h2>")
        parts.append(_figures([one for one in drawn if one.metric == metric]))
    parts += [f"<p>{line}</p>" for line in _still(result)]
    ordered = sorted(result.outcomes, key=lambda o: o.cell.number)
    parts.append(folded("All cells", _table(result, ordered, name="All cells", sorts=True) + _DRAW))
    parts.append(_INTERVALS)
    return page.document(f"{result.name}: {result.kind}", parts, sorts=True)


def fragment(
    result: SweepResult, *, heading: bool = True, rows: int = _ROWS_IN_NOTEBOOK, sorts: bool = False
) -> str:  # fmt: skip
    """The summary as HTML without a page around it (notebooks show it); `sorts` on a page that runs the script."""
    parts = [f"<h3>{escape(result.name)}</h3>"] if heading else []
    if result.question:
        parts.append(f'<p class="question">{escape(result.question)}</p>')
    parts.append(f'<p class="dim">{kept(played(result))}</p>')
    parts.append(_trouble(result))
    metric = result.metrics[0]
    ranked = result.best(metric)
    if ranked:
        tied = {place.outcome.cell.number for place in ranked if place.tied}
        parts.append(f"<h2>Best cells by {escape(metric)} ({direction(metric)})</h2>")
        best = [place.outcome for place in ranked[:rows]]
        parts.append(_table(result, best, name="Best cells", bold=tied, sorts=sorts))
        if len(tied) > 1:
            parts.append('<p class="dim">Bold: cannot be told from the best (paired, 95 % family-wise).</p>')
    return "\n".join(part for part in parts if part)


def _explore_link(result: SweepResult) -> str:
    """To the page that `--explore` wrote, where it still stands."""
    file = result.extra.get("explore")
    if not isinstance(file, str) or result.path is None or not (result.path / file).is_file():
        return ""
    return f'<p><a href="{escape(quote(file))}">Explore the cells</a>: a slider or switch per setting.</p>'


def _trouble(result: SweepResult) -> str:
    """What is missing, and why."""
    lines = failure_lines(result)
    if result.interrupted:
        lines.insert(0, "Interrupted: the numbers are of what was finished.")
    return '<div class="trouble">' + "<br>".join(map(escape, lines)) + "</div>" if lines else ""


def _still(result: SweepResult) -> list[str]:
    """A line for each metric that no cell moves."""
    moving = _moving(result) if len(result) > 1 else result.metrics
    still = [m for m in result.metrics if m not in moving and known(result, m)]
    return [
        f"{escape(m)} is {kept(show(known(result, m)[0].value(m), parse_metric(m).unit))} in every cell." for m in still
    ]


def _figures(drawn: Sequence[PageFigure]) -> str:
    return page.grid([page.figure(one.name, one.title, one.caption, one.svg) for one in drawn])


def _standalone(one: PageFigure) -> str:
    """A figure as an SVG file of its own."""
    begin = one.svg.index(">") + 1
    title = f"<title>{escape(one.metric or one.title)}</title><style>{figure_style()}</style>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{one.svg[:begin]}{title}{one.svg[begin:]}\n'


def _table(
    result: SweepResult, outcomes: Sequence[CellOutcome], *, name: str, bold: set[int] | None = None,
    sorts: bool = False,
) -> str:  # fmt: skip
    """A row per cell; on a page that sorts its columns the cell leads to its report, or else to its summary."""
    shorts = short_names(result.paths)
    front = {outcome.cell.number for outcome in result.pareto()}
    states = any(outcome.status != "complete" for outcome in outcomes)
    columns = [("cell", "n"), *((shorts[path], "") for path in result.paths), *((name, "n") for name in result.metrics)]
    columns += [("Pareto", ""), *([("status", "")] if states else [])]
    ordered = {path for path in result.paths if numeric_values([o.cell.values[path].text for o in outcomes])}
    rows = []
    for outcome in outcomes:
        number = outcome.cell.number
        kind = "n best" if bold and number in bold else "n"
        cells = [SortedCell(str(number), "n", number, _link(outcome) if sorts else "")]
        cells += [_setting(outcome.cell.values[path].text, in_order=path in ordered) for path in result.paths]
        cells += [
            SortedCell(estimate_text(outcome, m), kind, _known_or_blank(outcome.value(m))) for m in result.metrics
        ]
        cells.append(SortedCell("yes" if number in front else ""))
        cells += [SortedCell(outcome.status)] if states else []
        rows.append(SortedRow(cells))
    return table(name, columns, rows, sorts=sorts)


def _setting(text: str, *, in_order: bool) -> SortedCell:
    """A value of a setting, sorted by its number where all are numbers."""
    return SortedCell(text, "", quantity(text) if in_order else None)


def _known_or_blank(value: float) -> float | str:
    return value if math.isfinite(value) else ""


def _link(outcome: CellOutcome) -> str:
    """Where the cell's report stands, relative to the page; its summary where none was drawn."""
    if outcome.path is None:
        return ""
    drawn = (outcome.path / "report.html").is_file()
    return f"cells/{quote(outcome.cell.name)}/{'report.html' if drawn else 'summary.json'}"
