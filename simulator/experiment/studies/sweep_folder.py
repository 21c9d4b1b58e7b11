"""The folder of a sweep: manifest.json, scenario.yaml, cells/<values>.<key>/, index.parquet, report, figures.

The manifest is there from the start and says `interrupted` until the sweep has ended, so a sweep that was
killed is known for what it is; every cell in cells/ is whole. The index can always be made again from them.

May import the cells' outcomes; pyarrow inside functions. Plays nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from simulator.errors import FolderError
from simulator.experiment.studies.design import value_of
from simulator.experiment.studies.outcomes import CellOutcome, read_outcome
from simulator.experiment.studies.sweep_index import write_index
from simulator.experiment.studies.sweep_result import SweepResult
from simulator.metrics.names import parse_metric
from simulator.results.manifests import SWEEP as KIND
from simulator.results.places import in_use, is_left_over, locked, recover_inside, write_whole
from simulator.results.stored import (
    MANIFEST,
    SCHEMA,
    broken,
    check_files,
    dump_json,
    notes_of,
    read_json,
    read_manifest,
    sealed,
)
from simulator.text.version import VERSION

CELLS: Final = "cells"
INDEX: Final = "index.parquet"
SCENARIO: Final = "scenario.yaml"
FIGURES: Final = "figures"


def default_path(name: str, kind: str = "sweep", root: Path = Path("results")) -> Path:
    """`results/<name>/<kind>-<UTC>/`, made unique."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = root / name / f"{kind}-{stamp}"
    path, count = base, 2
    while path.exists() or in_use(path):
        path, count = base.with_name(f"{base.name}-{count}"), count + 1
    return path


def is_sweep(path: Path) -> bool:
    """Whether a folder says that it is a sweep's."""
    try:
        return bool(read_json(path / MANIFEST).get("kind") == KIND)
    except FolderError:
        return False


@contextlib.contextmanager
def kept_in(path: Path) -> Iterator[None]:
    """Be the one writer of a sweep's folder, after tidying what a killed one left in it. Raises FolderError."""
    with locked(path):
        recover_inside(path)
        recover_inside(path / CELLS)
        recover_inside(path / FIGURES)
        yield


def check_new(path: Path) -> None:
    """Raise FolderError where a new sweep cannot be kept in `path`: something is there that took work to make."""
    if path.exists() and not path.is_dir():
        raise FolderError(f"{path} is a file: name a folder with -o")
    if not path.is_dir() or _nothing_finished(path):
        return
    if is_sweep(path) or _begun(path):
        raise FolderError(f"{path} holds an earlier sweep: go on with --resume {path}, or name another folder with -o")
    raise FolderError(f"{path} is not empty: name another folder with -o")


def check_earlier(path: Path) -> None:
    """Raise FolderError where `path` is no sweep to go on with; one killed before its first manifest is one."""
    if not path.is_dir():
        raise FolderError(f"--resume {path}: no such folder")
    if is_sweep(path) or _begun(path):
        return
    what = f"has no readable {MANIFEST} of a sweep"
    if (path / MANIFEST).is_file():
        found = read_json(path / MANIFEST)
        what = f"is a {'run' if str(found.get('kind')).endswith('run') else 'folder of another kind'}, not a sweep"
    raise FolderError(f"--resume {path}: it {what}")


def _begun(path: Path) -> bool:
    """Whether a folder holds nothing but what a sweep writes before its first manifest."""
    return all(part.name in (CELLS, SCENARIO) or is_left_over(part) for part in path.iterdir())


def _nothing_finished(path: Path) -> bool:
    """Whether a folder is empty, or of a sweep that ended before its first cell was kept."""
    cells = path / CELLS
    kept = [cell for cell in cells.iterdir() if not is_left_over(cell)] if cells.is_dir() else []
    own = (CELLS, SCENARIO, MANIFEST) if is_sweep(path) else (CELLS, SCENARIO)
    return not kept and all(part.name in own or is_left_over(part) for part in path.iterdir())


