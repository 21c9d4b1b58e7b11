"""Figures of a sweep as matplotlib axes: maps, lines with intervals, scatter plots, the Pareto front.

May import the sweep's result and plots' habits; matplotlib inside functions. Draws on `ax` or a new figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.experiment.studies.design import short_names
from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.names import parse_metric
from simulator.report.format import Scale, scale_for
from simulator.report.plot_style import COLOURS, finish, fresh, plain
from simulator.report.sweep_charts import levels, numeric_values
from simulator.report.sweep_tables import swept_paths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.experiment.studies.outcomes import CellOutcome
    from simulator.experiment.studies.sweep_result import SweepResult
    from simulator.results.summary import Estimate

_STYLES: Final = ("o-", "s--", "^-.", "d:")
_SIZE: Final = (7.2, 3.8)
_LOG_FROM: Final = 20.0
_TEXTED_CELLS: Final = 120


class SweepPlots:
    """The figures of one sweep; each method returns the axes."""

    def __init__(self, result: SweepResult) -> None:
        self._result = result

    def map(
        self, metric: str | None = None, down: str | None = None, across: str | None = None, ax: Axes | None = None
    ) -> Axes:
        """A heatmap of a metric over two parameters; over further ones it is the mean of the cells.

        Raises ValueError where fewer than two parameters vary.
        """
        name = metric or self._result.metrics[0]
        paths = swept_paths(self._result)
        if down is None or across is None:
            if len(paths) < 2:
                raise ValueError("a map needs two parameters that vary: draw lines(metric)")
            down, across = down or paths[0], across or next(p for p in paths if p != (down or paths[0]))
        rows, columns = self._levels(down), self._levels(across)
        sums, counts = np.zeros((len(rows), len(columns))), np.zeros((len(rows), len(columns)))
        scale = self._scale(name)
        for outcome in self._known(name):
            at = rows.index(outcome.cell.values[down].text), columns.index(outcome.cell.values[across].text)
            sums[at] += outcome.value(name) / scale.factor
            counts[at] += 1
        shown = np.divide(sums, counts, out=np.full_like(sums, math.nan), where=counts > 0)
        axes = fresh(ax, _SIZE)
        image = axes.imshow(np.ma.masked_invalid(shown), cmap="cividis", aspect="auto", origin="lower")
        axes.figure.colorbar(image, ax=axes, label=_label(name, scale))
        if shown.size <= _TEXTED_CELLS:
            _write_numbers(axes, shown)
        shorts = short_names(self._result.paths)
        axes.set_xticks(range(len(columns)), [plain(c) for c in columns], rotation=30 if len(columns) > 6 else 0)
        axes.set_yticks(range(len(rows)), [plain(r) for r in rows])
        axes.set_xlabel(shorts[across])
        axes.set_ylabel(shorts[down])
        others = len([p for p in paths if p not in (down, across)])
        axes.set_title(f"{name}{', mean over the other parameters' if others else ''}")
        return axes

    def lines(self, metric: str | None = None, path: str | None = None, ax: Axes | None = None) -> Axes:
        """A metric over one parameter with its intervals, a line for each combination of the others."""
        name = metric or self._result.metrics[0]
        paths = swept_paths(self._result) or list(self._result.paths)
        along = path or max(paths, key=self._numeric)
        others = [p for p in paths if p != along]
        axes, scale = fresh(ax, _SIZE), self._scale(name)
        groups: dict[tuple[str, ...], list[CellOutcome]] = {}
        for outcome in self._known(name):
            groups.setdefault(tuple(outcome.cell.values[p].text for p in others), []).append(outcome)
        at, numeric = along_axis(axes, self._levels(along), self._short(along))
        for place, (texts, outcomes) in enumerate(list(groups.items())[: len(COLOURS)]):
            ordered = sorted(outcomes, key=lambda o: at[o.cell.values[along].text])
            xs = [at[o.cell.values[along].text] for o in ordered]
            _line(axes, xs, [o.estimates[name] for o in ordered], scale, place, " ".join(texts), joined=numeric)
        axes.set_ylabel(_label(name, scale))
        axes.set_title(plain(name))
        return finish(axes, direct=False)

    def scatter(self, metric: str | None = None, path: str | None = None, ax: Axes | None = None) -> Axes:
        """Every cell as a point: a metric over one parameter, whatever the others are."""
        name = metric or self._result.metrics[0]
        along = path or (swept_paths(self._result) or list(self._result.paths))[0]
        axes, scale, known = fresh(ax, _SIZE), self._scale(name), self._known(name)
        at, _ = along_axis(axes, self._levels(along), self._short(along))
        axes.plot(
            [at[o.cell.values[along].text] for o in known], [o.value(name) / scale.factor for o in known],
            "o", color=COLOURS[0], alpha=0.7, markersize=4,
        )  # fmt: skip
        axes.set_ylabel(_label(name, scale))
        return finish(axes, direct=False)

    def pareto(self, x: str | None = None, y: str | None = None, ax: Axes | None = None) -> Axes:
        """Two metrics against each other; cells of the Pareto front are numbered. Raises ValueError."""
        judged = [m for m in self._result.metrics if parse_metric(m).better != "none"]
        if (x is None or y is None) and len(judged) < 2:
            raise ValueError("two metrics with a better direction are needed")
        first, second = x or judged[0], y or judged[1]
        axes, scales = fresh(ax, _SIZE), (self._scale(first), self._scale(second))
        front = {o.cell.number for o in self._result.pareto([first, second])}
        for chosen, colour in ((False, "0.65"), (True, COLOURS[1])):
            mine = [o for o in self._known(first) if (o.cell.number in front) is chosen]
            mine = [o for o in mine if not math.isnan(o.value(second))]
            at = [(o.value(first) / scales[0].factor, o.value(second) / scales[1].factor) for o in mine]
            axes.plot(
                [a for a, _ in at], [b for _, b in at], "o", label="Pareto front" if chosen else None, color=colour
            )
            for outcome, place in zip(mine, at, strict=True) if chosen and len(mine) <= 30 else ():
                axes.annotate(str(outcome.cell.number), place, textcoords="offset points", xytext=(4, 4), fontsize=8)
        axes.set_xlabel(f"{_label(first, scales[0])}, {parse_metric(first).better} is better")
        axes.set_ylabel(f"{_label(second, scales[1])}, {parse_metric(second).better} is better")
        axes.set_title("What can be had together")
        axes.legend(fontsize="small", frameon=False)
        return finish(axes, direct=False)

    # -- helpers --------------------------------------------------------------------------------------

    def _known(self, metric: str) -> list[CellOutcome]:
        return [o for o in self._result.outcomes if not math.isnan(o.value(metric))]

    def _levels(self, path: str) -> list[str]:
        return levels(self._result, path)

    def _numeric(self, path: str) -> bool:
        return numeric_values([o.cell.values[path].text for o in self._result.outcomes])

    def _short(self, path: str) -> str:
        return short_names(self._result.paths).get(path, path)

    def _scale(self, metric: str) -> Scale:
        largest = max((abs(o.value(metric)) for o in self._known(metric)), default=0.0)
        return scale_for(parse_metric(metric).unit, largest)


def along_axis(axes: Axes, texts: Sequence[str], name: str) -> tuple[dict[str, float], bool]:
    """The axis of a setting: the place of each value, and whether they are numbers.

    Logarithmic where its values span more than a factor of 20; values that are no numbers stand at equal distances.
    """
    axes.set_xlabel(plain(name))
    if not numeric_values(texts):
        axes.set_xticks(range(len(texts)), [plain(text) for text in texts])
        axes.set_xlim(-0.5, len(texts) - 0.5)
        return {text: float(place) for place, text in enumerate(texts)}, False
    at = {text: quantity(text) or 0.0 for text in texts}
    numbers = list(at.values())
    if min(numbers) > 0.0 and max(numbers) > _LOG_FROM * min(numbers):
        axes.set_xscale("log")
    if len(texts) <= 10:
        axes.set_xticks(numbers, [plain(text) for text in texts])
        axes.minorticks_off()
    return at, True


def _line(
    axes: Axes, x: Sequence[float], found: Sequence[Estimate], scale: Scale, place: int, name: str, *, joined: bool
) -> None:  # fmt: skip
    """Means with their intervals: a band about a line, or whiskers between whose points there is nothing."""
    colour, style = COLOURS[place % len(COLOURS)], _STYLES[place % len(_STYLES)]
    means = [e / scale.factor for e in found]
    low, high = [e.low / scale.factor for e in found], [e.high / scale.factor for e in found]
    axes.plot(x, means, style if joined else style[0], color=colour, label=plain(name), markersize=4)
    if all(math.isnan(e.low) for e in found):
        return
    if joined:
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    else:
        axes.vlines(x, low, high, color=colour, linewidth=1.2)


def _write_numbers(axes: Axes, shown: Any) -> None:
    known = shown[~np.isnan(shown)]
    middle = (known.min() + known.max()) / 2.0 if known.size else 0.0
    for (row, column), value in np.ndenumerate(shown):
        if not math.isnan(value):
            colour = "white" if value < middle else "black"
            axes.text(column, row, f"{value:.3g}", ha="center", va="center", color=colour, fontsize=8)


def _label(metric: str, scale: Scale) -> str:
    return plain(f"{metric} ({scale.symbol})" if scale.symbol else metric)
