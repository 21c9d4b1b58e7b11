"""What became of a cell: its numbers and intervals, what failed, where it is kept.

May import the experiment's results. Holds estimates of metrics without a label (and of those asked for), not
replications: thousands of cells fit in memory.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from simulator.errors import FolderError
from simulator.experiment.studies.cells import Cell
from simulator.metrics.expectations import Verdict
from simulator.metrics.names import MetricUnavailableError, unit_of
from simulator.results.folder import SUMMARY
from simulator.results.loading import checked_manifest, load_run
from simulator.results.result import Result
from simulator.results.stored import MANIFEST, broken, read_json
from simulator.results.summary import Estimate, estimate

CellStatus = Literal["complete", "incomplete", "interrupted", "not run"]


@dataclass(eq=False)
class CellOutcome:
    """One cell of a sweep.

    Attributes:
        cell: which.
        status: complete; incomplete (something failed); interrupted; or "not run".
        estimates: metric -> estimate.
        replications: how many were finished.
        failures: why replications are missing, a line each.
        kinds: what kinds of failures those are.
        violations: safety invariants that broke.
        verdicts: expectation -> met, missed or undecided.
        wall_s: seconds of computing.
        reused: whether it was finished by an earlier sweep.
        path: its result folder, if it has one.
        result: the whole result, where it is kept in memory.
    """

    cell: Cell
    status: CellStatus = "not run"
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    replications: int = 0
    failures: Sequence[str] = ()
    kinds: Sequence[str] = ()
    violations: int = 0
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    wall_s: float = 0.0
    reused: bool = False
    path: Path | None = None
    result: Result | None = None

    def value(self, metric: str) -> float:
        """The mean of a metric; NaN where there is none."""
        found = self.estimates.get(metric)
        return float(found) if found is not None else math.nan

    @property
    def meets(self) -> Verdict | None:
        """The verdict on all expectations together; None where there are none."""
        verdicts = set(self.verdicts.values())
        if not verdicts:
            return None
        return "missed" if "missed" in verdicts else "undecided" if "undecided" in verdicts else "met"

    @classmethod
    def of(cls, cell: Cell, result: Result, wanted: Iterable[str]) -> CellOutcome:
        """The outcome that a result is."""
        estimates = {sys.intern(name): value for name, value in result.estimates.items() if "[" not in name}
        for name in wanted:
            if name not in estimates and result.replications:
                try:
                    estimates[name] = estimate(result.replications, name)
                except MetricUnavailableError:
                    continue
        return cls(
            cell, result.status, estimates, len(result.replications),
            failures=[f"replication {f.item.replication}: {f.message}" for f in result.failures],
            kinds=[f.kind for f in result.failures],
            violations=len(result.invariants["violations"]),
            verdicts={judged.text: judged.verdict for judged in result.expectations},
            wall_s=sum(r.wall_s for r in result.replications),
        )  # fmt: skip


def read_outcome(cell: Cell, folder: Path, wanted: Sequence[str]) -> CellOutcome:
    """The outcome of a cell from its folder: quickly from its JSON, or from everything where that lacks one.

    Raises FolderError where the folder is not what was written, or is that of another cell.
    """
    manifest = checked_manifest(folder)
    if manifest.get("cell", cell.key) != cell.key:
        raise FolderError(f"{folder / MANIFEST} is of another cell: it was copied or renamed")
    try:
        outcome = _from_summary(cell, manifest, read_json(folder / SUMMARY), wanted)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise broken(folder / SUMMARY, error) from error
    if outcome is None:
        outcome = CellOutcome.of(cell, load_run(folder), wanted)
    outcome.path = folder
    return outcome


def _from_summary(
    cell: Cell, manifest: Mapping[str, Any], summary: Mapping[str, Any], wanted: Sequence[str]
) -> CellOutcome | None:
    """The outcome by what summary.json holds; None where it lacks a wanted metric."""
    found = {
        name: _estimate(name, entry) for name, entry in summary["metrics"].items() if "[" not in name or name in wanted
    }
    if any(name not in found for name in wanted):
        return None
    return CellOutcome(
        cell, manifest["status"], found, int(summary["replications"]),
        failures=[f"replication {f['replication']}: {f['message']}" for f in manifest["failures"]],
        kinds=[f["kind"] for f in manifest["failures"]],
        violations=len(summary["invariants"]["violations"]),
        verdicts={str(judged["text"]): judged["verdict"] for judged in summary["expectations"]},
        wall_s=float(summary["run"]["wall_s"]),
    )  # fmt: skip


def _estimate(name: str, entry: Mapping[str, Any]) -> Estimate:
    values = [math.nan if v is None else float(v) for v in entry["per_replication"]]
    return Estimate(values, entry.get("unit") or unit_of(name))
