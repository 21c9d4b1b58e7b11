"""`simulator config SCENARIO`: the scenario with every default filled in, and where each value came from."""

from __future__ import annotations

import click

from simulator.cli.output import Given, output_options


@click.command("config")
@click.argument("scenario")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Another value, as in YAML.")
@click.option("--origin", is_flag=True, help="Say where each value came from: file:line, --set or default.")
@output_options
def command(scenario: str, overrides: tuple[str, ...], origin: bool, **_common: Given) -> None:
    """Print the resolved scenario as YAML, which `simulator run` takes again; comments say which places are meant."""
    from simulator.scenario import Scenario
    from simulator.scenario.inside import flattened
    from simulator.scenario.meaning import places
    from simulator.scenario.resolving import origin as origin_of
    from simulator.scenario.writing import write_yaml

    loaded = Scenario.load(scenario, overrides)
    for line in places(loaded):
        click.echo(f"# {line}")
    tree = flattened(loaded.tree)
    annotate = (lambda path: origin_of(tree, path)) if origin else None
    click.echo(write_yaml(loaded.resolved(), annotate), nl=False)
