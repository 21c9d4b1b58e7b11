"""`simulator compare`: which is better, on what, and how sure is that?

May import click; the experiment and reports inside functions. Decides nothing: see experiment.compare.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import MISSED, UNDECIDED, USAGE, Given, Output, fail, output_options

if TYPE_CHECKING:
    from simulator.experiment.comparing.compare import Compared


@click.command(name="compare", short_help="Which is better, on what, and how sure is that?")
@click.argument("sides", nargs=-1, required=True, metavar="A [B]...")
@click.option("-m", "--metric", "metrics", multiple=True, metavar="METRIC", help="Compare this; repeatable.")
@click.option(
    "--margin", "margins", multiple=True, metavar="METRIC:MARGIN",
    help="A smaller difference is none: latency.p99:5%.",
)  # fmt: skip
@click.option(
    "--fail-on", "gates", multiple=True, metavar="METRIC:MARGIN",
    help="Exit with 99 where B is worse than A by more: hit_ratio.l1:0.5points.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Say why: by cause, or by hop; of -m where given.")
@click.option("--control", is_flag=True, help="Add a static policy at A's mean stickiness weight.")
@click.option("--format", "form", type=click.Choice(["table", "md", "json"]), default="table", show_default=True)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Another value, in all scenarios.")
@click.option("--seed", type=click.IntRange(min=0), help="Of all scenarios.  [default: the folders', or A's]")
@click.option("--replications", type=click.IntRange(min=1), help="Of all scenarios.  [default: theirs, at least 5]")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write there too; FILE.html is a page to look at.",
)  # fmt: skip
@output_options
def command(
    sides: tuple[str, ...], metrics: tuple[str, ...], margins: tuple[str, ...], gates: tuple[str, ...],
    explain: bool, control: bool, form: str, overrides: tuple[str, ...], seed: int | None,
    replications: int | None, jobs: int | None, file: Path | None, **common: Given,
) -> None:  # fmt: skip
    """Compare result folders, scenarios, or variants (SCENARIO:variant) with the first one.

    A single scenario or folder is compared with its own variants. Scenarios are played with one seed, so
    that all meet the same arrivals and differences are paired. A margin is in the metric's unit: 5ms, 3/s,
    0.5points; % of a ratio are points, of anything else relative.

    \b
    simulator compare quickstart --explain
    simulator compare quickstart quickstart:nearest --fail-on latency.p99:5%
    simulator compare results/shop/A results/shop/B --format md

    Exit codes: 0 ok, 2 bad usage, 3 incomplete, 4 a --fail-on is undecided, 99 one failed.
    """  # noqa: D301 (click's \b)
    from simulator.cli.run import _cores
    from simulator.errors import FolderError
    from simulator.experiment.comparing.api import compare
    from simulator.experiment.comparing.sides import ContestantError, IncompleteError
    from simulator.metrics.names import MetricUnavailableError
    from simulator.report.progress import listener
    from simulator.scenario.errors import ScenarioError

    output = Output.of(common)
    try:
        compared = compare(
            *sides, metrics=metrics, margin=margins, fail_on=gates, explain=explain, control=control,
            overrides=overrides, seed=seed, replications=replications, jobs=jobs if jobs is not None else _cores(),
            progress=lambda: listener(output.progress),
        )  # fmt: skip
    except (ValueError, MetricUnavailableError, ContestantError) as error:
        fail(str(error).strip("'\""))
    except (FolderError, ScenarioError, IncompleteError) as error:
        fail(str(error), getattr(error, "exit_code", USAGE))
    _show(compared, form, file, output)
    statuses = {gate.status for gate in compared.gates}
    code = MISSED if "failed" in statuses else UNDECIDED if "undecided" in statuses else 0
    raise click.exceptions.Exit(code)


def _show(compared: Compared, form: str, file: Path | None, output: Output) -> None:
    from simulator.report.compare_text import as_markdown, as_table
    from simulator.results.stored import dump_json

    if form == "json":
        text = dump_json(compared.to_dict())
    else:
        text = as_markdown(compared) if form == "md" else as_table(compared, width=output.width, color=output.color)
    click.echo(text, nl=False, color=output.color)
    if file is not None:
        try:
            _write(compared, form, file, text)
        except OSError as error:
            fail(f"cannot write {file}: {error.strerror or error}")


def _write(compared: Compared, form: str, file: Path, text: str) -> None:
    """The page for a name that ends in .html, else what was printed (a table without colour)."""
    if file.suffix.lower() in (".html", ".htm"):
        from simulator.report.compare_html import write

        write(compared, file)
        return
    from simulator.report.compare_text import as_table
    from simulator.results.places import write_whole

    write_whole(file, as_table(compared) if form == "table" else text)
