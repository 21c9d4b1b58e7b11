"""The tornado of a sensitivity analysis: as bars of text for a terminal, and as a figure.

May import the analysis and number formats; matplotlib comes with the axes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.report.format import NOTHING, scale_for, show, show_difference
from simulator.report.plots import COLOURS
from simulator.report.sweep_tables import grid, played, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.experiment.sensitivity import Effect, Sensitivity
    from simulator.experiment.stats import Difference

_ROWS = 15
_BAR = 8


def render(found: Sensitivity, *, width: int = 80, rows: int = _ROWS) -> str:
    """The effects on the first metric as a tornado, the leaders of the others, and what was left out."""
    sweep = found.sweep
    parts = [f"{sweep.name}\n" + wrap(played(sweep), width)]
    if sweep.interrupted:
        parts.append("Interrupted: the numbers are of what was finished.")
    parts.append(_tornado(found, sweep.metrics[0], width, rows))
    for metric in sweep.metrics[1:]:
        leaders = [e for e in found.effects(metric) if e.decided][:3]
        told = ", ".join(f"{e.path} ({_larger(e, found, metric)})" for e in leaders)
        line = f"{metric} is moved most by {told}" if told else f"{metric} is moved by nothing beyond its interval"
        parts.append(wrap(line, width))
    if found.left_out:
        told = "; ".join(f"{path}: {why}" for path, why in list(found.left_out.items())[:6])
        more = f"; and {len(found.left_out) - 6} more" if len(found.left_out) > 6 else ""
        parts.append(wrap(f"Not moved: {told}{more}", width))
    lost = [f"{o.cell.slug}: {line}" for o in sweep.failed for line in o.failures]
    if lost:
        parts.append("Without a result:\n" + "\n".join(wrap(line, width, "  ") for line in lost[:10]))
    return "\n\n".join(parts) + "\n"


def draw_tornado(found: Sensitivity, metric: str, axes: Axes, rows: int = _ROWS) -> Axes:
    """Bars from the value as written to those with each input moved, whiskers for the intervals."""
    effects = [e for e in found.effects(metric) if e.size > 0.0][:rows][::-1]
    base = found.base.estimates[metric]
    scale = scale_for(base.unit, max((abs(float(base)), *(e.size for e in effects)), default=0.0))
    for place, effect in enumerate(effects):
        for side, text, colour in ((effect.down, effect.low, COLOURS[0]), (effect.up, effect.high, COLOURS[1])):
            if side is None or math.isnan(side.mean):
                continue
            start, length = float(base) / scale.factor, side.mean / scale.factor
            axes.barh(place, length, left=start, color=colour, height=0.6, alpha=0.85)
            if not math.isnan(side.low):
                axes.errorbar(start + length, place, xerr=side.half_width / scale.factor, color="0.2", capsize=2,
                              linewidth=0.8)  # fmt: skip
            axes.annotate(text, (start + length, place), fontsize=7, va="bottom", textcoords="offset points",
                          xytext=(3 if length >= 0 else -3, 2), ha="left" if length >= 0 else "right")  # fmt: skip
    axes.axvline(float(base) / scale.factor, color="0.2", linewidth=0.8)
    axes.margins(x=0.15)
    axes.set_yticks(range(len(effects)), [f"{e.path} = {e.value}" for e in effects], fontsize=8)
    axes.set_xlabel(f"{metric} ({scale.symbol})" if scale.symbol else metric)
    axes.set_title(f"{metric}, each input moved by -{found.by:.0%} (blue) and +{found.by:.0%} (orange)", fontsize=10)
    axes.grid(visible=True, axis="x", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


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
    title = f"{metric} is {show(base, base.unit, base.half_width)} as written; each input moved by {found.by:.0%}:"
    header = ["input", f"-{found.by:.0%}", "", f"+{found.by:.0%}", ""]
    lines = [wrap(title, width), grid(header, body, left=1, width=width)]
    if len(effects) > rows:
        lines.append(f"and {len(effects) - rows} with smaller effects")
    if any(not e.decided for e in effects[:rows]):
        lines.append("? not beyond its interval: --replications tells more")
    return "\n".join(lines)


def _side(difference: Difference | None, unit: str) -> str:
    """A difference without its unit's word (the title's unit tells), with a sign."""
    if difference is None or math.isnan(difference.mean):
        return NOTHING
    return "0" if difference.mean == 0.0 else show_difference(difference.mean, unit).replace(" points", " pt")


def _tail(text: str, width: int) -> str:
    return text if len(text) <= width else f"…{text[-(width - 1) :]}"


def _bar(difference: Difference | None, largest: float, *, left: bool) -> str:
    share = 0.0 if difference is None or math.isnan(difference.mean) else abs(difference.mean) / largest
    bar = "#" * round(_BAR * share)
    return bar.rjust(_BAR) if left else bar.ljust(_BAR)


def _larger(effect: Effect, found: Sensitivity, metric: str) -> str:
    sides = [(d, t) for d, t in ((effect.down, effect.low), (effect.up, effect.high)) if d is not None]
    difference, text = max(sides, key=lambda side: abs(side[0].mean))
    unit = found.base.estimates[metric].unit
    return f"{show_difference(difference.mean, unit)} at {text}"
