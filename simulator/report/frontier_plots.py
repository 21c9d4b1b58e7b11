"""The frontier of two settings as matplotlib axes.

May import the frontier and the habits of plots; matplotlib inside functions. Draws on `ax` or a new figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.names import unit_of
from simulator.report.format import scale_for
from simulator.report.frontier_view import names
from simulator.report.plot_style import COLOURS, finish, fresh, plain
from simulator.report.sweep_charts import levels, numeric_values
from simulator.report.sweep_plots import along_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulator.experiment.studies.frontier import Frontier

_MARKS: Final[dict[str, dict[str, Any]]] = {
    "met": {"marker": "o", "color": "0.55"},
    "undecided": {"marker": "o", "color": "0.55", "markerfacecolor": "none"},
    "missed": {"marker": "x", "color": COLOURS[1]},
}


class FrontierPlots:
    """The figures of one frontier; each method returns the axes."""

    def __init__(self, found: Frontier) -> None:
        self._found = found

    def limit(self, ax: Axes | None = None) -> Axes:
        """The limits among the cells (dot: met, hollow: undecided, cross: missed); bars: where each limit lies."""
        found, axes = self._found, fresh(ax)
        (over, of), rows = names(found), levels(found.sweep, found.of)
        at, numeric = along_axis(axes, [one.value for one in found.limits], over)
        real = numeric_values(rows)
        ys = {text: (quantity(text) or 0.0) if real else float(place) for place, text in enumerate(rows)}
        for outcome in found.sweep.outcomes:
            values = outcome.cell.values
            where = [at[values[found.over].text]], [ys[values[found.of].text]]
            axes.plot(*where, linestyle="none", markersize=5, **_MARKS[found.verdict(outcome)])
        known = [(one, text) for one in found.limits if (text := found.limit_of(one)) is not None]
        for one, _ in known:
            if one.fails is not None and one.sure is not None:
                axes.vlines(at[one.value], ys[one.fails], ys[one.sure], color=COLOURS[0], linewidth=1.4)
        xs, limits = [at[one.value] for one, _ in known], [ys[text] for _, text in known]
        axes.plot(xs, limits, "o-" if numeric else "o", color=COLOURS[0], markersize=7)
        self._ring(axes, {one.value: (x, y) for (one, _), x, y in zip(known, xs, limits, strict=True)})
        axes.set_yticks(list(ys.values()), [plain(text) for text in rows])
        axes.set_ylabel(plain(of))
        axes.set_title(plain(found.condition.text), loc="left", fontsize="medium")
        return finish(axes, direct=False)

    def along(self, ax: Axes | None = None) -> Axes:
        """The metric of the knee at the limits, with its intervals. Raises ValueError where the knee has none."""
        found, metric = self._found, self._found.knee.along
        if metric == found.of:
            raise ValueError("the knee was sought in the limit itself: draw limit(), or ask for knee=METRIC")
        axes = fresh(ax)
        at, numeric = along_axis(axes, [one.value for one in found.limits], names(found)[0])
        known = [(one.value, one.cell.estimates[metric]) for one in found.limits if one.cell is not None]
        scale = scale_for(unit_of(metric), max((abs(float(e)) for _, e in known), default=0.0))
        xs, ys = [at[value] for value, _ in known], [float(e) / scale.factor for _, e in known]
        axes.plot(xs, ys, "o-" if numeric else "o", color=COLOURS[0], markersize=5)
        low, high = [e.low / scale.factor for _, e in known], [e.high / scale.factor for _, e in known]
        axes.vlines(xs, low, high, color=COLOURS[0], linewidth=1.2)
        self._ring(axes, {value: (x, y) for (value, _), x, y in zip(known, xs, ys, strict=True)})
        axes.set_ylabel(plain(f"{metric} ({scale.symbol})" if scale.symbol else metric))
        axes.set_title("along the frontier", loc="left", fontsize="medium")
        return finish(axes, direct=False)

    def _ring(self, axes: Axes, at: dict[str, tuple[float, float]]) -> None:
        knee = self._found.knee
        if knee.sure and knee.place is not None:
            where = at[knee.place.value]
            axes.plot(*([one] for one in where), "o", color="0.1", markerfacecolor="none", markersize=13)
            axes.annotate("knee", where, xytext=(10, 6), textcoords="offset points", fontweight="bold")
