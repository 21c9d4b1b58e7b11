"""Charts of a sweep as SVG: heatmaps, metrics over a parameter, main effects, what can be had together.

May import the sweep's result, stats, svg and formats. "" where there is nothing to draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.experiment.studies.design import short_names
from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.names import parse_metric
from simulator.report.format import Scale, scale_for, show
from simulator.report.svg import LETTER, WIDTH, Chart, Floats, escape, log_ticks, nice_ticks, num, plain, points, short
from simulator.statistics.intervals import mean_interval

if TYPE_CHECKING:
    from simulator.experiment.studies.outcomes import CellOutcome
    from simulator.experiment.studies.sweep_result import SweepResult

MOST_LINES: Final = 6
_MOST_ROWS: Final = 24
_MOST_COLUMNS: Final = 16
_WRITTEN_COLUMNS: Final = 8
_LOG_FROM: Final = 20.0
_COLOURS: Final = (0, 1, 2, 3, 4, 5)


def numeric_values(texts: Sequence[str]) -> bool:
    """Whether all values are finite numbers or quantities, so that there is something between them."""
    found = [quantity(text) for text in texts]
    return all(number is not None and math.isfinite(number) for number in found)


def levels(result: SweepResult, path: str) -> list[str]:
    """The values of a path as texts, in the order of their numbers where they are all quantities."""
    texts = list(dict.fromkeys(o.cell.values[path].text for o in result.outcomes))
    if not numeric_values(texts):
        return texts
    return sorted(texts, key=lambda text: quantity(text) or 0.0)


def known(result: SweepResult, metric: str) -> list[CellOutcome]:
    """The cells that have a value."""
    return [o for o in result.outcomes if not math.isnan(o.value(metric))]


def scale_of(result: SweepResult, metric: str) -> Scale:
    """The unit in which a metric of this sweep is shown."""
    largest = max((abs(o.value(metric)) for o in known(result, metric)), default=0.0)
    return scale_for(parse_metric(metric).unit, largest)


def noise(result: SweepResult, metric: str) -> float:
    """The median half-width of the cells' intervals, 0 without any: what is smaller need not be real."""
    halves = [o.estimates[metric].half_width for o in known(result, metric)]
    finite = [half for half in halves if math.isfinite(half)]
    return float(np.median(finite)) if finite else 0.0


# -- a map of two parameters --------------------------------------------------------------------------
def heat_map(result: SweepResult, metric: str, down: str, across: str) -> str:
    """A cell a pair of values, the darker, the higher; means over further parameters; the best is framed.

    Differences below twice the noise of the cells are not blown up to the whole range of the colour.
    """
    rows, columns = levels(result, down), levels(result, across)
    if len(rows) > _MOST_ROWS or len(columns) > _MOST_COLUMNS:
        return ""
    values = _means(result, metric, (down, rows), (across, columns))
    if not np.isfinite(values).any():
        return ""
    scale, shorts = scale_of(result, metric), short_names(result.paths)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = max(high - low, 4.0 * noise(result, metric), 1e-9 * abs(high), 1e-300)
    size = 30.0 if len(rows) <= 10 else 20.0
    left = 14.0 + LETTER * max(len(short(text, 14)) for text in rows)
    chart = Chart(f"{metric} over {down} and {across}", height=26.0 + size * len(rows) + 40.0, left=left, right=6.0)
    chart.text(4, 13, f"{short(shorts[down], 24)} ↓", "unit")
    wide = (chart.plot_right - left) / len(columns)
    best = _best_place(values, parse_metric(metric).better)
    for (row, column), value in np.ndenumerate(values):
        x, y = left + wide * column, chart.top + size * row
        if math.isnan(value):
            chart.rect(x, y, wide - 1, size - 1, "nothing")
            continue
        share = 0.06 + 0.54 * (value - (low + high - span) / 2.0) / span
        chart.rect(x, y, wide - 1, size - 1, "f0", f'fill-opacity="{share:.2f}"')
        if (row, column) == best:
            chart.rect(x + 1, y + 1, wide - 3, size - 3, "best")
        if len(columns) <= _WRITTEN_COLUMNS:
            text = scale.number(value, noise(result, metric) or None)
            chart.text(x + wide / 2, y + size / 2 + 4, text, "key", anchor="middle")
    for row, text in enumerate(rows):
        chart.text(left - 7, chart.top + size * (row + 0.5) + 4, short(text, 14), "tick", anchor="end")
    names_below(chart, columns, [left + wide * (k + 0.5) for k in range(len(columns))], wide)
    chart.text(chart.plot_right, chart.height - 4, f"{short(shorts[across], 40)} →", "unit", anchor="end")
    return chart.render()


