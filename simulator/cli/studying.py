"""What sweep, find and sensitivity share on the command line: options, loading, keeping, exit codes.

May import click and, inside functions, the experiment. Decides exit codes from a result, nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from simulator.cli.output import INCOMPLETE, INTERRUPTED, INVARIANT, OK, fail, say
from simulator.errors import SimulatorError

if TYPE_CHECKING:
    from simulator.experiment.studies.study import Executor
    from simulator.experiment.studies.sweep_result import SweepResult
    from simulator.scenario.schema import Scenario

F = TypeVar("F", bound=Callable[..., Any])


def study_options(command: F) -> F:
    """The options that every study takes."""
    for option in (
        click.option("--scheduler", metavar="ADDRESS", help="Play on a Dask cluster: tcp://host:port."),
        click.option("-o", "--output", "folder", type=click.Path(path_type=Path), help="The result folder."),
        click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]"),
        click.option("--replications", type=click.IntRange(min=1), help="In place of the scenario's."),
        click.option("--seed", type=click.IntRange(min=0), help="In place of the scenario's."),
        click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Another value, as in YAML."),
    ):
        command = option(command)
    return command


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What a user can do wrong becomes one message and its exit code.

    Signals are held back until the study is written; what is `interruptible` inside ends by them.
    """
    from simulator.play.signals import held_back

    try:
        with held_back():
            yield
    except SimulatorError as error:
        fail(str(error), error.exit_code)


def load(
    path: str, overrides: Sequence[str], seed: int | None, replications: int | None, *, at_least: int = 1
) -> Scenario:
    """The scenario as the options want it; `at_least` so many replications, unless an option says how many.

    Raises ScenarioError.
    """
    from simulator.scenario.schema import Scenario

    more = [f"seed={seed}"] if seed is not None else []
    more += [f"replications={replications}"] if replications is not None else []
    loaded = Scenario.load(path, [*overrides, *more])
    if replications is None and loaded.replications < at_least:
        return load(path, overrides, seed, at_least)
    return loaded


def executor(jobs: int | None, scheduler: str | None) -> Executor:
    """Worker processes, or a cluster. Raises SchedulerError."""
    from simulator.experiment.studies.asked import executor_for

    if scheduler is not None and jobs is not None:
        fail("-j is for this machine, --scheduler for a cluster: give one of them")
    return executor_for(jobs or cores(), scheduler, isolate=True)


def cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def finish(
    result: SweepResult,
    show: Callable[[], None],
    *,
    quiet: bool,
    go_on: Sequence[str],
    code: int = OK,
    more: Callable[[], None] | None = None,
) -> NoReturn:
    """Write the index and report of a study, then show it, say where it is and how to go on; exits with its code.

    What is shown may meet a terminal that has gone: by then all is written. To be called in `told`.

    Args:
        result: of the study.
        show: prints the answer.
        quiet: whether stdout is for the answer alone.
        go_on: the command line that goes on with it.
        code: the exit code where nothing went wrong.
        more: writes what else was asked for. Raises FolderError.
    """
    from simulator.errors import FolderError
    from simulator.experiment.studies.sweep_folder import finish as write
    from simulator.play.signals import waiting

    code, problem = exit_code(result) or code, ""
    steps = [more] if more is not None else []
    if result.path is not None:
        steps.append(partial(write, result, result.path))  # last: its page leads to what was asked for besides
    for step in steps:
        try:
            step()
        except FolderError as error:
            problem, code = f"{problem}\n{error}".strip(), code or error.exit_code
    show()
    if problem:
        say(f"\n{problem}")
    if result.path is not None:
        inside = "" if problem else " (report.html, index.parquet, cells/)"
        click.echo(f"\nResults: {result.path}{os.sep}{inside}", err=quiet)
        if result.status != "complete":
            say(f"To go on: {shlex.join(go_on)}")
    raise click.exceptions.Exit(INTERRUPTED if waiting() else code)


def exit_code(result: SweepResult) -> int:
    """What a study means to a script; the gravest reason wins."""
    if result.interrupted:
        return INTERRUPTED
    if any(o.violations or "invariant" in o.kinds for o in result.outcomes):
        return INVARIANT
    return OK if result.status == "complete" else INCOMPLETE


def resuming_argv(folder: Path) -> list[str]:
    """This command line with `--resume FOLDER` in place of -o and an earlier --resume."""
    words: list[str] = []
    skip = False
    for word in sys.argv[1:]:
        if skip:
            skip = False
        elif word in ("-o", "--output", "--resume"):
            skip = True
        elif not word.startswith(("--output=", "--resume=")) and not (word.startswith("-o") and len(word) > 2):
            words.append(word)
    return ["simulator", *words, "--resume", str(folder)]
