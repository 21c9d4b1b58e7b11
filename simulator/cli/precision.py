"""What `run` needs for --until and --batch-means: how precise an answer is to be, and how precise it is.

May import click; the experiment inside functions. Decides nothing: see experiment.stopping and .batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import Output, fail, say

if TYPE_CHECKING:
    from simulator.experiment.stopping import Target
    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario


def check_options(until: Sequence[str], at_most: int, replications: int | None, resume: Path | None) -> list[Target]:
    """The targets of --until; ends with exit status 2 where the options do not go together."""
    if not until:
        return []
    from simulator.experiment.stopping import parse_target

    if resume is not None:
        fail("--until and --resume do not go together: the same seed gives the same replications anyway")
    if replications is not None and replications > at_most:
        fail(f"--replications {replications} is more than --at-most {at_most}")
    try:
        return [parse_target(text) for text in until]
    except ValueError as error:
        fail(str(error))


def played_until(
    scenario: Scenario, targets: Sequence[Target], at_most: int, jobs: int, trace: float | None,
    output: Output, variants: bool,
) -> tuple[Result, tuple[str, ...]]:  # fmt: skip
    """The result, and the targets that were not reached; raises what `api.run` does."""
    from simulator.experiment.stopping import run_until
    from simulator.metrics.names import MetricUnavailableError
    from simulator.report.progress import listener

    try:
        stopped = run_until(
            scenario, targets, at_most=at_most, jobs=jobs, variants=variants, trace=trace,
            progress=lambda: listener(output.progress), say=say if output.progress != "none" else None,
        )  # fmt: skip
    except MetricUnavailableError as error:
        fail(str(error).strip("'\""))
    return stopped.result, stopped.missing


def show_batch_means(result: Result, window_s: float, *, quiet: bool) -> None:
    """Intervals of the first replication by batch means, on stdout (stderr beside --json)."""
    from simulator.metrics.names import unit_of
    from simulator.report.format import show
    from simulator.results.batches import TooShortError, all_batch_means

    if not result.replications:
        return
    first = result.replications[0]
    try:
        found = all_batch_means(first, warmup_s=result.facts.warmup_s, window_s=window_s)
    except TooShortError as error:
        say(f"\n--batch-means: {error}")
        return
    number = f" (replication {first.replication})" if len(result.replications) > 1 else ""
    lines = [f"\nOne long run{number}: 95 % intervals from {found[0].batches} batches of {found[0].batch_s:g} s"]
    for one in found:
        half = one.interval.half_width
        warning = "" if one.trusted else f"  too narrow: batches correlate ({one.correlation:+.2f}), run longer"
        lines.append(f"  {one.metric:<20}  {show(one.interval.mean, unit_of(one.metric), half):<18}{warning}".rstrip())
    click.echo("\n".join(lines), err=quiet)