def _means(
    result: SweepResult, metric: str, down: tuple[str, Sequence[str]], across: tuple[str, Sequence[str]]
) -> Floats:
    sums = np.zeros((len(down[1]), len(across[1])))
    counts = np.zeros_like(sums)
    for outcome in known(result, metric):
        texts = outcome.cell.values
        at = down[1].index(texts[down[0]].text), across[1].index(texts[across[0]].text)
        sums[at] += outcome.value(metric)
        counts[at] += 1
    return np.divide(sums, counts, out=np.full_like(sums, math.nan), where=counts > 0)


def _best_place(values: Floats, better: str) -> tuple[int, int] | None:
    if better == "none" or float(np.nanmax(values)) == float(np.nanmin(values)):
        return None
    at = int(np.nanargmax(values) if better == "higher" else np.nanargmin(values))
    return at // values.shape[1], at % values.shape[1]


# -- main effects -------------------------------------------------------------------------------------
def effects_chart(result: SweepResult, metric: str, paths: Sequence[str]) -> str:
    """For each parameter a panel: how much each of its values moves the metric from the mean of all cells.

    Each point is the mean over the cells with that value, less the mean over all, with its 95 % interval over
    replications (paired: all cells meet the same arrivals).
    """
    found = {path: panel for path in paths if (panel := _effects(result, metric, path))}
    ends = [v for panel in found.values() for _, *three in panel for v in three if math.isfinite(v)]
    if not ends or not any(ends):
        return ""
    unit = parse_metric(metric).unit
    scale = Scale(0.01, "points") if unit == "ratio" else scale_for(unit, max(map(abs, ends)))
    low, high = min(ends) / scale.factor, max(ends) / scale.factor
    chart = Chart(f"Main effects on {metric}", height=236.0, left=52.0, right=6.0, bottom=54.0)
    chart.y0, chart.y1 = low - 0.08 * (high - low), high + 0.08 * (high - low)
    ticks = nice_ticks(chart.y0, chart.y1, 5)
    chart.y_axis(ticks, f"difference ({scale.symbol})" if scale.symbol else "difference", signed)
    chart.add(f'<path class="axis" d="M{num(chart.left)} {num(float(chart.y(0.0)))}H{num(chart.plot_right)}"/>')
    shorts, x = short_names(result.paths), chart.left
    letters = {p: len(panel) * max(5, *(len(short(t, 14)) + 1 for t, *_ in panel)) for p, panel in found.items()}
    for place, (path, panel) in enumerate(found.items()):
        wide = (chart.plot_right - chart.left) * letters[path] / sum(letters.values())
        if place:
            chart.add(f'<path class="grid" d="M{num(x)} {num(chart.top)}V{num(chart.plot_bottom)}"/>')
        at = [x + wide * (k + 0.5) / len(panel) for k in range(len(panel))]
        ys = [float(chart.y(mean / scale.factor)) for _, mean, _, _ in panel]
        colour = _COLOURS[place % len(_COLOURS)]
        if numeric_values([text for text, *_ in panel]):  # between categories there is nothing
            chart.add(f'<polyline class="l s{colour}" points="{points(at, ys)}"/>')
        for px, py, (_, _, below, above) in zip(at, ys, panel, strict=True):
            whisker(chart, px, below / scale.factor, above / scale.factor, colour)
            chart.add(f'<circle class="dot s{colour}" cx="{num(px)}" cy="{num(py)}" r="3"/>')
        names_below(chart, [text for text, *_ in panel], at, wide / len(panel))
        name = short(shorts[path], max(4, int(wide / LETTER)))
        chart.text(x + wide / 2, chart.height - 8, name, f"name t{colour}", anchor="middle")
        x += wide
    return chart.render()


