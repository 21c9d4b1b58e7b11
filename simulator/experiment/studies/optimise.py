"""`optimise` as a program or a notebook calls it; the command of that name uses the same search."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.experiment.studies import sweep_folder
from simulator.experiment.studies.asked import Asked, listed
from simulator.experiment.studies.design import text_of
from simulator.experiment.studies.optimiser import FINALISTS, LEAST_REPLICATIONS, ROUNDS, TRIALS, Optimiser, Question
from simulator.experiment.studies.optimum import Optimum
from simulator.play.job import REPLICATION_FUNCTION
from simulator.play.listening import Progress, listening

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


def optimise(
    scenario: Scenario | str | os.PathLike[str],
    parameters: Mapping[str, object],
    *,
    minimise: str | Sequence[str] = (),
    maximise: str | Sequence[str] = (),
    subject_to: str | Sequence[str] = (),
    trials: int = TRIALS,
    seed: int | None = None,
    replications: int | None = None,
    finalists: int = FINALISTS,
    rounds: int = ROUNDS,
    jobs: int = 1,
    scheduler: str | None = None,
    path: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Progress = None,
    function: str = REPLICATION_FUNCTION,
) -> Optimum:
    """Search several settings at once for the best that keeps the constraints; the same whatever `jobs`.

    Args:
        scenario: a Scenario, or the path or bundled name of one.
        parameters: path -> "low..high" or a list of choices, e.g. {"edges.pop.count": "1..20"}.
        minimise: a metric, e.g. "cost.per_hour".
        maximise: likewise; together two objectives give a frontier.
        subject_to: constraints, e.g. "within[200ms] >= 99%".
        trials: settings to try.
        seed: in place of the scenario's; the proposals' as well.
        replications: of each trial; left out: the scenario's, at least 5.
        finalists: settings that are played on against each other.
        rounds: of the play-off; the finalists' replications double with each.
        jobs: processes; 1 plays in this one.
        scheduler: address of a Dask scheduler.
        path: a folder to keep it in; nothing is written otherwise.
        resume: whether `path` may hold an earlier search, whose cells are not played again.
        progress: a listener, True (a bar in a notebook, elsewhere lines on stderr) or False; left out: notebooks only.
        function: dotted path of the replication function.

    Raises:
        OptimiseError, DesignError, ScenarioError, ExpectationError, UnknownMetricError, FolderError.
    """
    asked = Asked(seed, replications, jobs, scheduler, path, resume)
    loaded = asked.scenario(scenario, LEAST_REPLICATIONS)
    texts = [_argument(name, values) for name, values in parameters.items()]
    question = Question.of(listed(minimise), listed(maximise), listed(subject_to), texts)
    with asked.kept() as folder:
        found = Optimiser(
            loaded, question, asked.executor(), trials, finalists, rounds,
            listening(progress), folder, function, resume,
        ).run()  # fmt: skip
        if folder is not None:
            keep_answer(found)
            sweep_folder.finish(found.sweep, folder)
    return found


def keep_answer(found: Optimum) -> None:
    """Let the folder's manifest hold the answer."""
    found.sweep.extra = {**found.sweep.extra, "answer": found.to_dict()}


def _argument(path: str, values: Any) -> str:
    if isinstance(values, str):
        return f"{path}={values}"
    return f"{path}={','.join(text_of(value) for value in values)}"
