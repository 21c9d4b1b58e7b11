"""A result folder read back: just what was written, or an error that names the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.errors import FolderError
from simulator.play.job import Failure, Item
from simulator.results.columns import REQUESTS, read_columns
from simulator.results.facts import Facts
from simulator.results.folder import NEEDED, RESOLVED, SCENARIO, file_name
from simulator.results.manifests import RUN, ResolvedScenario
from simulator.results.result import Result
from simulator.results.stored import (
    MANIFEST,
    broken,
    check_files,
    notes_of,
    read_bytes,
    read_manifest,
    read_text,
    read_yaml,
)
from simulator.text.printable import printable


def load_run(path: str | os.PathLike[str]) -> Result:
    """The result in a folder, its variants included, just as it was written.

    Raises FolderError where it is none, of another schema, or not what was written, with the name of the file.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise FolderError(f"{folder}: no such folder" if not folder.exists() else f"{folder} is not a folder")
    if not (folder / MANIFEST).is_file():
        raise FolderError(f"{folder} is no result folder: it has no {MANIFEST}{_inside(folder)}")
    try:
        return _read_run(folder)
    except FolderError:
        raise
    except Exception as error:
        # a folder without digests, or made by others, may hold anything: whatever it raises is its own fault
        raise broken(folder, error) from error


def load_sweep(path: str | os.PathLike[str]) -> dict[str, Result]:
    """Every result folder directly inside `path`, by name. Raises FolderError where there is none."""
    folder = Path(path)
    places = sorted(p.parent for p in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else []
    if not places:
        raise FolderError(f"{folder} holds no result folders")
    return {place.name: load_run(place) for place in places}


def checked_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run's folder, after all its data files were compared with it. Raises FolderError."""
    manifest = read_manifest(folder, RUN)
    more = [REQUESTS] if (folder / REQUESTS).exists() else []
    check_files(
        folder, manifest, [*NEEDED, *more, *(f"variants/{p}/{MANIFEST}" for p in manifest["variants"].values())]
    )
    return manifest


def _read_run(folder: Path, variant: str | None = None) -> Result:
    """A folder's result; of a `variant`, which has none itself."""
    manifest = checked_manifest(folder)
    if variant is not None and manifest["variants"]:
        raise FolderError(f"{folder / MANIFEST} is broken: a variant has no variants")
    for name, place in manifest["variants"].items():
        if place != file_name(name):
            raise FolderError(f"{folder / MANIFEST} is broken: variant {name} is not in variants/{file_name(name)}")
    failures = [
        Failure(Item(f["replication"], f["variant"]), f["kind"], f["message"], f["trace"]) for f in manifest["failures"]
    ]
    resolved = _resolved(folder / RESOLVED)
    result = Result(
        facts=Facts.from_dict(manifest["scenario"], resolved, read_text(folder / SCENARIO), _code(folder, resolved)),
        replications=read_columns(folder, manifest["replications"]),
        variants={printable(n): _read_run(folder / "variants" / place, n) for n, place in manifest["variants"].items()},
        failures=failures,
        interrupted=manifest["status"] == "interrupted",
        argv=manifest["argv"],
        path=folder,
        notes=notes_of(folder, manifest),
    )
    if "files" not in manifest:
        result.to_dict()  # nothing vouches for its numbers: what makes no sense is found here, not later
    return result


def _resolved(file: Path) -> dict[str, Any]:
    """The scenario with every default, in the form that readers expect. Raises FolderError."""
    plain = read_yaml(file)
    try:
        ResolvedScenario.model_validate(plain)
    except ValueError as error:
        raise broken(file, error) from error
    return plain


def _code(folder: Path, resolved: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of the scenario's extensions that lie in the folder; they are read, never run."""
    found = {}
    for name in resolved.get("extensions") or ():
        path = folder / str(name)
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            found[str(name)] = read_bytes(path)
    return found


def _inside(folder: Path) -> str:
    inner = sorted(str(p.parent.relative_to(folder)) for p in folder.glob(f"*/{MANIFEST}"))
    if not inner:
        return ""
    return f" (but there are results inside: {', '.join(inner[-3:])})"
