"""Makes what the program gives now the baselines of a suite (`check --update-baseline`).

May import the experiment's modules. All checks are played before anything is written, each with as many
replications as the suite may ever need.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from simulator.experiment.checking.baseline import Baseline, baseline_of, write_baseline
from simulator.experiment.checking.check import play_check
from simulator.experiment.checking.references import Files
from simulator.experiment.checking.suite import Check, Suite
from simulator.play.job import REPLICATION_FUNCTION
from simulator.play.warmup import with_found_warmup
from simulator.scenario.errors import ScenarioError


def record(
    suite: Suite,
    reason: str,
    *,
    jobs: int = 1,
    say: Callable[[str], None] | None = None,
    function: str = REPLICATION_FUNCTION,
) -> list[tuple[str, Path, bool]]:
    """Play every check and write its baseline: (name, file, whether it changed).

    Raises ScenarioError (also for a check that does not finish), MetricUnavailableError where a metric has no
    value: such a baseline would guard nothing.
    """
    fresh: list[tuple[Check, Baseline]] = []
    for check in suite.checks:
        if say is not None:
            say(f"{check.name}: {suite.most} replications")
        fresh.append((check, _recorded(check, suite.most, reason, jobs, function)))
    files = Files(suite.folder)
    return [(check.name, files.path(check), write_baseline(files.path(check), found)) for check, found in fresh]


def _recorded(check: Check, count: int, reason: str, jobs: int, function: str) -> Baseline:
    scenario = check.scenario()
    played, failures = play_check(with_found_warmup(scenario, function), scenario.seed, range(count), jobs, function)
    if failures:
        raise ScenarioError(f"{check.name}: {failures[0].item}: {failures[0].message}")
    broken = [v for r in played for v in r.invariants.get("violations", [])]
    if broken:
        raise ScenarioError(f"{check.name}: a safety invariant broke: {broken[0]}")
    metrics = [limit.metric.name for limit in check.limits]
    return baseline_of(check.name, check.source, scenario, played, metrics, reason)
