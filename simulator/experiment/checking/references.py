"""What a check is compared with: baseline files, or the same suite at another revision (`--against git:REF`).

May import the experiment's modules. A revision is checked out beside (a detached worktree in a temporary
folder, removed afterwards). If the revision holds the simulator itself, that simulator plays; else the installed
one plays the scenarios (and the deployment's values) of the revision. Only public API of the revision is used.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from simulator.errors import FolderError, SimulatorError
from simulator.experiment.checking.baseline import Baseline, baseline_of, read_baseline
from simulator.experiment.checking.suite import Check, Suite
from simulator.experiment.comparing.compare import values_of
from simulator.metrics.names import MetricUnavailableError
from simulator.results.loading import load_run
from simulator.scenario.errors import ScenarioError

_SCRIPT: Final = """
import json, os, sys
from simulator import Scenario, run
plan = json.load(sys.stdin)
scenario = Scenario.from_dict(plan["scenario"], plan["base_dir"])
result = run(scenario, seed=plan["seed"], replications=plan["replications"], jobs=plan["jobs"], variants=False)
result.save(plan["folder"], report=False)
sys.exit(0 if result.status == "complete" else 3)
"""


class RevisionError(SimulatorError):
    """The revision cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Files:
    """The baseline files beside a suite."""

    folder: Path

    def path(self, check: Check) -> Path:
        """Where the baseline of a check is."""
        return self.folder / f"{check.name}.json"

    def of(self, check: Check, replications: int) -> Baseline | None:
        """The baseline file; it holds all replications that there are."""
        del replications
        return read_baseline(self.path(check))


@dataclass(slots=True)
class Revision:
    """The suite at a git revision; use as a context manager."""

    suite: Suite
    ref: str
    jobs: int
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _root: Path = Path()
    _tree: Path = Path()
    _known: dict[tuple[str, int], Baseline | None] = field(default_factory=dict)

    def __enter__(self) -> Self:
        where = self.suite.path.resolve().parent
        self._root = Path(_git(where, "rev-parse", "--show-toplevel"))
        commit = _git(where, "rev-parse", "--verify", "--quiet", f"{self.ref}^{{commit}}", ref=self.ref)
        self._folder = tempfile.TemporaryDirectory(prefix="stickysim-")
        self._tree = Path(self._folder.name) / "tree"
        _git(self._root, "worktree", "add", "--detach", "--quiet", str(self._tree), commit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _git(self._root, "worktree", "remove", "--force", str(self._tree), check=False)
        if self._folder is not None:
            self._folder.cleanup()
        _git(self._root, "worktree", "prune", check=False)

    def of(self, check: Check, replications: int) -> Baseline | None:
        """Play the check as the revision has it; None where the revision cannot (its scenario is not there)."""
        key = (check.name, replications)
        if key not in self._known:
            self._known[key] = self._play(check, replications)
        return self._known[key]

    def _play(self, check: Check, replications: int) -> Baseline | None:
        base_dir = self._tree / check.base_dir.resolve().relative_to(self._root.resolve())
        try:
            scenario = check.scenario(base_dir)
        except ScenarioError:
            return None
        assert self._folder is not None
        folder = Path(self._folder.name) / f"{check.name}-{replications}"
        plan = {
            "scenario": scenario.tree.plain(), "base_dir": str(scenario.base_dir), "seed": scenario.seed,
            "replications": replications, "jobs": self.jobs, "folder": str(folder),
        }  # fmt: skip
        self._python(plan)
        try:
            result = load_run(folder)
        except FolderError as error:
            raise RevisionError(f"{self.ref} gave no readable result of {check.name}: {error}") from None
        whole = baseline_of(check.name, check.source, scenario, result.replications, [])
        known = {}
        for limit in check.limits:
            with contextlib.suppress(MetricUnavailableError):  # the check says that it is missing
                known[limit.metric.name] = values_of(result.replications, limit.metric.name)
        return replace(whole, metrics=known)

    def _python(self, plan: Mapping[str, object]) -> None:
        own = (self._tree / "simulator" / "__init__.py").is_file()
        environment = dict(os.environ)
        if own:
            environment["PYTHONPATH"] = str(self._tree)
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT], input=json.dumps(plan), text=True, env=environment,
            cwd=self._tree, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise RevisionError(f"the simulator of {self.ref} could not play this: {last}")


def _git(where: Path, *arguments: str, check: bool = True, ref: str = "") -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=where, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RevisionError("--against git:REF needs git, which is not installed") from None
    if check and done.returncode:
        reason = (done.stderr.strip().splitlines() or [""])[-1].removeprefix("fatal: ")
        if ref:
            reason = f"there is no revision {ref} in this repository"
        raise RevisionError(f"--against git: {reason or 'git ' + arguments[0] + ' failed'}")
    return done.stdout.strip()
