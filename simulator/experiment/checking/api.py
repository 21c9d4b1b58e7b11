"""`check`: a suite against its baselines or another revision; the command calls it as well.

May import the suite, references and the judging. Writes nothing (baselines are made by `check --update-baseline`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from simulator.experiment.checking.check import Report, run_suite
from simulator.experiment.checking.references import Files, Revision, RevisionError
from simulator.experiment.checking.suite import DEFAULT_SUITE, Suite, load_suite
from simulator.play.job import REPLICATION_FUNCTION


def check(
    suite: Suite | str | os.PathLike[str] = DEFAULT_SUITE,
    *,
    only: str | Sequence[str] = (),
    against: str | None = None,
    seed: int | None = None,
    jobs: int = 1,
    say: Callable[[str], None] | None = None,
    function: str = REPLICATION_FUNCTION,
) -> Report:
    """Has a number moved since the baseline? Plays each check of a suite, and judges the differences.

    Where every replication is exactly the baseline's, that is all; else paired differences are judged against each
    metric's limit, with more and more replications: PASS, FAIL, IMPROVED or INCONCLUSIVE. The chance that an unchanged
    suite fails anywhere is at most half of 1 - its confidence.

    Args:
        suite: its file, or a folder with a suite.yaml.
        only: names of checks; left out: all.
        against: "git:REF" compares with another revision instead of baselines.
        seed: another than the baselines'; then differences are unpaired.
        jobs: processes; 1 plays in this one.
        say: hears a line now and then.
        function: dotted path of the replication function.

    Returns:
        The report; `.passed` says whether nothing failed and all is decided, `.table` has a row for each metric.

    Raises:
        ScenarioError: the suite or a scenario is wrong, or the suite has no such check.
        BaselineError: a baseline cannot be read.
        RevisionError: the revision cannot be used.
        UnknownMetricError: a metric is mistyped.
        KeyboardInterrupt: Ctrl-C.
    """
    loaded = suite if isinstance(suite, Suite) else load_suite(suite_file(suite))
    chosen = loaded.only([only] if isinstance(only, str) else only)
    if against is None:
        return run_suite(chosen, Files(chosen.folder), seed=seed, jobs=jobs, say=say, function=function)
    kind, _, ref = against.partition(":")
    if kind != "git" or not ref:
        raise RevisionError(f"--against {against}: write --against git:REF, as in git:main")
    with Revision(chosen, ref, jobs) as revision:
        return run_suite(chosen, revision, seed=seed, jobs=jobs, against=against, say=say, function=function)


def suite_file(place: str | os.PathLike[str] | None) -> Path:
    """The file of a suite: itself, that of a folder, or the usual one."""
    path = Path(place) if place is not None else DEFAULT_SUITE
    return path / "suite.yaml" if path.is_dir() else path
