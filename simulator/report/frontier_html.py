"""The frontier of two settings as a page and in a notebook, with its figures.

May import the frontier, its words, the charts of sweeps and the page. Everything from a scenario is escaped.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.names import unit_of
from simulator.report import page
from simulator.report.format import scale_for
from simulator.report.frontier_view import doubts, knee_line, names, question, table
from simulator.report.page import PageFigure, cell, kept
from simulator.report.svg import BLUE, GREY, LETTER, RED, Chart, nice_ticks, num, points, short
from simulator.report.sweep_charts import across, axis_across, levels, whisker
from simulator.report.sweep_tables import played

if TYPE_CHECKING:
    from simulator.experiment.studies.frontier import Frontier, FrontierLimit

_CAPTION: Final = (
    "Blue: the limits; bars: the swept values between which each lies. Grey dot: the cell's 95 % interval meets the "
    "condition; hollow: undecided; cross: breaks it."
)
_ALONG: Final = "At the limits, with 95 % intervals. Dashed: the straight line that the knee is farthest from."
_APART: Final = 15.0


def document(found: Frontier) -> str:
    """The whole page."""
    return page.document(
        f"{found.sweep.name}: frontier", [_head(found), page.grid([_figure(d) for d in figures(found)])]
    )


def fragment(found: Frontier) -> str:
    """The answer for a notebook."""
    return f'<div class="stickysim">{_head(found)}{"".join(one.svg for one in figures(found))}</div>'


def figures(found: Frontier) -> list[PageFigure]:
    """The limits among the cells, and the metric of the knee along them."""
    over, of = names(found)
    title = f"{of} over {over}: {found.condition.text}"
    drawn = [PageFigure("frontier", title, _CAPTION, limit_chart(found))]
    if found.knee.along != found.of:
        drawn.append(PageFigure("along", f"{found.knee.along} along the frontier", _ALONG, along_chart(found)))
    return [one for one in drawn if one.svg]


def limit_chart(found: Frontier) -> str:
    """Cells by their verdict, limits with the values between which they lie, and the knee."""
    texts, rows = [one.value for one in found.limits], levels(found.sweep, found.of)
    ys = {text: quantity(text) or 0.0 for text in rows}
    if not all(map(math.isfinite, ys.values())):
        ys = {text: float(place) for place, text in enumerate(rows)}
    left = 14.0 + LETTER * max(len(short(text, 10)) for text in rows)
    chart = Chart(f"{found.side} {found.of} over {found.over}", height=296.0, left=left, right=22.0, top=30.0)
    xs, numeric = across(chart, texts)
    low, high = min(ys.values()), max(ys.values())
    room = 0.07 * (high - low) or 0.5
    chart.y0, chart.y1 = low - room, high + room
    _values_beside(chart, rows, ys, short(names(found)[1], 40))
    axis_across(chart, texts, xs, short(names(found)[0], 50), numeric=numeric)
    for outcome in found.sweep.outcomes:
        values = outcome.cell.values
        at = float(chart.x(xs[values[found.over].text])), float(chart.y(ys[values[found.of].text]))
        _mark(chart, *at, found.verdict(outcome))
    place = [(one, float(chart.x(xs[one.value])), float(chart.y(ys[found.limit_of(one) or ""])))
             for one in found.limits if one.cell is not None]  # fmt: skip
    if numeric and len(place) > 1:
        chart.add(f'<polyline class="l s{BLUE}" points="{points([x for _, x, _ in place], [y for *_, y in place])}"/>')
    for one, x, y in place:
        if one.fails is not None and one.sure is not None:
            whisker(chart, x, ys[one.fails], ys[one.sure], BLUE)
        chart.add(f'<circle class="dot s{BLUE}" cx="{num(x)}" cy="{num(y)}" r="4.5"/>')
        _ring(chart, found, one, x, y)
    return chart.render()


def along_chart(found: Frontier) -> str:
    """The metric of the knee at the limits, the line between its ends, and the knee. "" with fewer than two limits."""
    metric, texts = found.knee.along, [one.value for one in found.limits]
    known = [(one, one.cell.estimates[metric]) for one in found.limits if one.cell is not None]
    if len(known) < 2:
        return ""
    ends = [v for _, e in known for v in (float(e), e.low, e.high) if math.isfinite(v)]
    scale = scale_for(unit_of(metric), max(map(abs, ends)))
    chart = Chart(f"{metric} along the frontier", height=276.0, left=56.0, right=22.0, top=30.0)
    xs, numeric = across(chart, texts)
    low, high = min(ends) / scale.factor, max(ends) / scale.factor
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    chart.y0, chart.y1 = low - room, high + room
    chart.y_axis(nice_ticks(chart.y0, chart.y1, 5), f"{metric} ({scale.symbol})" if scale.symbol else metric)
    axis_across(chart, texts, xs, short(names(found)[0], 50), numeric=numeric)
    at = [(float(chart.x(xs[one.value])), float(chart.y(float(e) / scale.factor))) for one, e in known]
    if numeric:
        chart.add(f'<polyline class="l s{BLUE}" points="{points(*zip(*at, strict=True))}"/>')
    if numeric and not chart.log_x and len(at) > 2:  # on a logarithmic axis the line would be a curve
        chart.add(f'<polyline class="l dash s{GREY}" points="{points(*zip(at[0], at[-1], strict=True))}"/>')
    for (x, y), (one, e) in zip(at, known, strict=True):
        whisker(chart, x, e.low / scale.factor, e.high / scale.factor, BLUE)
        chart.add(f'<circle class="dot s{BLUE}" cx="{num(x)}" cy="{num(y)}" r="3.5"/>')
        _ring(chart, found, one, x, y)
    return chart.render()


def _values_beside(chart: Chart, rows: list[str], ys: dict[str, float], name: str) -> None:
    """The swept values at the left, as many as fit, and the name of the setting above them."""
    last = math.inf
    for text in rows:
        y = float(chart.y(ys[text]))
        chart.add(f'<path class="grid" d="M{num(chart.left)} {num(y)}H{num(chart.plot_right)}"/>')
        if last - y >= _APART:
            chart.text(chart.left - 7, y + 4, short(text, 10), "tick", anchor="end")
            last = y
    chart.text(4, chart.top - 12, name, "unit")


def _mark(chart: Chart, x: float, y: float, verdict: str) -> None:
    if verdict == "missed":
        chart.add(f'<path class="l s{RED}" d="M{num(x - 4)} {num(y - 4)}l8 8m0 -8l-8 8"/>')
        return
    kind = f"dot s{GREY}" if verdict == "met" else f"hollow s{GREY}"
    chart.add(f'<circle class="{kind}" cx="{num(x)}" cy="{num(y)}" r="3.5"/>')


def _ring(chart: Chart, found: Frontier, one: FrontierLimit, x: float, y: float) -> None:
    if found.knee.sure and found.knee.place is one:
        chart.add(f'<circle class="best" cx="{num(x)}" cy="{num(y)}" r="9"/>')
        right = x < (chart.left + chart.plot_right) / 2
        below = y + 20 if y + 24 < chart.plot_bottom else y - 12  # a rising line is above its point at the right
        chart.text(x + (13 if right else -13), below, "knee", "name", anchor="start" if right else "end")


def _figure(one: PageFigure) -> str:
    return page.figure(one.name, one.title, one.caption, one.svg)


def _head(found: Frontier) -> str:
    head, rows = table(found)
    lines = [page.header(head, numbers_from=4)]
    for row in rows:
        cells = [cell(text, "n" if place > 3 else "") for place, text in enumerate(row)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    words = "".join(f"<p>{kept(line)}</p>" for line in (knee_line(found), *doubts(found)))
    return (
        f'<p class="question">{kept(question(found))}</p><p class="dim">{kept(played(found.sweep))}</p>'
        f'<div class="wide"><table>{"".join(lines)}</table></div>{words}'
    )
