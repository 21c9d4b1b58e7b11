"""What the commands about results share: options, colour, exit codes, and words on stderr.

May import click and, inside functions, results. Decides exit codes from a result, nothing else.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from simulator.report.progress import Mode
    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario

OK: Final = 0
USAGE: Final = 2
INCOMPLETE: Final = 3
UNDECIDED: Final = 4
INVARIANT: Final = 5
MISSED: Final = 99
INTERRUPTED: Final = 130
EXIT_CODES: Final[Mapping[int, str]] = {
    OK: "ok",
    1: "a bug of ours (a traceback), nothing else",
    USAGE: "bad usage, bad scenario, unreadable input",
    INCOMPLETE: "some cells or replications did not complete",
    UNDECIDED: "undecided: the intervals are too wide, or a baseline is not comparable",
    INVARIANT: "a safety invariant broke (the trace is in the result folder)",
    MISSED: "an expectation or a regression check failed",
    INTERRUPTED: "interrupted: what was finished is written, and how to go on is printed",
}
"""What a script may read from the exit status of any command."""

_NO_CELLS: Final[Mapping[str, Any]] = {}
_MOST_CELLS: Final = 64  # of a study that are asked what they use
Given = str | bool | None
"""What an option of `output_options` can be."""
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Output:
    """How to speak: the common options, whether given before or after the command's name."""

    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    progress: Mode = "auto"

    @classmethod
    def of(cls, given: Mapping[str, Given]) -> Output:
        """The options of this command, and those given to the group."""
        context = click.get_current_context(silent=True)
        group = context.find_root().params if context is not None else {}
        quiet, verbose, no_color = (bool(given[name] or group.get(name)) for name in ("quiet", "verbose", "no_color"))
        mode = "none" if quiet else given["progress"] or group.get("progress") or "auto"
        progress: Mode = "none" if mode == "none" else "plain" if mode == "plain" else "auto"
        return cls(quiet, verbose, no_color, progress)

    @property
    def color(self) -> bool:
        """Whether stdout takes colours: a terminal, no --no-color, no NO_COLOR."""
        return not self.no_color and not os.environ.get("NO_COLOR") and sys.stdout.isatty()

    @property
    def width(self) -> int:
        """Columns to fill: COLUMNS where it is set (at least 40), else the terminal's, 60 to 100; 80 in a pipe."""
        asked = os.environ.get("COLUMNS", "")
        if asked.isascii() and asked.isdigit() and int(asked) > 0:
            return max(40, int(asked[:5]))
        if not sys.stdout.isatty():
            return 80
        import shutil

        return max(60, min(100, shutil.get_terminal_size().columns))


def output_options(command: F) -> F:
    """-q -v --no-color --progress, as every command takes them."""
    choices = click.Choice(["auto", "plain", "none"])
    for option in (
        click.option("--progress", type=choices, default=None, help="Progress on stderr."),
        click.option("--no-color", is_flag=True, help="No colours."),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="No progress, and a shorter summary."),
    ):
        command = option(command)
    return command


def say(message: str) -> None:
    """A line on stderr."""
    click.echo(message, err=True)


def warn_unused(
    scenario: Scenario, source: str, overrides: Sequence[str], cells: Mapping[str, Scenario] = _NO_CELLS
) -> None:
    """On stderr: the settings that nothing uses: not the scenario, not without `overrides`, and none of the cells."""
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.unused import told, unused

    others: list[Scenario] = []
    for name in islice(cells, None, None, max(1, len(cells) // _MOST_CELLS)):
        with contextlib.suppress(ScenarioError):
            others.append(cells[name])
    found = unused(scenario, others)
    if found and overrides:
        with contextlib.suppress(ScenarioError):
            found = unused(scenario, [*others, scenario.load(source)])
    if found:
        say(f"{told(found)}\n")


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Say what is wrong and end with that code."""
    say(message)
    raise click.exceptions.Exit(code)


def print_result(result: Result, output: Output, *, as_json: bool) -> None:
    """The result on stdout: summary.json alone, or the summary."""
    if as_json:
        from simulator.results.stored import dump_json

        click.echo(dump_json(result.to_dict()), nl=False)
        return
    from simulator.report.terminal import render, render_short

    if output.quiet:
        click.echo(render_short(result), nl=False, color=output.color)
        return
    text = render(result, width=output.width, color=output.color, all_metrics=output.verbose)
    click.echo(text, nl=False, color=output.color)


def exit_code(result: Result) -> int:
    """What the result means to a script; the gravest reason wins."""
    if result.interrupted:
        return INTERRUPTED
    if result.invariants["violations"] or any(v.invariants["violations"] for v in result.variants.values()):
        return INVARIANT
    if result.status != "complete":
        return INCOMPLETE
    verdicts = {judged.verdict for judged in result.expectations}
    if "missed" in verdicts:
        return MISSED
    return UNDECIDED if "undecided" in verdicts else OK
