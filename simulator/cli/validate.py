"""`simulator validate FILE...|-`: is this scenario well-formed?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from simulator.cli.output import USAGE, Given, Output, output_options, say, warn_unused

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario


STDIN = "-"


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...|-")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Another value, as in YAML.")
@output_options
def command(files: tuple[str, ...], overrides: tuple[str, ...], **common: Given) -> None:
    """Is this scenario well-formed? Errors tell file, line and column, and how to mend them.

    `-` is a scenario from standard input; what it extends is sought in the working directory.
    """
    from simulator.scenario import Scenario, ScenarioError
    from simulator.scenario.meaning import meaning

    output = Output.of(common)
    wrong = 0
    for name in files:
        try:
            preset = None if name == STDIN else _preset(name, overrides)
            if preset is not None:
                if not output.quiet:
                    click.echo(f"{name}: ok, a preset: `extends: {preset}` in a scenario or a variant takes it")
                continue
            scenario = _from_stdin(overrides) if name == STDIN else Scenario.load(name, overrides)
        except ScenarioError as error:
            wrong += 1
            say(f"{error}\n")
        else:
            warn_unused(scenario, name, overrides)
            if not output.quiet:
                click.echo(f"{name}: ok{_extent(scenario) if output.verbose else ''}")
                for line in meaning(scenario):
                    click.echo(f"  {line}")
    if wrong:
        raise click.exceptions.Exit(USAGE)


def _from_stdin(overrides: Sequence[str]) -> Scenario:
    from simulator.scenario.loading import load_text
    from simulator.scenario.schema import Scenario

    data = b"" if sys.stdin is None else sys.stdin.buffer.read()
    return load_text(Scenario, data, "<stdin>", overrides)


def _preset(name: str, overrides: Sequence[str]) -> str | None:
    """What a scenario extends the file by, if it is a preset; raises ScenarioError for what is wrong in it."""
    from simulator.scenario import ScenarioError
    from simulator.scenario.bundled import is_preset
    from simulator.scenario.fragments import validated
    from simulator.scenario.loading import locate

    try:
        path, label = locate(name)
    except ScenarioError:
        return None  # perhaps SCENARIO:variant
    return validated(path, label, overrides) if is_preset(path) else None


def _extent(scenario: Scenario) -> str:
    counts = {
        "variants": len(scenario.variants),
        "faults": len(scenario.faults),
        "expectations": len(scenario.expect),
    }
    return f" ({', '.join(f'{count} {what}' for what, count in counts.items())})"
