"""The search of `optimise`: several settings at once, for the least or most of a metric under constraints.

First a search: settings are proposed in batches and each is played with the same few replications, all on the
same arrivals. Then a play-off: the best few are played on, round by round with twice the replications, until
one is the best with 95 % confidence or the rounds are over. The answer is the same whatever plays the cells,
and a search that goes on in its folder proposes the same again, over the cells that are there.

May import the study, proposals, the play-off. Prints nothing; writes only into the folder it is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.errors import StudyError
from simulator.experiment.adjusting import adjusted
from simulator.experiment.studies import sweep_folder
from simulator.experiment.studies.cells import Cell
from simulator.experiment.studies.design import Value, short_names
from simulator.experiment.studies.dimensions import SearchDimension, dimensions_of
from simulator.experiment.studies.optimum import JudgedTrial, Optimum, Status, Three
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.playoff import Objective, Playoff, Table, holds, verdict
from simulator.experiment.studies.proposals import Point, proposals
from simulator.experiment.studies.resume import Resumption, look_up
from simulator.experiment.studies.study import Executor, Study
from simulator.experiment.studies.sweep import source_of
from simulator.experiment.studies.sweep_result import SweepResult
from simulator.metrics.expectations import Expectation, Verdict, parse_expectation
from simulator.metrics.names import parse_metric
from simulator.play.job import REPLICATION_FUNCTION, Listener, Silence
from simulator.results.loading import load_run
from simulator.scenario.errors import ScenarioError
from simulator.statistics.intervals import mean_interval

if TYPE_CHECKING:
    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario

LEAST_REPLICATIONS: Final = 5
TRIALS: Final = 40
FINALISTS: Final = 5
ROUNDS: Final = 4
_ON_A_FRONTIER: Final = 8
_ASKED_FOR_EACH: Final = 4


class OptimiseError(StudyError):
    """A question that cannot be asked; the message says how to ask it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A setting that was played in the search.

    Attributes:
        outcome: its cell.
        table: metric -> a value for each replication of the search.
        feasible: the verdict on its constraints.
        able: whether its means meet them.
    """

    outcome: CellOutcome
    table: Table
    feasible: Verdict
    able: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is sought: objectives, conditions, and the settings that may change (`path=low..high`, `path=a,b`)."""

    objectives: Sequence[Objective]
    conditions: Sequence[Expectation]
    parameters: Sequence[str]

    @classmethod
    def of(
        cls, minimise: Sequence[str], maximise: Sequence[str], subject_to: Sequence[str], parameters: Sequence[str]
    ) -> Question:  # fmt: skip
        """Take it apart. Raises OptimiseError, ExpectationError, UnknownMetricError."""
        asked = [(name, True) for name in minimise] + [(name, False) for name in maximise]
        objectives = [Objective(parse_metric(name).name, less) for name, less in asked]
        if not objectives:
            raise OptimiseError("what is to be best? write --minimise METRIC or --maximise METRIC")
        if len(objectives) > 2 or len({o.metric for o in objectives}) < len(objectives):
            raise OptimiseError(
                "one objective, or two different ones: give the others as --subject-to 'METRIC OP VALUE'"
            )
        conditions = [parse_expectation(text) for text in subject_to]
        for condition in conditions:
            if condition.each:
                raise OptimiseError(f"`{condition.text}`: the mean over replications is judged: leave each() out")
        return cls(objectives, conditions, parameters)

    @property
    def metrics(self) -> list[str]:
        """Every metric that is looked at."""
        return list(dict.fromkeys([*(o.metric for o in self.objectives), *(c.metric.name for c in self.conditions)]))


