"""`simulator optimise`: several settings at once under constraints; the best, and how sure that is.

May import click; the experiment and reports inside functions. Decides nothing: see experiment.optimise.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import MISSED, UNDECIDED, Given, Output, fail, output_options, say
from simulator.cli.studying import executor, finish, load, resuming_argv, study_options, told

if TYPE_CHECKING:
    from simulator.experiment.studies.optimiser import Trial
    from simulator.experiment.studies.optimum import Optimum

_CODES = {"best": 0, "frontier": 0, "tied": UNDECIDED, "undecided": UNDECIDED, "infeasible": MISSED}


@click.command(name="optimise", short_help="The best of several settings at once, under constraints.")
@click.argument("scenario")
@click.option("--minimise", multiple=True, metavar="METRIC", help="What is to be least.")
@click.option("--maximise", multiple=True, metavar="METRIC", help="What is to be most; two objectives: a frontier.")
@click.option("--subject-to", multiple=True, metavar="'METRIC OP VALUE'", help="A constraint, quoted.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="PATH=LOW..HIGH",
              help="What may change: a range, or choices A,B,C.")  # fmt: skip
@click.option("--trials", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Settings to try.")
@click.option("--finalists", type=click.IntRange(2, 20), default=5, show_default=True, help="How many are played on.")
@click.option("--rounds", type=click.IntRange(1, 8), default=4, show_default=True,
              help="Of the play-off; each doubles its replications.")  # fmt: skip
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an earlier search.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON and nothing else.")
@study_options
@output_options
def command(
    scenario: str, minimise: tuple[str, ...], maximise: tuple[str, ...], subject_to: tuple[str, ...],
    parameters: tuple[str, ...], trials: int, finalists: int, rounds: int, resume: Path | None, as_json: bool,
    overrides: tuple[str, ...], seed: int | None, replications: int | None, jobs: int | None,
    folder: Path | None, scheduler: str | None, **common: Given,
) -> None:  # fmt: skip
    """Find the settings of SCENARIO that are best in a metric and keep all constraints.

    \b
    simulator optimise my-fleet.yaml --minimise cost.per_hour --subject-to 'within[200ms] >= 99%' \\
        -p edges.pop.count=2..30 -p routing.policy=adaptive,nearest
    simulator optimise my-fleet.yaml --minimise cost.per_hour --maximise 'within[200ms]' -p edges.pop.count=2..30

    All settings meet the same arrivals. The best few are played on, on fresh replications, until one of them
    is the best with 95 % confidence, or they are said to be tied. Wide ranges are searched on a logarithmic
    scale; few combinations are all tried. Exit codes: 0 found, 2 bad usage, 3 some cells did not complete,
    4 tied or undecided, 99 nothing feasible was found, 130 interrupted.
    """  # noqa: D301 - \b is click's
    from simulator.experiment.studies.optimise import keep_answer
    from simulator.experiment.studies.optimiser import LEAST_REPLICATIONS, Optimiser, Question
    from simulator.experiment.studies.sweep_folder import check_earlier, check_new, default_path, kept_in
    from simulator.play.signals import interruptible

    output = Output.of(common)
    with told():
        with interruptible():
            question = Question.of(minimise, maximise, subject_to, parameters)
            loaded = load(scenario, overrides, seed, replications, at_least=LEAST_REPLICATIONS)
            if resume is not None and folder is not None and folder.resolve() != resume.resolve():
                fail("--resume DIR goes on in DIR: leave -o out")
            place = resume or folder or default_path(loaded.name, "optimise")
            click.get_current_context().with_resource(kept_in(place))
            if resume is not None:
                check_earlier(resume)
            else:
                check_new(place)
            go_on = resuming_argv(place)
            teller = _Teller() if output.progress != "none" else None
            search = Optimiser(
                loaded, question, executor(jobs, scheduler), trials, finalists, rounds, folder=place,
                resume=resume is not None, argv=go_on[:-2], heard=teller.trial if teller is not None else None,
                heard_round=teller.round if teller is not None else None,
            )  # fmt: skip
        try:
            found = search.run()
        except KeyboardInterrupt:
            finish(search.so_far(), lambda: None, quiet=True, go_on=go_on)
        keep_answer(found)
        show = partial(print_optimum, found, output, as_json=as_json)
        finish(found.sweep, show, quiet=as_json or output.quiet, go_on=go_on, code=_CODES[found.status])


def print_optimum(found: Optimum, output: Output, *, as_json: bool) -> None:
    """The answer on stdout."""
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(found.to_dict()), nl=False)
        return
    from simulator.report.optimum_view import render

    click.echo(render(found, width=output.width), nl=False)


class _Teller:
    """Tells on stderr how far it is."""

    def __init__(self) -> None:
        self.begun = time.monotonic()

    def trial(self, trial: Trial, done: int, planned: int) -> None:
        """A setting was tried."""
        from simulator.report.format import show, show_duration

        texts = " ".join(f"{path.rpartition('.')[2]}={text}" for path, text in trial.outcome.cell.texts.items())
        shown = []
        for name in trial.table:
            estimate = trial.outcome.estimates[name]
            shown.append(f"{name} {show(estimate, estimate.unit, estimate.half_width)}")
        left = (time.monotonic() - self.begun) / done * (planned - done)
        eta = f", about {show_duration(left)} and the play-off to go" if done < planned else ""
        say(f"{trial.outcome.cell.number}/{planned} {texts}: {', '.join(shown)} ({trial.feasible}){eta}")

    def round(self, finalists: int, replications: int) -> None:
        """A round of the play-off begins."""
        say(f"play-off: {finalists} finalists, {replications} fresh replications each")
