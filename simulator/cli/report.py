"""`simulator report`: draw report.html and the figures of a result folder again.

May import click; results and reports inside functions.
"""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import Given, Output, fail, output_options, say


@click.command(name="report", short_help="Draw report.html and the figures again.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@output_options
def command(folder: Path, **common: Given) -> None:
    """Draw report.html and figures/ of the result folder DIR, and of its variants, again."""
    from simulator.errors import FolderError
    from simulator.experiment.studies.sweep_folder import is_sweep
    from simulator.report.folders import redraw
    from simulator.results.loading import load_run

    try:
        if is_sweep(folder):
            from simulator.experiment.studies.sweep_folder import load_sweep
            from simulator.report.sweep_html import write_report

            sweep = load_sweep(folder)
            notes, page = sweep.notes, write_report(sweep, folder)
        else:
            result = load_run(folder)
            notes, page = result.notes, redraw(result)
    except FolderError as error:
        fail(str(error), error.exit_code)
    for note in notes:
        say(note)
    if not Output.of(common).quiet:
        click.echo(f"{page}")
