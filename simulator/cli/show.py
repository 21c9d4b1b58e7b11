"""`simulator show`: the summary of a result folder again.

May import click; results and reports inside functions.
"""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import Given, Output, fail, output_options, print_result


@click.command(name="show", short_help="The summary of a result folder again.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print summary.json and nothing else.")
@output_options
def command(folder: Path, as_json: bool, **common: Given) -> None:
    """Print the summary of the result folder DIR (or one of its variants/NAME, or a sweep's) again."""
    from simulator.experiment.folder import FolderError, load_run
    from simulator.experiment.sweep_folder import is_sweep

    try:
        if is_sweep(folder):
            from simulator.cli.sweep import print_sweep
            from simulator.experiment.sweep_result import load_sweep

            print_sweep(load_sweep(folder), Output.of(common), as_json=as_json)
            return
        result = load_run(folder)
    except FolderError as error:
        fail(str(error), error.exit_code)
    print_result(result, Output.of(common), as_json=as_json)