def _effects(result: SweepResult, metric: str, path: str) -> list[tuple[str, float, float, float]]:
    """(value, mean, low, high) of each level: NaN ends without replications."""
    cells = known(result, metric)
    tables = [np.array(o.estimates[metric].by_replication, dtype=float) for o in cells]
    width = min((table.size for table in tables), default=0)
    if not width:
        return []
    table = np.array([one[:width] for one in tables])
    over_all, panel = table.mean(axis=0), []
    for text in levels(result, path):
        mine = [place for place, o in enumerate(cells) if o.cell.values[path].text == text]
        if mine:
            interval = mean_interval(table[mine].mean(axis=0) - over_all)
            panel.append((text, interval.mean, interval.low, interval.high))
    return panel


# -- over one parameter -------------------------------------------------------------------------------
def points_chart(result: SweepResult, metric: str, path: str, *, joined: bool) -> str:
    """Every cell as a point with its interval over one parameter; `joined` by lines where that is a number."""
    cells, texts = known(result, metric), levels(result, path)
    if not cells:
        return ""
    scale = scale_of(result, metric)
    chart = Chart(f"{metric} over {path}", left=52.0, right=14.0)
    xs, numeric = across(chart, texts)
    ends = [
        v / scale.factor
        for o in cells
        for v in (o.value(metric), o.estimates[metric].low, o.estimates[metric].high)
        if math.isfinite(v)
    ]
    span = max(ends) - min(ends) or abs(max(ends)) or 1.0
    chart.y0, chart.y1 = min(ends) - 0.06 * span, max(ends) + 0.06 * span
    chart.y_axis(nice_ticks(chart.y0, chart.y1, 5), scale.symbol or metric)
    ordered = sorted(cells, key=lambda o: xs[o.cell.values[path].text])
    at = [float(chart.x(xs[o.cell.values[path].text])) for o in ordered]
    ys = [float(chart.y(o.value(metric) / scale.factor)) for o in ordered]
    if joined and numeric:  # between categories there is nothing
        chart.add(f'<polyline class="l s0" points="{points(at, ys)}"/>')
    for px, py, o in zip(at, ys, ordered, strict=True):
        found = o.estimates[metric]
        whisker(chart, px, found.low / scale.factor, found.high / scale.factor, 0)
        chart.add(f'<circle class="dot s0" cx="{num(px)}" cy="{num(py)}" r="3">{_hover(result, o, [metric])}</circle>')
    axis_across(chart, texts, xs, short(short_names(result.paths)[path], 50), numeric=numeric)
    return chart.render()


def across(chart: Chart, texts: Sequence[str]) -> tuple[dict[str, float], bool]:
    """The place of each value along the chart's x axis, which is set, and whether the values are numbers.

    Logarithmic where they span more than a factor of 20; values that are no numbers stand at equal distances.
    """
    numeric = numeric_values(texts)
    xs = {text: (quantity(text) or 0.0) if numeric else float(place) for place, text in enumerate(texts)}
    low, high = min(xs.values()), max(xs.values())
    chart.log_x = numeric and low > 0.0 and high > _LOG_FROM * low
    room = (high / low) ** 0.04 if chart.log_x else 0.04 * (high - low) or 0.5
    chart.x0, chart.x1 = (low / room, high * room) if chart.log_x else (low - room, high + room)
    return xs, numeric


def axis_across(chart: Chart, texts: Sequence[str], xs: dict[str, float], name: str, *, numeric: bool) -> None:
    """The x axis: the values themselves, or round numbers where they are many."""
    if numeric and len(texts) > 10:
        chart.x_axis(log_ticks(chart.x0, chart.x1) if chart.log_x else nice_ticks(chart.x0, chart.x1, 6), name)
        return
    chart.x_axis([], name)
    places = [float(chart.x(xs[text])) for text in texts]
    names_below(chart, texts, places, (chart.plot_right - chart.left) / len(texts))


