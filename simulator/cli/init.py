"""`simulator init [DIR]`: a first scenario of one's own, commented, with its JSON Schema beside it."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import Given, Output, output_options, say

FIRST_SCENARIO = """\
# yaml-language-server: $schema=./scenario.schema.json
# A first scenario. Every quantity carries its unit; `simulator config scenario.yaml` shows every default.
schema: 1
name: my-service
question: Does adaptive stickiness keep the caches warm?
duration: 60s
warmup: 10s                         # not counted
seed: 1                             # the same seed gives the same numbers
replications: 3                     # more of them give narrower intervals

sites: [frankfurt, london]          # known cities; or {hq: {lat: 50.11, lon: 8.68}}

clients:
  europe:
    count: 200
    site: frankfurt
    spread: 800km                   # they lie around their site
    workload: {kind: poisson, rate: 0.5/s}               # of each client; `simulator list` shows other kinds
    session: {length: {exponential: 5min}, pause: {exponential: 30s}}
    retry: {timeout: 800ms, max: 2, backoff: 50ms, cap: 800ms, jitter: full, budget: 20%}

edges:
  pop:
    at: {frankfurt: 2, london: 1}   # pop-frankfurt-1, pop-frankfurt-2, pop-london-1
    workers: 1
    queue: 1000
    service_time: {gamma: {mean: 1.2ms, cv: 0.6}}
    l1: {capacity: 100, policy: lru, ttl: 10s}

cores:
  core: {count: 1, site: frankfurt, workers: 4, service_time: 2ms, l2: {policy: lru, ttl: 10min}}

storage:
  site: frankfurt
  read: {lognormal: {median: 8ms, p99: 40ms}}
  write: {lognormal: {median: 12ms, p99: 80ms}}

routing: {policy: adaptive, leave_to: nearest, after_leaving: stay}

faults:
  - {at: 30s, for: 10s, crash: pop-frankfurt-1}

variants:                           # each runs on the same arrivals as the scenario above
  nearest: {routing.policy: nearest}

expect:
  - within[500ms] >= 90%
"""


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@output_options
def command(folder: Path, **common: Given) -> None:
    """Write scenario.yaml, commented, and scenario.schema.json for the editor; nothing is overwritten."""
    import json

    from simulator.scenario.json_schema import scenario_schema

    texts = {
        "scenario.yaml": FIRST_SCENARIO,
        "scenario.schema.json": json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n",
    }
    for name in texts:
        if (folder / name).exists():
            raise click.UsageError(f"{folder / name} is there already, and is not overwritten.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)
        click.echo(str(folder / name))
    if not Output.of(common).quiet:
        say(f"Now: simulator run {folder / 'scenario.yaml'}")
