"""The result folder: written beside its place and renamed there, so that what is there is whole.

May import the experiment's modules; the report lazily. Layout: manifest.json, scenario.yaml,
scenario.resolved.yaml, summary.json, the Parquet files of `columns`, report.html and figures/, the files of the
scenario's extensions under their names, and the same for each variant in variants/<name>/.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulator.experiment.columns import read_columns, write_columns
from simulator.experiment.facts import Facts
from simulator.experiment.result import Result
from simulator.experiment.runner import Failure, Item
from simulator.printable import printable, printable_json

MANIFEST, SUMMARY, RESOLVED = "manifest.json", "summary.json", "scenario.resolved.yaml"
KIND = "stickysim-run"
_LIBRARIES = ("numpy", "simpy", "scipy", "pandas", "pyarrow", "pydantic", "matplotlib")


class FolderError(Exception):
    """A result folder that cannot be written or read; the message says why and what to do.

    Attributes:
        exit_code: 2 where the user asked for something impossible, 3 where finished work could not be stored.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def default_path(facts: Facts, root: Path = Path("results")) -> Path:
    """`results/<name>/<UTC>-<hash>/`, made unique where two runs start in the same second."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = root / _file_name(facts.name or "run") / f"{stamp}-{facts.scenario_hash[:8]}"
    path, count = base, 2
    while path.exists():
        path, count = base.with_name(f"{base.name}-{count}"), count + 1
    return path


def check_target(path: Path, *, force: bool = False) -> None:
    """Raise FolderError, before any work is done, where `save` to `path` would have to refuse."""
    target = _absolute(path)
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


def save(result: Result, path: Path, *, force: bool = False, report: bool = True) -> Path:
    """Write the folder `path`, whole or not at all; returns it. Raises FolderError (see `check_target`)."""
    check_target(path, force=force)
    target = _absolute(path)
    _sweep(target)
    scratch = target.parent / f".{target.name}.{os.getpid()}.tmp"
    try:
        _write_run(result, scratch)
        if report:
            _write_report(result, scratch)
        _put_in_place(scratch, target)
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
    """The result in a folder, its variants included. Raises FolderError where it is none or broken."""
    folder = Path(path)
    if not folder.is_dir():
        raise FolderError(f"{folder}: no such folder" if not folder.exists() else f"{folder} is not a folder")
    if not (folder / MANIFEST).is_file():
        raise FolderError(f"{folder} is no result folder: it has no {MANIFEST}{_inside(folder)}")
    try:
        return _read_run(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(printable(f"{folder} is broken: {error}")) from error


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
        "schema": 1,
        "kind": KIND,
        "status": result.status,
        "name": result.name,
        "variant": variant,
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": list(result.argv),
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


def dump_json(content: Mapping[str, Any]) -> str:
    """JSON as people diff it: indented, with floats that round-trip, no NaN, and nothing that steers a terminal."""
    return printable_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _write_run(result: Result, folder: Path, variant: str = "") -> None:
    import yaml

    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(dump_json(manifest_of(result, variant)), encoding="utf-8")
    (folder / SUMMARY).write_text(dump_json(result.to_dict()), encoding="utf-8")
    (folder / "scenario.yaml").write_text(result.facts.source, encoding="utf-8")
    resolved = yaml.safe_dump(dict(result.facts.resolved), sort_keys=False, allow_unicode=True)
    (folder / "scenario.resolved.yaml").write_text(resolved, encoding="utf-8")
    write_columns(folder, result.replications)
    for name, part in result.variants.items():
        _write_run(part, folder / "variants" / _file_name(name), name)
    for name, source in result.facts.code.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(source)


def _write_report(result: Result, folder: Path) -> None:
    from simulator.report.html import write_report

    write_report(result, folder)
    for name, part in result.variants.items():
        write_report(part, folder / "variants" / _file_name(name), variant=name)


def _put_in_place(scratch: Path, target: Path) -> None:
    """Rename the finished folder; an earlier result steps aside and is removed only afterwards."""
    if target.exists() and any(target.iterdir()):
        old = target.parent / f".{target.name}.{os.getpid()}.old"
        target.rename(old)
        try:
            scratch.rename(target)
        except OSError:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
        return
    if target.exists():
        target.rmdir()
    scratch.rename(target)


def _sweep(target: Path) -> None:
    """Remove what a killed process left beside `target`."""
    for left in target.parent.glob(f".{target.name}.*.tmp"):
        pid = left.name.split(".")[-2]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _read_run(folder: Path) -> Result:
    import yaml

    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest.get("kind") != KIND:
        raise ValueError(f"its {MANIFEST} is not of a run")
    resolved = yaml.safe_load((folder / "scenario.resolved.yaml").read_text(encoding="utf-8")) or {}
    source = (folder / "scenario.yaml").read_text(encoding="utf-8")
    failures = [
        Failure(Item(f["replication"], f["variant"]), f["kind"], f["message"], f["trace"]) for f in manifest["failures"]
    ]
    return Result(
        facts=Facts.from_dict(manifest["scenario"], resolved, source, _code(folder, resolved)),
        replications=read_columns(folder, manifest["replications"]),
        variants={
            printable(name): _read_run(folder / "variants" / place) for name, place in manifest["variants"].items()
        },
        failures=failures,
        interrupted=manifest["status"] == "interrupted",
        argv=manifest["argv"],
        path=folder,
    )


def _code(folder: Path, resolved: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of the scenario's extensions that lie in the folder; they are read, never run."""
    found = {}
    for name in resolved.get("extensions") or ():
        path = folder / str(name)
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            found[str(name)] = path.read_bytes()
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


def _absolute(path: Path) -> Path:
    """Where a folder really is: one that is named by a link is written where the link leads."""
    return Path(os.path.realpath(path))
