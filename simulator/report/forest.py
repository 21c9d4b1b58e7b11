"""A forest chart: differences with their intervals, one row each, on a line of their own unit.

May import svg and formats. Used for comparisons (a chart a metric, a row a contestant) and for what explains them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.report.format import Scale, scale_for
from simulator.report.svg import LETTER, WIDTH, Chart, nice_ticks, num, plain, short

_ROW: Final = 24.0
_COLOURS: Final = {"better": 2, "worse": 1}


@dataclass(frozen=True, slots=True)
class Bar:
    """One difference (SI) with its interval (NaN without one), the words beside it, and what it is for people.

    Attributes:
        verdict: "better" and "worse" are coloured; anything else is grey. Hollow unless `decided`.
    """

    name: str
    mean: float
    low: float
    high: float
    words: str
    verdict: str = ""
    decided: bool = True


def forest_chart(title: str, unit: str, bars: Sequence[Bar], margin: float = 0.0) -> str:
    """Dots with whiskers about zero; `margin` (SI) is shaded: nobody minds a difference within. "" without bars."""
    shown = [bar for bar in bars if math.isfinite(bar.mean)]
    if not shown:
        return ""
    ends = [v for bar in shown for v in (bar.mean, bar.low, bar.high) if math.isfinite(v)]
    scale = _scale(unit, ends)
    low, high = _span([v / scale.factor for v in ends], margin / scale.factor)
    left = 12.0 + LETTER * max(len(short(bar.name, 20)) for bar in shown)
    right = 16.0 + 1.14 * LETTER * max(len(bar.words) for bar in shown)
    chart = Chart(title, height=8.0 + _ROW * len(shown) + 34.0, left=left, right=right, top=6.0, x0=low, x1=high)
    room = max(2, int((WIDTH - left - right) / 58))
    chart.x_axis(nice_ticks(low, high, room), f"difference ({scale.symbol})" if scale.symbol else "difference", _signed)
    if margin > 0.0:
        sides = (max(low, -margin / scale.factor), min(high, margin / scale.factor))
        a, b = (float(chart.x(side)) for side in sides)
        chart.rect(a, chart.top, b - a, chart.plot_bottom - chart.top, "warm")
    zero = float(chart.x(0.0))
    chart.add(f'<path class="axis" d="M{num(zero)} {num(chart.top)}V{num(chart.plot_bottom)}"/>')
    for place, bar in enumerate(shown):
        _row(chart, bar, chart.top + _ROW * (place + 0.5), scale)
    return chart.render()


def _row(chart: Chart, bar: Bar, y: float, scale: Scale) -> None:
    colour = _COLOURS.get(bar.verdict.removeprefix("slightly "), 6)
    x = float(chart.x(bar.mean / scale.factor))
    if math.isfinite(bar.low) and math.isfinite(bar.high):
        a, b = (float(chart.x(v / scale.factor)) for v in (bar.low, bar.high))
        ticks = "".join(f"M{num(e)} {num(y - 4)}v8" for e in (a, b))
        chart.add(f'<path class="l s{colour}" d="M{num(a)} {num(y)}H{num(b)}{ticks}"/>')
    kind = f"dot s{colour}" if bar.decided else f"hollow s{colour}"
    chart.add(f'<circle class="{kind}" cx="{num(x)}" cy="{num(y)}" r="4"/>')
    chart.text(chart.left - 8, y + 4, short(bar.name, 20), "key", anchor="end")
    chart.text(chart.plot_right + 10, y + 4, bar.words, "key")


def _scale(unit: str, ends: Sequence[float]) -> Scale:
    if unit == "ratio":
        return Scale(0.01, "points")
    return scale_for(unit, max(abs(v) for v in ends))


def _span(ends: Sequence[float], margin: float) -> tuple[float, float]:
    """From the least to the largest, zero among them, with some room; a margin is shown where it is not far off."""
    low, high = min(0.0, *ends), max(0.0, *ends)
    size = max(high - low, 1e-12)
    if margin < size:
        low, high = min(low, -margin), max(high, margin)
    size = float(np.ptp([low, high])) or 1.0
    return low - 0.06 * size, high + 0.06 * size


def _signed(value: float) -> str:
    return f"+{plain(value)}" if value > 0 else plain(value)
