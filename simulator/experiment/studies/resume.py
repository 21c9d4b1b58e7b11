"""Going on with an earlier sweep: which cells are finished, which are not, and why the others run.

A cell's folder is named by its values and its key, so a finished cell is found by its name; where the same
values are there under another key, the two resolved scenarios say what has changed.

May import the folder's reader. Plays nothing, writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import FolderError
from simulator.experiment.studies.cells import Cell, Cells
from simulator.experiment.studies.outcomes import CellOutcome, read_outcome
from simulator.results.folder import RESOLVED
from simulator.results.loading import load_run
from simulator.results.manifests import RUN
from simulator.results.stored import notes_of, read_manifest, read_yaml
from simulator.text.version import VERSION

if TYPE_CHECKING:
    from simulator.results.result import Result

_MOST_CHANGES = 3
_ABSENT = "(not there)"
_NOT_COMPARED = ("name", "question", "description", "expect", "measured", "replications", "variants", "sweep")


@dataclass(eq=False)
class Resumption:
    """What an earlier sweep is worth to this one.

    Attributes:
        finished: cell name -> its outcome; not played again.
        begun: cell name -> the result whose replications are kept.
        reasons: cell name -> why it is played, for every other cell.
        left: folders of cells that this design does not have.
    """

    finished: dict[str, CellOutcome] = field(default_factory=dict)
    begun: dict[str, Result] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    left: Sequence[str] = ()

    def told(self) -> list[str]:
        """A line for each kind of reason, with how many cells it is true of."""
        lines = [f"{len(self.finished)} cells are finished and are not run again"]
        counted = Counter(self.reasons.values())
        lines += [f"{count} run: {reason}" for reason, count in counted.most_common(8)]
        if len(counted) > 8:
            lines.append(f"{sum(counted.values()) - sum(n for _, n in counted.most_common(8))} run for others")
        if self.left:
            lines.append(f"{len(self.left)} cells of other values or settings stay in cells/, not in the index")
        return lines


def look_up(
    cells: Sequence[Cell], scenarios: Cells, replications: Mapping[str, int], folder: Path, wanted: Sequence[str]
) -> Resumption:  # fmt: skip
    """Compare the cells of a design with the folders that are there.

    Args:
        cells: the cells wanted.
        scenarios: their scenarios.
        replications: cell name -> how many replications it is to have.
        folder: where cells are kept.
        wanted: metrics needed of finished cells.
    """
    there = {place.name for place in folder.iterdir() if place.is_dir()} if folder.is_dir() else set()
    there = {name for name in there if not name.startswith(".")}
    by_slug: dict[str, list[str]] = {}
    for name in sorted(there):
        by_slug.setdefault(name.rpartition(".")[0], []).append(name)
    found = Resumption(left=sorted(there - {cell.name for cell in cells}))
    for cell in cells:
        if cell.name in there:
            _judge(found, cell, folder / cell.name, replications[cell.name], wanted)
        elif cell.slug in by_slug:
            old = folder / max(by_slug[cell.slug], key=lambda name: (folder / name).stat().st_mtime)
            found.reasons[cell.name] = _changed(old, scenarios[cell.name].resolved())
        else:
            found.reasons[cell.name] = "not there yet"
    return found


def _judge(found: Resumption, cell: Cell, place: Path, planned: int, wanted: Sequence[str]) -> None:
    try:
        notes = notes_of(place, read_manifest(place, RUN))
        if notes:
            found.reasons[cell.name] = notes[0]
            return
        outcome = read_outcome(cell, place, wanted)
        if outcome.replications >= planned and not outcome.failures:
            outcome.status, outcome.reused = "complete", True
            found.finished[cell.name] = outcome
            return
        found.begun[cell.name] = load_run(place)
    except FolderError as error:
        found.reasons[cell.name] = str(error)
        return
    what = f"{outcome.replications} of {planned} replications are there"
    if outcome.failures:
        what += f" ({outcome.failures[0].partition(': ')[2]})"
    found.reasons[cell.name] = what


def _changed(old: Path, now: Mapping[str, Any]) -> str:
    """What differs between the scenario of an earlier cell and this one's."""
    try:
        before = read_yaml(old / RESOLVED)
        version = read_manifest(old, RUN)["versions"].get("stickysim")
    except FolderError as error:
        return str(error)
    a, b = dict(_flat(before)), dict(_flat(now))
    differing = [
        path
        for path in [*b, *(p for p in a if p not in b)]
        if a.get(path, _ABSENT) != b.get(path, _ABSENT) and path.partition(".")[0] not in _NOT_COMPARED
    ]
    if now.get("warmup") == "auto":
        differing = [path for path in differing if path != "warmup"]
    told = [f"{path} was {a.get(path, _ABSENT)}, is {b.get(path, _ABSENT)}" for path in differing[:_MOST_CHANGES]]
    if len(differing) > _MOST_CHANGES:
        told.append(f"{len(differing) - _MOST_CHANGES} more differ")
    if version != VERSION:
        told.append(f"stickysim was {version}, is {VERSION}")
    return "; ".join(told) or "a data file has another content"


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every leaf with its dotted path."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(place), item) for place, item in enumerate(value)]
    else:
        return [(path, value)]
    return [leaf for key, item in items for leaf in _flat(item, f"{path}.{key}" if path else key)]
