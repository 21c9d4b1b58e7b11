"""`simulator sensitivity`: which inputs move the answer, and so which of them to measure.

May import click; the experiment and reports inside functions. Decides nothing: see experiment.sensitivity.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import Given, Output, output_options
from simulator.cli.studying import executor, finish, load, resuming_argv, study_options, told

if TYPE_CHECKING:
    from simulator.experiment.studies.sensitivity import Sensitivity


@click.command(name="sensitivity", short_help="Which inputs move the answer most?")
@click.argument("scenario")
@click.option("--by", default="20%", show_default=True, metavar="SHARE", help="How far each input is moved.")
@click.option("-m", "--metric", "metrics", multiple=True, metavar="METRIC", help="To look at; the first is drawn.")
@click.option("--only", multiple=True, metavar="PATTERN", help="Inputs whose path matches: 'edges.*'.")
@click.option("--all", "everything", is_flag=True, help="Defaults too, not only what the scenario writes.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an earlier one.")
@click.option("--json", "as_json", is_flag=True, help="Print the effects as JSON and nothing else.")
@study_options
@output_options
def command(
    scenario: str, by: str, metrics: tuple[str, ...], only: tuple[str, ...], everything: bool,
    resume: Path | None, as_json: bool, overrides: tuple[str, ...], seed: int | None, replications: int | None,
    jobs: int | None, folder: Path | None, scheduler: str | None, **common: Given,
) -> None:  # fmt: skip
    """Move each input of SCENARIO by 20 % down and up, one at a time, and rank them by what that does.

    \b
    simulator sensitivity quickstart -m latency.p99 --only 'edges.*'

    Half of anyone's inputs are guesses: this says which of them to measure. All cells meet the same
    arrivals; at least 5 replications are played unless --replications says otherwise. Intervals hold for
    all differences together (metrics, inputs, down and up). Exit codes as of `sweep`.
    """  # noqa: D301 - \b is click's
    from simulator.experiment.studies.sensitivity import LEAST_REPLICATIONS, keep_effects, sensitivity, share_of
    from simulator.experiment.studies.sweep_folder import check_earlier, default_path, kept_in
    from simulator.play.signals import interruptible
    from simulator.report.progress import listener

    output = Output.of(common)
    with told():
        with interruptible():
            loaded = load(scenario, overrides, seed, replications, at_least=LEAST_REPLICATIONS)
            place = resume or folder or default_path(loaded.name, "sensitivity")
            click.get_current_context().with_resource(kept_in(place))
            if resume is not None:
                check_earlier(resume)
            runner = executor(jobs, scheduler)
        go_on = resuming_argv(place)
        found = sensitivity(
            loaded, executor=runner, by=share_of(by), metrics=metrics, only=only,
            everything=everything, folder=place, resume=resume is not None, progress=listener(output.progress),
            argv=go_on[:-2],
        )  # fmt: skip
        keep_effects(found)
        show = partial(_print, found, output, as_json=as_json)
        finish(found.sweep, show, quiet=as_json or output.quiet, go_on=go_on)


def _print(found: Sensitivity, output: Output, *, as_json: bool) -> None:
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(found.to_dict()), nl=False)
        return
    from simulator.report.tornado import render

    click.echo(render(found, width=output.width, rows=5 if output.quiet else 15), nl=False)
