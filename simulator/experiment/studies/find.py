"""`find`: the smallest (or largest) value of a path for which a condition on a metric holds, by bisection.

Every probe is a cell with the same seed, so all values meet the same arrivals (common random numbers) and the
curve is smooth enough to bisect. Three places are sought: where the mean meets the condition (the answer),
where the whole 95 % interval does, and where none of it does any more; between the latter two lies the
interval of the answer. This supposes that the metric is monotone in the value; where the probes say otherwise
the result says so.

May import the study and expectations. Prints nothing; writes only into the folder it is given.
"""

# ruff: noqa: PD011 - the `values` here are a cell's, not a frame's
from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from simulator.experiment.studies import sweep_folder
from simulator.experiment.studies.cells import Cell
from simulator.experiment.studies.design import AxisRange, value_of
from simulator.experiment.studies.one_search import OneSearch
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.resume import Resumption, look_up
from simulator.experiment.studies.search_space import FindError, condition_of, parted, start_of
from simulator.experiment.studies.study import Executor, Study
from simulator.experiment.studies.sweep import source_of
from simulator.experiment.studies.sweep_index import quantity
from simulator.experiment.studies.sweep_result import SweepResult
from simulator.metrics.expectations import Expectation
from simulator.play.job import REPLICATION_FUNCTION, Listener, Silence
from simulator.results.drawn import Drawn
from simulator.results.frames import frame
from simulator.scenario.errors import ScenarioError

if TYPE_CHECKING:
    import pandas as pd

    from simulator.scenario.schema import Scenario

Verdict = Literal["met", "missed", "undecided"]
LEAST_REPLICATIONS = 5
_FURTHEST = 12
_SETTLING = 3
_MOST_PROBES = 80


@dataclass(frozen=True, slots=True)
class TriedValue:
    """One value that was tried.

    Attributes:
        number: the value as a number in the path's own unit.
        text: as a scenario writes it.
        outcome: its cell.
        holds: whether the mean meets the condition.
        verdict: whether the whole interval does (met), none of it (missed), or part of it (undecided).
    """

    number: float
    text: str
    outcome: CellOutcome
    holds: bool
    verdict: Verdict


_SOUGHT: Final[tuple[Callable[[TriedValue], bool], ...]] = (
    lambda probe: probe.holds,
    lambda probe: probe.verdict == "met",
    lambda probe: probe.verdict != "missed",
)
"""What changes at the places that are sought: the answer, and the ends of its interval."""


