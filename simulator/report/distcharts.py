"""Charts that are not over time, as SVG: latency CCDFs, bars of hops, and the distribution of weights.

May import svg and the histogram.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.report.format import show
from simulator.report.svg import (
    LETTER,
    WIDTH,
    Chart,
    Floats,
    escape,
    legend_rows,
    log_ticks,
    nice_ticks,
    plain,
    points,
    short,
)

if TYPE_CHECKING:
    from simulator.observe.histogram import Histogram

_POINTS: Final = 90
_PART_POINTS: Final = 40


@dataclass(frozen=True, slots=True)
class Curve:
    """One distribution of latencies: its name, colour (0..8, see svg), and histogram (seconds)."""

    name: str
    colour: int
    histogram: Histogram
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Latencies of a part of the requests: what filters know it by ("site", "group", "edge"), its name, seconds."""

    kind: str
    name: str
    histogram: Histogram


def ccdf_chart(title: str, curves: Sequence[Curve], parts: Sequence[Part] = (), acts: str = "") -> str:
    """Share of the requests of each kind that took longer, over the time; both axes logarithmic.

    Curves of `parts` are hidden until a filter of the page chooses them; `acts` names filters that choose `curves`.
    """
    drawn: list[tuple[Curve, Floats, Floats]] = []
    for curve in curves:
        x, above = _ccdf(curve.histogram)
        if x.size > 1:
            drawn.append((curve, x, above))
    if not drawn:
        return ""
    entries = [(f"f{curve.colour}", curve.name) for curve, _, _ in drawn]
    extra = 16.0 * (legend_rows(entries, 12.0) - 1)
    chart = Chart(title, height=268.0 + extra, left=54.0, top=40.0 + extra, right=16.0, log_x=True, log_y=True)
    chart.x0 = min(float(x[0]) for _, x, _ in drawn) * 1e3 / 1.05
    chart.x1 = max(float(x[-1]) for _, x, _ in drawn) * 1e3 * 1.1
    chart.y0 = max(1e-6, min(float(above[above > 0.0].min()) for _, _, above in drawn)) / 1.2
    chart.y1 = 1.0
    chart.legend(entries, x=12.0)
    ticks = [10.0**d for d in range(0, -7, -1) if 10.0**d >= chart.y0]
    chart.y_axis(ticks, "", lambda v: f"{100 * v:g} %")
    chart.text(4, chart.top - 10, "slower than that", "unit")
    chart.x_axis(_spread(log_ticks(chart.x0, chart.x1), chart), "latency (ms)")
    for curve, x, above in drawn:
        chart.line(x * 1e3, above, f"l s{curve.colour}" + (" dash" if curve.dashed else ""), curve.name)
    if acts or parts:
        chart.data["acts"] = acts or " ".join(dict.fromkeys(part.kind for part in parts))
    if parts:
        chart.text(chart.left + 8, chart.plot_bottom - 8, "", "name part")
    for part in parts:
        x, above = _ccdf(part.histogram, _PART_POINTS)
        if x.size > 1:
            line = points(chart.x(x * 1e3).tolist(), chart.y(above).tolist())
            chart.add(f'<polyline class="l s8 part" data-{part.kind}="{escape(part.name)}" points="{line}"/>')
    return chart.render()


def _ccdf(histogram: Histogram, most: int = _POINTS) -> tuple[Floats, Floats]:
    """At most `most` points of the curve, evenly spread along its length on logarithmic axes."""
    if not histogram.count:
        return np.empty(0), np.empty(0)
    x, above = histogram.ccdf()
    keep = np.flatnonzero((above > 0.0) & (x > 0.0))
    if histogram.max <= 0.0:
        return np.empty(0), np.empty(0)
    first = max(histogram.min, (float(x[keep[0]]) if keep.size else histogram.max) / 2)
    x = np.concatenate(([first], x[keep], [histogram.max]))
    above = np.concatenate(([1.0], above[keep], [1.0 / histogram.count]))
    order = np.lexsort((-above, x))
    x, above = x[order], np.minimum.accumulate(above[order])
    if x.size > most:
        length = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(np.log10(x)), np.diff(np.log10(above))))))
        picks = np.unique(np.searchsorted(length, np.linspace(0.0, length[-1], most)))
        x, above = x[picks], above[picks]
    return x, above


def _spread(ticks: list[float], chart: Chart) -> list[float]:
    """Ticks with room between them."""
    kept: list[float] = []
    for tick in ticks:
        if not kept or float(chart.x(tick)) - float(chart.x(kept[-1])) > 34.0:
            kept.append(tick)
    return kept


def bar_chart(title: str, bars: Sequence[tuple[str, int, float]], whole: float) -> str:
    """Horizontal bars of seconds (name, colour, value) with their values and shares of `whole`."""
    shown = [bar for bar in bars if bar[2] > 0.0]
    if not shown or whole <= 0.0:
        return ""
    size = 24.0
    words = [f"{show(value, 's')} ({100 * value / whole:.3g} %)" for _, _, value in shown]
    left = 10.0 + LETTER * max(len(short(name, 24)) for name, _, _ in shown)
    right = 8.0 + LETTER * max(map(len, words))
    chart = Chart(title, height=8.0 + size * len(shown) + 6.0, left=left, right=right, top=4.0, bottom=6.0)
    chart.x1 = max(value for _, _, value in shown)
    for place, (name, colour, value) in enumerate(shown):
        y = chart.top + size * place
        end = float(chart.x(value))
        chart.text(left - 8, y + size / 2 + 4, short(name, 24), "key", anchor="end")
        chart.rect(left, y + 4, max(end - left, 1.0), size - 8, f"f{colour}")
        chart.text(end + 6, y + size / 2 + 4, words[place], "key")
    return chart.render()


def weights_chart(title: str, shares: Sequence[tuple[int, float]]) -> str:
    """Share of the sessions at each weight (0..100), averaged over the measured time."""
    if not shares:
        return ""
    chart = Chart(title, x0=-1.5, x1=101.5, right=12.0)
    high = max(share for _, share in shares)
    chart.y1 = high * 1.15
    chart.y_axis(nice_ticks(0.0, chart.y1, 4), "of the sessions", lambda v: f"{100 * v:.3g} %")
    chart.x_axis([float(t) for t in range(0, 101, 10)], "stickiness weight", plain)
    values = sorted(weight for weight, _ in shares)
    gap = min((b - a for a, b in itertools.pairwise(values)), default=5)
    width = max(2.0, min(14.0, 0.7 * gap * (WIDTH - chart.left - chart.right) / 103.0))
    last_label = -100.0
    for weight, share in sorted(shares):
        x, y = float(chart.x(weight)), float(chart.y(share))
        chart.rect(x - width / 2, y, width, chart.plot_bottom - y, "f0")
        if share >= 0.03 * high and x - last_label > 40.0:
            chart.text(x, y - 4, f"{100 * share:.2g} %" if share < 0.995 else "100 %", "tiny", anchor="middle")
            last_label = x
    return chart.render()
