"""The result folder: written beside its place and renamed there, so that what is there is whole.

May import the experiment's modules; the report lazily. Layout: manifest.json, scenario.yaml,
scenario.resolved.yaml, summary.json, the Parquet files of `columns`, report.html and figures/, the files of the
scenario's extensions under their names, and the same for each variant in variants/<name>/.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from simulator.experiment.columns import DATA_TABLES, REQUESTS, read_columns, write_columns
from simulator.experiment.facts import Facts
from simulator.experiment.manifests import RUN as KIND
from simulator.experiment.manifests import ResolvedScenario
from simulator.experiment.places import absolute, in_use, locked, put_in_place, scratch_of
from simulator.experiment.result import Result
from simulator.experiment.runner import Failure, Item
from simulator.experiment.stored import (
    MANIFEST,
    SCHEMA,
    FolderError,
    broken,
    check_files,
    dump_json,
    notes_of,
    read_bytes,
    read_manifest,
    read_text,
    read_yaml,
    sealed,
)
from simulator.experiment.summary import traces_read
from simulator.text.printable import printable

__all__ = ["KIND", "MANIFEST", "SUMMARY", "FolderError", "dump_json", "load_run", "load_sweep", "redraw", "save"]

SUMMARY: Final = "summary.json"
SCENARIO: Final = "scenario.yaml"
RESOLVED: Final = "scenario.resolved.yaml"
NEEDED: Final = (SUMMARY, SCENARIO, RESOLVED, *DATA_TABLES)
"""The data files of every run's folder."""
_LIBRARIES = ("numpy", "simpy", "scipy", "pandas", "pyarrow", "pydantic", "matplotlib")


def default_path(facts: Facts, root: Path = Path("results")) -> Path:
    """`results/<name>/<UTC>-<hash>/`, made unique where two runs start in the same second."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = root / _file_name(facts.name or "run") / f"{stamp}-{facts.scenario_hash[:8]}"
    path, count = base, 2
    while path.exists() or in_use(path):
        path, count = base.with_name(f"{base.name}-{count}"), count + 1
    return path


def check_target(path: Path, *, force: bool = False) -> None:
    """Raise FolderError, before any work is done, where `save` to `path` would have to refuse."""
    target = absolute(path)
    if target.is_dir() and any(target.iterdir()):
        if not (target / MANIFEST).is_file():
            raise FolderError(f"{path} is not empty and no result of ours: name another folder with -o")
        if not force:
            raise FolderError(
                f"{path} holds an earlier result: name another folder with -o, or overwrite it with --force"
            )
    elif target.exists() and not target.is_dir():
        raise FolderError(f"{path} is a file: name a folder with -o")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise FolderError(f"cannot write to {target.parent}: {error.strerror or error}") from None


def save(result: Result, path: Path, *, force: bool = False, report: bool = True, cell: str = "") -> Path:
    """Write the folder `path`, whole or not at all; returns it. `cell`: the key of the sweep's cell that it is.

    Raises FolderError (see `check_target`), also where another process is writing there.
    """
    with locked(path):
        check_target(path, force=force)
        target = absolute(path)
        scratch = scratch_of(target)
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            _write_run(result, scratch, cell=cell)
            if report:
                _write_report(result, scratch)
            check_target(path, force=force)  # where there are no locks, another run may have been faster
            put_in_place(scratch, target)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "the disk is full" if full else str(error.strerror or error)
            raise FolderError(f"could not write {path}: {what}", 3) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return path


def save_somewhere(result: Result, path: Path, *, force: bool = False) -> tuple[Path, str]:
    """Save to `path`, or, where that fails, without the report and then to the system's temporary folder.

    Finished work is worth more than its place. Returns the folder written and what went wrong, or "".
    Raises FolderError (exit code 3) where nothing could be written.
    """
    try:
        return save(result, path, force=force), ""
    except FolderError as error:
        problem = str(error)
    spare = Path(tempfile.gettempdir()) / f"stickysim-{path.name}-{os.getpid()}"
    for place in (path, spare):
        try:
            return save(result, place, force=force, report=False), problem
        except FolderError:
            continue
    raise FolderError(f"{problem}; nor could it be kept in {spare.parent}: the numbers are above only", 3)


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


def redraw(result: Result) -> Path:
    """Draw report.html and figures/ of a loaded result again; returns the page. Raises FolderError."""
    if result.path is None:
        raise FolderError("this result has no folder: save it first")
    try:
        _write_report(result, result.path)
    except OSError as error:
        raise FolderError(f"cannot write to {result.path}: {error.strerror or error}") from error
    return result.path / "report.html"


def load_sweep(path: str | os.PathLike[str]) -> dict[str, Result]:
    """Every result folder directly inside `path`, by name. Raises FolderError where there is none."""
    folder = Path(path)
    places = sorted(p.parent for p in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else []
    if not places:
        raise FolderError(f"{folder} holds no result folders")
    return {place.name: load_run(place) for place in places}


def manifest_of(result: Result, variant: str = "") -> dict[str, Any]:
    """What manifest.json holds: enough to judge the result and to run it again."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "status": result.status,
        "name": result.name,
        "variant": variant,
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": [_readable(word) for word in result.argv],
        "versions": _versions(),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "python": platform.python_implementation(),
            "cpus": os.cpu_count(),
        },
        "seed": result.facts.seed,
        "scenario_hash": result.facts.scenario_hash,
        "fingerprints": result.fingerprints,
        "scenario": result.facts.to_dict(),
        "traces": traces_read(result.replications),
        "replications": [
            {
                "replication": r.replication,
                "seed": r.seed,
                "fingerprint": r.fingerprint,
                "totals": r.totals,
                "invariants": r.invariants,
                "wall_s": r.wall_s,
                "events": r.n_events,
                "peak_rss_bytes": r.peak_rss_bytes,
            }
            for r in result.replications
        ],
        "failures": [
            {
                "variant": f.item.variant,
                "replication": f.item.replication,
                "kind": f.kind,
                "message": f.message,
                "trace": f.trace,
            }
            for f in result.failures
        ],
        "variants": {name: _file_name(name) for name in result.variants},
    }


