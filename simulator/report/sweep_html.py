"""report.html of a sweep: one file that works offline, with the best cells, all cells, and figures.

May import the tables and plots of sweeps. Everything from a scenario is escaped.
"""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.experiment.design import short_names
from simulator.report.html import _STYLE as STYLE
from simulator.report.sweep_tables import direction, estimate_text, failure_lines, played

if TYPE_CHECKING:
    from simulator.experiment.outcomes import CellOutcome
    from simulator.experiment.sweep_result import SweepResult

_ROWS_IN_NOTEBOOK = 12


def write_report(result: SweepResult, folder: Path, extra: Mapping[str, str] | None = None) -> Path:
    """Write figures/*.svg and report.html into `folder`; `extra` adds figures (SVG text by name)."""
    drawn = {**(extra or {}), **figures(result)}
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, svg in drawn.items():
        (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    page = folder / "report.html"
    page.write_text(document(result, drawn), encoding="utf-8")
    return page


def figures(result: SweepResult) -> dict[str, str]:
    """The figures as SVG text by name; the same result gives the same bytes."""
    from simulator.report.sweep_plots import SweepPlots

    return {name: svg_of(name, draw) for name, draw in SweepPlots(result).figures().items()}


def svg_of(name: str, draw: object, height: float = 3.8) -> str:
    """One figure, drawn on fresh axes without a display."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure = Figure(figsize=(8.0, height), layout="constrained")
        FigureCanvasSVG(figure)
        if not callable(draw):
            raise TypeError("a figure is drawn by a function of axes")
        draw(figure.add_subplot())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def document(result: SweepResult, drawn: dict[str, str]) -> str:
    """The whole page."""
    title = f"{result.name}: {result.kind}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{_escape(title)}</h1>",
        fragment(result, heading=False, rows=30),
    ]
    parts += [f'<figure id="{_escape(n)}">{svg[svg.index("<svg") :]}</figure>' for n, svg in drawn.items()]
    ordered = sorted(result.outcomes, key=lambda o: o.cell.number)
    parts.append(f"<details><summary>All cells</summary>{_table(result, ordered, links=True)}</details>")
    parts.append(
        '<p class="dim">Intervals are 95 % over replications (Student\'s t). All cells meet the same arrivals '
        "(common random numbers).</p></body></html>"
    )
    return "\n".join(parts) + "\n"


def fragment(result: SweepResult, *, heading: bool = True, rows: int = _ROWS_IN_NOTEBOOK) -> str:
    """The summary as HTML without a page around it (notebooks show it)."""
    parts = [f"<h3>{_escape(result.name)}</h3>"] if heading else []
    if result.question:
        parts.append(f"<p>{_escape(result.question)}</p>")
    parts.append(f'<p class="dim">{_escape(played(result))}</p>')
    lines = failure_lines(result)
    if result.interrupted:
        lines.insert(0, "Interrupted: the numbers are of what was finished.")
    if lines:
        parts.append('<div class="trouble">' + "<br>".join(map(_escape, lines)) + "</div>")
    metric = result.metrics[0]
    ranked = result.best(metric)
    if ranked:
        tied = {place.outcome.cell.number for place in ranked if place.tied}
        parts.append(f"<h2>Best cells by {_escape(metric)} ({direction(metric)})</h2>")
        parts.append(_table(result, [place.outcome for place in ranked[:rows]], bold=tied))
        if len(tied) > 1:
            parts.append('<p class="dim">Bold: cannot be told from the best (paired, 95 % family-wise).</p>')
    return "\n".join(parts)


def _table(
    result: SweepResult, outcomes: Sequence[CellOutcome], *, bold: set[int] | None = None, links: bool = False
) -> str:  # fmt: skip
    shorts = short_names(result.paths)
    front = {outcome.cell.number for outcome in result.pareto()}
    header = ["cell", *(shorts[path] for path in result.paths), *result.metrics, "Pareto", "status"]
    rows = ["<tr>" + "".join(f"<th>{_escape(name)}</th>" for name in header) + "</tr>"]
    for outcome in outcomes:
        number = str(outcome.cell.number)
        if links and outcome.path is not None:
            number = f'<a href="cells/{_escape(outcome.cell.name)}/summary.json">{number}</a>'
        kind = "n best" if bold and outcome.cell.number in bold else "n"
        cells = [f"<td>{number}</td>"]
        cells += [f"<td>{_escape(outcome.cell.values[path].text)}</td>" for path in result.paths]
        cells += [f'<td class="{kind}">{_escape(estimate_text(outcome, name))}</td>' for name in result.metrics]
        cells.append(f"<td>{'yes' if outcome.cell.number in front else ''}</td>")
        cells.append(f"<td>{_escape(outcome.status)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _escape(text: str) -> str:
    return html.escape(str(text), quote=True)
