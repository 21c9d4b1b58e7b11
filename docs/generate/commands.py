"""The reference of the command line, from the click commands."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

import click

from generate.tables import code, table
from simulator.cli.main import cli
from simulator.cli.output import EXIT_CODES, output_options


def command_pages() -> str:
    """The common options, then a section for each command."""
    root = click.Context(cli, info_name="simulator")
    common = {option.name for option in _options(output_options(click.command()(lambda: None)))}
    parts = ["## Common to all\n\nBefore the command's name or after it.\n", _table(root, _options(cli, common))]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        context = click.Context(command, info_name=name, parent=root)
        own = [option for option in _options(command) if option.name not in common]
        usage = " ".join(["simulator", name, *command.collect_usage_pieces(context)])
        parts += [f"## simulator {name}\n", f"```text\n{usage}\n```\n", _prose(command)]
        parts += [_table(context, own)] if own else []
    return "\n".join(parts)


def exit_codes() -> str:
    """What an exit status means."""
    return table(("status", "meaning"), ((code(str(status)), meaning) for status, meaning in EXIT_CODES.items()))


def _options(command: click.Command, names: Iterable[str | None] = ()) -> list[click.Option]:
    wanted = set(names)
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    return [option for option in options if not wanted or option.name in wanted]


def _table(context: click.Context, options: Iterable[click.Option]) -> str:
    records = [record for option in options if (record := option.get_help_record(context)) is not None]
    return table(("option", "meaning"), ((code(names), _escaped(about)) for names, about in records))


def _prose(command: click.Command) -> str:
    """The help text; a paragraph that click keeps as it is stays so."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(
        "```text\n" + paragraph.removeprefix("\b\n") + "\n```" if paragraph.startswith("\b") else _escaped(paragraph)
        for paragraph in paragraphs
    )


def _escaped(text: str) -> str:
    """Help is plain text: brackets, stars and angles mean themselves; options and what is in backticks are code."""
    parts = re.split(r"(`[^`]*`)", re.sub(r"(?<![\w`-])(--?[a-z][\w-]*)(?![\w`])", r"`\1`", text))
    return "".join(part if part.startswith("`") else re.sub(r"([\[\]*<>_\\])", r"\\\1", part) for part in parts)
