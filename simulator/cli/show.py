"""`simulator show`: the summary of a result folder again.

May import click; results and reports inside functions.
"""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import Given, Output, fail, output_options, print_result, say


@click.command(name="show", short_help="The summary of a result folder again.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print summary.json and nothing else.")
@click.option(
    "--frontier", metavar="'METRIC OP VALUE'",
    help="Of a sweep over two settings: for each value of one, how far the other may go while this holds.",
)  # fmt: skip
@click.option("--of", metavar="PATH", help="With --frontier: the setting whose limit is sought.  [default: the second]")
@click.option(
    "--knee", metavar="METRIC",
    help="With --frontier: the metric in which the knee is sought.  [default: the limit itself]",
)  # fmt: skip
@click.option(
    "--page", type=click.Path(path_type=Path), metavar="FILE.html", help="With --frontier: draw it, as an offline page."
)
@output_options
def command(
    folder: Path, as_json: bool, frontier: str | None, of: str | None, knee: str | None, page: Path | None,
    **common: Given,
) -> None:  # fmt: skip
    """Print the summary of the result folder DIR (or one of its variants/NAME, or a sweep's) again.

    \b
    simulator sweep quickstart -p edges.pop.count=2,4,8 -p edges.pop.l1.ttl=1s,2s,5s,10s --replications 5 -o ttls
    simulator show ttls --frontier 'hit_ratio.l1 >= 50%' --knee core.requests.rate --page frontier.html
    """  # noqa: D301 - \b is click's
    from simulator.errors import FolderError
    from simulator.experiment.studies.sweep_folder import is_sweep
    from simulator.results.loading import load_run

    if frontier is not None:
        _show_frontier(folder, frontier, of, knee, page, Output.of(common), as_json=as_json)
        return
    for name, value in (("--of", of), ("--knee", knee), ("--page", page)):
        if value is not None:
            fail(f"{name} goes with --frontier 'METRIC OP VALUE'")
    try:
        if is_sweep(folder):
            _show_sweep(folder, Output.of(common), as_json=as_json)
            return
        result = load_run(folder)
    except FolderError as error:
        fail(str(error), error.exit_code)
    for note in result.notes:
        say(note)
    print_result(result, Output.of(common), as_json=as_json)


def _show_frontier(
    folder: Path, until: str, of: str | None, knee: str | None, page: Path | None, output: Output, *, as_json: bool
) -> None:
    """Print the frontier of a sweep, and draw it where a page is asked for."""
    from simulator.errors import SimulatorError
    from simulator.experiment.studies.sweep_folder import load_sweep
    from simulator.report.frontier_html import document
    from simulator.results.places import check_file, write_asked
    from simulator.results.stored import dump_json

    try:
        if page is not None:
            check_file(page, "--page")
        sweep = load_sweep(folder)
        for note in sweep.notes:
            say(note)
        found = sweep.frontier(until, of=of, knee=knee)
        if page is not None:
            write_asked(page, document(found))
    except SimulatorError as error:
        fail(str(error), error.exit_code)
    click.echo(dump_json(found.to_dict()) if as_json else found.summary(width=output.width), nl=False)
    if page is not None and not output.quiet:
        say(f"Drawn: {page}")


def _show_sweep(folder: Path, output: Output, *, as_json: bool) -> None:
    """The answer of a search or an analysis where there is one; else the cells. Raises FolderError."""
    from simulator.cli.optimise import print_optimum
    from simulator.cli.sweep import print_sweep
    from simulator.experiment.studies.find import found_of
    from simulator.experiment.studies.optimum import optimum_of
    from simulator.experiment.studies.sensitivity import sensitivity_of
    from simulator.experiment.studies.sweep_folder import load_sweep
    from simulator.report import find_view, tornado
    from simulator.results.stored import MANIFEST, broken

    result = load_sweep(folder)
    for note in result.notes:
        say(note)
    try:
        found, analysis, optimum = found_of(result), sensitivity_of(result), optimum_of(result)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise broken(folder / MANIFEST, error) from error
    if optimum is not None:
        print_optimum(optimum, output, as_json=as_json)
    elif as_json or (found is None and analysis is None):
        print_sweep(result, output, as_json=as_json)
    elif found is not None:
        click.echo(find_view.render(found, width=output.width), nl=False)
    elif analysis is not None:
        click.echo(tornado.render(analysis, width=output.width, rows=5 if output.quiet else 15), nl=False)