@dataclass(eq=False)
class Found(Drawn):
    """The answer.

    Attributes:
        path, condition: the question.
        side: "smallest" or "largest" value that meets it.
        answer: the probe that is it; None where no value in the range meets the condition.
        low, high: ends of the interval of the answer (texts); None where the range ends before it does.
        everywhere: whether every value that was tried meets it.
        notes: what to know about the answer.
        probes: all, in the order of their values.
        sweep: the probes as a sweep, with its folder.

    Its plot: `.curve()`.
    """

    _fragment = "simulator.report.answer_html:fragment"
    _plots = "simulator.report.answer_plots:FindPlots"

    path: str
    condition: Expectation
    side: Literal["smallest", "largest"]
    answer: TriedValue | None
    low: str | None
    high: str | None
    everywhere: bool
    notes: Sequence[str]
    probes: Sequence[TriedValue]
    sweep: SweepResult

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints, and the manifest holds."""
        return {
            "path": self.path,
            "until": self.condition.text,
            "side": self.side,
            "answer": self.answer.text if self.answer is not None else None,
            "interval": [self.low, self.high],
            "everywhere": self.everywhere,
            "notes": list(self.notes),
            "probes": [
                {
                    "value": probe.text,
                    "holds": probe.holds,
                    "verdict": probe.verdict,
                    **probe.outcome.estimates[self.condition.metric.name].to_dict(),
                }
                for probe in self.probes
                if self.condition.metric.name in probe.outcome.estimates
            ],
        }

    @property
    def tried(self) -> pd.DataFrame:
        """A row for each value that was tried, in their order; the metric of the condition, SI.

        Columns value (SI), text (as a scenario writes it), mean, ci_low, ci_high, n, unit, holds, verdict.
        """
        metric = self.condition.metric.name
        rows = []
        for probe in self.probes:
            estimate, value = probe.outcome.estimates[metric], quantity(probe.text)
            known = probe.number if value is None else value
            of_metric = (estimate.mean, estimate.low, estimate.high, estimate.n, estimate.unit)
            rows.append((known, probe.text, *of_metric, probe.holds, probe.verdict))
        return frame(rows, ("value", "text", "mean", "ci_low", "ci_high", "n", "unit", "holds", "verdict"))

    def __repr__(self) -> str:
        answer = self.answer.text if self.answer is not None else "no value in the range"
        return f"<Found {self.path} = {answer} ({self.side} with {self.condition.text})>"


@dataclass(eq=False)
class Search:
    """The search for a value; `run` does it.

    Attributes:
        scenario: with at least two replications.
        path, condition: the question.
        span: where to look; None: around the scenario's own value, further and further away.
        tolerance: how closely to find a value that is not a whole number, relative.
        executor, listener, folder, function: as for a study.
        heard: is told each probe.
    """

    scenario: Scenario
    path: str
    condition: Expectation
    executor: Executor
    span: AxisRange | None = None
    tolerance: float = 0.02
    listener: Listener = field(default_factory=Silence)
    folder: Path | None = None
    function: str = REPLICATION_FUNCTION
    heard: Callable[[TriedValue], None] | None = None
    resume: bool = False
    argv: Sequence[str] = ()

    def __post_init__(self) -> None:
        cells = None if self.folder is None else self.folder / sweep_folder.CELLS
        self.hearing = OneSearch(self.listener, self.ahead)
        self.study = Study(
            self.scenario, self.executor, self.hearing, cells, self.function, [self.condition.metric.name]
        )
        self.start = start_of(self.scenario, self.path, self.span)
        self.probes: dict[float, TriedValue] = {}
        self.limits: list[str] = []

    # -- the search -----------------------------------------------------------------------------------

    def run(self) -> Found:
        """Find it. Raises FindError, ScenarioError, FolderError; KeyboardInterrupt passes through."""
        try:
            return self._found()
        finally:
            self.hearing.over()

    def _found(self) -> Found:
        for number in (self.span.low, self.span.high) if self.span is not None else (self.start.number,):
            self._cell(number)  # a mistyped path is told before there is a folder
        if self.folder is not None:
            sweep_folder.begin(
                self.folder, sweep_folder.manifest_of(self._sweep(interrupted=True)), source_of(self.scenario)
            )
        low, high = self._ends()
        rising = (high.holds and not low.holds) or (high.holds == low.holds and self._slope(low, high) > 0.0)
        side: Literal["smallest", "largest"] = "smallest" if rising else "largest"
        answer: TriedValue | None = None
        if low.holds != high.holds:
            mean, surely, perhaps = _SOUGHT
            self._bisect(mean)
            if self.span is None:
                self._settle(rising)
            answer = self._edge(rising)
            self._bisect(surely)
            self._bisect(perhaps)
        elif low.holds:
            answer = low if rising else high
        ends = self._interval(rising) if answer is not None else (None, None)
        return Found(
            self.path, self.condition, side, answer, *ends, low.holds and high.holds,
            self._notes(rising), self._ordered(), self._sweep(interrupted=self.study.interrupted),
        )  # fmt: skip

    def try_value(self, number: float) -> TriedValue:
        """Play a value, or recall it. Raises ScenarioError where the scenario cannot have it."""
        if number in self.probes:
            return self.probes[number]
        if len(self.probes) >= _MOST_PROBES:
            raise FindError(f"{_MOST_PROBES} values were tried without an answer: narrow it with --between")
        text = self.start.text(number)
        cell = self._cell(number)
        known = self._earlier(cell.name)
        outcome = known.finished.get(cell.name) or self.study.play([cell], known.begun)[cell.name]
        if self.study.interrupted:
            raise KeyboardInterrupt
        if outcome.status != "complete":
            raise FindError(f"{self.path} = {text} gave no result: {'; '.join(outcome.failures)}")
        found = outcome.estimates.get(self.condition.metric.name)
        if found is None or math.isnan(found):
            raise FindError(f"{self.path} = {text}: the run gives no {self.condition.metric.name}")
        verdict = self.condition.judge(found.by_replication, found.low, found.high)
        probe = TriedValue(number, text, outcome, self.condition.holds(float(found)), verdict)
        self.probes[number] = probe
        if self.heard is not None:
            self.heard(probe)
        return probe

    def _cell(self, number: float) -> Cell:
        """The cell of a value. Raises ScenarioError where the scenario cannot have it."""
        value = value_of(self.path, self.start.text(number))
        return self.study.cells.make({self.path: value}, {self.path: _short(self.path)}, len(self.probes) + 1)

    def _ends(self) -> tuple[TriedValue, TriedValue]:
        """Two probes between which the condition changes, or the ends of what can be tried."""
        if self.span is not None:
            return self.try_value(self.span.low), self.try_value(self.span.high)
        first = self.try_value(self.start.number)
        low = high = first
        up = down = True
        for _ in range(_FURTHEST):
            if up:
                found = self._try_further(self.start.further(high.number, 2.0))
                up, high = found is not None, found or high
            if down and low.holds == high.holds:
                found = self._try_further(self.start.further(low.number, 0.5))
                down, low = found is not None, found or low
            if low.holds != high.holds or not (up or down):
                break
        return low, high

    def _settle(self, rising: bool) -> None:
        """Go outwards until the ends are beyond doubt, a few steps at most."""
        for place, factor in ((-1, 2.0), (0, 0.5)):
            wanted = "met" if (place == -1) is rising else "missed"
            for _ in range(_SETTLING):
                end = self._ordered()[place]
                if end.verdict == wanted or self._try_further(self.start.further(end.number, factor)) is None:
                    break

    def _try_further(self, number: float | None) -> TriedValue | None:
        """A value further out, or None where the scenario cannot have it."""
        if number is None:
            return None
        try:
            return self.try_value(number)
        except ScenarioError as error:
            self.limits.append(f"{self.start.text(number)} cannot be: {str(error).splitlines()[0]}")
            return None

    def _bisect(self, holds: Callable[[TriedValue], bool]) -> None:
        """Narrow every place where `holds` changes between two neighbours, until they are close."""
        while True:
            ordered = self._ordered()
            pairs = [(a, b) for a, b in itertools.pairwise(ordered) if holds(a) != holds(b)]
            far = [(a, b) for a, b in pairs if not self.start.close(a.number, b.number, self.tolerance)]
            if not far:
                return
            a, b = far[0]
            self.try_value(self.start.between(a.number, b.number))

    def ahead(self) -> int:
        """How many values are still to be tried, about.

        A place that is sought between two neighbours takes halvings. Where several lie between the same two (the answer
        and the ends of its interval), each further one is taken to share half of the way.
        """
        ordered = self._ordered()
        if self.span is not None and len(ordered) < 2:
            low, high = self.span.low, self.span.high
            return 2 - len(ordered) + 2 * self.start.halvings(low, high, self.tolerance)
        sought = [sum(holds(a) != holds(b) for holds in _SOUGHT) for a, b in itertools.pairwise(ordered)]
        if not any(sought):  # not between two values yet, or both ends alike
            if self.span is not None:
                return 0
            number = self.start.number or 1.0
            return 2 + 2 * self.start.halvings(number, 2.0 * number, self.tolerance)
        return sum(
            math.ceil(self.start.halvings(a.number, b.number, self.tolerance) * (1 + places) / 2)
            for (a, b), places in zip(itertools.pairwise(ordered), sought, strict=True)
            if places
        )

    # -- the answer -----------------------------------------------------------------------------------

    def _edge(self, rising: bool) -> TriedValue:
        """The value beyond which the mean always meets the condition."""
        towards = self._ordered() if rising else self._ordered()[::-1]
        edge = towards[-1]
        for probe in reversed(towards):
            if not probe.holds:
                break
            edge = probe
        return edge

    def _interval(self, rising: bool) -> tuple[str | None, str | None]:
        """From the last value that surely misses to the first that surely meets, and all from there on."""
        towards = self._ordered() if rising else self._ordered()[::-1]
        met: TriedValue | None = None
        for probe in reversed(towards):
            if probe.verdict != "met":
                break
            met = probe
        possible = [probe for probe in towards if probe.verdict != "missed"]
        surely = any(probe.verdict == "missed" for probe in towards)
        first = possible[0].text if possible and surely else None
        last = met.text if met is not None else None
        return (first, last) if rising else (last, first)

    def _notes(self, rising: bool) -> list[str]:
        towards = [probe.verdict for probe in (self._ordered() if rising else self._ordered()[::-1])]
        notes = list(self.limits)
        if "met" in towards and "missed" in towards[towards.index("met") :]:
            notes.append(
                "the metric is not monotone here: beyond values that surely meet the condition others surely "
                "do not; look at the curve"
            )
        return notes

    def _slope(self, low: TriedValue, high: TriedValue) -> float:
        """Above 0 where higher values come closer to the condition."""
        metric = self.condition.metric.name
        change = high.outcome.value(metric) - low.outcome.value(metric)
        return change if self.condition.op in (">=", ">") else -change

    def _ordered(self) -> list[TriedValue]:
        return [self.probes[number] for number in sorted(self.probes)]

    def _earlier(self, name: str) -> Resumption:
        if not self.resume or self.folder is None:
            return Resumption()
        cell = self.study.cells.cells[name]
        return look_up(
            [cell], self.study.cells, {name: self.scenario.replications},
            self.folder / sweep_folder.CELLS, [self.condition.metric.name],
        )  # fmt: skip

    def _sweep(self, *, interrupted: bool) -> SweepResult:
        return SweepResult(
            self.scenario.name, self.scenario.question, "find", [self.path],
            [probe.outcome for probe in self._ordered()], [self.condition.metric.name], self.scenario.seed,
            self.scenario.replications, interrupted, self.argv, self.folder, "find",
            {"path": self.path, "until": self.condition.text},
        )  # fmt: skip

    def so_far(self) -> SweepResult:
        """The probes made, when the search was interrupted."""
        return self._sweep(interrupted=True)


def keep_answer(found: Found) -> None:
    """Let the folder's manifest hold the answer."""
    found.sweep.extra = {**found.sweep.extra, "answer": found.to_dict()}


def found_of(sweep: SweepResult) -> Found | None:
    """The answer that the folder of a search holds; None where there is none: it was interrupted, or cells are gone."""
    told = sweep.extra.get("answer")
    if sweep.kind != "find" or not isinstance(told, Mapping):
        return None
    condition = condition_of(told["until"])
    judged = {entry["value"]: entry for entry in told["probes"]}
    probes = []
    for outcome in sweep.outcomes:
        text = outcome.cell.values[told["path"]].text
        if text in judged and condition.metric.name in outcome.estimates:
            entry = judged[text]
            probes.append(TriedValue(parted(text)[0], text, outcome, entry["holds"], entry["verdict"]))
    if not probes or len(probes) < len(judged):
        return None
    answer = next((probe for probe in probes if probe.text == told["answer"]), None)
    low, high = told["interval"]
    return Found(
        told["path"], condition, told["side"], answer, low, high, told["everywhere"], told["notes"], probes, sweep
    )  # fmt: skip


def _short(path: str) -> str:
    return ".".join(path.split(".")[-2:])
