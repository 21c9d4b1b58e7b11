"""Runs what a result folder holds once more, and says whether every replication is the same to the last bit.

May import the experiment's modules and the scenario language. Where fingerprints differ, what can be the cause
is told: other versions, another machine, data files that changed, and which metrics moved.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import FolderError
from simulator.logs.sources import is_stream
from simulator.play.job import AS_WRITTEN, REPLICATION_FUNCTION, Item, Job, Listener
from simulator.play.runner import play
from simulator.results.folder import manifest_of
from simulator.results.loading import load_run
from simulator.results.manifests import RUN
from simulator.results.stored import read_manifest

if TYPE_CHECKING:
    from simulator.observe.result import Replication
    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario

_DECISIVE: Final = ("stickysim", "numpy", "python", "simpy", "scipy")
"""Versions that can change a number."""
_MOST_METRICS: Final = 5


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What running a folder again gave.

    Attributes:
        path: of the folder. same, different: replications by name, as "replication 3" or "nearest, replication 3".
        failed: those that gave no result now, each with its reason.
        causes: what is another than it was: versions, machine, data.
        moved: `hit_ratio.l1 0.7123 -> 0.7125` for some metrics of the first replication that differs.
    """

    path: Path
    same: tuple[str, ...]
    different: tuple[str, ...]
    failed: tuple[str, ...]
    causes: tuple[str, ...]
    moved: tuple[str, ...]

    @property
    def reproduced(self) -> bool:
        """Whether all of them are the same."""
        return bool(self.same) and not self.different and not self.failed


def reproduce(
    folder: Path, *, jobs: int = 1, progress: Listener | None = None, function: str = REPLICATION_FUNCTION,
    trust: bool = False,
) -> Reproduction:  # fmt: skip
    """Run a folder's scenario and variants again, and compare fingerprints.

    A folder that brings code (`extensions` of its scenario) is run only with `trust`: that code has all rights of
    whoever runs it.

    Raises FolderError (no result, nothing finished, or code without `trust`), ScenarioError (its scenario no
    longer loads), KeyboardInterrupt.
    """
    before = load_run(folder)
    parts: dict[str, Result] = {AS_WRITTEN: before, **before.variants}
    expected = {Item(r.replication, name): r for name, part in parts.items() for r in part.replications}
    if not expected:
        raise FolderError(f"{folder}: nothing was finished in it, so there is nothing to compare")
    if not trust:
        _refuse_code(folder, parts)
    for part in parts.values():
        _refuse_streams(folder, part)
    scenarios = {name: _scenario(part) for name, part in parts.items()}
    causes = [*_other_environment(folder, before), *_other_data(parts, scenarios)]
    job = Job(scenarios, before.facts.seed, None, function)
    outcome = play(job, sorted(expected), jobs=jobs, listener=progress)
    if outcome.interrupted:
        raise KeyboardInterrupt
    same, different = [], []
    moved: list[str] = []
    for item, was in sorted(expected.items()):
        now = outcome.results.get(item)
        if now is None:
            continue
        if now.fingerprint == was.fingerprint:
            same.append(_named(item))
        else:
            different.append(_named(item))
            moved = moved or _moved(was, now)
    failed = [f"{_named(failure.item)}: {failure.message}" for failure in outcome.failures]
    return Reproduction(folder, tuple(same), tuple(different), tuple(failed), tuple(causes), tuple(moved))


def _refuse_code(folder: Path, parts: Mapping[str, Result]) -> None:
    """Raise FolderError where playing these results would run code that they bring."""
    named = [part.facts.resolved.get("extensions") or () for part in parts.values()]
    names = sorted({str(name) for group in named for name in (group if isinstance(group, (list, tuple)) else [group])})
    if names:
        raise FolderError(f"{folder} brings code of its own ({', '.join(names)}), which would run with all your "
                          "rights: read it, and add --trust if you trust it")  # fmt: skip


def _refuse_streams(folder: Path, part: Result) -> None:
    """Raise FolderError where a log came through a pipe: it cannot be read again."""
    clients: Mapping[str, Any] = part.facts.resolved.get("clients") or {}
    for group, spec in clients.items():
        file = spec.get("workload", {}).get("file") if isinstance(spec, Mapping) else None
        for name in file if isinstance(file, list) else [file]:
            if isinstance(name, str) and is_stream(Path(name)):
                shown = "stdin" if name == "-" else name
                what = f"the log of clients.{group} came from {shown}, which can be read only once"
                raise FolderError(f"{folder}: {what}: run it again with a file")


def _scenario(part: Result) -> Scenario:
    from simulator.scenario.schema import Scenario as Language

    return Language.from_dict(dict(part.facts.resolved), part.path if part.path is not None else ".")


def _named(item: Item) -> str:
    return f"{item.variant}, replication {item.replication}" if item.variant else f"replication {item.replication}"


def _other_environment(folder: Path, before: Result) -> list[str]:
    """Versions and machine that are not those of the manifest."""
    was: Mapping[str, Any] = read_manifest(folder, RUN)
    now = manifest_of(before)
    causes = []
    for name in _DECISIVE:
        old, new = was.get("versions", {}).get(name), now["versions"].get(name)
        if old != new:
            causes.append(f"{name} {old or '(none)'} -> {new or '(none)'}")
    machine = was.get("platform", {}).get("machine")
    if machine != platform.machine():
        causes.append(f"machine {machine} -> {platform.machine()}")
    return causes


def _other_data(parts: Mapping[str, Result], scenarios: Mapping[str, Scenario]) -> list[str]:
    """Scenarios that read as another one than was played: a data file, or the defaults, changed."""
    causes = []
    for name, part in parts.items():
        if not part.facts.scenario_hash:
            continue
        now = _hash(scenarios[name])
        if now != part.facts.scenario_hash:
            what = f"variant {name}" if name else "the scenario"
            causes.append(f"{what} reads differently ({part.facts.scenario_hash[:8]} -> {now[:8]}): "
                          "a data file, an extension or a default is another")  # fmt: skip
    return causes


def _hash(scenario: Scenario) -> str:
    return scenario.content_hash()


def _moved(was: Replication, now: Replication) -> list[str]:
    """The first metrics that differ, the unlabelled ones first."""
    names = sorted(was.metrics, key=lambda name: "[" in name)
    told = []
    for name in names:
        old, new = was.metrics[name], now.metrics.get(name, math.nan)
        if old != new and not (math.isnan(old) and math.isnan(new)):
            told.append(f"{name} {old:.6g} -> {new:.6g}")
    more = len(told) - _MOST_METRICS
    return [*told[:_MOST_METRICS], f"and {more} more"] if more > 0 else told
