"""`run`: a scenario in, a `Result` out; what the command line and notebooks both call.

May import the experiment's modules; the scenario language only for paths. Writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.errors import FolderError
from simulator.experiment.adjusting import adjusted
from simulator.play.job import AS_WRITTEN, REPLICATION_FUNCTION, Item, Job, Played
from simulator.play.listening import Progress, listening
from simulator.play.runner import items_of, play
from simulator.play.warmup import with_found_warmup
from simulator.results.facts import Facts
from simulator.results.result import Result

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


class ResumeError(FolderError):
    """The earlier result is not one of this scenario and seed."""


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    variants: bool = True,
    trace: float | None = None,
    progress: Progress = None,
    resume: Result | None = None,
    function: str = REPLICATION_FUNCTION,
) -> Result:
    """Play a scenario and its variants; the result is the same whatever `jobs`.

    Args:
        scenario: a Scenario, or the path or bundled name of one.
        seed: in place of the scenario's.
        replications: in place of the scenario's.
        jobs: processes; 1 plays in this one.
        variants: whether to play the scenario's variants too.
        trace: share (0..1) of the requests to record one by one; None: as the scenario says.
        progress: a listener, True (a bar in a notebook, elsewhere lines on stderr) or False; left out: notebooks only.
        resume: an earlier result of the same scenario and seed, perhaps with fewer replications: what it
            finished is not played again.
        function: dotted path of the replication function.

    Returns:
        The result. Items that failed are in `.failures`; Ctrl-C gives a result with `.interrupted` set.

    Raises:
        ScenarioError: the scenario is wrong, or something that it reads (a trace).
        ValueError: an expectation names an unknown metric.
        ResumeError: `resume` is of another scenario or seed.
    """
    from simulator.metrics.expectations import parse_expectation

    written = adjusted(scenario, seed, replications)
    for text in written.expect:
        parse_expectation(text)
    scenario = with_found_warmup(written, function)
    seed, count = scenario.seed, scenario.replications
    names = list(scenario.variants) if variants else []
    variants_played = {name: with_found_warmup(scenario.variant(name), function) for name in names}
    scenarios = {AS_WRITTEN: scenario, **variants_played}
    facts = {
        name: Facts.of(s, source=_source(written), warmup_found=scenario is not written)
        for name, s in scenarios.items()
    }
    if trace is None:
        trace = scenario.record.trace
    done = _resumed(resume, scenarios) if resume is not None else Played()
    items = items_of(list(scenarios), count, list(done.results))
    outcome = play(Job(scenarios, seed, trace, function), items, jobs=jobs, listener=listening(progress))
    wrong = next((failure for failure in outcome.failures if failure.kind == "scenario"), None)
    if wrong is not None:
        from simulator.scenario.errors import ScenarioError

        raise ScenarioError(wrong.message)
    outcome.results.update(done.results)
    return _result(outcome, facts)


def _result(outcome: Played, facts: dict[str, Facts]) -> Result:
    def of(name: str, variants: dict[str, Result]) -> Result:
        failures = [f for f in outcome.failures if name in (AS_WRITTEN, f.item.variant)]
        return Result(facts[name], outcome.of(name), variants, failures, outcome.interrupted)

    return of(AS_WRITTEN, {name: of(name, {}) for name in facts if name != AS_WRITTEN})


def _source(scenario: Scenario) -> str:
    """The text of the file that the scenario was read from; "" for one that a program made."""
    mark = scenario.tree.mark
    return "\n".join(mark.source.lines) if mark is not None and mark.source.is_file else ""


def _resumed(earlier: Result, scenarios: dict[str, Scenario]) -> Played:
    """The finished replications of an earlier result that belong to this one. Raises ResumeError."""
    outcome = Played()
    if earlier.notes:
        raise ResumeError(f"cannot go on from it: {earlier.notes[0]}")
    parts: Iterable[tuple[str, Result]] = [(AS_WRITTEN, earlier), *earlier.variants.items()]
    for name, part in parts:
        if name not in scenarios:
            continue
        mine = scenarios[name]
        count = part.facts.replications
        same = mine if mine.replications == count else mine.with_overrides({"replications": count})
        if (part.facts.seed, part.facts.scenario_hash) != (mine.seed, same.content_hash()):
            what = f"variant {name}" if name else "the scenario"
            raise ResumeError(f"cannot go on from {earlier.path}: {what} or its seed is another by now")
        for replication in part.replications:
            if replication.replication < mine.replications:
                outcome.results[Item(replication.replication, name)] = replication
    return outcome
