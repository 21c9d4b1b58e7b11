"""The answer of `find`: as text for a terminal, and its curve as SVG.

May import the search's result, the tables and charts of sweeps, and svg.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simulator.experiment.studies.search_space import parted
from simulator.report.format import scale_for, show
from simulator.report.svg import Chart, legend_rows, log_ticks, nice_ticks, num, points, short
from simulator.report.sweep_charts import whisker
from simulator.report.sweep_tables import clip, grid, wrap

if TYPE_CHECKING:
    from simulator.experiment.studies.find import Found, TriedValue

_LOG_FROM: Final = 20.0
_FEWEST_NEAR: Final = 4
_ASSUMED: Final = "(the search assumes that the metric moves one way between them)"


def render(found: Found, *, width: int = 80) -> str:
    """The answer, its interval and the curve around it."""
    metric = found.condition.metric
    parts = [wrap(line, width) for line in answer_lines(found)]
    rows = []
    for probe in found.probes:
        estimate = probe.outcome.estimates[metric.name]
        mark = "<" if found.answer is not None and probe.number == found.answer.number else ""
        rows.append([clip(probe.text), show(estimate, estimate.unit, estimate.half_width), probe.verdict, mark])
    table = grid([clip(found.path, 40), metric.name, "", ""], rows, left=1, width=width)
    notes = [wrap(f"Note: {note}", width) for note in found.notes]
    return "\n".join([*parts, "", table, *(["", *notes] if notes else [])]) + "\n"


def answer_lines(found: Found) -> list[str]:
    """The answer in words."""
    condition, sweep = found.condition.text, found.sweep
    played = f"{len(found.probes)} values tried, {sweep.replications} replications each on the same arrivals"
    ends = found.probes[0].text, found.probes[-1].text
    if found.answer is None:
        perhaps = [probe.text for probe in found.probes if probe.verdict == "undecided"]
        doubt = [f"Undecided at {', '.join(perhaps[:4])}: --replications tells more."] if perhaps else []
        what = f"neither end, {ends[0]} nor {ends[1]}, gives {condition}"
        return [f"No value of {found.path} found: {what} {_ASSUMED}.", *doubt, played]
    if found.everywhere:
        return [f"Both ends of {found.path}, {ends[0]} and {ends[1]}, give {condition} {_ASSUMED}.", played]
    head = f"{found.path} = {found.answer.text} is the {found.side} value with {condition}"
    return [f"{head}.", _interval_line(found), played]


def _interval_line(found: Found) -> str:
    if found.sweep.replications < 2:
        return "One replication: no interval. --replications 5 gives one."
    low, high = found.low, found.high
    if low is not None and low == high:
        return "95 % interval of the answer: this value alone."
    if low is not None and high is not None:
        return f"95 % interval of the answer: {low} to {high}."
    if low is None and high is None:
        return "No value is surely enough nor surely too little: --replications narrows it."
    return f"95 % interval of the answer: {low or 'below what was tried'} to {high or 'beyond what was tried'}."


def curve_chart(found: Found, probes: Sequence[TriedValue]) -> str:
    """The metric over values that were tried, with intervals, the bound, and the interval of the answer."""
    metric, bound = found.condition.metric, found.condition.value
    xs = [probe.number for probe in probes]
    estimates = [probe.outcome.estimates[metric.name] for probe in probes]
    scale = scale_for(metric.unit, max(abs(v) for v in (bound, *map(float, estimates)) if math.isfinite(v)))
    between = found.answer is not None and not found.everywhere and None not in (found.low, found.high)
    entries = [("f0", metric.name), ("f1", found.condition.text)]
    entries += [("warm", "95 % interval of the answer")] if between else []
    extra = 16.0 * (legend_rows(entries, 12.0) - 1)
    log = min(xs) > 0.0 and max(xs) > _LOG_FROM * min(xs)
    chart = Chart(f"{metric.name} over {found.path}", height=276.0 + extra, left=58.0, right=20.0, top=44.0 + extra,
                  log_x=log)  # fmt: skip
    chart.legend(entries, x=12.0)
    _spans(chart, xs, [v / scale.factor for e in estimates for v in (float(e), e.low, e.high)], bound / scale.factor)
    if between and found.low is not None and found.high is not None:
        a, b = (float(chart.x(parted(text)[0])) for text in (found.low, found.high))
        chart.rect(a, chart.top, max(b - a, 1.5), chart.plot_bottom - chart.top, "warm")
    chart.y_axis(nice_ticks(chart.y0, chart.y1, 5), scale.symbol or metric.name)
    unit = parted(probes[0].text)[1]
    ticks = log_ticks(chart.x0, chart.x1) if log else nice_ticks(chart.x0, chart.x1, 6)
    ticks = [t for t in ticks if unit or t == round(t)] or xs
    chart.x_axis(ticks, short(f"{found.path} ({unit})" if unit else found.path, 56))
    y = num(float(chart.y(bound / scale.factor)))
    chart.add(f'<path class="l dash s1" d="M{num(chart.left)} {y}H{num(chart.plot_right)}"/>')
    _curve(chart, found, probes, [float(e) / scale.factor for e in estimates])
    for x, e in zip(xs, estimates, strict=True):
        whisker(chart, float(chart.x(x)), e.low / scale.factor, e.high / scale.factor, 0)
    return chart.render()


def _spans(chart: Chart, xs: Sequence[float], ys: Sequence[float], bound: float) -> None:
    """Axes with room for every value, interval and the bound."""
    low, high = min(xs), max(xs)
    room = (high / low) ** 0.04 if chart.log_x else 0.04 * (high - low) or 0.5
    chart.x0, chart.x1 = (low / room, high * room) if chart.log_x else (low - room, high + room)
    ends = [v for v in (*ys, bound) if math.isfinite(v)]
    span = max(ends) - min(ends) or abs(max(ends)) or 1.0
    chart.y0, chart.y1 = min(ends) - 0.06 * span, max(ends) + 0.06 * span


def _curve(chart: Chart, found: Found, probes: Sequence[TriedValue], ys: Sequence[float]) -> None:
    """The points, joined; the answer is ringed and named."""
    at = [(float(chart.x(p.number)), float(chart.y(y))) for p, y in zip(probes, ys, strict=True)]
    chart.add(f'<polyline class="l s0" points="{points(*zip(*at, strict=True))}"/>')
    for x, y in at:
        chart.add(f'<circle class="dot s0" cx="{num(x)}" cy="{num(y)}" r="3"/>')
    if found.answer is None or found.everywhere:
        return
    x, y = at[[probe.text for probe in probes].index(found.answer.text)]
    chart.add(f'<circle class="best" cx="{num(x)}" cy="{num(y)}" r="6"/>')
    right = x < (chart.left + chart.plot_right) / 2
    below = chart.plot_bottom - 8 if y < (chart.top + chart.plot_bottom) / 2 else chart.top + 14
    chart.add(f'<path class="axis" d="M{num(x)} {num(y)}V{num(below)}"/>')
    chart.text(x + (6 if right else -6), below, found.answer.text, "name", anchor="start" if right else "end")


def near_answer(found: Found) -> list[TriedValue]:
    """The values about the interval of the answer, where a chart of them all would hide them; else none."""
    if found.answer is None or found.everywhere or found.low is None or found.high is None:
        return []
    low, high = parted(found.low)[0], parted(found.high)[0]
    room = max(high - low, 1e-3 * abs(high))
    near = [probe for probe in found.probes if low - room <= probe.number <= high + room]
    return near if _FEWEST_NEAR <= len(near) < len(found.probes) else []
