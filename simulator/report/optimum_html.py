"""The page of `optimise`: the answer, the frontier or the trials, the finalists, and all that was tried.

May import the answer, its words, charts and the page. Everything from a scenario is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simulator.metrics.names import unit_of
from simulator.report import page
from simulator.report.format import scale_for
from simulator.report.front_chart import Spot, front_chart
from simulator.report.optimum_view import answer_lines, closest, setting, table
from simulator.report.page import PageFigure, cell, folded, kept
from simulator.report.svg import BLUE, GREY, ORANGE, Chart, escape, nice_ticks, num
from simulator.report.sweep_charts import whisker

if TYPE_CHECKING:
    from simulator.experiment.studies.optimum import JudgedTrial, Optimum

_COLOURS: Final = {"met": BLUE, "undecided": ORANGE, "missed": GREY}
_VERDICTS: Final = {"best": "met", "tied": "undecided", "undecided": "undecided", "infeasible": "missed",
                    "frontier": "met"}  # fmt: skip


def figures(found: Optimum) -> list[PageFigure]:
    """The frontier where there are two objectives, and the trials in their order."""
    drawn = []
    if len(found.objectives) == 2:
        caption = "Crosses: simultaneous intervals of finalists. Dashed: the frontier. Small and grey: other trials."
        drawn.append(PageFigure("frontier", "What can be had together", caption, _frontier(found)))
    for objective in found.objectives:
        caption = "A dot a setting, in the order in which they were tried, with its 95 % interval"
        caption += "; grey: surely breaks a constraint, orange: perhaps." if found.constraints else "."
        name = f"trials-{objective.metric}" if len(found.objectives) > 1 else "trials"
        drawn.append(PageFigure(name, f"The search: {objective.text}", caption, _trials(found, objective.metric)))
    return [one for one in drawn if one.svg]


def parts(found: Optimum, drawn: Sequence[PageFigure]) -> list[str]:
    """The page below its title."""
    return [
        *_head(found),
        page.grid([page.figure(one.name, one.title, one.caption, one.svg) for one in drawn]),
        folded("All settings tried", _table(found, found.trials, links=True)),
    ]


def fragment(found: Optimum) -> str:
    """The answer for a notebook."""
    return '<div class="stickysim">' + "\n".join(part for part in _head(found) if part) + "</div>"


def _head(found: Optimum) -> list[str]:
    first, *rest = answer_lines(found)
    more = "".join(f"<p>{kept(line)}</p>" for line in rest)
    rows = found.judged or closest(found)
    title = "Finalists, on fresh replications" if found.judged else "The closest of those that were tried"
    explained = (
        "Intervals hold together with 95 %: every finalist's constraints and every difference, at every round."
        if found.judged
        else ""
    )
    return [
        f'<div class="verdict {_VERDICTS[found.status]}"><p class="answer">{kept(first)}</p>{more}</div>',
        *(f"<p>Note: {kept(note)}</p>" for note in found.notes),
        f"<h2>{title}</h2>{_table(found, rows, links=True)}",
        f'<p class="dim">{kept(explained)}</p>' if explained else "",
    ]


def _table(found: Optimum, rows: Sequence[JudgedTrial], *, links: bool = False) -> str:
    heading, body = table(found, rows)
    settings = 1 + len(found.sweep.paths)
    lines = [page.header(["cell", *heading], numbers_from=1 + settings)]
    folders = {outcome.cell.number: outcome.cell.name for outcome in found.sweep.outcomes}
    for one, texts in zip(rows, body, strict=True):
        number = str(one.number)
        if links and found.sweep.path is not None and one.number in folders:
            number = f'<a href="cells/{escape(folders[one.number])}/summary.json">{number}</a>'
        kind = {"best": "best", "on the frontier": "best", "infeasible": "missed", "missed": "missed"}.get(texts[0], "")
        cells = [f"<td>{number}</td>", cell(texts[0], kind)]
        cells += [cell(text, "n" if place >= settings else "") for place, text in enumerate(texts[1:], 1)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _frontier(found: Optimum) -> str:
    x, y = (objective.metric for objective in found.objectives)
    front = {one.number for one in found.on_frontier}
    shown = [one for one in found.judged if one.state != "infeasible"]
    spots = [Spot(setting(found, one), one.metrics[x], one.metrics[y], one.number in front) for one in shown]
    numbers = {one.number for one in shown}
    lesser = [(one.metrics[x][0], one.metrics[y][0]) for one in found.trials if one.number not in numbers]
    return front_chart(spots, x, y, lesser)


def _trials(found: Optimum, metric: str) -> str:
    trials = [one for one in found.trials if math.isfinite(one.metrics[metric][0])]
    if len(trials) < 2:
        return ""
    scale = scale_for(unit_of(metric), max(abs(one.metrics[metric][0]) for one in trials))
    chart = Chart(f"{metric} of each trial", height=256.0, left=56.0, right=14.0)
    ends = [v / scale.factor for one in trials for v in one.metrics[metric] if math.isfinite(v)]
    room = 0.08 * (max(ends) - min(ends)) or 0.05 * abs(max(ends)) or 1.0
    chart.y0, chart.y1 = min(ends) - room, max(ends) + room
    chart.x0, chart.x1 = 0.0, max(one.number for one in trials) + 1.0
    chart.y_axis(nice_ticks(chart.y0, chart.y1, 5), f"{metric} ({scale.symbol})" if scale.symbol else metric)
    chart.x_axis([t for t in nice_ticks(1.0, chart.x1, 6) if t == round(t)], "setting tried")
    finalists = {one.number for one in found.judged if one.state != "infeasible"}
    for one in trials:
        mean, low, high = (value / scale.factor for value in one.metrics[metric])
        colour = _COLOURS[one.feasible]
        px, py = float(chart.x(float(one.number))), float(chart.y(mean))
        whisker(chart, px, low, high, colour)
        chart.add(f'<circle class="dot s{colour}" cx="{num(px)}" cy="{num(py)}" r="3"/>')
        if one.number in finalists and len(found.objectives) == 1:
            wide = 7 if found.winner is not None and one.number == found.winner.number else 5
            chart.add(f'<circle class="best" cx="{num(px)}" cy="{num(py)}" r="{wide}"/>')
    return chart.render()
