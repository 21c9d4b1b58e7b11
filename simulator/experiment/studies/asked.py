"""How a study is to be played: what `sweep`, `find`, `sensitivity` and `optimise` take beside their question."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.experiment.adjusting import adjusted
from simulator.experiment.studies import sweep_folder
from simulator.experiment.studies.study import Executor, processes
from simulator.play.runner import play_here

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


@dataclass(frozen=True)
class Asked:
    """The keywords that all studies have.

    Attributes:
        seed: in place of the scenario's.
        replications: of each cell; None: the scenario's, and no fewer than the study needs.
        jobs: processes; 1 plays in this one.
        scheduler: address of a Dask scheduler (tcp://host:port) that plays in place of local processes.
        folder: where to keep it; nothing is written otherwise.
        resume: whether that folder may hold an earlier one, whose finished cells are not played again.
    """

    seed: int | None
    replications: int | None
    jobs: int
    scheduler: str | None
    folder: str | os.PathLike[str] | None
    resume: bool

    def scenario(self, written: Scenario | str | os.PathLike[str], least: int = 1) -> Scenario:
        """The scenario, loaded, with at least so many replications unless a number is asked for.

        Raises:
            ScenarioError: the scenario is wrong.
        """
        loaded = adjusted(written, self.seed, self.replications)
        if self.replications is None and loaded.replications < least:
            return adjusted(loaded, None, least)
        return loaded

    def executor(self) -> Executor:
        """Where cells are played; raises SchedulerError."""
        return executor_for(self.jobs, self.scheduler)

    @contextlib.contextmanager
    def kept(self) -> Iterator[Path | None]:
        """The folder, kept for this study alone and fit for it; None without one. Raises FolderError."""
        if self.folder is None:
            yield None
            return
        folder = Path(self.folder)
        with sweep_folder.kept_in(folder):
            if self.resume and folder.is_dir():
                sweep_folder.check_earlier(folder)
            else:
                sweep_folder.check_new(folder)
            yield folder


def executor_for(jobs: int, scheduler: str | None = None, *, isolate: bool = False) -> Executor:
    """Where cells are played: a Dask cluster, worker processes, or (one job, unless `isolate`) here."""
    if scheduler is not None:
        from simulator.experiment.studies.dask_executor import cluster

        return cluster(scheduler)
    return processes(jobs) if jobs > 1 or isolate else play_here


def listed(one: str | Sequence[str]) -> list[str]:
    """A list of texts, of which one may stand alone."""
    return [one] if isinstance(one, str) else list(one)
