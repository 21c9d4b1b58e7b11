"""Charts over simulated time, as SVG: lines, stacks, heatmaps; faults shaded, warm-up hatched.

May import svg and series. A long run is drawn with at most `MOST_POINTS` points, each the mean of a few windows.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.report.fault_labels import fault_labels
from simulator.report.flows import edge_sites
from simulator.report.series import shaded, shades, window_of
from simulator.report.svg import (
    LETTER,
    WIDTH,
    Chart,
    Floats,
    legend_rows,
    log_ticks,
    nice_ticks,
    num,
    pixels,
    plain,
    short,
    time_unit,
)

if TYPE_CHECKING:
    from simulator.results.result import Result

MOST_POINTS: Final = 320
_HEADROOM: Final = 0.1
_SWATCHES: Final = 9
_LINE: Final = 12.0
_BLUE_RGB: Final = (37, 119, 201)


@dataclass(frozen=True, slots=True)
class TimeCurve:
    """One curve: its name, colour (0..8, see svg), window starts and values in the chart's unit."""

    name: str
    colour: int
    times: Floats
    values: Floats
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class TimeChart:
    """What a chart over simulated time shows: of these arrays the page, the SVG file and the tests are drawn.

    Attributes:
        kind: "lines", "stack" (the first layer at the bottom) or "heat" (one row per line).
        title: for those who cannot see it.
        unit: of the values.
        lines: curves, layers or rows.
        log: whether the vertical axis is logarithmic.
        top: the upper end of the axis or of the colours, where it is fixed.
        band: the names of two lines with shade between them.
        by: what the rows of a heatmap are: "edge" or "site".
    """

    kind: str
    title: str
    unit: str
    lines: tuple[TimeCurve, ...]
    log: bool = False
    top: float | None = None
    band: tuple[str, str] | None = None
    by: str = "edge"

    def svg(self, result: Result) -> str:
        """The chart as SVG; "" where there is nothing to draw."""
        if self.kind == "stack":
            return stack_chart(result, self.title, self.unit, self.lines)
        if self.kind == "heat":
            rows = [(line.name, line.values) for line in self.lines]
            times = self.lines[0].times if self.lines else np.empty(0)
            return heat_chart(result, self.title, self.unit, rows, times, self.top)
        band = None
        if self.band is not None:
            low, high = (next(line for line in self.lines if line.name == name) for name in self.band)
            band = (low.times, low.values, high.values) if low.times.size else None
        return line_chart(result, self.title, self.unit, self.lines, log=self.log, top=self.top, band=band)


