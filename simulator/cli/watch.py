"""`simulator watch`: draw watch.html, the page that plays a run back.

May import click; results and the page inside functions. Simulates nothing.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.output import Given, Output, fail, output_options, say

if TYPE_CHECKING:
    from simulator.results.result import Result

_ELSEWHERE: Final = ("--output=", "--resume=")


@click.command(name="watch", short_help="(Re)draw watch.html: the run to look at, on a map.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--variant", metavar="NAME", help="A variant, in place of the scenario as written.")
@click.option(
    "--replication", type=click.IntRange(min=0), default=None, metavar="N", help="Which one.  [default: the first]"
)
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="In place of DIR/watch.html."
)
@output_options
def command(folder: Path, variant: str | None, replication: int | None, file: Path | None, **common: Given) -> None:
    """Draw watch.html in the result folder DIR: the run on a map, with a time line, to play in a browser.

    \b
    simulator run quickstart --trace -o mine
    simulator watch mine
    simulator watch mine --variant nearest      (mine/variants/nearest/watch.html)

    Without a trace the page plays time series only. Nothing is simulated again. Exit codes: 0 ok, 2 no result
    folder, or no such variant or replication.
    """  # noqa: D301 - \b is click's
    from simulator.errors import FolderError
    from simulator.experiment.studies.sweep_folder import is_sweep
    from simulator.report.watch.page import render
    from simulator.report.watch.playback import NothingToPlayError
    from simulator.results.loading import load_run
    from simulator.results.places import write_whole

    try:
        if is_sweep(folder):
            fail(f"{folder} holds a sweep: name one of its cells, {folder}/cells/...")
        result = load_run(folder)
        for note in result.notes:
            say(note)
        chosen = _variant(result, variant)
        number = replication if replication is not None else _first(chosen)
        inside = folder.resolve()
        name = variant or (inside.name if inside.parent.name == "variants" else "")
        play = _playback(chosen, name, number, _rerun(result, folder))
        page = file or (chosen.path or folder) / "watch.html"
        write_whole(page, render(play))
    except NothingToPlayError as error:
        fail(f"{folder}: {error}")
    except FolderError as error:
        fail(str(error), error.exit_code)
    if play["trace"] is None:
        say(f"No trace here: the page plays time series only. For single requests: {play['rerun']}")
    if not Output.of(common).quiet:
        click.echo(f"{page}")


def _playback(result: Result, variant: str, number: int, rerun: str) -> dict[str, Any]:
    """What the page plays. Raises NothingToPlayError, and FolderError where the folder holds what makes no sense."""
    from simulator.report.watch.playback import NothingToPlayError, playback
    from simulator.results.stored import broken

    try:
        return playback(result, variant=variant, number=number, rerun=rerun)
    except NothingToPlayError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise broken(result.path or Path(), error) from error


def _variant(result: Result, name: str | None) -> Result:
    if name is None:
        return result
    if name not in result.variants:
        import difflib

        close = difflib.get_close_matches(name, list(result.variants), 1)
        have = f"it has {', '.join(result.variants)}" if result.variants else "it has none"
        fail(f"{result.path}: there is no variant {name!r}: " + (f"did you mean {close[0]!r}?" if close else have))
    return result.variants[name]


def _first(result: Result) -> int:
    return min((r.replication for r in result.replications), default=0)


def _rerun(result: Result, folder: Path) -> str:
    """The command that plays the same again with a trace: that of the run; of a study's cell, its resolved scenario."""
    words = list(result.argv)
    if len(words) < 2 or words[1] != "run":
        played = ["simulator", "run", str(folder / "scenario.resolved.yaml"), "--no-variants"]
        return shlex.join([*played, "--trace", "-o", f"{result.name}-traced"])
    kept: list[str] = []
    skip = False
    for word in words[2:]:
        if skip or word in ("-o", "--output", "--resume"):
            skip = not skip
        elif word not in ("--trace", "--force", "--json", "-q", "--quiet") and not word.startswith(_ELSEWHERE):
            kept.append(word)
    whole = folder.parent.parent if folder.parent.name == "variants" else folder
    return shlex.join(["simulator", "run", *kept, "--trace", "-o", f"{whole}-traced"])
