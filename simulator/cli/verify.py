"""`simulator verify`: does this installation reproduce theory?

May import click; the suite inside functions. Decides nothing: see simulator.verification.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import MISSED, Given, Output, fail, output_options, say

if TYPE_CHECKING:
    from simulator.verification.runner import CaseOutcome


@click.command(name="verify", short_help="Does this installation reproduce theory?")
@click.option("--all", "everything", is_flag=True, help="The long cases as well.")
@click.option("--only", "names", multiple=True, metavar="ROW", help="This row (or case) only; may be repeated.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON and nothing else.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write verification.md and its figures there.",
)
@click.option("--list", "only_list", is_flag=True, help="List the cases and run none.")
@output_options
def command(
    everything: bool, names: tuple[str, ...], jobs: int | None, as_json: bool, write: Path | None, only_list: bool,
    **common: Given,
) -> None:  # fmt: skip
    """Compare the simulator with known answers: queues, caches, stickiness, leases, links, failures, statistics.

    Without options the quick cases run (about three minutes on two cores), with --all every one (about half an
    hour). Exit codes: 0 all agree, 99 one does not.
    """
    from simulator.verification.runner import run_cases
    from simulator.verification.suite import find_cases

    output = Output.of(common)
    try:
        cases = find_cases(names, everything=everything)
    except ValueError as error:
        fail(str(error))
    if only_list:
        for case in cases:
            click.echo(f"{case.key:<40} {'quick' if case.quick else 'long ':<6} {case.title}")
        return
    done = 0

    def tell(outcome: CaseOutcome) -> None:
        nonlocal done
        done += 1
        if output.progress != "none":
            words = "agrees" if outcome.ok else "MISSES"
            say(f"[{done}/{len(cases)}] {outcome.case.key}: {words} ({outcome.wall_s:.1f} s)")

    outcomes = run_cases(cases, jobs if jobs is not None else _cores(), tell)
    _print(outcomes, output, as_json=as_json)
    if write is not None:
        from simulator.verification.report import write_page

        click.echo(f"\nWritten: {write_page(outcomes, write)}", err=as_json)
    missed = sum(not outcome.ok for outcome in outcomes)
    raise click.exceptions.Exit(MISSED if missed else 0)


def _print(outcomes: list[CaseOutcome], output: Output, *, as_json: bool) -> None:
    from simulator.verification.report import as_json_object, as_table

    if as_json:
        click.echo(json.dumps(as_json_object(outcomes), indent=1))
        return
    from rich.console import Console

    console = Console(width=max(output.width, 100), no_color=not output.color, highlight=False)
    if not output.quiet:
        console.print(as_table(outcomes))
    missed = [outcome for outcome in outcomes if not outcome.ok]
    for outcome in missed:
        if outcome.error:
            console.print(f"{outcome.case.key}: {outcome.error}", markup=False)
    checks = sum(len(outcome.judged) for outcome in outcomes)
    words = "all agree with theory" if not missed else f"{len(missed)} cases do not agree with theory"
    console.print(f"{len(outcomes)} cases, {checks} numbers: {words}.", markup=False)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
