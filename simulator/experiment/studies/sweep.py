"""`sweep`: a scenario over a design of values; what the command line and notebooks both call.

May import the experiment's modules; the scenario language to load. Writes only into the folder it is given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.experiment.studies import sweep_folder
from simulator.experiment.studies.asked import Asked
from simulator.experiment.studies.cells import AS_WRITTEN, VARIANT, Cell, Cells
from simulator.experiment.studies.design import (
    Axis,
    Design,
    DesignError,
    Kind,
    Value,
    axis_from_values,
    combine,
    value_of,
)
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.resume import Resumption, look_up
from simulator.experiment.studies.study import Executor, Study
from simulator.experiment.studies.sweep_result import HEADLINE, SweepResult
from simulator.metrics.expectations import parse_expectation
from simulator.metrics.names import parse_metric
from simulator.play.job import REPLICATION_FUNCTION
from simulator.play.listening import Progress, listening

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


@dataclass(eq=False)
class Plan:
    """A sweep about to be made: its cells, and which of them an earlier one has.

    Attributes:
        scenario: as written, with its seed and replications.
        design: the points.
        cells: a cell for each point.
        metrics: the metrics to look at first.
        folder: where it is kept, or None.
        resumption: what is there already.
    """

    scenario: Scenario
    design: Design
    scenarios: Cells
    cells: list[Cell]
    metrics: list[str]
    folder: Path | None = None
    resumption: Resumption = field(default_factory=Resumption)

    @property
    def to_play(self) -> list[Cell]:
        """The cells that are not finished."""
        return [cell for cell in self.cells if cell.name not in self.resumption.finished]

    def replications(self, cell: Cell) -> int:
        """How many replications a cell is to have."""
        if "replications" in cell.values:
            return int(cell.values["replications"].plain)
        return self.scenario.replications

    @property
    def items(self) -> int:
        """Replications that are still to be played."""
        begun = self.resumption.begun
        return sum(
            self.replications(cell) - (len(begun[cell.name].replications) if cell.name in begun else 0)
            for cell in self.to_play
        )


def sweep(
    scenario: Scenario | str | os.PathLike[str],
    parameters: Mapping[str, object] | None = None,
    *,
    design: Kind = "grid",
    cells: int | None = None,
    design_seed: int = 1,
    metrics: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    variants: bool = False,
    progress: Progress = None,
    function: str = REPLICATION_FUNCTION,
) -> SweepResult:
    """Play a scenario once for each cell of a design; the result is the same whatever `jobs`.

    Args:
        scenario: a Scenario, or the path or bundled name of one.
        parameters: path -> values, e.g. {"edges.pop.l1.ttl": ["2s", "5s"]}, or a range as text, "2s..20s:4";
            None: the scenario's `sweep:` section.
        design: grid (all combinations), zip (lists in step), random or lhs (Latin hypercube).
        cells: how many, for random and lhs.
        design_seed: of the random draws of the design.
        metrics: to look at first (also computed ones such as `within[150ms]`).
        seed: in place of the scenario's.
        replications: in place of the scenario's.
        jobs: processes; 1 plays in this one.
        scheduler: address of a Dask scheduler (tcp://host:port) that plays in place of local processes.
        path: a folder to keep it in; nothing is written otherwise.
        resume: whether `path` may hold an earlier sweep, whose finished cells are not played again.
        variants: whether the scenario's variants are an axis as well.
        progress: a listener, True (a bar in a notebook, elsewhere lines on stderr) or False; left out: notebooks only.
        function: dotted path of the replication function.

    Returns:
        The result. Cells that failed say why; Ctrl-C gives a result with `.interrupted` set.

    Raises:
        DesignError: the parameters make no design.
        ScenarioError: the scenario, or it with one of the values, is wrong.
        UnknownMetricError: a metric is mistyped.
        FolderError: `path` cannot be used.
        SchedulerError: the scheduler cannot be reached, or its workers lack this package.
    """
    asked = Asked(seed, replications, jobs, scheduler, path, resume)
    loaded = asked.scenario(scenario)
    axes = axes_of(loaded, parameters, variants=variants)
    plan = plan_sweep(loaded, combine(axes, design, cells, design_seed), metrics)
    with asked.kept() as folder:
        if folder is not None:
            plan_folder(plan, folder, resume=resume)
        result = play_plan(plan, asked.executor(), progress=progress, function=function)
        if folder is not None:
            sweep_folder.finish(result, folder)
    return result


def axes_of(
    scenario: Scenario, parameters: Mapping[str, object] | None = None, *, variants: bool = False
) -> list[Axis]:
    """The axes of parameters, or of the scenario's `sweep:` section. Raises DesignError."""
    chosen: Mapping[str, object] = parameters if parameters is not None else scenario.sweep
    axes = [axis_from_values(path, values) for path, values in chosen.items()]
    if variants:
        if not scenario.variants:
            raise DesignError(f"{scenario.name} has no variants to sweep over")
        axes.append(Axis(VARIANT, tuple(_variant(name) for name in (AS_WRITTEN, *scenario.variants))))
    return axes


def plan_sweep(scenario: Scenario, design: Design, metrics: Sequence[str] = ()) -> Plan:
    """Make and validate every cell. Raises ScenarioError, UnknownMetricError."""
    from simulator.scenario.traces import refuse_streams

    refuse_streams(scenario, "a sweep")
    cells = Cells.of(scenario)
    return Plan(scenario, design, cells, cells.add(design), metrics_for(scenario, metrics))


def metrics_for(scenario: Scenario, metrics: Sequence[str]) -> list[str]:
    """The metrics to look at first: those asked for, else those of its expectations, else the headline."""
    if metrics:
        return list(dict.fromkeys(parse_metric(name).name for name in metrics))
    expected = [parse_expectation(text).metric.name for text in scenario.expect]
    return list(dict.fromkeys([*expected, *HEADLINE]))[: max(3, len(set(expected)))]


def plan_folder(plan: Plan, path: Path, *, resume: bool) -> None:
    """Give a plan its folder, and see what is there. Raises FolderError."""
    if resume and path.is_dir():
        sweep_folder.check_earlier(path)
        counts = {cell.name: plan.replications(cell) for cell in plan.cells}
        place = path / sweep_folder.CELLS
        plan.resumption = look_up(plan.cells, plan.scenarios, counts, place, plan.metrics)
    else:
        sweep_folder.check_new(path)
    plan.folder = path


def play_plan(
    plan: Plan,
    executor: Executor,
    *,
    progress: Progress = None,
    argv: Sequence[str] = (),
    function: str = REPLICATION_FUNCTION,
) -> SweepResult:
    """Play what a plan lacks, keeping each cell when it is done. Raises FolderError before it starts."""
    study = Study(
        plan.scenario, executor, listening(progress),
        folder=None if plan.folder is None else plan.folder / sweep_folder.CELLS,
        function=function, wanted=plan.metrics,
    )  # fmt: skip
    study.cells = plan.scenarios
    if plan.folder is not None:
        planned = {**plan.resumption.finished}
        before = result_of(plan, planned, argv, interrupted=True)
        sweep_folder.begin(plan.folder, sweep_folder.manifest_of(before), source_of(plan.scenario))
    played = study.play(plan.to_play, dict(plan.resumption.begun)) if plan.to_play else {}
    return result_of(plan, {**plan.resumption.finished, **played}, argv, interrupted=study.interrupted)


def result_of(
    plan: Plan, outcomes: Mapping[str, CellOutcome], argv: Sequence[str], *, interrupted: bool
) -> SweepResult:
    """The result that outcomes make; cells without one are not run."""
    return SweepResult(
        name=plan.scenario.name,
        question=plan.scenario.question,
        design=plan.design.kind,
        paths=plan.design.paths,
        outcomes=[outcomes.get(cell.name) or CellOutcome(cell) for cell in plan.cells],
        metrics=plan.metrics,
        seed=plan.scenario.seed,
        replications=plan.scenario.replications,
        interrupted=interrupted,
        argv=argv,
        path=plan.folder,
    )


def source_of(scenario: Scenario) -> str:
    """The text of the scenario's file, or ""."""
    mark = scenario.tree.mark
    return "\n".join([*mark.source.lines, ""]) if mark is not None and mark.source.is_file else ""


def _variant(name: str) -> Value:
    value: Any = value_of(VARIANT, name)
    return Value(name, value.node)
