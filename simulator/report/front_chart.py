"""Two metrics against each other with their intervals, and what no other beats in both (the Pareto front).

May import svg, formats and the charts of sweeps. Knows neither runs nor searches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.metrics.names import parse_metric
from simulator.report.format import Scale, scale_for
from simulator.report.svg import GREY, LETTER, RED, Chart, nice_ticks, num, points, short
from simulator.report.sweep_charts import whisker

_LINE: Final = 14.0
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """A point: its name, and mean and interval (NaN ends where there is none) of both metrics, SI.

    Attributes:
        front: whether nothing beats it in both.
    """

    name: str
    x: Three
    y: Three
    front: bool


def front_of(spots: Sequence[tuple[float, float]], better: tuple[float, float]) -> list[bool]:
    """Which of the points no other beats in one metric without losing in the other; `better`: +1 more, -1 less."""
    signed = [(x * better[0], y * better[1]) for x, y in spots]
    return [
        not any(other != mine and other[0] >= mine[0] and other[1] >= mine[1] for other in signed) for mine in signed
    ]


def front_chart(spots: Sequence[Spot], x_metric: str, y_metric: str, lesser: Sequence[tuple[float, float]] = ()) -> str:
    """The chart; `lesser` are further points, drawn small and without a name. "" with fewer than two points."""
    if len(spots) + len(lesser) < 2 or not spots:
        return ""
    x_scale, y_scale = _scale([s.x[0] for s in spots], x_metric), _scale([s.y[0] for s in spots], y_metric)
    chart = Chart(f"{y_metric} over {x_metric}", height=296.0, left=56.0, right=22.0, top=30.0, bottom=36.0)
    xs = [v for s in spots for v in s.x] + [x for x, _ in lesser]
    ys = [v for s in spots for v in s.y] + [y for _, y in lesser]
    chart.x0, chart.x1 = _roomy([v / x_scale.factor for v in xs if math.isfinite(v)])
    chart.y0, chart.y1 = _roomy([v / y_scale.factor for v in ys if math.isfinite(v)])
    chart.y_axis(nice_ticks(chart.y0, chart.y1, 5), _titled(y_metric, y_scale))
    chart.x_axis(nice_ticks(chart.x0, chart.x1, 6), _titled(x_metric, x_scale))
    for x, y in lesser:
        px, py = float(chart.x(x / x_scale.factor)), float(chart.y(y / y_scale.factor))
        chart.add(f'<circle class="dot s{GREY}" cx="{num(px)}" cy="{num(py)}" r="2" opacity=".55"/>')
    at = [(float(chart.x(s.x[0] / x_scale.factor)), float(chart.y(s.y[0] / y_scale.factor))) for s in spots]
    joined = sorted(place for place, spot in zip(at, spots, strict=True) if spot.front)
    if len(joined) > 1:
        chart.add(f'<polyline class="l dash s{RED}" points="{points(*zip(*joined, strict=True))}"/>')
    taken: list[tuple[float, float, float]] = []
    for (px, py), spot in zip(at, spots, strict=True):
        colour = RED if spot.front else GREY
        _across(chart, py, spot.x[1] / x_scale.factor, spot.x[2] / x_scale.factor, colour)
        whisker(chart, px, spot.y[1] / y_scale.factor, spot.y[2] / y_scale.factor, colour)
        chart.add(f'<circle class="dot s{colour}" cx="{num(px)}" cy="{num(py)}" r="4"/>')
        _name(chart, px, py, spot, taken)
    return chart.render()


def _across(chart: Chart, y: float, low: float, high: float, colour: int) -> None:
    """A level interval at y."""
    if math.isfinite(low) and math.isfinite(high) and high > low:
        a, b = float(chart.x(low)), float(chart.x(high))
        chart.add(f'<path class="l s{colour}" d="M{num(a)} {num(y)}H{num(b)}M{num(a)} {num(y - 3)}v6"/>')
        chart.add(f'<path class="l s{colour}" d="M{num(b)} {num(y - 3)}v6"/>')


def _name(chart: Chart, x: float, y: float, spot: Spot, taken: list[tuple[float, float, float]]) -> None:
    """The name beside its point, on the side where there is room; moved down until it hides no other."""
    text = short(spot.name, 24)
    wide = LETTER * len(text)
    right = x + 8 + wide < chart.plot_right
    begin = x + 8 if right else x - 8 - wide
    for step in (0, 1, -1, 2, -2, 3):
        line = y - 6 + step * _LINE
        inside = chart.top + 8 < line < chart.plot_bottom - 2
        if inside and all(abs(line - b) >= _LINE or begin > a + w or a > begin + wide for a, b, w in taken):
            taken.append((begin, line, wide))
            kind = f"name t{RED}" if spot.front else "name"
            chart.text(x + 8 if right else x - 8, line, text, kind, anchor="start" if right else "end")
            return


def _scale(values: Sequence[float], metric: str) -> Scale:
    return scale_for(parse_metric(metric).unit, max((abs(v) for v in values if math.isfinite(v)), default=0.0))


def _titled(metric: str, scale: Scale) -> str:
    better = parse_metric(metric).better
    unit = f" ({scale.symbol})" if scale.symbol else ""
    return f"{short(metric, 34)}{unit}" + (f", {better} is better" if better != "none" else "")


def _roomy(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.1 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room
