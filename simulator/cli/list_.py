"""`simulator list`: what there is to choose from, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from simulator.cli.output import Given, Output, output_options


@click.command("list")
@click.argument("scenario", required=False)
@output_options
def command(scenario: str | None, **common: Given) -> None:
    """List bundled scenarios, policies, workloads, faults, log formats and distributions, a line each.

    With SCENARIO the members of families that its `extensions` register are included. `simulator list metrics`
    lists the metrics instead, `simulator list presets` the bundled presets alone.
    """
    from simulator.plugins.loading import load_entry_points
    from simulator.scenario import Scenario
    from simulator.scenario.bundled import PRESETS

    output = Output.of(common)
    load_entry_points()
    other = {"metrics": _metrics, "presets": _presets}.get(scenario or "")
    if scenario is None or (Path(scenario).exists() and not (scenario == PRESETS and Path(scenario).is_dir())):
        other = None
    if scenario is not None and other is None:
        Scenario.load(scenario)
    for title, rows in (other or _sections)():
        lines = list(rows.items())
        width = max((len(name) for name, _ in lines), default=0)
        click.echo(click.style(title, bold=True) if output.color else title)
        for name, about in lines:
            click.echo(f"  {name:<{width}}  {about}".rstrip())
        click.echo()


def _sections() -> Iterator[tuple[str, Mapping[str, str]]]:
    from simulator.laws.fields import LAWS
    from simulator.plugins.families import families

    yield "Bundled scenarios", _bundled()
    yield from (section for section in _presets() if section[1])
    for family in families():
        yield family.title, {name: family.line(name) for name in family}
    laws = {name: law.about for name, law in LAWS.items()}
    yield "Distributions", laws | {"empirical": "measured values, the first column of a CSV file"}


def _presets() -> Iterator[tuple[str, Mapping[str, str]]]:
    from simulator.scenario.fragments import bundled_presets

    yield "Presets", bundled_presets()


def _metrics() -> Iterator[tuple[str, Mapping[str, str]]]:
    from simulator.metrics.catalogue import CATALOGUE

    def line(about: str, unit: str, labels: tuple[str, ...]) -> str:
        by = f" (also by {', '.join(labels)})" if labels else ""
        return f"{about}{f', {unit}' if unit not in ('1', 'ratio') else ''}{by}"

    names = {"within": "within[D]"}
    yield "Metrics", {names.get(m.name, m.name): line(m.description, m.unit, m.labels) for m in CATALOGUE.values()}


def _bundled() -> dict[str, str]:
    from simulator.scenario.bundled import bundled_folder, bundled_names
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.reader import read_file

    lines = {}
    for name in bundled_names():
        try:
            root = read_file(bundled_folder() / f"{name}.yaml", name)
        except ScenarioError:
            lines[name] = "(cannot be read: see `simulator validate`)"
            continue
        texts = [node.value for key in ("question", "description") if (node := root.get(key)) is not None]
        lines[name] = str(texts[0]) if texts else ""
    return lines