def thin(times: Floats, *columns: Floats) -> tuple[Floats, list[Floats]]:
    """At most MOST_POINTS points: means of neighbours."""
    step = -(-times.size // MOST_POINTS)
    if step <= 1:
        return times, list(columns)
    count = times.size // step
    cut = count * step
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a stretch without values stays without
        means = [np.nanmean(column[:cut].reshape(count, step), axis=1) for column in columns]
    return times[:cut:step], means


def line_chart(
    result: Result, title: str, unit: str, lines: Sequence[TimeCurve],
    *, log: bool = False, top: float | None = None, band: tuple[Floats, Floats, Floats] | None = None,
) -> str:  # fmt: skip
    """Lines with their names at their right ends; `band` is (times, low, high), shaded beneath them.

    "" where there is nothing to draw. `top` fixes the upper end of the axis; `log` makes it logarithmic.
    """
    kept = [line for line in lines if np.isfinite(line.values).any()]
    if not kept:
        return ""
    longest = max(len(short(line.name, 20)) for line in kept)
    chart = _frame(result, title, right=14.0 + 1.12 * LETTER * longest)
    low, high = _range(kept, log=log)
    if shaded(result):  # their names stand above the lines
        high *= (high / low) ** _HEADROOM if log else 1.0 + _HEADROOM
    chart.log_y, chart.y0, chart.y1 = log, low if log else 0.0, high if top is None else top
    ticks = log_ticks(chart.y0, chart.y1) if log else nice_ticks(0.0, chart.y1, 4)
    chart.y_axis(ticks, unit)
    _x_axis(chart, result)
    if band is not None:
        times, (bottom, ceiling) = thin(band[0], *band[1:])
        known = np.isfinite(bottom) & np.isfinite(ceiling)
        if known.any():
            chart.area(times[known], bottom[known], ceiling[known], f"f{kept[0].colour} band")
    ends: list[tuple[float, TimeCurve]] = []
    for line in kept:
        times, (values,) = thin(line.times, line.values)
        if log:
            values = np.where(values > 0.0, values, np.nan)
        chart.line(times, values, f"l s{line.colour}" + (" dash" if line.dashed else ""), line.name)
        last = np.flatnonzero(np.isfinite(values))[-1:]
        if last.size:
            ends.append((float(chart.y(values[last[0]])), line))
    for y, line in _apart(ends, chart.top + 4, chart.plot_bottom):
        chart.text(chart.plot_right + 5, y + 4, short(line.name, 20), f"name t{line.colour}")
    chart.data |= {"unit": unit, "top": num(chart.top), "y": f"{chart.y0:g} {chart.y1:g} {'log' if log else 'lin'}"}
    return chart.render()


def stack_chart(result: Result, title: str, unit: str, layers: Sequence[TimeCurve]) -> str:
    """Layers upon one another, the first at the bottom; a legend above. "" where there is nothing to draw."""
    kept = [layer for layer in layers if np.nansum(layer.values) > 0.0]
    if not kept:
        return ""
    times = np.unique(np.concatenate([layer.times for layer in kept]))
    rows = np.zeros((len(kept), times.size))
    for row, layer in zip(rows, kept, strict=True):
        row[np.searchsorted(times, layer.times)] = np.nan_to_num(layer.values)
    times, rows_thin = thin(times, *rows)
    width = float(times[1] - times[0]) if times.size > 1 else max(result.facts.duration_s, 1.0)
    times = np.append(times, min(times[-1] + width, max(result.facts.duration_s, times[-1])))
    tops = np.cumsum([np.append(row, row[-1]) for row in rows_thin], axis=0)
    entries = [(f"f{layer.colour}", layer.name) for layer in reversed(kept)]
    extra = 16.0 * (legend_rows(entries, 82.0) - 1)
    chart = _frame(result, title, right=16.0, height=216.0 + extra, top=24.0 + extra)
    chart.y1 = float(tops[-1].max()) * (1.16 if shaded(result) else 1.04) or 1.0
    chart.legend(entries, x=82.0)
    below = np.zeros(times.size)
    for layer, top in zip(kept, tops, strict=True):
        chart.area(times, below, top, f"f{layer.colour} layer", layer.name)
        below = top
    _fault_edges(chart, result)
    chart.y_axis(nice_ticks(0.0, chart.y1, 4), "")
    chart.text(4, 13, unit, "unit")
    _x_axis(chart, result)
    chart.data |= {"unit": unit, "top": num(chart.top), "y": f"0 {chart.y1:g} lin"}
    return chart.render()


def heat_chart(
    result: Result, title: str, unit: str, rows: Sequence[tuple[str, Floats]], times: Floats, top: float | None = None
) -> str:
    """One row per name, one column per window: the darker, the more; white is zero, no value is hatched."""
    if not rows or not times.size:
        return ""
    names, places = [name for name, _ in rows], edge_sites(result.facts.resolved)
    times, columns = thin(times, *(values for _, values in rows))
    levels = np.array(columns)
    if not np.isfinite(levels).any():
        return ""
    high = top if top is not None else float(np.nanmax(levels))
    if high <= 0.0:
        return ""
    size = 20.0 if len(rows) <= 16 else 9.0 if len(rows) <= 40 else 5.0
    left = 12.0 + LETTER * min(20, max(map(len, names if size >= 9.0 else [places.get(n, "") for n in names])))
    chart = _frame(result, title, left=left, right=16.0, height=24.0 + 34.0 + size * len(rows), faults=False)
    width = _width(times, result)
    x, right = float(chart.x(times[0])), float(chart.x(min(times[-1] + width, chart.x1)))
    chart.rect(chart.left, chart.top, chart.plot_right - chart.left, size * len(rows), "nothing")
    box = f'x="{num(x)}" y="{num(chart.top)}" width="{num(right - x)}" height="{num(size * len(rows))}"'
    image = pixels(0.03 + 0.97 * levels / high, _BLUE_RGB)
    chart.add(f'<image {box} preserveAspectRatio="none" class="px" href="{image}"/>')
    for place, name in enumerate(names):
        y = chart.top + size * place
        if size >= 9.0:
            chart.text(left - 6, y + size / 2 + 4, short(name, 20), "tick" if size >= 16 else "tiny", anchor="end")
        for begin, end, what in shaded(result):
            target = what.partition(" ")[2]
            if name in (target, places.get(target)):
                x_begin = float(chart.x(begin))
                chart.rect(x_begin, y + 1, float(chart.x(end)) - x_begin, size - 2, "mark")
    if size < 9.0:
        _site_names(chart, [places.get(name, "") for name in names], size)
    _fault_edges(chart, result)
    _colours(chart, f"{high:.3g} {unit}")
    _x_axis(chart, result)
    return chart.render()


def _site_names(chart: Chart, sites: Sequence[str], size: float) -> None:
    """The names of sites beside their rows of a heatmap, as far as there is room; rows of one site stand together."""
    begin, free = 0, -math.inf
    for site, run in groupby(sites):
        end = begin + len(list(run))
        middle = chart.top + size * (begin + end) / 2 + 4
        if site and middle - free >= _LINE:
            chart.text(chart.left - 6, middle, short(site, 20), "tiny", anchor="end")
            free = middle
        begin = end


def _colours(chart: Chart, words: str) -> None:
    """What the colours of a heatmap mean: from 0 to `words`."""
    chart.text(chart.left, 13, "0", "unit")
    for k in range(_SWATCHES):
        share = 0.03 + 0.97 * k / (_SWATCHES - 1)
        fill = f'fill-opacity="{share:.2f}"'
        chart.rect(chart.left + 12 + 10 * k, 5, 10, 9, "swatch", fill)
    chart.text(chart.left + 18 + 10 * _SWATCHES, 13, words, "unit")


def _frame(
    result: Result, title: str, *, right: float, left: float = 50.0, height: float = 216.0, top: float = 24.0,
    faults: bool = True,
) -> Chart:  # fmt: skip
    """A chart whose horizontal axis is the run; faults and warm-up are drawn."""
    facts = result.facts
    end = max(facts.duration_s, 1e-9)
    chart = Chart(title, height=height, left=left, right=right, top=top, x0=0.0, x1=end)
    seconds, unit = time_unit(end)
    chart.data["time"] = f"{num(chart.left)} {num(chart.plot_right)} {end:g} {seconds:g} {unit}"
    if not faults:
        return chart
    tall = chart.plot_bottom - chart.top
    if facts.warmup_s:
        chart.rect(chart.left, chart.top, float(chart.x(min(facts.warmup_s, end))) - chart.left, tall, "warm")
    for begin, finish in shades(result):
        x, x_end = float(chart.x(begin)), float(chart.x(finish))
        chart.rect(x, chart.top, max(x_end - x, 1.5), tall, "fault")
    letter_s = 0.9 * LETTER * end / (chart.plot_right - chart.left)
    for begin, name in fault_labels(result, letter_s):
        chart.text(float(chart.x(begin)) + 3, chart.top + 10, name, "tiny")
    return chart


def _fault_edges(chart: Chart, result: Result) -> None:
    """Dashed lines where faults begin and end, over what hides their shade."""
    tall = chart.plot_bottom - chart.top
    for begin, end in shades(result):
        edges = "".join(f"M{num(float(chart.x(t)))} {num(chart.top)}v{num(tall)}" for t in (begin, end))
        chart.add(f'<path class="faultedge" d="{edges}"/>')


def _x_axis(chart: Chart, result: Result) -> None:
    end = max(result.facts.duration_s, 1e-9)
    seconds, unit = time_unit(end)
    room = max(3, int((WIDTH - chart.left - chart.right) / 60))
    ticks = [t * seconds for t in nice_ticks(0.0, end / seconds, room)]
    chart.x_axis(ticks, f"simulated time ({unit})", lambda t: plain(t / seconds))


def _width(times: Floats, result: Result) -> float:
    return float(times[1] - times[0]) if times.size > 1 else window_of(result) or result.facts.duration_s


def _range(lines: Sequence[TimeCurve], *, log: bool) -> tuple[float, float]:
    values = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    if log:
        values = values[values > 0.0]
        if not values.size:
            return 0.1, 1.0
        return float(values.min()) / 1.15, float(values.max()) * 1.15
    return 0.0, (float(values.max()) * 1.06 or 1.0) if values.size else 1.0


def _apart(
    ends: list[tuple[float, TimeCurve]], low: float, high: float, gap: float = 13.0
) -> list[tuple[float, TimeCurve]]:
    """Move labels at the ends of lines so that they do not cover one another."""
    placed: list[tuple[float, TimeCurve]] = []
    order = sorted(range(len(ends)), key=lambda k: (ends[k][0], -k))  # of equal ones the last is on top
    for y, line in (ends[k] for k in order):
        placed.append((max(y, low if not placed else placed[-1][0] + gap), line))
    shift = max(0.0, placed[-1][0] - high) if placed else 0.0
    for place in range(len(placed) - 1, -1, -1):
        y, line = placed[place]
        ceiling = high if place == len(placed) - 1 else placed[place + 1][0] - gap
        placed[place] = (min(y, ceiling) if shift else y, line)
    return placed
