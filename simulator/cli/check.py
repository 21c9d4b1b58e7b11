"""`simulator check`: has a number moved since the baseline?

May import click; the experiment and reports inside functions. Decides nothing: see experiment.check.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import INTERRUPTED, OK, USAGE, Given, Output, fail, output_options, say

if TYPE_CHECKING:
    from simulator.experiment.checking.check import Report
    from simulator.experiment.checking.suite import Suite


@click.command(name="check", short_help="Has a number moved since the baseline?")
@click.argument("suite", required=False, type=click.Path(path_type=Path))
@click.option("--only", multiple=True, metavar="NAME", help="Only this check; repeatable.")
@click.option("--update-baseline", is_flag=True, help="Make what is now the baseline.")
@click.option("--reason", metavar="TEXT", help="Why that is right; kept in the baseline.")
@click.option("--against", metavar="git:REF", help="Compare with another revision instead of baselines.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML there.")
@click.option("--github", is_flag=True, help="Annotations, and a summary for the workflow run.")
@click.option("--seed", type=click.IntRange(min=0), help="Another seed than the baselines'.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@output_options
def command(
    suite: Path | None, only: tuple[str, ...], update_baseline: bool, reason: str | None, against: str | None,
    junit: Path | None, github: bool, seed: int | None, jobs: int | None, **common: Given,
) -> None:  # fmt: skip
    """Check the metrics of a SUITE of scenarios against their baselines.

    SUITE is a file, by default results/baselines/suite.yaml. Where every replication is exactly the
    baseline's, that is all; otherwise paired differences are judged against each metric's limit, with
    more and more replications: PASS, FAIL, IMPROVED or INCONCLUSIVE.

    \b
    simulator check
    simulator check --update-baseline --reason "L1 is larger by design"
    simulator check --against git:main --junit junit.xml --github

    Exit codes: 0 ok, 2 bad usage, 4 inconclusive or not comparable, 5 an invariant broke, 99 failed.
    """  # noqa: D301 (click's \b)
    from simulator.cli.run import _cores
    from simulator.errors import FolderError
    from simulator.experiment.checking.api import check, suite_file
    from simulator.experiment.checking.references import RevisionError
    from simulator.experiment.checking.suite import load_suite
    from simulator.metrics.names import MetricUnavailableError
    from simulator.scenario.errors import ScenarioError

    output = Output.of(common)
    if update_baseline and not (reason or "").strip():
        fail('--update-baseline needs --reason "why the new numbers are right"')
    if reason and not update_baseline:
        fail("--reason goes with --update-baseline")
    if update_baseline and (against or seed is not None or junit or github):
        fail("--update-baseline takes --only, --reason and -j alone")
    workers = jobs if jobs is not None else _cores()
    try:
        chosen = load_suite(suite_file(suite)).only(only)
        if update_baseline:
            _update(chosen, (reason or "").strip(), workers, output)
            raise click.exceptions.Exit(OK)
        tell = say if output.progress != "none" else None
        report = check(chosen, against=against, seed=seed, jobs=workers, say=tell)
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)
    except MetricUnavailableError as error:
        fail(str(error).strip("'\""))
    except (ScenarioError, FolderError, RevisionError) as error:
        fail(str(error), getattr(error, "exit_code", USAGE))
    _show(report, output, junit, github=github)
    raise click.exceptions.Exit(report.exit_code)


def _update(suite: Suite, reason: str, jobs: int, output: Output) -> None:
    from simulator.experiment.checking.record import record

    for name, path, written in record(suite, reason, jobs=jobs, say=say if output.progress != "none" else None):
        state = "written" if written else "as it was"
        click.echo(f"{name}: {path} {state}")


def _show(report: Report, output: Output, junit: Path | None, *, github: bool) -> None:
    from simulator.report.check_text import as_annotations, as_junit, as_markdown, as_text, summary_line
    from simulator.results.places import write_whole

    if output.quiet:
        click.echo(summary_line(report))
    else:
        click.echo(as_text(report, color=output.color, verbose=output.verbose), nl=False, color=output.color)
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        write_whole(junit, as_junit(report))
    if github:
        click.echo(as_annotations(report), nl=False)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(as_markdown(report))
        else:
            click.echo(as_markdown(report), nl=False)
