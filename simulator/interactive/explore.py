"""`explore`: a slider over one setting of a scenario that plays what it is moved to, and draws it.

May import the experiment, the designs of sweeps, and inside functions matplotlib and ipywidgets (an extra). Every run
is remembered: going back costs nothing, and all values meet the same arrivals.
"""

from __future__ import annotations

import html
import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import InputError, SimulatorError
from simulator.experiment.api import run
from simulator.experiment.studies.design import DesignError, Value, axis_from_values
from simulator.metrics.names import parse_metric
from simulator.play.job import REPLICATION_FUNCTION, Silence

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario

INSTALL: Final = 'python -m pip install "stickysim[notebooks]"'
_OF_A_RANGE: Final = 9
_DPI: Final = 90


class MissingWidgetsError(InputError):
    """ipywidgets is not installed; the message says how to install it."""


def explore(
    scenario: Scenario | str | os.PathLike[str],
    path: str,
    values: str | Sequence[object],
    *,
    metric: str | Sequence[str] = ("hit_ratio.l1", "core.requests.rate"),
    plot: str = "hit_ratio",
    seed: int | None = None,
    replications: int = 1,
    jobs: int = 1,
    function: str = REPLICATION_FUNCTION,
) -> Explorer:
    """A slider over one setting: moved, it plays the scenario there and draws what comes of it.

    Made for scenarios that play in a second or so; a run is remembered, and played once. All values meet the same
    arrivals. Needs the extra `notebooks` (ipywidgets).

    Args:
        scenario: a Scenario, or the path or bundled name of one; its variants are left out.
        path: the setting, e.g. "edges.pop.l1.ttl".
        values: as in a sweep: ["2s", "5s"], "2s,5s", "2s..20s:4", "1..100:5:log"; a range without a count has 9.
        metric: one or several metrics, drawn against the values that were tried (also `within[150ms]`).
        plot: what to draw of the run itself: a method of `result.plot`, e.g. "latency_over_time"; "" for nothing.
        seed: in place of the scenario's.
        replications: of each value; several give intervals and take as much longer.
        jobs: processes; 1 plays in this one.
        function: dotted path of the replication function.

    Returns:
        The widget; `.value` is where the slider stands, `.result` the run there, `.results` all runs, `.table` their
        metrics.

    Raises:
        MissingWidgetsError: ipywidgets is not installed.
        DesignError: `values` are none.
        ScenarioError: the scenario, or it with one of the values, is wrong.
        UnknownMetricError: a metric is mistyped.
        InputError: there is no such plot.
    """
    from simulator.report.plots import Plots

    if plot and (plot.startswith("_") or not callable(getattr(Plots, plot, None))):
        known = ", ".join(sorted(name for name in vars(Plots) if not name.startswith("_")))
        raise InputError(f'plot="{plot}": result.plot has no such figure; it has {known}')
    metrics = [parse_metric(name).name for name in ([metric] if isinstance(metric, str) else metric)]
    if not metrics:
        raise InputError("metric: name at least one, for example metric='hit_ratio.l1'")
    if isinstance(scenario, (str, os.PathLike)):
        from simulator.scenario.schema import Scenario as Language

        scenario = Language.load(os.fspath(scenario))
    axis = axis_from_values(path, values)
    chosen: Sequence[Value] = axis.values  # noqa: PD011 - an axis, no frame
    if axis.span is not None:
        chosen = axis.drawn(k / (_OF_A_RANGE - 1) for k in range(_OF_A_RANGE))
    unique = {value.text: value for value in chosen}
    if len(unique) < 2:
        raise DesignError(f"{path}: one value leaves nothing to move: write for example [2s, 5s, 20s]")
    scenarios = {text: scenario.with_overrides({path: value.plain}) for text, value in unique.items()}
    return Explorer(
        path, scenarios, metrics, plot,
        {"seed": seed, "replications": replications, "jobs": jobs, "function": function, "variants": False},
    )  # fmt: skip