# -- what can be had together -------------------------------------------------------------------------
def pareto_chart(result: SweepResult, first: str, second: str) -> str:
    """Two metrics against each other; cells that no other beats in both are numbered and joined."""
    front = {o.cell.number for o in result.pareto([first, second])}
    cells = [o for o in known(result, first) if not math.isnan(o.value(second))]
    if len(cells) < 2:
        return ""
    scales = scale_of(result, first), scale_of(result, second)
    xs = np.array([o.value(first) / scales[0].factor for o in cells])
    ys = np.array([o.value(second) / scales[1].factor for o in cells])
    chart = Chart(f"{second} over {first}", height=276.0, left=56.0, right=22.0, top=30.0, bottom=36.0)
    (chart.x0, chart.x1), (chart.y0, chart.y1) = _roomy(xs), _roomy(ys)
    chart.y_axis(nice_ticks(chart.y0, chart.y1, 5), _titled(second, scales[1]))
    chart.x_axis(nice_ticks(chart.x0, chart.x1, 6), _titled(first, scales[0]))
    px, py = chart.x(xs), chart.y(ys)
    chosen = [k for k, o in enumerate(cells) if o.cell.number in front]
    order = sorted(chosen, key=lambda k: (px[k], py[k]))
    if len(order) > 1:
        chart.add(f'<polyline class="l dash s1" points="{points(px[order], py[order])}"/>')
    for k, o in enumerate(cells):
        colour = 1 if o.cell.number in front else 6
        at = f'cx="{num(px[k])}" cy="{num(py[k])}" r="3.5"'
        chart.add(f'<circle class="dot s{colour}" {at}>{_hover(result, o, [first, second])}</circle>')
    taken: list[tuple[float, float]] = []
    for k in order:
        x, y = float(px[k]) + 6.0, float(py[k]) - 6.0
        if all(abs(x - a) > 18.0 or abs(y - b) > 12.0 for a, b in taken):
            taken.append((x, y))
            chart.text(x, y, cells[k].cell.number, "name t1")
    return chart.render()


def _hover(result: SweepResult, outcome: CellOutcome, metrics: Sequence[str]) -> str:
    """What a browser shows over a mark: the cell, its settings and values."""
    shorts = short_names(result.paths)
    settings = " ".join(f"{shorts[path]}={outcome.cell.values[path].text}" for path in result.paths)
    found = [(name, outcome.estimates[name]) for name in metrics]
    values = ", ".join(f"{name} {show(e.mean, e.unit, e.half_width)}" for name, e in found)
    return f"<title>{escape(f'{outcome.cell.number} {settings}: {values}')}</title>"


def _titled(metric: str, scale: Scale) -> str:
    better = parse_metric(metric).better
    unit = f" ({scale.symbol})" if scale.symbol else ""
    return f"{short(metric, 34)}{unit}, {better} is better"


def _roomy(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def whisker(chart: Chart, x: float, low: float, high: float, colour: int) -> None:
    """An upright interval at x; nothing where an end is not known."""
    if math.isfinite(low) and math.isfinite(high):
        a, b = float(chart.y(low)), float(chart.y(high))
        chart.add(f'<path class="l s{colour}" d="M{num(x)} {num(a)}V{num(b)}M{num(x - 3)} {num(a)}h6"/>')
        chart.add(f'<path class="l s{colour}" d="M{num(x - 3)} {num(b)}h6"/>')


def names_below(chart: Chart, names: Sequence[str], at: Sequence[float], wide: float) -> None:
    """Names under the plot area, each in its own room; as many as fit."""
    longest = max(len(short(name, 14)) for name in names)
    letters = max(3, round(wide / (0.93 * LETTER)))
    step = 1 if longest <= letters or wide > 40.0 else -(-longest // letters)
    for place, (name, x) in enumerate(zip(names, at, strict=True)):
        if place % step == 0:
            shown = short(name, min(14, letters * step))
            edge = min(x, WIDTH - 0.5 * LETTER * len(shown))
            chart.text(edge, chart.plot_bottom + 16, shown, "tick", anchor="middle")


def signed(value: float) -> str:
    """The number of a tick of differences."""
    return f"+{plain(value)}" if value > 0 else plain(value)
