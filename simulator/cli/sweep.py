"""`simulator sweep`: a scenario over a design of values; keep each cell, say which are best.

May import click; the experiment and reports inside functions. Decides nothing: see experiment.sweep.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import Given, Output, fail, output_options, say, warn_unused
from simulator.cli.studying import executor, finish, load, resuming_argv, study_options, told

if TYPE_CHECKING:
    from simulator.experiment.studies.design import Design
    from simulator.experiment.studies.sweep import Plan
    from simulator.experiment.studies.sweep_result import SweepResult
    from simulator.scenario.schema import Scenario

_ROWS_OF_DRY_RUN = 20


@click.command(name="sweep", short_help="Run a scenario over a grid of values.")
@click.argument("scenario")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="PATH=A,B,C",
    help="Values of a path: a list, or LOW..HIGH:COUNT, with :log at the end for even factors.",
)  # fmt: skip
@click.option("--zip", "zipped", is_flag=True, help="Walk the lists in step, instead of every combination.")
@click.option("--random", type=click.IntRange(min=1), metavar="N", help="N random cells.")
@click.option("--lhs", type=click.IntRange(min=1), metavar="N", help="N cells of a Latin hypercube.")
@click.option("--design-seed", type=int, default=1, show_default=True, help="Of --random and --lhs.")
@click.option("-m", "--metric", "metrics", multiple=True, metavar="METRIC", help="To look at; the first ranks.")
@click.option("--variants", is_flag=True, help="The scenario's variants are an axis too.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an earlier sweep.")
@click.option("--dry-run", is_flag=True, help="List the cells, run nothing.")
@click.option(
    "--explore", type=click.Path(path_type=Path), metavar="FILE.html",
    help="The cells as one offline page with a slider or switch per setting.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the cells as JSON and nothing else.")
@study_options
@output_options
def command(
    scenario: str, parameters: tuple[str, ...], zipped: bool, random: int | None, lhs: int | None,
    design_seed: int, metrics: tuple[str, ...], variants: bool, resume: Path | None, dry_run: bool, as_json: bool,
    overrides: tuple[str, ...], seed: int | None, replications: int | None, jobs: int | None, folder: Path | None,
    scheduler: str | None, explore: Path | None, **common: Given,
) -> None:  # fmt: skip
    """Run SCENARIO once for each combination of values of some paths.

    \b
    simulator sweep quickstart -p edges.pop.l1.ttl=2s,5s,20s -p routing.policy=adaptive,nearest
    simulator sweep quickstart -p edges.pop.l1.capacity=50..2000:6:log --metric hit_ratio.l1

    Without -p the scenario's own `sweep:` section is used. Each cell is kept as soon as it is done, as an
    ordinary result folder in DIR/cells/; index.parquet has them all. Exit codes: 0 ok, 2 bad usage, 3 some
    cells did not complete, 5 an invariant broke, 130 interrupted.
    """  # noqa: D301 - \b is click's
    from simulator.experiment.studies.sweep import play_plan
    from simulator.experiment.studies.sweep_folder import default_path, kept_in
    from simulator.play.signals import interruptible
    from simulator.report.progress import listener
    from simulator.results.places import check_file

    output = Output.of(common)
    with told():
        if explore is not None:
            if dry_run:
                fail("--dry-run simulates nothing, so that there is nothing to --explore: give one of them")
            check_file(explore, "--explore")
        with interruptible():
            loaded = load(scenario, overrides, seed, replications)
            design = _design(loaded, parameters, zipped, random, lhs, design_seed, variants)
            place = resume or folder or default_path(loaded.name)
            if not dry_run:
                click.get_current_context().with_resource(kept_in(place))
            plan = _plan(loaded, design, metrics, folder, resume, place)
            warn_unused(loaded, scenario, overrides, plan.scenarios)
            if design.repeated:
                say(f"{design.repeated} of the drawn cells repeat others and are left out")
            if dry_run:
                click.echo(_dry_run(plan, output.width))
                return
            runner = executor(jobs, scheduler)
            if resume is not None and not output.quiet:
                for line in plan.resumption.told():
                    say(line)
        go_on = resuming_argv(place)
        result = play_plan(plan, runner, progress=listener(output.progress), argv=go_on[:-2])
        show = partial(print_sweep, result, output, as_json=as_json)
        more = None if explore is None else partial(_hand_over, result, explore)
        finish(result, show, quiet=as_json or output.quiet, go_on=go_on, more=more)


def _hand_over(result: SweepResult, file: Path) -> None:
    """Write the page to explore the sweep with. Raises FolderError."""
    from simulator.report.explore.page import render
    from simulator.results.places import write_asked

    write_asked(file, render(result))
    if result.path is not None:
        result.extra = {**result.extra, "explore": Path(os.path.relpath(file, result.path)).as_posix()}
    say(f"To explore: {file}")


def _design(
    scenario: Scenario, parameters: tuple[str, ...], zipped: bool, random: int | None, lhs: int | None,
    design_seed: int, variants: bool,
) -> Design:  # fmt: skip
    from simulator.experiment.studies.design import Kind, axis_from_text, combine, sought_from_here
    from simulator.experiment.studies.sweep import axes_of

    if sum((zipped, random is not None, lhs is not None)) > 1:
        fail("--zip, --random and --lhs are different designs: give one of them")
    kind: Kind = "zip" if zipped else "random" if random is not None else "lhs" if lhs is not None else "grid"
    if parameters:
        axes = [sought_from_here(axis_from_text(text)) for text in parameters]
        if scenario.sweep:
            say("-p is given, so the scenario's own `sweep:` section is not used")
        axes += axes_of(scenario, {}, variants=variants)
    else:
        axes = axes_of(scenario, variants=variants)
    return combine(axes, kind, random if random is not None else lhs, design_seed)


def _plan(
    scenario: Scenario, design: Design, metrics: tuple[str, ...], folder: Path | None, resume: Path | None, place: Path
) -> Plan:
    from simulator.experiment.studies.sweep import plan_folder, plan_sweep
    from simulator.experiment.studies.sweep_folder import check_earlier

    if resume is not None:
        if folder is not None and folder.resolve() != resume.resolve():
            fail("--resume DIR goes on in DIR: leave -o out")
        check_earlier(resume)
    plan = plan_sweep(scenario, design, metrics)
    plan_folder(plan, place, resume=resume is not None)
    return plan


def print_sweep(result: SweepResult, output: Output, *, as_json: bool) -> None:
    """The sweep on stdout: its cells as JSON, or the summary."""
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(result.to_dict()), nl=False)
        return
    from simulator.report.sweep_tables import render

    click.echo(render(result, width=output.width, rows=3 if output.quiet else 10), nl=False)


def _dry_run(plan: Plan, width: int) -> str:
    """The cells, and what they would cost where an earlier sweep tells."""
    from simulator.experiment.studies.design import short_names
    from simulator.report.format import show_duration
    from simulator.report.sweep_tables import clip, grid

    shorts = short_names(plan.design.paths)
    resuming = bool(plan.resumption.finished or plan.resumption.reasons)
    header = ["cell", *(clip(shorts[path]) for path in plan.design.paths), *(["now"] if resuming else [])]
    rows = []
    for cell in plan.cells[:_ROWS_OF_DRY_RUN]:
        why = plan.resumption.reasons.get(cell.name, "finished")
        rows.append([str(cell.number), *(clip(v.text) for v in cell.values.values()), *([why] if resuming else [])])
    lines = [grid(header, rows, left=len(header), width=width)]
    if len(plan.cells) > _ROWS_OF_DRY_RUN:
        lines.append(f"and {len(plan.cells) - _ROWS_OF_DRY_RUN} more")
    lines += ["", *(plan.resumption.told() if resuming else [])]
    one = show_duration(float(plan.scenario.duration))
    lines.append(
        f"{len(plan.cells)} cells ({plan.design.kind}), {plan.items} replications of {one} to simulate; nothing was run"
    )
    done = [outcome for outcome in plan.resumption.finished.values() if outcome.replications]
    if done:
        each = sum(o.wall_s for o in done) / sum(o.replications for o in done)
        lines.append(f"About {show_duration(each * plan.items)} of computing, by the cells that are finished")
    return "\n".join(lines)
