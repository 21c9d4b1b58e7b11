"""`simulator run`: play a scenario and its variants, keep the result, say what it means.

May import click; the experiment and reports inside functions. Decides nothing: see experiment.api.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import (
    INCOMPLETE,
    UNDECIDED,
    USAGE,
    Given,
    Output,
    exit_code,
    fail,
    output_options,
    print_result,
    say,
    warn_unused,
)

if TYPE_CHECKING:
    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario


@click.command(name="run", short_help="Play a scenario and its variants.")
@click.argument("scenario")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Another value, as in YAML.")
@click.option("--seed", type=click.IntRange(min=0), help="In place of the scenario's.")
@click.option("--replications", type=click.IntRange(min=1), help="In place of the scenario's.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), help="The result folder.")
@click.option("--force", is_flag=True, help="Overwrite an earlier result at -o.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on from an earlier result.")
@click.option(
    "--until", multiple=True, metavar="METRIC:±0.5%", help="Replications until the 95 % interval is that narrow."
)
@click.option(
    "--at-most", type=click.IntRange(min=2), default=200, show_default=True, help="Replications with --until."
)
@click.option("--batch-means", is_flag=True, help="Intervals of one long run, from batches of its windows.")
@click.option("--trace", is_flag=True, help="Record requests one by one (the scenario's sample, or all).")
@click.option("--no-variants", is_flag=True, help="Play the scenario as written only.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json and nothing else.")
@output_options
def command(
    scenario: str, overrides: tuple[str, ...], seed: int | None, replications: int | None, jobs: int | None,
    folder: Path | None, force: bool, resume: Path | None, until: tuple[str, ...], at_most: int,
    batch_means: bool, trace: bool, no_variants: bool, as_json: bool, **common: Given,
) -> None:  # fmt: skip
    """Play SCENARIO (a file, a folder with scenario.yaml, or a bundled name) as written and with each of its variants.

    The result goes to results/NAME/..., or to -o. Exit codes: 0 ok, 2 bad scenario, 3 incomplete,
    4 undecided, 5 an invariant broke, 99 an expectation was missed, 130 interrupted.
    """
    from simulator.cli.precision import check_options, played_until, show_batch_means
    from simulator.errors import FolderError
    from simulator.experiment.api import run
    from simulator.play.signals import held_back, interruptible
    from simulator.report.progress import listener
    from simulator.results.folder import default_path
    from simulator.scenario.errors import ScenarioError

    output = Output.of(common)
    targets = check_options(until, at_most, replications, resume)
    force = force or (resume is not None and folder is not None and _same(resume, folder))
    workers = jobs if jobs is not None else _cores()
    missing: tuple[str, ...] = ()
    with held_back():  # until the folder is in place; playing is interruptible inside
        try:
            with interruptible():
                loaded = _load(scenario, overrides, seed, replications)
                if resume is not None:
                    _refuse_streams(loaded, "--resume")
                earlier = _take_places(folder, resume, loaded.name, force=force)
            share = (loaded.record.trace or 1.0) if trace else None
            if targets:
                result, missing = played_until(loaded, targets, at_most, workers, share, output, not no_variants)
            else:
                result = run(
                    loaded, jobs=workers, variants=not no_variants, trace=share,
                    progress=listener(output.progress), resume=earlier,
                )  # fmt: skip
        except (FolderError, ScenarioError) as error:
            fail(str(error), getattr(error, "exit_code", USAGE))
        result.argv = ["simulator", *sys.argv[1:]]
        place = folder if folder is not None else default_path(result.facts)
        _keep(result, place, output, as_json=as_json, force=force)
        if batch_means:
            show_batch_means(result, loaded.record.window, quiet=as_json)
        for text in missing:
            say(f"undecided: {text}")
    raise click.exceptions.Exit(exit_code(result) or (UNDECIDED if missing else 0))


def _take_places(folder: Path | None, resume: Path | None, name: str, *, force: bool) -> Result | None:
    """Be the one writer of -o, and of what --resume reads, until the command ends; the earlier result.

    Raises FolderError.
    """
    from simulator.results.folder import check_target
    from simulator.results.loading import load_run
    from simulator.results.places import locked

    context = click.get_current_context()
    for place in (folder, resume):
        # an archive that nobody can write to is read as it is
        if place is not None and (place is folder or os.access(place.absolute().parent, os.W_OK)):
            context.with_resource(locked(place))
    earlier = load_run(resume) if resume is not None else None
    if folder is not None:
        check_target(folder, force=force)
    else:
        check_target(Path("results") / name / "any")
    return earlier


def _load(path: str, overrides: tuple[str, ...], seed: int | None, replications: int | None) -> Scenario:
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.schema import Scenario

    more = [f"seed={seed}"] if seed is not None else []
    more += [f"replications={replications}"] if replications is not None else []
    try:
        loaded = Scenario.load(path, [*overrides, *more])
    except ScenarioError as error:
        fail(str(error))
    warn_unused(loaded, path, overrides)
    return loaded


def _refuse_streams(scenario: Scenario, what: str) -> None:
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.traces import refuse_streams

    try:
        refuse_streams(scenario, what)
    except ScenarioError as error:
        fail(str(error))


def _keep(result: Result, place: Path, output: Output, *, as_json: bool, force: bool) -> None:
    """Store the result and print it; where it cannot be stored, the numbers are printed all the same."""
    from simulator.errors import FolderError
    from simulator.results.folder import save_somewhere

    problem, code = "", 0  # what could not be stored where it should be; what that means
    kept: Path | None = None
    try:
        kept, problem = save_somewhere(result, place, force=force)
        code = (exit_code(result) or INCOMPLETE) if kept != place else 0
    except FolderError as error:
        problem, code = str(error), error.exit_code
    print_result(result, output, as_json=as_json)
    if output.verbose:
        for failure in result.failures:
            say(f"\n{failure.item}:\n{failure.trace}")
    if problem:
        say(f"\n{problem}")
    if kept is not None:
        click.echo(f"\nResults: {kept}{os.sep} (report.html, summary.json)", err=as_json or output.quiet)
        if result.status != "complete":
            say(f"To go on: {_go_on(result, kept)}")
    if code:
        raise click.exceptions.Exit(code)


def _go_on(result: Result, kept: Path) -> str:
    """The command that plays what is missing."""
    words = list(result.argv)
    while "--resume" in words:
        place = words.index("--resume")
        del words[place : place + 2]
    words = [word for word in words if not word.startswith("--resume=")]
    return shlex.join([*words, "--resume", str(kept)])


def _same(a: Path, b: Path) -> bool:
    return a.resolve() == b.resolve()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
