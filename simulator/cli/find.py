"""`simulator find`: the smallest or largest value of a path that meets a condition, with its interval.

May import click; the experiment and reports inside functions. Decides nothing: see experiment.find.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import MISSED, UNDECIDED, Given, Output, fail, output_options, say
from simulator.cli.studying import executor, finish, load, resuming_argv, study_options, told

if TYPE_CHECKING:
    from simulator.experiment.studies.find import Found, Search, TriedValue


@click.command(name="find", short_help="The smallest (or largest) value that meets a condition.")
@click.argument("path")
@click.argument("scenario")
@click.option("--until", required=True, metavar="'METRIC OP VALUE'", help="The condition, quoted.")
@click.option("--between", metavar="LOW..HIGH", help="Where to look.  [default: around its own value]")
@click.option("--tolerance", type=click.FloatRange(0.0001, 0.5), default=0.02, show_default=True,
              help="How closely, relative; whole numbers are exact.")  # fmt: skip
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an earlier search.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON and nothing else.")
@study_options
@output_options
def command(
    path: str, scenario: str, until: str, between: str | None, tolerance: float, resume: Path | None,
    as_json: bool, overrides: tuple[str, ...], seed: int | None, replications: int | None, jobs: int | None,
    folder: Path | None, scheduler: str | None, **common: Given,
) -> None:  # fmt: skip
    """Find the smallest (or largest) value of PATH for which a condition holds in SCENARIO.

    \b
    simulator find edges.pop.count --until 'within[200ms] >= 99.9%' my-fleet.yaml
    simulator find edges.pop.l1.ttl --until 'hit_ratio.l1 >= 60%' --between 1s..60s quickstart

    By bisection on common random numbers: every value meets the same arrivals. The search assumes that the
    metric moves one way between the ends: where both ends meet the condition, or neither does, it does not
    look between them. At least 5 replications are played unless --replications says otherwise, as the
    interval of the answer needs them. Exit codes: 0 found, 2 bad usage, 4 undecided, 99 no value found,
    130 interrupted.
    """  # noqa: D301 - \b is click's
    from simulator.experiment.studies.find import LEAST_REPLICATIONS, Search
    from simulator.experiment.studies.search_space import condition_of, span_of
    from simulator.experiment.studies.sweep_folder import check_earlier, check_new, default_path, kept_in
    from simulator.play.signals import interruptible
    from simulator.report.progress import listener

    output = Output.of(common)
    if path.endswith((".yaml", ".yml")):
        fail(f"the path comes first, then the scenario: simulator find PATH --until '{until}' {path}")
    with told():
        with interruptible():
            condition, span = condition_of(until), span_of(path, between)
            loaded = load(scenario, overrides, seed, replications, at_least=LEAST_REPLICATIONS)
            place = resume or folder or default_path(loaded.name, "find")
            click.get_current_context().with_resource(kept_in(place))
            if resume is not None:
                check_earlier(resume)
            else:
                check_new(place)
            go_on = resuming_argv(place)
            name = condition.metric.name
            heard = None if output.progress == "none" else lambda probe: _say(probe, name)
            search = Search(
                loaded, path, condition, executor(jobs, scheduler), span, tolerance, folder=place, heard=heard,
                listener=listener(output.progress), resume=resume is not None, argv=go_on[:-2],
            )  # fmt: skip
            if output.progress != "none":
                _say_ahead(search)
        try:
            found = search.run()
        except KeyboardInterrupt:
            finish(search.so_far(), lambda: None, quiet=True, go_on=go_on)
        _finish(found, partial(_print, found, output, as_json=as_json), quiet=as_json or output.quiet, go_on=go_on)


def _say_ahead(search: Search) -> None:
    """How much there is to play, before it begins; how long it takes is in the progress."""
    from simulator.report.format import show_duration

    scenario = search.scenario
    duration = show_duration(float(scenario.duration))
    say(f"about {search.ahead()} values to try, {scenario.replications} replications of {duration} each")


def _say(probe: TriedValue, metric: str) -> None:
    from simulator.report.format import show

    found = probe.outcome.estimates[metric]
    say(f"{probe.text}: {metric} {show(found, found.unit, found.half_width)} ({probe.verdict})")


def _print(found: Found, output: Output, *, as_json: bool) -> None:
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(found.to_dict()), nl=False)
        return
    from simulator.report.find_view import render

    click.echo(render(found, width=output.width), nl=False)


def _finish(found: Found, show: Callable[[], None], *, quiet: bool, go_on: list[str]) -> None:
    from simulator.experiment.studies.find import keep_answer

    keep_answer(found)
    perhaps = any(probe.verdict == "undecided" for probe in found.probes)
    code = 0 if found.answer is not None else UNDECIDED if perhaps else MISSED
    if found.answer is not None and not found.everywhere and found.sweep.replications > 1:
        code = UNDECIDED if found.low is None and found.high is None else 0
    finish(found.sweep, show, quiet=quiet, go_on=go_on, code=code)
