"""`simulator schema`: the JSON Schema of a scenario, for editors."""

from __future__ import annotations

import click

from simulator.cli.output import Given, output_options


@click.command("schema")
@click.argument("scenario", required=False)
@output_options
def command(scenario: str | None, **_common: Given) -> None:
    """Print the JSON Schema of a scenario (Draft 2020-12).

    With SCENARIO the members of families that its `extensions` register are included.
    """
    import json

    from simulator.plugins.loading import load_entry_points
    from simulator.scenario import Scenario
    from simulator.scenario.json_schema import scenario_schema

    load_entry_points()
    if scenario is not None:
        Scenario.load(scenario)
    click.echo(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))
