"""`compare`: results, folders, scenarios and variants against the first of them; the command calls it as well.

May import the comparison, contestants and what explains differences. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.experiment.comparing.compare import Compared, compare_rows
from simulator.experiment.comparing.explain import explain as why
from simulator.experiment.comparing.sides import contestants, rows_of
from simulator.metrics.margins import Margin, MarginError, parse_metric_margin
from simulator.metrics.names import parse_metric
from simulator.play.job import REPLICATION_FUNCTION
from simulator.play.listening import Told

if TYPE_CHECKING:
    from simulator.experiment.comparing.sides import Side

Margins = str | Sequence[str] | Mapping[str, object]
"""`METRIC:MARGIN`, several of them, or a mapping of metrics to margins."""


def compare(
    *sides: Side | Mapping[str, Any],
    metrics: str | Sequence[str] = (),
    margin: Margins = (),
    fail_on: Margins = (),
    explain: bool = False,
    control: bool = False,
    overrides: Sequence[str] | Mapping[str, object] = (),
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    progress: Told = None,
    function: str | None = None,
) -> Compared:
    """Which is better, on what, by how much, and how sure is that: all sides against the first.

    A single side is compared with its own variants. Scenarios are played with one seed, so that all meet the same
    arrivals and differences are paired; results of other seeds are compared unpaired (Welch).

    Args:
        sides: results (of `run` or `load_run`), result folders, Scenarios, their files or bundled names, or variants
            ("SCENARIO:variant", "FOLDER:variant"); or one mapping of labels to them.
        metrics: to compare; left out: the usual ones that differ.
        margin: smaller differences are none: {"latency.p99": "5%"} or "latency.p99:5%", one or several. A margin is
            in the metric's unit; % of a ratio are points, of anything else relative.
        fail_on: gates, likewise: a side that is worse than the first by more than this fails; see `.gates`.
        explain: whether to say why (`.causes`): by cause, or by hop; of `metrics` where given.
        control: whether to add a static policy at the first side's mean stickiness weight.
        overrides: other values in all scenarios: {"edges.pop.l1.ttl": "5s"}, or `path=value` texts (`--set`).
        seed: of all scenarios; left out: that of the results, or the first scenario's.
        replications: of all scenarios; left out: theirs, at least 5.
        jobs: processes; 1 plays in this one.
        progress: a listener, what makes one, True (a bar in a notebook, elsewhere lines on stderr) or False; left out:
            notebooks only.
        function: dotted path of the replication function.

    Returns:
        The comparison; `.table` has a row for each side and metric.

    Raises:
        ContestantError: fewer than two sides, a variant that a folder lacks, or nothing that `control` could control.
        ScenarioError: a scenario is wrong.
        FolderError: a result folder cannot be read.
        MarginError, UnknownMetricError: a margin or metric is mistyped.
        MetricUnavailableError: a side does not give a metric that was asked for.
        IncompleteError: a replication did not finish.
    """
    names = [parse_metric(name).name for name in _listed(metrics)]
    allowed, gates = dict(_margins(margin, "margin")), _margins(fail_on, "fail_on")
    if function is None:
        function = "simulator.experiment.comparing.explain:play_for_tails" if explain else REPLICATION_FUNCTION
    rows = rows_of(
        contestants(_named(sides), overrides), seed=seed, replications=replications, jobs=jobs, control=control,
        progress=progress, function=function,
    )  # fmt: skip
    compared = compare_rows(rows, names, margins=allowed, gates=gates)
    if not explain:
        return compared
    return replace(compared, explanations={row.label: why(rows[0], row, metrics=names) for row in rows[1:]})


def _named(sides: Sequence[Any]) -> Sequence[Side] | Mapping[str, Side]:
    if len(sides) == 1 and isinstance(sides[0], Mapping):
        return sides[0]
    return sides


def _margins(given: Margins, option: str) -> list[tuple[str, Margin]]:
    """(metric, margin) of each. Raises MarginError, UnknownMetricError."""
    option = f"--{option.replace('_', '-')}"
    if isinstance(given, Mapping):
        texts = [f"{name}:{value}" for name, value in given.items()]
    else:
        texts = _listed(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(text, str) for text in texts):
        raise MarginError(f"{option}: write METRIC:MARGIN, as in hit_ratio.l1:0.5points")
    return [(metric.name, found) for metric, found in (parse_metric_margin(text, option) for text in texts)]


def _listed(one: str | Sequence[str]) -> list[str]:
    return [one] if isinstance(one, str) else list(one)
