"""The pages of a run's folder: its own, and one for each of its variants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.errors import FolderError
from simulator.report.html import write_report
from simulator.results.folder import place_of_variant

if TYPE_CHECKING:
    from simulator.results.result import Result


def write_reports(result: Result, folder: Path) -> Path:
    """Draw report.html and figures/ of a run and of its variants; returns the run's page. Raises OSError."""
    page = write_report(result, folder)
    for name, part in result.variants.items():
        write_report(part, folder / place_of_variant(name), variant=name)
    return page


def redraw(result: Result) -> Path:
    """Draw the pages of a loaded result again; returns the run's. Raises FolderError."""
    if result.path is None:
        raise FolderError("this result has no folder: save it first")
    try:
        return write_reports(result, result.path)
    except OSError as error:
        raise FolderError(f"cannot write to {result.path}: {error.strerror or error}") from error
