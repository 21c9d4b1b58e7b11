"""`simulator backtest`: how far to trust a fit: the first part of a log predicts the second.

May import click; the fitting inside functions. Decides nothing: see fitting.backtest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.fit import log_options, read_columns, read_gap
from simulator.cli.output import Given, Output, fail, output_options, say
from simulator.cli.studying import cores

if TYPE_CHECKING:
    from simulator.logs.formats.base import ClientKey


@click.command(name="backtest", short_help="Fit a part of a log, predict the rest, and compare.")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("--split", default="50%", show_default=True, metavar="SHARE", help="How much of the time is fitted.")
@click.option("--scenario", metavar="FILE", help="The service; its clients are replaced.  [default: as of `fit`]")
@click.option("--replications", type=click.IntRange(min=5), default=10, show_default=True, help="Of the prediction.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the first replication.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON and nothing else.")
@log_options
@output_options
def command(
    logs: tuple[str, ...], split: str, scenario: str | None, replications: int, seed: int, jobs: int | None,
    as_json: bool, gap: str, client_key: ClientKey, columns: str | None, log_format: str, **common: Given,
) -> None:  # fmt: skip
    """Fit the first part of LOG, predict the second with intervals, and show what happened beside it.

    \b
    simulator backtest access.log --split 50% --scenario mine.yaml

    What happened is the second part, replayed through the same service. Each metric that lies outside its
    95 % interval is traced: one fitted part at a time takes the place of the real one.
    """  # noqa: D301 - \b is click's
    from simulator.fitting.backtest import backtest
    from simulator.logs import TraceError
    from simulator.scenario.errors import ScenarioError
    from simulator.units import parse_ratio

    output = Output.of(common)
    try:
        share = parse_ratio(split)
    except ValueError as error:
        fail(f"--split {split}: {error}")
    if not 0 < share < 1:
        fail(f"--split {split}: write a share between 0 % and 100 %, such as 50%")
    try:
        found = backtest(
            list(logs), split=share, scenario=scenario, replications=replications, seed=seed, format=log_format,
            columns=read_columns(columns), client_key=client_key, gap_s=read_gap(gap), jobs=jobs or cores(),
            progress=say if output.progress != "none" else None,
        )  # fmt: skip
    except (TraceError, ScenarioError) as error:
        fail(str(error))
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(found.to_dict()), nl=False)
    else:
        click.echo(found.summary(), nl=False)
