"""The `simulator` command: finds the subcommand, and turns what happens into an exit status.

| status | meaning |
|---|---|
| 0 | ok |
| 1 | a bug of ours (a traceback), nothing else |
| 2 | bad usage, bad scenario, unreadable input |
| 130 | interrupted |

A command exits with another documented status by raising a `SimulatorError`, whose class has an `exit_code`, or by
`context.exit(code)`.

May import: click. Everything else is imported by the command that needs it, so that `--help` stays fast.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import importlib.util
import os
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from simulator.cli.output import Given, output_options
from simulator.cli.streams import outlets
from simulator.errors import SimulatorError
from simulator.text.printable import printable
from simulator.text.version import VERSION

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Run a scenario and its variants, and print the answer."),
    "validate": ("validate", "Is this scenario well-formed? Errors with file, line and column."),
    "config": ("config", "The resolved scenario; with --origin where each value came from."),
    "schema": ("schema", "JSON Schema of a scenario, for editors."),
    "init": ("init", "A first scenario of one's own, commented."),
    "list": ("list_", "Bundled scenarios, policies, workloads, faults, distributions."),
    "sweep": ("sweep", "Run a scenario over a grid of values."),
    "compare": ("compare", "Which is better, on what, and how sure is that?"),
    "find": ("find", "The smallest (or largest) value that meets a condition."),
    "optimise": ("optimise", "The best of several settings at once, under constraints."),
    "sensitivity": ("sensitivity", "Which inputs move the answer most?"),
    "fit": ("fit", "A workload out of a log, as a commented scenario."),
    "backtest": ("backtest", "Fit a part of a log, predict the rest, and compare."),
    "check": ("check", "Has a number moved since the baseline?"),
    "verify": ("verify", "Does this installation reproduce theory?"),
    "watch": ("watch", "(Re)draw watch.html: the run to look at, on a map, with a time line."),
    "report": ("report", "(Re)draw report.html and the figures of a result folder."),
    "show": ("show", "The summary of a result folder again."),
    "reproduce": ("reproduce", "Run a manifest again and compare fingerprints."),
}
"""Name -> (module in simulator.cli, its line in --help); only those whose module exists are offered."""

BAD_USAGE, BUG, INTERRUPTED = 2, 1, 130
_READER_GONE = (errno.EPIPE, errno.EBADF)
"""`| head` and `>&-`: nobody wants the rest, and the command's own status is the answer."""
_FEW_DESCRIPTORS = "too few file descriptors: allow more (ulimit -n), or use fewer processes (-j)"


class LazyGroup(click.Group):
    """Imports a command's module when the command is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands that this installation has, in the order of the table."""
        del ctx
        return [name for name, (module, _) in COMMANDS.items() if _exists(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        del ctx
        if cmd_name not in COMMANDS or not _exists(COMMANDS[cmd_name][0]):
            return None
        command = importlib.import_module(f"simulator.cli.{COMMANDS[cmd_name][0]}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"simulator.cli.{COMMANDS[cmd_name][0]} has no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            close = difflib.get_close_matches(name, self.list_commands(ctx), 1)
            mend = f"Did you mean '{close[0]}'?" if close else "`simulator --help` lists the commands."
            raise click.UsageError(f"There is no command '{printable(name)}'. {mend}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        rows = [(name, COMMANDS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _exists(module: str) -> bool:
    return importlib.util.find_spec(f"simulator.cli.{module}") is not None


def _form() -> str:
    """Whether the busiest modules are compiled here, or plain Python."""
    found = importlib.util.find_spec("simulator.engine.clock")
    return "interpreted" if found is None or str(found.origin).endswith(".py") else "compiled"


FORM = f"%(prog)s, version %(version)s, {_form()}"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Begin with: simulator run quickstart",
)
@click.version_option(VERSION, "-V", "--version", prog_name="stickysim", message=FORM)
@output_options
def cli(**_common: Given) -> None:
    """Simulate adaptive session stickiness with tiered caching."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    with outlets() as stdout:
        status = _interrupted_status(arguments)
        stdout.flush()
        if isinstance(stdout.lost, OSError) and stdout.lost.errno not in _READER_GONE:
            click.echo(f"cannot write: {_reason(stdout.lost)}", err=True)
            return status or BAD_USAGE
        return status


def _interrupted_status(arguments: Sequence[str] | None) -> int:
    """The status of a command, which a polite kill and a closed terminal interrupt as Ctrl-C does."""
    from simulator.play.signals import as_interrupts

    try:
        with as_interrupts():
            return _status(arguments)
    except KeyboardInterrupt:  # just before or after the command
        return INTERRUPTED


def _status(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(
            args=None if arguments is None else list(arguments), prog_name="simulator", standalone_mode=False
        )
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (whatever is not foreseen is a bug of ours, and told as one)
        return _status_of(error)
    return result if isinstance(result, int) else 0


def _status_of(error: Exception) -> int:
    """Print what an exception means to the user; a traceback only for bugs."""
    if isinstance(error, SimulatorError) and error.exit_code != BUG:
        click.echo(str(error), err=True)
        return error.exit_code
    lacking = _lacking(error)
    if lacking:
        click.echo(lacking, err=True)
        return BAD_USAGE
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
        where = f"{error.filename}: " if error.filename is not None else "cannot write: " if full else ""
        click.echo(f"{where}{_reason(error)}", err=True)
        return BAD_USAGE
    traceback.print_exc()
    click.echo("This is a bug of the simulator, please report it.", err=True)
    return BUG


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _lacking(error: BaseException | None) -> str:
    """What the system does not give us, if that is the error or its cause; "" for another error."""
    if not _has_working_directory():
        return "the working directory does not exist any more: change to one that does"
    while error is not None:
        if isinstance(error, MemoryError):
            return "there is not enough memory: play less at once (-j, duration, clients)"
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return _FEW_DESCRIPTORS
        if isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error):
            return _FEW_DESCRIPTORS
        error = error.__cause__ or error.__context__
    return ""


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True
