"""The result folder: written beside its place and renamed there, so that what is there is whole.

Layout: manifest.json, scenario.yaml,
scenario.resolved.yaml, summary.json, the Parquet files of `columns`, report.html and figures/, the files of the
scenario's extensions under their names, and the same for each variant in variants/<name>/.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

from simulator.errors import FolderError
from simulator.observe.result import Replication
from simulator.play.job import Failure
from simulator.results.columns import DATA_TABLES, write_columns
from simulator.results.facts import Facts
from simulator.results.manifests import RUN
from simulator.results.places import absolute, in_use, locked, put_in_place, scratch_of
from simulator.results.stored import (
    MANIFEST,
    SCHEMA,
    dump_json,
    dump_yaml,
    sealed,
)
from simulator.results.summary import traces_read

SUMMARY: Final = "summary.json"
SCENARIO: Final = "scenario.yaml"
RESOLVED: Final = "scenario.resolved.yaml"
NEEDED: Final = (SUMMARY, SCENARIO, RESOLVED, *DATA_TABLES)
"""The data files of every run's folder."""
_LIBRARIES: Final = ("numpy", "simpy", "scipy", "pandas", "pyarrow", "pydantic", "matplotlib")


class Storable(Protocol):
    """What can be written: a `Result`, as far as its folder needs it."""

    @property
    def facts(self) -> Facts:
        """What was played."""

    @property
    def replications(self) -> Sequence[Replication]:
        """The finished ones, in order."""

    @property
    def variants(self) -> Mapping[str, Self]:
        """Of the same kind."""

    @property
    def failures(self) -> Sequence[Failure]:
        """Items without a result."""

    @property
    def argv(self) -> Sequence[str]:
        """The command line that produced it, if any."""

    @property
    def name(self) -> str:
        """The scenario's name."""

    @property
    def status(self) -> str:
        """Complete, incomplete or interrupted."""

    @property
    def fingerprints(self) -> list[str]:
        """Of each finished replication."""

    def to_dict(self) -> dict[str, Any]:
        """What summary.json holds."""

    def write_pages(self, folder: Path) -> Path:
        """Draw report.html and figures/ into a folder. Raises OSError."""


def default_path(facts: Facts, root: Path = Path("results")) -> Path:
    """`results/<name>/<UTC>-<hash>/`, made unique where two runs start in the same second."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = root / file_name(facts.name or "run") / f"{stamp}-{facts.scenario_hash[:8]}"
    path, count = base, 2
    while path.exists() or in_use(path):
        path, count = base.with_name(f"{base.name}-{count}"), count + 1
    return path


def check_target(path: Path, *, force: bool = False) -> None:
    """Raise FolderError, before any work is done, where `save` to `path` would have to refuse."""
    _check_free(path, force=force)
    target = absolute(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise FolderError(f"cannot write to {target.parent}: {error.strerror or error}") from None


def _check_free(path: Path, *, force: bool) -> None:
    """Raise FolderError where there is something that must not be overwritten."""
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


def save(result: Storable, path: Path, *, force: bool = False, report: bool = True, cell: str = "") -> Path:
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
                result.write_pages(scratch)
            _check_free(path, force=force)  # where there are no locks, another run may have been faster
            put_in_place(scratch, target)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "the disk is full" if full else str(error.strerror or error)
            raise FolderError(f"could not write {path}: {what}", 3) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return path


def save_somewhere(result: Storable, path: Path, *, force: bool = False) -> tuple[Path, str]:
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


def manifest_of(result: Storable, variant: str = "") -> dict[str, Any]:
    """What manifest.json holds: enough to judge the result and to run it again."""
    return {
        "schema": SCHEMA,
        "kind": RUN,
        "status": result.status,
        "name": result.name,
        "variant": variant,
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": [_readable(word) for word in result.argv],
        "versions": dict(_versions()),
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
        "variants": {name: file_name(name) for name in result.variants},
    }


def _write_run(result: Storable, folder: Path, variant: str = "", cell: str = "") -> None:
    """Write the data files, and at last the manifest with their digests."""
    folder.mkdir(parents=True)
    (folder / SUMMARY).write_text(dump_json(result.to_dict()), encoding="utf-8")
    (folder / SCENARIO).write_text(result.facts.source, encoding="utf-8")
    (folder / RESOLVED).write_text(dump_yaml(result.facts.resolved), encoding="utf-8")
    write_columns(folder, result.replications)
    files = [file.name for file in folder.iterdir()]
    for name, part in result.variants.items():
        _write_run(part, folder / place_of_variant(name), name)
        files.append(f"{place_of_variant(name)}/{MANIFEST}")
    for name, source in result.facts.code.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(source)
        files.append(name)
    manifest = {**manifest_of(result, variant), **({"cell": cell} if cell else {})}
    (folder / MANIFEST).write_text(dump_json(sealed(manifest, folder, files)), encoding="utf-8")


@cache
def _versions() -> Mapping[str, str]:
    from simulator.text.version import VERSION

    found = {"stickysim": VERSION, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def place_of_variant(name: str) -> str:
    """Where a variant's folder is, in that of its run."""
    return f"variants/{file_name(name)}"


def file_name(name: str) -> str:
    """A name as one path component: what people read stays as it is, the rest is percent-escaped."""
    safe = quote(name, safe=" +@,=()äöüßéè")
    return safe.replace(" ", "-") if safe.strip(".") else f"_{safe}"


def _readable(word: str) -> str:
    """A word of a command line as text: bytes that are no UTF-8 are shown as an escape."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
