"""The tornado of a sensitivity analysis: as bars of text for a terminal, and as SVG.

May import the analysis, number formats, the tables and charts of sweeps, and svg.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from simulator.report.format import NOTHING, Scale, scale_for, show, show_difference
from simulator.report.svg import LETTER, Chart, nice_ticks, num, short
from simulator.report.sweep_charts import signed
from simulator.report.sweep_tables import grid, played, wrap

if TYPE_CHECKING:
    from simulator.experiment.studies.sensitivity import Effect, Sensitivity
    from simulator.statistics.intervals import Difference

_ROWS = 15
_BAR = 8
_TALL: Final = 28.0


def render(found: Sensitivity, *, width: int = 80, rows: int = _ROWS) -> str:
    """The effects on the first metric as a tornado, the leaders of the others, and what was left out."""
    sweep = found.sweep
    parts = [f"{sweep.name}\n" + wrap(played(sweep), width)]
    if sweep.interrupted:
        parts.append("Interrupted: the numbers are of what was finished.")
    parts.append(_tornado(found, sweep.metrics[0], width, rows))
    parts += [wrap(leaders_line(found, metric), width) for metric in sweep.metrics[1:]]
    if found.left_out:
        told = "; ".join(f"{path}: {why}" for path, why in list(found.left_out.items())[:6])
        more = f"; and {len(found.left_out) - 6} more" if len(found.left_out) > 6 else ""
        parts.append(wrap(f"Not moved: {told}{more}", width))
    lost = [f"{o.cell.slug}: {line}" for o in sweep.failed for line in o.failures]
    if lost:
        parts.append("Without a result:\n" + "\n".join(wrap(line, width, "  ") for line in lost[:10]))
    return "\n\n".join(parts) + "\n"


def tornado_chart(found: Sensitivity, metric: str, rows: int = _ROWS) -> str:
    """Two bars for each input, from no change to the change when it is moved down and up; "" where nothing moves."""
    effects = [e for e in found.effects(metric) if e.size > 0.0][:rows]
    sides = [(d, text) for e in effects for d, text in ((e.down, e.low), (e.up, e.high))]
    ends = [v for d, _ in sides if d is not None for v in (d.mean, d.low, d.high) if math.isfinite(v)]
    if not ends:
        return ""
    unit = found.base.estimates[metric].unit
    scale = Scale(0.01, "points") if unit == "ratio" else scale_for(unit, max(map(abs, ends)))
    low, high = min(0.0, *ends) / scale.factor, max(0.0, *ends) / scale.factor
    left = 12.0 + LETTER * max(len(_both_ends(e.path)) for e in effects)
    chart = Chart(f"What moves {metric}", height=30.0 + _TALL * len(effects) + 38.0, left=left, right=8.0, top=26.0)
    room = LETTER * max(len(text) for _, text in sides) / (chart.plot_right - left) * (high - low) * 1.3
    chart.x0, chart.x1 = low - room, high + room
    chart.legend([("f0", f"moved by -{found.by:.0%}"), ("f1", f"moved by +{found.by:.0%}")], x=12.0)
    named = f"{short(metric, 30)}, difference" + (f" ({scale.symbol})" if scale.symbol else "")
    chart.x_axis(nice_ticks(chart.x0, chart.x1, max(2, int((chart.plot_right - left) / 58))), named, signed)
    zero = float(chart.x(0.0))
    for place, effect in enumerate(effects):
        y = chart.top + 4.0 + _TALL * place
        chart.text(left - 8, y + _TALL / 2, _both_ends(effect.path), "tick", anchor="end")
        _side_bar(chart, effect.down, effect.low, y, 0, scale)
        _side_bar(chart, effect.up, effect.high, y + _TALL / 2 - 2.0, 1, scale)
    chart.add(f'<path class="axis" d="M{num(zero)} {num(chart.top)}V{num(chart.plot_bottom)}"/>')
    return chart.render()


def _side_bar(chart: Chart, difference: Difference | None, text: str, y: float, colour: int, scale: Scale) -> None:
    """The bar of one direction with its interval, and beyond it the value that the input was moved to."""
    if difference is None or math.isnan(difference.mean):
        return
    zero, end = float(chart.x(0.0)), float(chart.x(difference.mean / scale.factor))
    chart.rect(min(zero, end), y, abs(end - zero), _TALL / 2 - 3.0, f"f{colour}")
    left, right = min(zero, end), max(zero, end)
    if math.isfinite(difference.low) and math.isfinite(difference.high):
        a, b = (float(chart.x(v / scale.factor)) for v in (difference.low, difference.high))
        chart.add(f'<path class="axis" d="M{num(a)} {num(y + _TALL / 4 - 1.5)}H{num(b)}"/>')
        left, right = min(left, a), max(right, b)
    outwards = difference.mean >= 0.0
    chart.text(right + 4 if outwards else left - 4, y + _TALL / 4 + 2.5, text, "tiny",
               anchor="start" if outwards else "end")  # fmt: skip


def title_line(found: Sensitivity, metric: str) -> str:
    """What the metric is as written, and how far inputs were moved."""
    base = found.base.estimates[metric]
    return f"{metric} is {show(base, base.unit, base.half_width)} as written; each input moved by {found.by:.0%}"


def leaders_line(found: Sensitivity, metric: str) -> str:
    """The inputs that move a metric most, beyond their intervals."""
    leaders = [e for e in found.effects(metric) if e.decided][:3]
    told = ", ".join(f"{e.path} ({_larger(e, found, metric)})" for e in leaders)
    return f"{metric} is moved most by {told}" if told else f"{metric} is moved by nothing that may not be chance"


def _tornado(found: Sensitivity, metric: str, width: int, rows: int) -> str:
    effects = found.effects(metric)
    base = found.base.estimates.get(metric)
    if base is None or not effects:
        return f"{metric}: no value"
    largest = max(effects[0].size, 1e-300)
    body = [
        [
            _tail(e.path, 30), _side(e.down, base.unit), _bar(e.down, largest, left=True) + "|"
            + _bar(e.up, largest, left=False), _side(e.up, base.unit), "" if e.decided else "?",
        ]
        for e in effects[:rows]
    ]  # fmt: skip
    title = f"{title_line(found, metric)}:"
    header = ["input", f"-{found.by:.0%}", "", f"+{found.by:.0%}", ""]
    lines = [wrap(title, width), grid(header, body, left=1, width=width)]
    if len(effects) > rows:
        lines.append(f"and {len(effects) - rows} with smaller effects")
    if any(not e.decided for e in effects[:rows]):
        told = f"? may be chance (95 % for all {found.family()} differences together): more --replications tell"
        lines.append(wrap(told, width))
    return "\n".join(lines)


def _side(difference: Difference | None, unit: str) -> str:
    """A difference without its unit's word (the title's unit tells), with a sign."""
    if difference is None or math.isnan(difference.mean):
        return NOTHING
    return "0" if difference.mean == 0.0 else show_difference(difference.mean, unit).replace(" points", " pt")


def _tail(text: str, width: int) -> str:
    return text if len(text) <= width else f"…{text[-(width - 1) :]}"


def _both_ends(path: str) -> str:
    """A path's beginning and end: both tell inputs apart."""
    return path if len(path) <= 24 else f"{path[:12]}…{path[-11:]}"


def _bar(difference: Difference | None, largest: float, *, left: bool) -> str:
    share = 0.0 if difference is None or math.isnan(difference.mean) else abs(difference.mean) / largest
    bar = "#" * round(_BAR * share)
    return bar.rjust(_BAR) if left else bar.ljust(_BAR)


def _larger(effect: Effect, found: Sensitivity, metric: str) -> str:
    sides = [(d, t) for d, t in ((effect.down, effect.low), (effect.up, effect.high)) if d is not None]
    difference, text = max(sides, key=lambda side: abs(side[0].mean))
    unit = found.base.estimates[metric].unit
    return f"{show_difference(difference.mean, unit)} at {text}"
