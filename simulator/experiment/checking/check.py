"""Has a number moved since the baseline? Staged, paired, with an error rate for the whole suite.

Each check is played with the baseline's replications. Equal fingerprints: done at once. Otherwise the paired
differences are judged against the limits of each metric, after 5, 10, 20 ... replications, until every one is

* FAIL: with confidence, it moved beyond its limit;
* PASS: with confidence, it did not;
* IMPROVED: with confidence, it moved beyond its limit in the direction that people want;
* INCONCLUSIVE: neither, with all replications played.

Errors are split evenly over metrics and stages (Bonferroni), and over both ends of each interval: the chance that
an unchanged suite fails anywhere is at most (1 - confidence) / 2.
Wall-clock time is no metric, so it is never part of it.

May import the experiment's modules. Prints and writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from simulator.experiment.checking.baseline import SCHEMA, Baseline, same_fingerprints, settings_of
from simulator.experiment.checking.suite import Check, Limit, Suite
from simulator.experiment.comparing.compare import values_of
from simulator.metrics.names import MetricUnavailableError
from simulator.play.job import REPLICATION_FUNCTION, Failure, Item, Job
from simulator.play.runner import play
from simulator.play.warmup import with_found_warmup
from simulator.results.drawn import Drawn
from simulator.results.frames import INTERVAL, frame, interval
from simulator.statistics.intervals import Interval, paired_difference, welch_difference

if TYPE_CHECKING:
    import pandas as pd

    from simulator.observe.result import Replication
    from simulator.scenario.schema import Scenario

Status = Literal["PASS", "FAIL", "IMPROVED", "INCONCLUSIVE"]
GRAVEST: Final[tuple[Status, ...]] = ("FAIL", "INCONCLUSIVE", "IMPROVED", "PASS")


@dataclass(frozen=True, slots=True)
class Finding:
    """One metric of one check.

    Attributes:
        metric: its name. unit: SI. line: of the suite file. limit: how far it may move, in words.
        before, after: means (NaN without a value).
        difference: after - before with its interval at the suite's confidence.
        status: the verdict. note: why, where the numbers do not say it.
    """

    metric: str
    unit: str
    line: int
    limit: str
    before: float
    after: float
    difference: Interval
    status: Status
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """One check.

    Attributes:
        name, line: of the check in the suite.
        findings: one per metric.
        replications: played. identical: whether every fingerprint was the baseline's.
        changed: what is another in the scenario, as `path before -> after`.
        problem: why there are no findings, or "".
        comparable: False where the baseline and this cannot be compared.
        invariant: whether a safety invariant broke.
    """

    name: str
    line: int
    findings: tuple[Finding, ...]
    replications: int
    identical: bool = False
    changed: tuple[str, ...] = ()
    problem: str = ""
    comparable: bool = True
    invariant: bool = False

    @property
    def status(self) -> Status:
        """The gravest of its findings."""
        if self.problem:
            return "FAIL" if self.comparable else "INCONCLUSIVE"
        found = {finding.status for finding in self.findings}
        return next(status for status in GRAVEST if status in found or status == "PASS")


@dataclass(frozen=True, slots=True, repr=False)
class Report(Drawn):
    """The whole suite.

    Attributes:
        suite: what was checked.
        outcomes: one for each check.
        against: what it was compared with, in words.
    """

    _fragment = "simulator.report.check_html:fragment"

    suite: Suite
    outcomes: tuple[CheckOutcome, ...]
    against: str = "the baseline"

    @property
    def exit_code(self) -> int:
        """0 ok, 5 an invariant broke, 99 failed, 4 inconclusive or not comparable."""
        if any(outcome.invariant for outcome in self.outcomes):
            return 5
        statuses = {outcome.status for outcome in self.outcomes}
        return 99 if "FAIL" in statuses else 4 if "INCONCLUSIVE" in statuses else 0

    @property
    def status(self) -> Status:
        """The gravest of its checks: FAIL, INCONCLUSIVE, IMPROVED or PASS."""
        found = {outcome.status for outcome in self.outcomes}
        return next(status for status in GRAVEST if status in found or status == "PASS")

    @property
    def passed(self) -> bool:
        """Whether nothing failed and everything is decided."""
        return self.exit_code == 0

    @property
    def table(self) -> pd.DataFrame:
        """A row for each metric of each check, SI; a check that could not be judged has a row without a metric.

        Columns check, metric, unit, before, after, difference, ci_low, ci_high (at the confidence that holds for the
        whole suite), limit, status, note.
        """
        nan = float("nan")
        rows: list[tuple[Any, ...]] = []
        for outcome in self.outcomes:
            if outcome.problem:
                rows.append((outcome.name, "", "", *(5 * [nan]), "", outcome.status, outcome.problem))
            for one in outcome.findings:
                sides = (outcome.name, one.metric, one.unit, one.before, one.after)
                rows.append((*sides, *interval(one.difference), one.limit, one.status, one.note))
        columns = ("check", "metric", "unit", "before", "after", *INTERVAL, "limit", "status", "note")
        return frame(rows, columns)

    def __repr__(self) -> str:
        count = len(self.outcomes)
        return f"<Report of {self.suite.name}: {count} check{'s' * (count != 1)} against {self.against}, {self.status}>"


class Reference(Protocol):
    """Where the numbers to compare with come from."""

    def of(self, check: Check, replications: int) -> Baseline | None:
        """At least the first `replications` of a check, as far as there are any; None: nothing at all."""


@dataclass(slots=True)
class _Case:
    """A check on its way: what was played so far."""

    check: Check
    scenario: Scenario
    seed: int
    played: list[Replication] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    identical: bool = False


def run_suite(
    suite: Suite,
    reference: Reference,
    *,
    seed: int | None = None,
    jobs: int = 1,
    against: str = "the baseline",
    say: Callable[[str], None] | None = None,
    function: str = REPLICATION_FUNCTION,
) -> Report:
    """Check every scenario of a suite.

    Args:
        suite: what to check.
        reference: baselines, or another revision.
        seed: in place of the baselines' (then nothing is identical, and differences are unpaired).
        jobs: processes.
        against: what the reference is, in words.
        say: hears a line now and then.
        function: dotted path of the replication function.

    Raises ScenarioError, BaselineError, KeyboardInterrupt.
    """
    looks = sum(len(check.limits) for check in suite.checks) * len(suite.stages)
    confidence = 1.0 - (1.0 - suite.confidence) / looks
    outcomes = [_check(suite, check, reference, confidence, seed, jobs, say, function) for check in suite.checks]
    return Report(suite, tuple(outcomes), against)


def play_check(
    scenario: Scenario, seed: int, numbers: Sequence[int], jobs: int, function: str = REPLICATION_FUNCTION
) -> tuple[list[Replication], list[Failure]]:
    """Some replications of a scenario. Raises ScenarioError; KeyboardInterrupt where it was interrupted."""
    outcome = play(Job({"": scenario}, seed, None, function), [Item(n, "") for n in numbers], jobs=jobs)
    if outcome.interrupted:
        raise KeyboardInterrupt
    wrong = next((failure for failure in outcome.failures if failure.kind == "scenario"), None)
    if wrong is not None:
        from simulator.scenario.errors import ScenarioError

        raise ScenarioError(wrong.message)
    return outcome.of(""), outcome.failures


def _check(
    suite: Suite, check: Check, reference: Reference, confidence: float, seed: int | None, jobs: int,
    say: Callable[[str], None] | None, function: str,
) -> CheckOutcome:  # fmt: skip
    blank = CheckOutcome(check.name, check.line, (), 0)
    first = reference.of(check, suite.first)
    if first is None:
        return replace(blank, problem="there is no baseline yet")
    if first.schema != SCHEMA:
        return replace(blank, problem=f"its baseline has schema {first.schema}", comparable=False)
    scenario = check.scenario()
    settings = settings_of(scenario)
    blank = replace(blank, changed=tuple(first.changed_settings(settings)))
    if first.other_window(settings):
        return replace(blank, problem="another stretch of time is measured than in the baseline", comparable=False)
    case = _Case(check, with_found_warmup(scenario, function), first.seed if seed is None else seed)
    for size in suite.stages:
        if say is not None:
            say(f"{check.name}: {size} replications")
        trouble = _play_on(case, size, jobs, function)
        if trouble is not None:
            return replace(blank, problem=trouble[0], invariant=trouble[1])
        baseline = reference.of(check, size)
        assert baseline is not None
        case.identical = case.seed == baseline.seed and same_fingerprints(baseline, case.played)
        case.findings = [_judge(limit, case, baseline, confidence) for limit in check.limits]
        if case.identical or all(finding.status != "INCONCLUSIVE" for finding in case.findings):
            break
    return replace(blank, findings=tuple(case.findings), replications=len(case.played), identical=case.identical)


def _play_on(case: _Case, size: int, jobs: int, function: str) -> tuple[str, bool] | None:
    """Play up to `size` replications; what went wrong, and whether a safety invariant broke."""
    fresh, failures = play_check(case.scenario, case.seed, range(len(case.played), size), jobs, function)
    if failures:
        return f"{failures[0].item}: {failures[0].message}", failures[0].kind == "invariant"
    case.played += fresh
    broken = [v for r in fresh for v in r.invariants.get("violations", [])]
    return (f"a safety invariant broke: {broken[0]}", True) if broken else None


def _judge(limit: Limit, case: _Case, baseline: Baseline, confidence: float) -> Finding:
    name = limit.metric.name
    finding = Finding(
        name, limit.metric.unit, limit.line, str(limit), math.nan, math.nan,
        Interval(math.nan, math.nan, math.nan, 0), "FAIL",
    )  # fmt: skip
    before = baseline.metrics.get(name)
    if not before:
        return replace(finding, note="the baseline has no value of it")
    try:
        after = values_of(case.played, name)
    except MetricUnavailableError as error:
        return replace(finding, note=str(error).strip("'\""))
    if not after:
        return replace(finding, note="no replication has a value of it")
    difference, left, right = _difference(before, after, case.seed == baseline.seed, confidence)
    if not left or not right:
        return replace(finding, note="the baseline has values of other replications only")
    mean = math.fsum(left) / len(left)
    status = "PASS" if case.identical else verdict_of(limit, mean, difference)
    note = "" if status != "INCONCLUSIVE" else "the interval reaches across the limit: more replications decide"
    return replace(
        finding, before=mean, after=math.fsum(right) / len(right), difference=difference, status=status, note=note
    )


def verdict_of(limit: Limit, before: float, difference: Interval) -> Status:
    """The verdict on after - before, for a metric whose mean was `before`."""
    low, high = difference.low, difference.high
    if math.isnan(low):
        return "INCONCLUSIVE"
    drop = limit.drop.of(before) if limit.drop is not None else math.inf
    rise = limit.rise.of(before) if limit.rise is not None else math.inf
    if high < -drop or low > rise:
        return "FAIL"
    if low < -drop or high > rise:
        return "INCONCLUSIVE"
    wanted = limit.margin.of(before)
    better = (limit.rise is None and low > wanted) or (limit.drop is None and high < -wanted)
    return "IMPROVED" if better else "PASS"


def _difference(
    before: Any, after: dict[int, float], paired: bool, confidence: float
) -> tuple[Interval, list[float], list[float]]:
    """After - before, with the values used: pairs of the same replication, or all of both."""
    if not paired:
        left, right = list(before.values()), list(after.values())
        return welch_difference(left, right, confidence), left, right
    common = [number for number in after if number in before]
    left, right = [before[n] for n in common], [after[n] for n in common]
    found = paired_difference(left, right, confidence)
    return Interval(found.mean, found.low, found.high, found.n), left, right
