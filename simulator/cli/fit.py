"""`simulator fit`: a workload out of a log, as a commented scenario.

May import click; the fitting inside functions. Decides nothing: see fitting.fit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulator.cli.output import Given, Output, fail, output_options, say

if TYPE_CHECKING:
    from simulator.logs.formats.base import ClientKey

F = TypeVar("F", bound=Callable[..., Any])


def _load(context: click.Context, parameter: click.Parameter, files: tuple[str, ...]) -> None:
    """Run the files that hold formats of a user's own, and what installed packages offer; exits with what is wrong."""
    del context, parameter
    from simulator.plugins.loading import ExtensionError, load_entry_points, load_file

    try:
        load_entry_points()
        for file in files:
            load_file(file, Path(), inside=False)
    except ExtensionError as error:
        fail(str(error))


def log_options(command: F) -> F:
    """How a log is read; as in a trace workload."""
    for option in (
        click.option("--extension", multiple=True, metavar="FILE", callback=_load, expose_value=False,
                     help="A Python file with a log format of your own, which runs. May be given more than once."),
        click.option("--gap", default="30min", show_default=True, metavar="TIME",
                     help="A longer silence ends a session."),
        click.option("--client-key", type=click.Choice(["host", "forwarded", "user", "host+agent"]), default="host",
                     show_default=True, help="What tells clients of a web log apart."),
        click.option("--columns", metavar="YAML", help="Of a table: '{t: timestamp, client: user_id}'."),
        click.option("--format", "log_format", default="auto", show_default=True, metavar="FORMAT",
                     help="Of the log: auto, clf, csv, ..., or a format string."),
    ):  # fmt: skip
        command = option(command)
    return command


def read_columns(text: str | None) -> dict[str, str | int] | None:
    """The mapping after --columns; exits with what is wrong."""
    import yaml

    if text is None:
        return None
    try:
        columns = yaml.safe_load(text)
    except yaml.YAMLError:
        columns = None
    if not isinstance(columns, dict) or not all(isinstance(one, (str, int)) for one in columns.values()):
        fail(f"--columns {text}: no mapping of names; write '{{t: timestamp, client: user_id}}'")
    return columns


def read_gap(text: str) -> float:
    """Seconds; exits with what is wrong."""
    from simulator.units import parse_duration

    try:
        gap_s = parse_duration(text)
    except ValueError as error:
        fail(f"--gap {text}: {error}")
    if not gap_s > 0:
        fail(f"--gap {text}: a session needs a silence longer than 0 to end; write 30min")
    return gap_s


@click.command(name="fit", short_help="A workload out of a log, as a commented scenario.")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("-o", "--output", "path", type=click.Path(path_type=Path), help="The scenario to write.")
@click.option(
    "--figure", type=click.Path(path_type=Path), help="Draw what was fitted beside the log (.svg, .png, .pdf)."
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was fitted as JSON and nothing else.")
@log_options
@output_options
def command(
    logs: tuple[str, ...], path: Path | None, figure: Path | None, force: bool, as_json: bool, gap: str,
    client_key: ClientKey, columns: str | None, log_format: str, **common: Given,
) -> None:  # fmt: skip
    """Fit a workload to LOG (several are read as one) and say what the log cannot tell.

    \b
    simulator fit access.log -o mine.yaml --figure mine.svg

    Rates and how they differ between clients (gamma, lognormal, Zipf, chosen by likelihood), bursts, session
    lengths, a daily rhythm, operations, sizes and service times where the log has them. The scenario is one
    that `simulator run` plays; its service is invented, and marked so.
    """  # noqa: D301 - \b is click's
    from simulator.fitting.fit import fit
    from simulator.logs import TraceError

    output = Output.of(common)
    for place in (path, figure):
        if place is not None and place.exists() and not force:
            fail(f"{place} is there already: give another name, or --force")
    if figure is not None and figure.suffix.lower() not in (".svg", ".png", ".pdf"):
        fail(f"--figure {figure}: write a name that ends in .svg, .png or .pdf")
    try:
        found = fit(list(logs), format=log_format, columns=read_columns(columns), client_key=client_key,
                    gap_s=read_gap(gap))  # fmt: skip
    except TraceError as error:
        fail(str(error))
    if path is not None:
        path.write_text(found.to_yaml(), encoding="utf-8")
    if figure is not None:
        found.plot().savefig(os.fspath(figure))
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(found.to_dict()), nl=False)
    elif not output.quiet:
        click.echo(found.summary(), nl=False)
    for place in (path, figure):
        if place is not None:
            say(f"written: {place}")