def begin(path: Path, manifest: Mapping[str, Any], source: str) -> None:
    """Make the folder, or take an earlier one over; it says `interrupted`. Raises FolderError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if source:
            write_whole(path / SCENARIO, source)
        _write_manifest(path, manifest)
        (path / CELLS).mkdir(exist_ok=True)
    except OSError as error:
        raise FolderError(_cannot(path, error)) from error


def finish(result: SweepResult, path: Path) -> None:
    """Write index, report and manifest.

    Raises FolderError (exit code 3); the cells are there in any case.
    """
    try:
        with kept_in(path):
            # killed between the two files, the index would not be the manifest's
            _write_manifest(path, {**manifest_of(result), "status": "interrupted"}, [SCENARIO])
            write_index(result.outcomes, result.paths, path / INDEX)
            _write_manifest(path, manifest_of(result))
            result.write_pages(path)
    except OSError as error:
        raise FolderError(f"{_cannot(path, error)} (the finished cells are in {path / CELLS})", 3) from error


def _write_manifest(path: Path, manifest: Mapping[str, Any], files: Sequence[str] = (SCENARIO, INDEX)) -> None:
    """With the digests of those files that are there. Raises OSError."""
    there = [name for name in files if (path / name).is_file()]
    write_whole(path / MANIFEST, dump_json(sealed(manifest, path, there)))


def manifest_of(result: SweepResult) -> dict[str, Any]:
    """What manifest.json holds: the design, and what became of each cell."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "study": result.kind,
        "design": result.design,
        "status": result.status,
        "name": result.name,
        "question": result.question,
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": list(result.argv),
        "versions": {"stickysim": VERSION, "python": platform.python_version()},
        "seed": result.seed,
        "replications": result.replications,
        "paths": list(result.paths),
        "metrics": list(result.metrics),
        "extra": dict(result.extra),
        "cells": [
            {
                "number": outcome.cell.number,
                "folder": outcome.cell.name,
                "slug": outcome.cell.slug,
                "key": outcome.cell.key,
                "values": outcome.cell.texts,
                "status": outcome.status,
                "replications": outcome.replications,
                "failures": list(outcome.failures),
            }
            for outcome in result.outcomes
        ],
    }


def read_sweep(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The manifest of a sweep, whose files were compared with it, and what to know of the folder.

    Raises FolderError.
    """
    if not path.is_dir():
        raise FolderError(f"{path}: no such folder" if not path.exists() else f"{path} is not a folder")
    if not (path / MANIFEST).is_file():
        raise FolderError(f"{path} is no sweep: it has no {MANIFEST} of one")
    found = read_manifest(path, KIND)
    check_files(path, found)
    return found, notes_of(path, found)


def read_cells(path: Path, manifest: Mapping[str, Any], wanted: Sequence[str]) -> list[CellOutcome]:
    """The outcome of every cell of a manifest, from what is in cells/. Raises FolderError."""
    from simulator.experiment.studies.cells import Cell
    from simulator.scenario.errors import ScenarioError

    outcomes = []
    for entry in manifest["cells"]:
        if Path(entry["folder"]).name != entry["folder"] or entry["folder"] in ("", ".."):
            raise FolderError(f"{path / MANIFEST} is broken: {entry['folder']} is no folder's name")
        try:
            values = {name: value_of(name, text) for name, text in entry["values"].items()}
        except ScenarioError as error:
            raise broken(path / MANIFEST, error) from error
        if any(name not in values for name in manifest["paths"]):
            raise FolderError(f"{path / MANIFEST} is broken: {entry['folder']} lacks a value")
        cell = Cell(entry["number"], entry["folder"], entry["slug"], values, entry["key"])
        place = path / CELLS / cell.name
        if not (place / MANIFEST).is_file():
            if entry.get("status") == "complete":
                raise FolderError(f"{place / MANIFEST} is missing: go on with --resume to play the cell again")
            outcomes.append(CellOutcome(cell, failures=entry["failures"]))
            continue
        outcomes.append(read_outcome(cell, place, wanted))
    return outcomes


def load_sweep(path: str | os.PathLike[str], metrics: Sequence[str] = ()) -> SweepResult:
    """The sweep in a folder, finished or not.

    Args:
        path: the folder.
        metrics: the metrics to look at first, in place of those it was made with.

    Raises:
        FolderError: no sweep, or a broken one.
        UnknownMetricError: no such metric.
    """
    folder = Path(path)
    manifest, notes = read_sweep(folder)
    chosen = [parse_metric(name).name for name in metrics] or list(manifest["metrics"])
    return SweepResult(
        name=manifest["name"],
        question=manifest["question"],
        design=manifest["design"],
        paths=manifest["paths"],
        outcomes=read_cells(folder, manifest, chosen),
        metrics=chosen,
        seed=manifest["seed"],
        replications=manifest["replications"],
        interrupted=manifest["status"] == "interrupted",
        argv=manifest["argv"],
        path=folder,
        kind=manifest["study"],
        extra=manifest["extra"],
        notes=notes,
    )


def _cannot(path: Path, error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return f"could not write {path}: {'the disk is full' if full else error.strerror or error}"
