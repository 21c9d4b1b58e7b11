"""`find` and `sensitivity` as a program or a notebook calls them; the commands of those names use the same searches.

May import the searches and sweeps. Writes only into the folder it is given.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiment.studies import search_space, sweep_folder
from simulator.experiment.studies import sensitivity as analysis
from simulator.experiment.studies.asked import Asked, listed
from simulator.experiment.studies.find import LEAST_REPLICATIONS, Found, Search, keep_answer
from simulator.experiment.studies.sensitivity import Sensitivity, keep_effects, share_of
from simulator.play.job import REPLICATION_FUNCTION
from simulator.play.listening import Progress, listening

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


def find(
    path: str,
    until: str,
    scenario: Scenario | str | os.PathLike[str],
    *,
    between: str | None = None,
    tolerance: float = 0.02,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Progress = None,
    function: str = REPLICATION_FUNCTION,
) -> Found:
    """The smallest (or largest) value of a path that meets a condition; the same whatever `jobs`.

    By bisection on common random numbers: every value meets the same arrivals. The metric is supposed to move one
    way between the ends.

    Args:
        path: a whole number or a quantity of the scenario, e.g. "edges.pop.count".
        until: the condition, `METRIC OP VALUE`, e.g. "within[200ms] >= 99.9%".
        scenario: a Scenario, or the path or bundled name of one.
        between: where to look, "LOW..HIGH", e.g. "1s..60s"; left out: around the scenario's own value.
        tolerance: how closely, relative (0.0001 to 0.5); whole numbers are exact.
        seed: in place of the scenario's.
        replications: of each value; left out: the scenario's, at least 5.
        jobs: processes; 1 plays in this one.
        scheduler: address of a Dask scheduler (tcp://host:port) that plays in place of local processes.
        output: a folder to keep it in; nothing is written otherwise.
        resume: whether `output` may hold an earlier search, whose values are not played again.
        progress: a listener, True (a bar in a notebook, elsewhere lines on stderr) or False; left out: notebooks only.
        function: dotted path of the replication function.

    Returns:
        The answer with its 95 % interval; `.tried` has a row for each value that was played.

    Raises:
        FindError: a question that cannot be asked, or a value that gave no result.
        DesignError: `between` is no range.
        ScenarioError: the scenario, or it with one of the values, is wrong; or it has no such path.
        ExpectationError: `until` is no condition.
        UnknownMetricError: a metric is mistyped.
        FolderError: `output` cannot be used.
        SchedulerError: the scheduler cannot be reached.
        KeyboardInterrupt: Ctrl-C; what was played is in `output`, if that was given.
    """
    if not 0.0001 <= tolerance <= 0.5:
        raise search_space.FindError(f"tolerance={tolerance:g}: write a share between 0.0001 and 0.5")
    condition, span = search_space.condition_of(until), search_space.span_of(path, between)
    asked = Asked(seed, replications, jobs, scheduler, output, resume)
    loaded = asked.scenario(scenario, LEAST_REPLICATIONS)
    with asked.kept() as folder:
        search = Search(
            loaded, path, condition, asked.executor(), span, tolerance,
            listening(progress), folder, function, resume=resume,
        )  # fmt: skip
        try:
            found = search.run()
        except KeyboardInterrupt:
            if folder is not None:
                sweep_folder.finish(search.so_far(), folder)
            raise
        keep_answer(found)
        if folder is not None:
            sweep_folder.finish(found.sweep, folder)
    return found


def sensitivity(
    scenario: Scenario | str | os.PathLike[str],
    *,
    by: float | str = 0.2,
    metrics: Sequence[str] = (),
    only: str | Sequence[str] = (),
    everything: bool = False,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Progress = None,
    function: str = REPLICATION_FUNCTION,
) -> Sensitivity:
    """Move each input of a scenario down and up by a share, one at a time; the same whatever `jobs`.

    All cells meet the same arrivals, so differences are paired. Intervals hold with 95 % for all differences of the
    study together (metrics, inputs, down and up).

    Args:
        scenario: a Scenario, or the path or bundled name of one.
        by: how far each input is moved: a share between 0 and 1, or as text, "20%".
        metrics: to look at, the first of them first; left out: as for a sweep.
        only: patterns of paths, e.g. "edges.*", any of which an input must match.
        everything: defaults too, not only what the scenario writes (`--all`).
        seed: in place of the scenario's.
        replications: of each cell; left out: the scenario's, at least 5.
        jobs: processes; 1 plays in this one.
        scheduler: address of a Dask scheduler (tcp://host:port) that plays in place of local processes.
        output: a folder to keep it in; nothing is written otherwise.
        resume: whether `output` may hold an earlier one, whose finished cells are not played again.
        progress: a listener, True (a bar in a notebook, elsewhere lines on stderr) or False; left out: notebooks only.
        function: dotted path of the replication function.

    Returns:
        The effects; `.table` has a row for each metric, input and direction. Ctrl-C gives those of what was finished.

    Raises:
        SensitivityError: no input is left, or `by` is no share.
        ScenarioError: the scenario is wrong.
        UnknownMetricError: a metric is mistyped.
        FolderError: `output` cannot be used.
        SchedulerError: the scheduler cannot be reached.
    """
    share = share_of(by, "by")
    asked = Asked(seed, replications, jobs, scheduler, output, resume)
    loaded = asked.scenario(scenario, analysis.LEAST_REPLICATIONS)
    with asked.kept() as folder:
        found = analysis.sensitivity(
            loaded, executor=asked.executor(), by=share, metrics=listed(metrics), only=listed(only),
            everything=everything, folder=folder, resume=resume, progress=progress, function=function,
        )  # fmt: skip
        keep_effects(found)
        if folder is not None:
            sweep_folder.finish(found.sweep, folder)
    return found
