"""Builds of commits, each in a directory of its own outside the tree: the wheel that `pip install` would make of it.

Nothing of a commit is imported here and nothing is known of its layout, so that old ones build as well. What it depends
on is taken from the Python that runs this.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


class BuildError(Exception):
    """A commit that is not there or does not build: says which, and the last lines of what was said."""


@dataclass(frozen=True)
class Build:
    """A commit that can be played: `name` is what the user called it, `site` the directory that holds the package."""

    name: str
    commit: str
    site: Path

    def environment(self) -> dict[str, str]:
        """Variables under which this interpreter imports the build, and nothing of the checkout."""
        return {**os.environ, "PYTHONPATH": str(self.site), "PYTHONSAFEPATH": "1", "MPLBACKEND": "Agg"}


def build(name: str, folder: Path, *, compiled: bool = True) -> Build:
    """Build the commit that git calls `name` in `folder`, or take the build that is there from an earlier time.

    Raises:
        BuildError: no such commit, its wheel cannot be built, or it is plain Python where it should be compiled.
    """
    commit = _said(["git", "rev-parse", "--verify", f"{name}^{{commit}}"], f"{name} is no commit").strip()
    site = folder / (commit[:12] if compiled else f"{commit[:12]}-interpreted")
    if not site.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _install(commit, Path(scratch), compiled=compiled).rename(site)
    return Build(name, commit, site)


def _install(commit: str, scratch: Path, *, compiled: bool) -> Path:
    """Where the package of a commit lies, in the scratch directory."""
    failed = f"{commit[:12]} does not build"
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(scratch / "source", filter="data")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    wheels, site = scratch / "wheels", scratch / "site"
    environment = {**os.environ, "STICKYSIM_COMPILE": "1" if compiled else "0"}
    said = _said([*pip, "wheel", "--no-deps", "-w", str(wheels), str(scratch / "source")], failed, environment)
    (wheel,) = wheels.iterdir()
    _said([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], failed)
    if compiled and not any(file.suffix in {".so", ".pyd"} for file in site.rglob("*.*")):
        raise BuildError(f"{commit[:12]} does not compile (--interpreted compares plain Python)\n{_end(said)}")
    return site


def _said(command: list[str], failed: str, environment: dict[str, str] | None = None) -> str:
    """What a command prints; raises with the end of it where the command fails."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{failed}\n{_end(done.stdout + done.stderr)}".strip())
    return done.stdout


def _end(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-5:])