@dataclass(eq=False)
class Optimiser:
    """The search and the play-off; `run` does both.

    Attributes:
        scenario: with at least two replications: those of the search.
        question: what is sought.
        executor, listener, folder, function: as for a study.
        trials: settings to try.
        finalists: how many are played on. rounds: how often, each with twice the replications; 0: no play-off
            but one round.
        resume: whether the folder may hold an earlier search.
        heard: is told each trial, with how many there are to be.
        heard_round: is told each round: finalists and their replications.
    """

    scenario: Scenario
    question: Question
    executor: Executor
    trials: int = TRIALS
    finalists: int = FINALISTS
    rounds: int = ROUNDS
    listener: Listener = field(default_factory=Silence)
    folder: Path | None = None
    function: str = REPLICATION_FUNCTION
    resume: bool = False
    argv: Sequence[str] = ()
    heard: Callable[[Trial, int, int], None] | None = None
    heard_round: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        self.study = self._study(self.scenario)
        self.dimensions: Sequence[SearchDimension] = dimensions_of(self.question.parameters, self.study.cells)
        self.paths = [one.path for one in self.dimensions]
        self.everything = math.prod(one.count for one in self.dimensions) <= self.trials
        self.tried: dict[tuple[str, ...], Trial | None] = {}
        self.outcomes: dict[str, CellOutcome] = {}
        self.impossible: list[str] = []

    def run(self) -> Optimum:
        """Find it. Raises OptimiseError, ScenarioError, FolderError; KeyboardInterrupt passes through."""
        if self.folder is not None:
            sweep_folder.begin(
                self.folder, sweep_folder.manifest_of(self.so_far()), source_of(self.scenario)
            )  # fmt: skip
        self._search()
        known = [trial for trial in self.tried.values() if trial is not None]
        if not known:
            raise OptimiseError(self._nothing())
        pool = self._pool(known)
        contest, chosen = self._play_off(pool)
        return self._answer(known, contest, chosen)

    def so_far(self) -> SweepResult:
        """The cells played, when it was interrupted."""
        return self._sweep(interrupted=True)

    # -- the search -----------------------------------------------------------------------------------
    def _search(self) -> None:
        minimise = [o.minimise for o in self.question.objectives]
        source = proposals(self.dimensions, minimise, self.scenario.seed, self.trials)
        asked = 0
        while len(self.tried) < self.trials and asked < _ASKED_FOR_EACH * self.trials:
            batch = source.ask()
            if not batch:
                break
            asked += len(batch)
            settings = [self._setting(point) for point in batch]
            fresh = {_texts(values): values for values in settings if _texts(values) not in self.tried}
            self._try(list(fresh.values())[: self.trials - len(self.tried)])
            found = [self.tried.get(_texts(values)) for values in settings]
            source.tell([self._values(trial) for trial in found], [self._violations(trial) for trial in found])

    def _setting(self, point: Point) -> dict[str, Value]:
        return {one.path: one.value(at) for one, at in zip(self.dimensions, point, strict=True)}

    def _try(self, settings: Sequence[Mapping[str, Value]]) -> None:
        shorts = short_names(self.paths)
        cells: list[Cell] = []
        for values in settings:
            self.tried[_texts(values)] = None
            try:
                cells.append(self.study.cells.make(values, shorts, len(self.outcomes) + len(cells) + 1))
            except ScenarioError as error:
                texts = ", ".join(f"{shorts[path]}={value.text}" for path, value in values.items())
                self.impossible.append(f"{texts} cannot be: {str(error).splitlines()[0]}")
        outcomes = self._play(cells, self.scenario.replications)
        self.outcomes.update((cell.name, outcomes[cell.name]) for cell in cells)
        for cell in cells:
            self.tried[_texts(cell.values)] = trial = self._trial(outcomes[cell.name])
            if trial is not None and self.heard is not None:
                self.heard(trial, len(self.outcomes), self.trials)

    def _trial(self, outcome: CellOutcome) -> Trial | None:
        """What a cell is worth to the search; None without its objectives."""
        table = self._table(outcome, 0, self.scenario.replications)
        if outcome.status != "complete" or any(o.metric not in table for o in self.question.objectives):
            return None
        conditions = self.question.conditions
        return Trial(outcome, table, verdict(table, conditions), holds(table, conditions))

    def _table(self, outcome: CellOutcome, begin: int, end: int) -> Table:
        """The metrics on some of the replications; those without a value in each are left out."""
        found = {}
        for name in self.question.metrics:
            estimate = outcome.estimates.get(name)
            values = estimate.by_replication[begin:end] if estimate is not None else ()
            if values and not any(map(math.isnan, values)):
                found[name] = values
        return found

    def _values(self, trial: Trial | None) -> list[float] | None:
        if trial is None:
            return None
        return [mean_interval(trial.table[o.metric]).mean for o in self.question.objectives]

    def _violations(self, trial: Trial | None) -> list[float]:
        """By how much each constraint is violated, relative to its bound; at most 0 where it holds."""
        found = []
        for condition in self.question.conditions:
            mean = mean_interval(trial.table.get(condition.metric.name, ())).mean if trial is not None else math.nan
            short = (condition.value - mean) * (1.0 if condition.op in (">=", ">") else -1.0)
            found.append(1.0 if math.isnan(short) else short / (abs(condition.value) or 1.0))
        return found

    def _nothing(self) -> str:
        """Why no trial gave a result."""
        for outcome in self.outcomes.values():
            if outcome.failures:
                return f"no setting gave a result: {outcome.failures[0]}"
            lacking = [o.metric for o in self.question.objectives if o.metric not in self._table(outcome, 0, 10**9)]
            if lacking:
                more = ": give the scenario a `price:` section" if lacking[0].startswith("cost.") else ""
                return f"the run gives no {lacking[0]}{more}"
        return f"no setting can be played: {self.impossible[0]}" if self.impossible else "nothing was tried"

    # -- the play-off ---------------------------------------------------------------------------------
    def _pool(self, known: Sequence[Trial]) -> list[Trial]:
        """Who may be the best, in the order in which they are played on."""
        signed = {id(t): self._signed(t) for t in known}
        hopeful = sorted((t for t in known if t.feasible != "missed"),
                         key=lambda t: (signed[id(t)], t.outcome.cell.number))  # fmt: skip
        able, perhaps = [t for t in hopeful if t.able], [t for t in hopeful if not t.able]
        if len(self.question.objectives) > 1:
            front = [t for t in able if not any(_beats(signed[id(o)], signed[id(t)]) for o in able)]
            size = max(self.finalists, _ON_A_FRONTIER)
            if len(front) > size:
                front = [front[round(k * (len(front) - 1) / (size - 1))] for k in range(size)]
            return front or perhaps
        best = signed[id(able[0])] if able else ()
        ahead = [t for t in perhaps if not able or signed[id(t)] < best][: self.finalists // 2 if able else None]
        first = [*able[: self.finalists - len(ahead)], *ahead]
        return [*first, *(t for t in [*able, *perhaps] if t not in first)]

    def _signed(self, trial: Trial) -> tuple[float, ...]:
        return tuple(o.sign * mean_interval(trial.table[o.metric]).mean for o in self.question.objectives)

    def _play_off(self, pool: Sequence[Trial]) -> tuple[Playoff | None, list[Trial]]:
        """The contest of the first finalists of whom one may be feasible; None where nobody may be."""
        several = len(self.question.objectives) > 1
        size = max(self.finalists, _ON_A_FRONTIER) if several else self.finalists
        contest, chosen = None, list[Trial]()
        for begin in range(0, len(pool), size):
            chosen = list(pool[begin : begin + size])
            contest = self._contest(chosen)
            if contest.standing:
                break
        return contest, chosen

    def _contest(self, chosen: Sequence[Trial]) -> Playoff:
        first, looks = self.scenario.replications, max(1, self.rounds)
        contest = Playoff(self.question.objectives, self.question.conditions, len(chosen), looks)
        for look in range(looks):
            fresh = first * 2**look
            standing = contest.standing
            if self.heard_round is not None:
                self.heard_round(len(standing), fresh)
            cells = [chosen[k].outcome.cell for k in standing]
            outcomes = self._play(cells, first + fresh)
            for k in standing:
                name = chosen[k].outcome.cell.name
                self.outcomes[name] = outcomes[name]
                if outcomes[name].status != "complete":
                    contest.out[k] = "undecided"
            tables = {
                k: self._table(self.outcomes[chosen[k].outcome.cell.name], first, first + fresh)
                for k in contest.standing
            }
            if contest.look(tables):
                break
        return contest

    # -- playing --------------------------------------------------------------------------------------
    def _study(self, scenario: Scenario) -> Study:
        cells = None if self.folder is None else self.folder / sweep_folder.CELLS
        return Study(scenario, self.executor, self.listener, cells, self.function, self.question.metrics)

    def _play(self, cells: Sequence[Cell], replications: int) -> dict[str, CellOutcome]:
        """Play cells to so many replications; what is there is not played again. Raises KeyboardInterrupt."""
        study = self._study(adjusted(self.scenario, None, replications))
        study.cells = self.study.cells
        known = self._earlier(cells, replications)
        missing = [cell for cell in cells if cell.name not in known.finished]
        played = study.play(missing, known.begun) if missing else {}
        if study.interrupted:
            self.outcomes.update({name: o for name, o in played.items() if o.replications})
            raise KeyboardInterrupt
        return {**known.finished, **played}

    def _earlier(self, cells: Sequence[Cell], replications: int) -> Resumption:
        """What is there of the cells, in the folder or in memory."""
        if self.folder is not None and self.resume:
            counts = {cell.name: replications for cell in cells}
            return look_up(cells, self.study.cells, counts, self.folder / sweep_folder.CELLS, self.question.metrics)
        found = Resumption()
        for cell in cells:
            outcome = self.outcomes.get(cell.name)
            if outcome is not None:
                found.begun[cell.name] = _result(outcome)
        return found

    # -- the answer -----------------------------------------------------------------------------------
    def _answer(self, known: Sequence[Trial], contest: Playoff | None, chosen: Sequence[Trial]) -> Optimum:
        trials = [self._judged(t, t.table, t.feasible, "", 0.95) for t in known]
        judged: list[JudgedTrial] = []
        winner: JudgedTrial | None = None
        status: Status = "infeasible"
        if contest is not None:
            leader, states = contest.leader(), contest.states()
            for k, trial in enumerate(chosen):
                behind = contest.difference(k, leader, self.question.objectives[0]) if leader is not None else None
                three = (behind.mean, behind.low, behind.high) if behind is not None and k != leader else None
                judged.append(
                    self._judged(trial, contest.tables[k], contest.feasible[k], states[k], contest.confidence, three)
                )
            winner = judged[leader] if leader is not None else None
            status = self._status(contest)
            order = sorted(range(len(judged)), key=lambda k: _place(contest, k, leader))
            judged = [judged[k] for k in order]
        return Optimum(
            self.question.objectives, [c.text for c in self.question.conditions], status, winner, judged, trials,
            self.everything, self._notes(known), self._sweep(interrupted=False),
        )  # fmt: skip

    def _status(self, contest: Playoff) -> Status:
        states = contest.states()
        if not contest.standing:
            return "infeasible" if "undecided" not in states else "undecided"
        leader = contest.leader()
        if leader is None or contest.feasible[leader] != "met":
            return "undecided"
        if len(self.question.objectives) > 1:
            return "frontier"
        return "best" if states[leader] == "best" and "undecided" not in states else "tied"

    def _judged(
        self, trial: Trial, table: Table, feasible: str, state: str, confidence: float, behind: Three | None = None
    ) -> JudgedTrial:  # fmt: skip
        metrics: dict[str, Three] = {}
        for name in self.question.metrics:
            interval = mean_interval(table.get(name, ()), confidence)
            metrics[name] = (interval.mean, interval.low, interval.high)
        texts = trial.outcome.cell.texts
        n = max((len(values) for values in table.values()), default=0)
        missing = (math.nan, math.nan, math.nan)
        return JudgedTrial(trial.outcome.cell.number, texts, feasible, state, n, metrics, behind or missing)

    def _notes(self, known: Sequence[Trial]) -> list[str]:
        notes = [*self.impossible[:3]]
        if len(self.impossible) > 3:
            notes.append(f"{len(self.impossible) - 3} more settings cannot be played")
        lost = len(self.outcomes) - len(known)
        if lost:
            notes.append(f"{lost} settings gave no result and are left out")
        return notes

    def _sweep(self, *, interrupted: bool) -> SweepResult:
        asked = {
            "objectives": [o.text for o in self.question.objectives],
            "subject_to": [c.text for c in self.question.conditions],
        }
        return SweepResult(
            self.scenario.name, self.scenario.question, "optimise", self.paths, list(self.outcomes.values()),
            self.question.metrics, self.scenario.seed, self.scenario.replications, interrupted, self.argv,
            self.folder, "optimise", asked,
        )  # fmt: skip


def _texts(values: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(value.text for value in values.values())


def _result(outcome: CellOutcome) -> Result:
    if outcome.result is not None:
        return outcome.result
    if outcome.path is None:
        raise OptimiseError(f"{outcome.cell} was not stored: {'; '.join(outcome.failures)}")
    return load_run(outcome.path)


def _beats(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and tuple(a) != tuple(b)


def _place(contest: Playoff, k: int, leader: int | None) -> tuple[bool, bool, float, int]:
    """Where a finalist stands in the list: the leader, those that are not out, the others."""
    first = contest.objectives[0]
    several = len(contest.objectives) > 1
    return (k != leader and not several, k in contest.out, contest.mean(k, first), k)
