"""Plays cells of a scenario and keeps each when it is done; what sweep, find and sensitivity have in common.

The unit of work is one replication of one cell, so that few cells with many replications use all workers as
well. A cell is written by this process as soon as its last replication came back. A worker that dies, an
exception, a full disk cost their own cell; Ctrl-C keeps what was finished.

May import the runner, pool, folder and cells. Prints nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simulator.errors import FolderError
from simulator.experiment.studies.cells import Cell, CellJob, Cells, job_of
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.observe.result import Replication
from simulator.play.job import (
    REPLICATION_FUNCTION,
    Failure,
    Item,
    Listener,
    Played,
    Silence,
)
from simulator.play.pool import play_in_processes
from simulator.play.signals import held_back
from simulator.play.warmup import found_warmup_s
from simulator.results.facts import Facts
from simulator.results.folder import save
from simulator.results.result import Result

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


class Executor(Protocol):
    """Plays items somewhere: fills the outcome, tells the listener; KeyboardInterrupt passes through."""

    def __call__(self, job: CellJob, items: Sequence[Item], outcome: Played, ear: Listener) -> None:
        """Play all items."""


def processes(jobs: int) -> Executor:
    """The executor with that many worker processes (even one is a process of its own: it may die)."""

    def play(job: CellJob, items: Sequence[Item], outcome: Played, ear: Listener) -> None:
        play_in_processes(job, items, max(1, min(jobs, len(items))), outcome, ear)

    return play


@dataclass(eq=False)
class Study:
    """A base scenario whose cells are played.

    Attributes:
        scenario: as written; its seed and replications are those of every cell.
        executor: plays the items.
        listener: hears how it proceeds.
        folder: where cells are kept, each in a folder of its name; None keeps whole results in memory.
        function: dotted path of the replication function.
        wanted: metrics to estimate beside those without a label.
        interrupted: whether Ctrl-C ended a `play`.
    """

    scenario: Scenario
    executor: Executor
    listener: Listener = field(default_factory=Silence)
    folder: Path | None = None
    function: str = REPLICATION_FUNCTION
    wanted: Sequence[str] = ()
    interrupted: bool = False

    def __post_init__(self) -> None:
        self.cells = Cells.of(self.scenario)

    def play(
        self,
        cells: Sequence[Cell],
        earlier: dict[str, Result] | None = None,
        done: Callable[[CellOutcome], None] | None = None,
    ) -> dict[str, CellOutcome]:
        """Play the cells that are missing replications; the outcome of each by name.

        Args:
            cells: made by `self.cells`.
            earlier: cell name -> a result whose replications are not played again.
            done: hears of each cell when it is finished (or given up).
        """
        keeper = _Keeper(self, cells, earlier or {}, done)
        self._run(keeper)
        keeper.close()
        return keeper.outcomes

    def _run(self, keeper: _Keeper) -> None:
        missing = keeper.missing()
        pilots = [
            Item(0, name)
            for name in dict.fromkeys(item.variant for item in missing)
            if isinstance(self.scenario.warmup, str) or "warmup" in self.cells.cells[name].values
            if name not in self.cells.warmups and isinstance(self.cells[name].warmup, str)
        ]
        keeper.listener.started(len(missing) + len(pilots), float(self.scenario.duration))
        try:
            if pilots:  # each cell finds its own warm-up first
                keeper.piloting = True
                self.executor(job_of(self.cells, self.function, pilot=True), pilots, keeper.outcome, keeper)
                keeper.piloting = False
            items = keeper.missing()
            if items:
                self.executor(job_of(self.cells, self.function), items, keeper.outcome, keeper)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            keeper.listener.stopped()


class _Keeper:
    """The listener that puts a cell's replications together and keeps the cell when it has them all."""

    def __init__(
        self,
        study: Study,
        cells: Sequence[Cell],
        earlier: dict[str, Result],
        done: Callable[[CellOutcome], None] | None,
    ) -> None:
        self.study, self.cells, self.done = study, {cell.name: cell for cell in cells}, done
        self.listener = study.listener
        self.outcome = Played()
        self.outcomes: dict[str, CellOutcome] = {}
        self.piloting = False
        self.found: dict[str, dict[int, Replication]] = defaultdict(dict)
        self.failures: dict[str, list[Failure]] = defaultdict(list)
        self._planned: dict[str, int] = {}
        for name, result in earlier.items():
            self.found[name].update({r.replication: r for r in result.replications})
            if result.facts.warmup_found:
                study.cells.warmups[name] = result.facts.warmup_s

    def planned(self, name: str) -> int:
        """Replications that a cell is to have: a cell may set its own number."""
        if name not in self._planned:
            own = "replications" in self.cells[name].values
            scenario = self.study.cells[name] if own else self.study.scenario
            self._planned[name] = scenario.replications
        return self._planned[name]

    def missing(self) -> list[Item]:
        """What is still to be played, cell by cell."""
        return [
            Item(number, name)
            for name in self.cells
            if name not in self.outcomes
            for number in range(self.planned(name))
            if number not in self.found[name]
        ]

    # -- what is heard --------------------------------------------------------------------------------

    def started(self, items: int, duration_s: float) -> None:
        """The study says it for all stages together."""

    def stopped(self) -> None:
        """Likewise."""

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """Pass on."""
        self.listener.advanced(item, sim_s, requests)

    def finished(self, item: Item, requests: int) -> None:
        """Take the result out of the outcome, and keep the cell if that was its last."""
        replication = self.outcome.results.pop(item)
        if self.piloting:
            window_s = self.study.cells[item.variant].record.window
            self.study.cells.warmups[item.variant] = found_warmup_s(replication, window_s)
        else:
            self.found[item.variant][item.replication] = replication
            self._keep_if_whole(item.variant)
        self.listener.finished(item, requests)

    def failed(self, failure: Failure) -> None:
        """Note it; a cell without its pilot cannot be played at all."""
        name = failure.item.variant
        self.failures[name].append(failure)
        self.listener.failed(failure)
        if self.piloting:
            self._keep(name)
        else:
            self._keep_if_whole(name)

    def close(self) -> None:
        """Keep cells that were begun; the others were not run."""
        for name, cell in self.cells.items():
            if name not in self.outcomes:
                if not self.found[name] and not self.failures[name]:
                    self.outcomes[name] = CellOutcome(cell)
                    continue
                try:
                    self._keep(name)
                except KeyboardInterrupt:
                    self.study.interrupted = True

    def _keep_if_whole(self, name: str) -> None:
        failed = {failure.item.replication for failure in self.failures[name]}
        if len(self.found[name].keys() | failed) >= self.planned(name):
            self._keep(name)

    def _keep(self, name: str) -> None:
        with held_back():
            study, cell = self.study, self.cells[name]
            result = self._result(name)
            outcome = CellOutcome.of(cell, result, study.wanted)
            if study.folder is None:
                outcome.result = result
            else:
                try:
                    outcome.path = save(result, study.folder / name, force=True, report=False, cell=cell.key)
                except FolderError as error:
                    outcome.status = "incomplete"
                    outcome.failures = [*outcome.failures, f"not stored: {error}"]
                    outcome.kinds = [*outcome.kinds, "stored"]
            self.outcomes[name] = outcome
            if self.done is not None:
                self.done(outcome)

    def _result(self, name: str) -> Result:
        replications = self.found.pop(name, {})
        failures = self.failures.get(name, [])
        scenario = self.study.cells[name]
        warmup_found = name in self.study.cells.warmups
        if isinstance(scenario.warmup, str):  # its pilot failed
            scenario = scenario.with_overrides({"warmup": "0s"})
        if scenario.replications < len(replications):
            scenario = scenario.with_overrides({"replications": len(replications)})
        facts = Facts.of(scenario, source=_source(self.study.scenario), warmup_found=warmup_found)
        ordered = [replications[number] for number in sorted(replications)]
        stopped = len(ordered) + len(failures) < scenario.replications and not self.piloting
        return Result(facts, ordered, {}, failures, interrupted=stopped)


def _source(scenario: Scenario) -> str:
    mark = scenario.tree.mark
    return "\n".join([*mark.source.lines, ""]) if mark is not None and mark.source.is_file else ""