def _write_run(result: Result, folder: Path, variant: str = "", cell: str = "") -> None:
    """Write the data files, and at last the manifest with their digests."""
    import yaml

    folder.mkdir(parents=True)
    (folder / SUMMARY).write_text(dump_json(result.to_dict()), encoding="utf-8")
    (folder / SCENARIO).write_text(result.facts.source, encoding="utf-8")
    resolved = yaml.safe_dump(dict(result.facts.resolved), sort_keys=False, allow_unicode=True)
    (folder / RESOLVED).write_text(resolved, encoding="utf-8")
    write_columns(folder, result.replications)
    files = [file.name for file in folder.iterdir()]
    for name, part in result.variants.items():
        _write_run(part, folder / "variants" / _file_name(name), name)
        files.append(f"variants/{_file_name(name)}/{MANIFEST}")
    for name, source in result.facts.code.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(source)
        files.append(name)
    manifest = {**manifest_of(result, variant), **({"cell": cell} if cell else {})}
    (folder / MANIFEST).write_text(dump_json(sealed(manifest, folder, files)), encoding="utf-8")


def _write_report(result: Result, folder: Path) -> None:
    from simulator.report.html import write_report

    write_report(result, folder)
    for name, part in result.variants.items():
        write_report(part, folder / "variants" / _file_name(name), variant=name)


def checked_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run's folder, after all its data files were compared with it. Raises FolderError."""
    manifest = read_manifest(folder, KIND)
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
        if place != _file_name(name):
            raise FolderError(f"{folder / MANIFEST} is broken: variant {name} is not in variants/{_file_name(name)}")
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


def _versions() -> dict[str, str]:
    from simulator import __version__

    found = {"stickysim": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _inside(folder: Path) -> str:
    inner = sorted(str(p.parent.relative_to(folder)) for p in folder.glob(f"*/{MANIFEST}"))
    if not inner:
        return ""
    return f" (but there are results inside: {', '.join(inner[-3:])})"


def _file_name(name: str) -> str:
    """A name as one path component: what people read stays as it is, the rest is percent-escaped."""
    safe = quote(name, safe=" +@,=()äöüßéè")
    return safe.replace(" ", "-") if safe.strip(".") else f"_{safe}"


def _readable(word: str) -> str:
    """A word of a command line as text: bytes that are no UTF-8 are shown as an escape."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
