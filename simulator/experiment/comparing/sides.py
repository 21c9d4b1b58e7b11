"""From what people name on a command line to rows that can be compared: folders, scenarios, variants.

May import the experiment's modules and the scenario language. `results/x/...` and `results/x/...:variant` are
loaded; `quickstart`, `my.yaml` and `my.yaml:variant` are played, all with the same seed and as many
replications, on the same arrivals. A single scenario or folder with variants stands for itself and each of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.errors import FolderError, SimulatorError, StudyError
from simulator.experiment.comparing.compare import ComparedRow
from simulator.metrics.names import MetricUnavailableError
from simulator.play.job import REPLICATION_FUNCTION, Failure, Item, Job
from simulator.play.listening import Told, listening
from simulator.play.runner import items_of, play
from simulator.play.warmup import with_found_warmup
from simulator.results.folder import RESOLVED
from simulator.results.loading import load_run
from simulator.results.result import Result
from simulator.results.stored import MANIFEST
from simulator.results.summary import estimate
from simulator.scenario.bundled import FILE_OF_FOLDER
from simulator.text.printable import printable

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

    Side = Result | Scenario | str | os.PathLike[str]
    """A result, a scenario, or what names one of them."""

AS_WRITTEN: Final = "as written"
_WANTED: Final = "two or more folders, scenarios, or variants (SCENARIO:variant)"
FEWEST: Final = 5
"""Replications that a scenario gets which asks for fewer: fewer give no useful interval."""


class ContestantError(StudyError):
    """What was named cannot be compared; the message says why."""


class IncompleteError(SimulatorError):
    """Replications that did not finish."""

    exit_code = 3

    def __init__(self, failures: Sequence[Failure], *, interrupted: bool) -> None:
        lines = [f"{f.item.variant}, replication {f.item.replication}: {f.message}" for f in failures]
        super().__init__("\n".join(["interrupted"] if interrupted else lines))
        if interrupted:
            self.exit_code = 130
        elif any(f.kind == "invariant" for f in failures):
            self.exit_code = 5


@dataclass(frozen=True, slots=True)
class Contestant:
    """One named side: a loaded result, or a scenario to be played."""

    label: str
    result: Result | None
    scenario: Scenario | None


def contestants(
    sides: Sequence[Side] | Mapping[str, Side], overrides: Sequence[str] | Mapping[str, object] = ()
) -> list[Contestant]:
    """What the sides stand for; a mapping gives them their labels.

    Raises:
        ContestantError: fewer than two sides, or a folder's variant that is not there.
        ScenarioError, FolderError: unreadable.
    """
    if not sides:
        raise ContestantError(f"nothing to compare: name {_WANTED}")
    labels = list(sides) if isinstance(sides, Mapping) else []
    given = list(sides.values()) if isinstance(sides, Mapping) else list(sides)
    found = [one for side in given for one in _sides(side, overrides, alone=len(given) == 1)]
    if labels and len(found) == len(labels):
        found = [replace(one, label=str(label)) for one, label in zip(found, labels, strict=True)]
    if len(found) < 2:
        name = given[0] if isinstance(given[0], str) else found[0].label
        raise ContestantError(f"{name} has no variants to compare it with: name {_WANTED}")
    return _distinct([replace(side, label=printable(side.label)) for side in found])


def _sides(side: Side, overrides: Sequence[str] | Mapping[str, object], *, alone: bool) -> list[Contestant]:
    """What one side stands for: itself and, `alone`, its variants."""
    if isinstance(side, Result):
        _unchanged(side.name, overrides)
        return _with_variants(side, alone=alone)
    if isinstance(side, (str, os.PathLike)):
        return _named(os.fspath(side), overrides, alone=alone)
    from simulator.scenario.schema import Scenario

    if not isinstance(side, Scenario):
        raise ContestantError(f"a {type(side).__name__} cannot be compared: name {_WANTED}")
    scenario = side.with_overrides(overrides) if overrides else side
    return _to_play(scenario, scenario.name, alone=alone)


def _unchanged(name: str, overrides: Sequence[str] | Mapping[str, object]) -> None:
    if overrides:
        raise ContestantError(f"--set changes what is played; {name} was played already")


def _with_variants(result: Result, *, alone: bool) -> list[Contestant]:
    others = result.variants.items() if alone else ()
    label = AS_WRITTEN if others else result.name
    return [Contestant(label, result, None), *(Contestant(n, r, None) for n, r in others)]


def _to_play(scenario: Scenario, label: str, *, alone: bool) -> list[Contestant]:
    if alone and scenario.variants:
        rest = [Contestant(n, None, scenario.variant(n)) for n in scenario.variants]
        return [Contestant(AS_WRITTEN, None, scenario), *rest]
    return [Contestant(label, None, scenario)]


def _named(name: str, overrides: Sequence[str] | Mapping[str, object], *, alone: bool) -> list[Contestant]:
    folder, variant = _folder(name)
    if folder is not None:
        _unchanged(name, overrides)
        result = load_run(folder)
        if variant:
            if variant not in result.variants:
                known = ", ".join(result.variants) or "none"
                raise ContestantError(f"{folder} has no variant '{variant}' (it has {known})")
            return [Contestant(f"{result.name}:{variant}", result.variants[variant], None)]
        return _with_variants(result, alone=alone)
    from simulator.scenario.schema import Scenario

    scenario = Scenario.load(name, overrides)
    return _to_play(scenario, _short(name, scenario.name), alone=alone)


def _folder(name: str) -> tuple[Path | None, str]:
    """A result folder and a variant of it, or (None, ""): a folder that holds only a scenario is no result."""
    path = Path(name)
    ours = any((path / name).exists() for name in (MANIFEST, RESOLVED))
    if path.is_dir() and (ours or not (path / FILE_OF_FOLDER).is_file()):
        return path, ""
    head, colon, tail = name.rpartition(":")
    if colon and Path(head).is_dir() and (Path(head) / MANIFEST).is_file():
        return Path(head), tail
    if path.name == MANIFEST and path.is_file():
        return path.parent, ""
    return None, ""


def _short(name: str, scenario_name: str) -> str:
    variant = name.rpartition(":")[2] if ":" in name and not Path(name).exists() else ""
    return f"{scenario_name}:{variant}" if variant else scenario_name


def _distinct(sides: Sequence[Contestant]) -> list[Contestant]:
    """Equal labels are numbered: two folders of one scenario."""
    labels = [side.label for side in sides]
    seen: dict[str, int] = {}
    result = []
    for side in sides:
        if labels.count(side.label) == 1:
            result.append(side)
            continue
        seen[side.label] = seen.get(side.label, 0) + 1
        place = side.result.path.name if side.result is not None and side.result.path is not None else ""
        label = f"{side.label} #{seen[side.label]}" + (f" ({place})" if place else "")
        result.append(Contestant(label, side.result, side.scenario))
    return result


def rows_of(
    sides: Sequence[Contestant],
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    control: bool = False,
    progress: Told = None,
    function: str = REPLICATION_FUNCTION,
) -> list[ComparedRow]:
    """Rows of all sides, scenarios played; with `control` also a static policy at the first side's mean weight.

    Raises ContestantError (no weight to control for), IncompleteError, ScenarioError.
    """
    plan = _plan(sides, seed, replications)
    rows = _played(sides, plan, jobs, progress, function)
    if control:
        side = _control(sides[0], rows[0])
        rows += [replace(row, control=True) for row in _played([side], plan, jobs, progress, function)]
    return rows


@dataclass(frozen=True, slots=True)
class _Plan:
    seed: int
    replications: int


def _plan(sides: Sequence[Contestant], seed: int | None, replications: int | None) -> _Plan:
    """One seed and number for all: those asked for, else the folders', else the first scenario's."""
    loaded = [side.result.facts for side in sides if side.result is not None]
    scenarios = [side.scenario for side in sides if side.scenario is not None]
    if seed is None:
        seed = loaded[0].seed if loaded else scenarios[0].seed
    if replications is None and loaded:
        replications = max(facts.replications for facts in loaded)
    if replications is None:
        replications = max(FEWEST, *(s.replications for s in scenarios))
    return _Plan(seed, replications)


def _played(sides: Sequence[Contestant], plan: _Plan, jobs: int, progress: Told, function: str) -> list[ComparedRow]:
    scenarios: dict[str, Scenario] = {
        side.label: with_found_warmup(side.scenario, function) for side in sides if side.scenario is not None
    }
    done: Mapping[str, ComparedRow] = _play(scenarios, plan, jobs, progress, function) if scenarios else {}
    return [done[side.label] if side.result is None else _loaded(side.label, side.result) for side in sides]


def _play(
    scenarios: Mapping[str, Scenario], plan: _Plan, jobs: int, progress: Told, function: str
) -> dict[str, ComparedRow]:
    items: list[Item] = items_of(list(scenarios), plan.replications)
    listener = listening(progress() if callable(progress) else progress)
    outcome = play(Job(scenarios, plan.seed, None, function), items, jobs=jobs, listener=listener)
    wrong = next((failure for failure in outcome.failures if failure.kind == "scenario"), None)
    if wrong is not None:
        from simulator.scenario.errors import ScenarioError

        raise ScenarioError(wrong.message)
    if outcome.failures or outcome.interrupted:
        raise IncompleteError(outcome.failures, interrupted=outcome.interrupted)
    rows = {}
    for label, scenario in scenarios.items():
        assert not isinstance(scenario.warmup, str)
        window = (float(scenario.warmup), float(scenario.duration))
        rows[label] = ComparedRow(label, plan.seed, outcome.of(label), scenario.content_hash(), window)
    return rows


def _loaded(label: str, result: Result) -> ComparedRow:
    if not result.replications:
        raise FolderError(f"{label}: nothing was finished in this result")
    facts = result.facts
    notes = [] if result.status == "complete" else [f"{label} is {result.status}"]
    note = "; ".join([*notes, *result.notes])
    window = (facts.warmup_s, facts.duration_s)
    return ComparedRow(label, facts.seed, result.replications, facts.scenario_hash, window, note, folder=result.path)


def _control(side: Contestant, row: ComparedRow) -> Contestant:
    """The fair control of an adaptive policy: the same mean weight, but never moved."""
    try:
        weight = estimate(row.replications, "stickiness.mean").mean
    except MetricUnavailableError:
        weight = math.nan
    if math.isnan(weight):
        raise ContestantError(f"--control: {row.label} has no stickiness weights (sam: off?)")
    scenario = side.scenario
    if scenario is None:
        from simulator.scenario.schema import Scenario

        assert side.result is not None
        resolved = side.result.facts.resolved
        if resolved.get("extensions"):
            raise ContestantError(f"--control plays {row.label} again, and that result folder brings code of its own, "
                                  "which `compare` does not run: name the scenario instead")  # fmt: skip
        scenario = Scenario.from_dict(dict(resolved))
    policy = scenario.routing.policy
    if policy != "adaptive":
        raise ContestantError(f"--control is the control of an adaptive policy; {row.label} routes by {policy}")
    weight = round(weight, 3)
    static = scenario.with_overrides({"routing.policy": "static", "routing.weight": weight})
    return Contestant(f"static {weight:g}", None, static)
