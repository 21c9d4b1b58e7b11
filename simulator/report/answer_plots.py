"""Answers as matplotlib axes: the differences of a comparison, the curve of a search, the tornado of an analysis.

May import the answers' types and the habits of plots; matplotlib inside functions. Draws on `ax` or a new figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from simulator.experiment.studies.search_space import parted
from simulator.metrics.names import parse_metric
from simulator.report.format import Scale, scale_for
from simulator.report.plot_style import COLOURS, finish, fresh, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.experiment.comparing.compare import Compared
    from simulator.experiment.studies.find import Found
    from simulator.experiment.studies.sensitivity import Sensitivity

_BETTER, _WORSE, _NEITHER = COLOURS[2], COLOURS[1], "0.4"
_LOG_FROM: Final = 20.0
_ROW: Final = 0.42  # inches


class ComparePlots:
    """The figures of one comparison; each method returns the axes."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared

    def differences(self, metric: str | None = None, ax: Axes | None = None) -> Axes:
        """Each side's difference from the first in a metric (left out: the first one that differs), with its interval.

        Green is better, orange worse; hollow: undecided. Raises ValueError where no side differs in that metric.
        """
        shown = [c for c in self._compared.changes if metric in (None, c.metric)]
        changes = [c for c in shown if c.metric == shown[0].metric]
        if not changes:
            raise ValueError("nothing differs" if metric is None else f"{metric} is not in this comparison")
        first = changes[0]
        ends = [v for c in changes for v in (c.difference.mean, c.difference.low, c.difference.high)]
        scale = _difference_scale(first.unit, ends)
        axes = fresh(ax, (7.2, 1.2 + _ROW * len(changes)))
        for place, change in enumerate(changes):
            d = change.difference
            colour = {"better": _BETTER, "worse": _WORSE}.get(change.verdict.removeprefix("slightly "), _NEITHER)
            if math.isfinite(d.low) and math.isfinite(d.high):
                axes.plot([d.low / scale.factor, d.high / scale.factor], [place, place], color=colour, linewidth=1.5)
            hollow = change.verdict in ("undecided", "no value")
            axes.plot([d.mean / scale.factor], [place], "o", color=colour, markerfacecolor="none" if hollow else colour)
        _rows(axes, [change.row for change in changes])
        axes.set_xlabel(_named(f"{first.metric}, difference", scale))
        axes.set_title(plain(f"against {self._compared.rows[0].label}"), loc="left", fontsize="medium")
        return finish(axes, direct=False)


class FindPlots:
    """The figure of one search; the method returns the axes."""

    def __init__(self, found: Found) -> None:
        self._found = found

    def curve(self, ax: Axes | None = None) -> Axes:
        """The metric over the values that were tried, with intervals; dashed: the condition, marked: the answer."""
        found, table = self._found, self._found.tried
        metric, bound = found.condition.metric, found.condition.value
        scale = scale_for(metric.unit, max(abs(bound), *table["mean"].abs()))
        axes, x = fresh(ax), [probe.number for probe in found.probes]
        axes.plot(x, table["mean"] / scale.factor, "o-", color=COLOURS[0], markersize=4)
        if table["ci_low"].notna().any():
            low, high = table["ci_low"] / scale.factor, table["ci_high"] / scale.factor
            axes.fill_between(x, low, high, color=COLOURS[0], alpha=0.15, linewidth=0)
        axes.axhline(bound / scale.factor, color=COLOURS[1], linestyle="--", linewidth=1.2)
        if found.answer is not None:
            at = found.answer.number, float(found.answer.outcome.estimates[metric.name]) / scale.factor
            axes.plot(at[:1], at[1:], "o", color=COLOURS[1], markersize=8)
            axes.annotate(
                plain(found.answer.text), at, xytext=(7, -12),
                textcoords="offset points", color=COLOURS[1], fontweight="bold",
            )  # fmt: skip
        if min(x) > 0.0 and max(x) > _LOG_FROM * min(x):
            axes.set_xscale("log")
        unit = parted(found.probes[0].text)[1]
        axes.set_xlabel(plain(f"{found.path} ({unit})" if unit else found.path))
        axes.set_ylabel(_named(metric.name, scale))
        axes.set_title(plain(found.condition.text), loc="left", fontsize="medium")
        return finish(axes, direct=False)


class SensitivityPlots:
    """The figure of one sensitivity analysis; the method returns the axes."""

    def __init__(self, found: Sensitivity) -> None:
        self._found = found

    def tornado(self, metric: str | None = None, rows: int = 15, ax: Axes | None = None) -> Axes:
        """The inputs that move a metric most (left out: the first), each moved down and up, with intervals.

        Raises UnknownMetricError, and ValueError where nothing moves it.
        """
        name = parse_metric(metric).name if metric else self._found.sweep.metrics[0]
        effects = [effect for effect in self._found.effects(name) if effect.size > 0.0][:rows][::-1]
        if not effects:
            raise ValueError(f"{name} is moved by nothing")
        sides = [(k, side, d) for k, e in enumerate(effects) for side, d in enumerate((e.down, e.up)) if d is not None]
        scale = _difference_scale(parse_metric(name).unit, [v for _, _, d in sides for v in (d.mean, d.low, d.high)])
        axes = fresh(ax, (7.2, 1.4 + _ROW * len(effects)))
        for side, word in enumerate(("-", "+")):
            mine = [(k, d) for k, which, d in sides if which == side]
            places = [k + (0.19 if side == 0 else -0.19) for k, _ in mine]
            label = f"moved by {word}{self._found.by:.0%}"
            axes.barh(places, [d.mean / scale.factor for _, d in mine], 0.36, color=COLOURS[side], label=label)
            for place, (_, d) in zip(places, mine, strict=True):
                if math.isfinite(d.low) and math.isfinite(d.high):
                    axes.plot([d.low / scale.factor, d.high / scale.factor], [place, place], color="0.2", linewidth=1.0)
        _rows(axes, [effect.path for effect in effects])
        axes.axvline(0.0, color="0.2", linewidth=0.8)
        axes.set_xlabel(_named(f"{name}, difference", scale))
        axes.set_title(plain(f"What moves {name}"), loc="left", fontsize="medium")
        return finish(axes, direct=False)


def _difference_scale(unit: str, values: Sequence[float]) -> Scale:
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return Scale(0.01, "points") if unit == "ratio" else scale_for(unit, largest)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)


def _named(text: str, scale: Scale) -> str:
    return plain(f"{text} ({scale.symbol})" if scale.symbol else text)
