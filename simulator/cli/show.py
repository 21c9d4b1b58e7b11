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
@output_options
def command(folder: Path, as_json: bool, **common: Given) -> None:
    """Print the summary of the result folder DIR (or one of its variants/NAME, or a sweep's) again."""
    from simulator.errors import FolderError
    from simulator.experiment.studies.sweep_folder import is_sweep
    from simulator.results.loading import load_run

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