class Explorer:
    """The slider of `explore`, with the runs it made.

    Attributes:
        path: the setting that moves.
        results: the run of each value that was tried, by its text.
    """

    def __init__(
        self, path: str, scenarios: dict[str, Scenario], metrics: list[str], plot: str, options: dict[str, Any]
    ) -> None:
        widgets = _widgets()
        self.path = path
        self.results: dict[str, Result] = {}
        self._scenarios, self._metrics, self._plot, self._options = scenarios, metrics, plot, options
        self._slider = widgets.SelectionSlider(
            options=list(scenarios), value=next(iter(scenarios)), description=path.rsplit(".", 1)[-1],
            tooltip=path, continuous_update=False, layout={"width": "32em"},
        )  # fmt: skip
        self._says = widgets.HTML()
        self._picture = widgets.Image(format="png", layout={"max_width": "100%"})
        self._box = widgets.VBox([self._slider, self._says, self._picture])
        self._slider.observe(self._moved, names="value")
        self._show()

    @property
    def value(self) -> str:
        """Where the slider stands; setting it moves the slider."""
        text: str = self._slider.value
        return text

    @value.setter
    def value(self, text: str) -> None:
        if text not in self._scenarios:
            raise InputError(f"{self.path}: {text} is none of {', '.join(self._scenarios)}")
        self._slider.value = text

    @property
    def values(self) -> tuple[str, ...]:
        """Where the slider can stand, in its order."""
        return tuple(self._scenarios)

    @property
    def words(self) -> str:
        """What stands under the slider, as HTML."""
        text: str = self._says.value
        return text

    @property
    def picture(self) -> bytes:
        """What is drawn, as PNG; empty where the run failed."""
        return bytes(self._picture.value)

    @property
    def result(self) -> Result | None:
        """The run where the slider stands; None where it failed."""
        return self.results.get(self.value)

    @property
    def table(self) -> pd.DataFrame:
        """A row for each value tried, in the slider's order; a column for each metric, in SI units."""
        import pandas as pd

        tried = [text for text in self._scenarios if text in self.results]
        rows = [{m: float(self.results[text][m]) for m in self._metrics} for text in tried]
        return pd.DataFrame(rows, index=pd.Index(tried, name=self.path), columns=self._metrics)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self._box._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        return f"<Explorer of {self.path}: {self.value}, {len(self.results)} of {len(self._scenarios)} values tried>"

    def _moved(self, _change: Any) -> None:
        self._show()

    def _show(self) -> None:
        text = self.value
        try:
            result = self._played(text)
            picture = _picture(self, result)
        except SimulatorError as error:
            self._says.value = f"<b>{html.escape(f'{self.path}={text}')}</b>: {html.escape(str(error))}"
            self._picture.value = b""
            return
        self._picture.value = picture
        self._says.value = " · ".join(
            [f"<b>{html.escape(f'{self.path}={text}')}</b>", *(html.escape(_told(result, m)) for m in self._metrics)]
        )

    def _played(self, text: str) -> Result:
        if text in self.results:
            return self.results[text]
        self._says.value = f"playing {html.escape(f'{self.path}={text}')} …"
        result = run(self._scenarios[text], progress=Silence(), **self._options)
        if result.interrupted:
            raise KeyboardInterrupt
        if not result.replications:
            raise InputError("; ".join(f.message for f in result.failures) or "it gave no result")
        for name in self._metrics:
            _ = result[name]  # raises where this scenario does not give it
        self.results[text] = result
        return result

    def curves(self, axes: Sequence[Any]) -> None:
        """Draw each metric against the values tried, on one of the axes each."""
        from simulator.report.format import scale_for

        places = {text: k for k, text in enumerate(self._scenarios)}
        tried = [text for text in places if text in self.results]
        for ax, name in zip(axes, self._metrics, strict=True):
            found = [self.results[text][name] for text in tried]
            scale = scale_for(found[0].unit, max(abs(float(one)) for one in found))
            heights = [float(one) / scale.factor for one in found]
            bars = [max(0.0, one.half_width) / scale.factor if one.n > 1 else 0.0 for one in found]
            ax.errorbar([places[text] for text in tried], heights, yerr=bars, fmt="o", ms=4, color="#0072B2")
            ax.plot(places[self.value], heights[tried.index(self.value)], "o", ms=9, mfc="none", color="#D55E00")
            ax.set_xticks(range(len(places)), list(places), rotation=45, ha="right", fontsize=8)
            ax.set(xlim=(-0.5, len(places) - 0.5), title=f"{name}{f' ({scale.symbol})' if scale.symbol else ''}")
            ax.grid(alpha=0.3)


def _picture(explorer: Explorer, result: Result) -> bytes:
    """The curves of all values tried, and the figure of the present run below them, as PNG."""
    from matplotlib.figure import Figure

    count = len(explorer._metrics)
    below = bool(explorer._plot)
    figure = Figure(figsize=(8.4, 5.2 if below else 2.6), layout="constrained")
    grid = figure.add_gridspec(1 + below, count)
    explorer.curves([figure.add_subplot(grid[0, k]) for k in range(count)])
    if below:
        getattr(result.plot, explorer._plot)(ax=figure.add_subplot(grid[1, :]))
    kept = io.BytesIO()
    figure.savefig(kept, format="png", dpi=_DPI)
    return kept.getvalue()


def _told(result: Result, name: str) -> str:
    from simulator.report.format import show

    one = result[name]
    return f"{name} {show(float(one), one.unit, one.half_width if one.n > 1 else None)}"


def _widgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise MissingWidgetsError(f"explore needs ipywidgets, which is not installed: {INSTALL}") from None
    return ipywidgets
