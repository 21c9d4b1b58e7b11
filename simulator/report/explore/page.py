"""The page to explore a sweep with, as one offline file.

May import the frame of offline pages, cells, and the colours of the replay.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.errors import FolderError
from simulator.report.explore.cells import explored
from simulator.report.offline import assembled
from simulator.results.places import write_whole

if TYPE_CHECKING:
    from simulator.experiment.studies.sweep_result import SweepResult


def render(result: SweepResult) -> str:
    """The page."""
    sweep = explored(result)
    return assembled(
        "explore/assets/explore.html.j2",
        styles=("watch/assets/theme.css", "explore/assets/explore.css"),
        scripts=("explore/assets/explore.js", "explore/assets/charts.js"),
        data={"sweep": sweep},
        sweep=sweep,
    )


def check_place(file: Path) -> None:
    """Raise FolderError, before any work is done, where the page could not be written to `file`."""
    if file.is_dir():
        raise FolderError(f"--explore {file} is a folder: name a file, such as {file / 'explore.html'}")
    if not file.absolute().parent.is_dir():
        raise FolderError(f"--explore {file}: there is no folder {file.parent}")


def write_page(result: SweepResult, file: Path) -> None:
    """Write the page whole. Raises FolderError."""
    try:
        write_whole(file, render(result))
    except OSError as error:
        raise FolderError(f"could not write {file}: {error.strerror or error}") from error
