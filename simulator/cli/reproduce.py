"""`simulator reproduce`: run a manifest again and compare fingerprints.

May import click; the experiment inside functions. Decides nothing: see experiment.reproduce.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import INCOMPLETE, INTERRUPTED, MISSED, OK, USAGE, Given, Output, fail, output_options

if TYPE_CHECKING:
    from simulator.experiment.reproduce import Reproduction


@click.command(name="reproduce", short_help="Run a manifest again and compare fingerprints.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option("--trust", is_flag=True, help="Run the code that the folder brings (its scenario's extensions).")
@output_options
def command(folder: Path, jobs: int | None, trust: bool, **common: Given) -> None:
    """Run what the result FOLDER holds again, and compare it replication by replication.

    Where something differs, it says what is another than it was: versions, machine, data files. Nothing
    is written. A folder whose scenario has extensions brings code, which runs only with --trust.

    Exit codes: 0 the same, 2 no result folder, 3 it did not finish, 99 it differs.
    """
    from simulator.cli.run import _cores
    from simulator.errors import FolderError
    from simulator.experiment.reproduce import reproduce
    from simulator.report.progress import listener
    from simulator.results.stored import MANIFEST
    from simulator.scenario.errors import ScenarioError

    output = Output.of(common)
    folder = folder.parent if folder.name == MANIFEST else folder
    try:
        found = reproduce(
            folder, jobs=jobs if jobs is not None else _cores(), progress=listener(output.progress), trust=trust
        )
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)
    except (FolderError, ScenarioError) as error:
        fail(str(error), getattr(error, "exit_code", USAGE))
    click.echo(_text(found), nl=False)
    code = MISSED if found.different else INCOMPLETE if found.failed else OK
    raise click.exceptions.Exit(code)


def _text(found: Reproduction) -> str:
    total = len(found.same) + len(found.different) + len(found.failed)
    if found.reproduced:
        what = "the replication is" if total == 1 else f"all {total} replications are"
        lines = [f"Reproduced: {what} identical."]
    else:
        lines = [f"Not reproduced: {len(found.same)} of {total} replications are identical."]
    lines += [f"  differs: {name}" for name in found.different[:10]]
    if len(found.different) > 10:
        lines.append(f"  differs: {len(found.different) - 10} more")
    lines += [f"  gave no result: {text}" for text in found.failed]
    lines += [f"  moved: {text}" for text in found.moved]
    if found.causes:
        lines.append("What is another than it was:" if found.different else "Although this is another:")
        lines += [f"  {cause}" for cause in found.causes]
    elif found.different:
        lines.append("Versions, machine and scenario are the same: the program itself changed, or is not repeatable.")
    return "\n".join(lines) + "\n"
