"""`sensitivity`: which inputs move the answer, by moving each on its own by the same share, up and down.

Every cell has the seed of the scenario as written, so a difference is paired replication by replication and
small ones show. Inputs are the numbers written in the scenario's file (or, asked for, all of them): a share
moves them in both directions, one at a time; interactions are not looked for (a Latin hypercube sweep does).

The headlines are the largest of many differences, so intervals hold for all of them together: the family is every
difference of the study (each metric that was asked for, each input, down and up), and each has a Bonferroni interval
at 1 - 0.05 / their number. A study in which nothing moves anything names an input in at most 5 % of cases.

May import the study and resolving. Prints nothing; writes only into the folder it is given.
"""

# ruff: noqa: PD011 - the `values` here are a cell's, not a frame's
from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import StudyError
from simulator.experiment.studies.cells import AS_WRITTEN, Cell, Cells
from simulator.experiment.studies.design import Axis, Design, Value, value_of
from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.study import Executor
from simulator.experiment.studies.sweep import Plan, metrics_for, plan_folder, play_plan
from simulator.experiment.studies.sweep_result import SweepResult
from simulator.laws.fields import LAWS
from simulator.play.job import REPLICATION_FUNCTION
from simulator.play.listening import Progress
from simulator.results.drawn import Drawn
from simulator.results.frames import INTERVAL, frame, interval
from simulator.scenario.errors import ScenarioError
from simulator.scenario.everyone import spread
from simulator.scenario.tree import Node, descend
from simulator.statistics.intervals import Difference, paired_difference
from simulator.units import NUMBER, number_text, parse_ratio

if TYPE_CHECKING:
    import pandas as pd

    from simulator.scenario.schema import Scenario

INPUT: Final = "input"
SIDE: Final = "moved to"
LEAST_REPLICATIONS: Final = 5  # with fewer, an interval for a whole family is too wide to tell anything
FALSE_LEADS: Final = 0.05
_NOT_INPUTS = ("schema", "name", "question", "description", "duration", "warmup", "seed", "replications", "sites",
               "variants", "record", "expect", "measured", "sweep", "extensions")  # fmt: skip
_NOT_MOVED = ("operations", "weights")
_QUANTITY = re.compile(rf"(?P<number>{NUMBER})(?P<unit>[^\s0-9].*)?")


class SensitivityError(StudyError):
    """Nothing to move; the message says why."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What moving one input does to one metric.

    Attributes:
        path: the input.
        value: as written.
        low, high: the moved values ("" where the scenario cannot have one).
        down, up: the metric's paired differences from the scenario as written (None without a value); their
            intervals hold for the whole family.
    """

    path: str
    value: str
    low: str
    high: str
    down: Difference | None
    up: Difference | None

    @property
    def size(self) -> float:
        """The larger of the two differences, without its sign."""
        found = [abs(d.mean) for d in (self.down, self.up) if d is not None and not math.isnan(d.mean)]
        return max(found, default=0.0)

    @property
    def decided(self) -> bool:
        """Whether either difference is beyond its interval, which holds for the whole family."""
        return any(d is not None and d.decided for d in (self.down, self.up))


@dataclass(frozen=True, slots=True)
class Moved:
    """An input with the values it is moved to."""

    path: str
    value: str
    low: str
    high: str


@dataclass(eq=False)
class Sensitivity(Drawn):
    """The effects of all inputs.

    Attributes:
        by: the share by which inputs were moved.
        base: the scenario as written.
        moved: the inputs.
        left_out: input -> why it was not moved.
        sweep: all cells, with their folder.

    Its plot: `.tornado(metric)`.
    """

    _fragment = "simulator.report.answer_html:fragment"
    _plots = "simulator.report.answer_plots:SensitivityPlots"

    by: float
    base: CellOutcome
    moved: Sequence[Moved]
    left_out: Mapping[str, str]
    sweep: SweepResult

    def effects(self, metric: str | None = None) -> list[Effect]:
        """The effects on a metric, the largest first; one beyond `sweep.metrics` makes the family larger."""
        name = metric or self.sweep.metrics[0]
        confidence = 1.0 - FALSE_LEADS / max(1, self.family(name))

        def difference(side: str) -> Difference | None:
            values = self._values(self._cells.get(side), name)
            return None if values is None else paired_difference(*values, confidence)

        found = [
            Effect(m.path, m.value, m.low, m.high, difference(f"{m.path} {m.low}"), difference(f"{m.path} {m.high}"))
            for m in self.moved
        ]
        return sorted(found, key=lambda effect: -effect.size)

    def family(self, metric: str | None = None) -> int:
        """How many differences are judged together: every metric's, of every input, down and up."""
        names = dict.fromkeys([*self.sweep.metrics, *([metric] if metric else [])])
        sides = [self._cells.get(f"{m.path} {text}") for m in self.moved for text in (m.low, m.high)]
        return sum(self._values(cell, name) is not None for name in names for cell in sides)

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints."""

        def side(value: str, difference: Difference | None) -> dict[str, Any] | None:
            if difference is None or math.isnan(difference.mean):
                return None
            ends = [None if math.isnan(end) else end for end in (difference.low, difference.high)]
            return {"value": value, "difference": difference.mean, "ci_low": ends[0], "ci_high": ends[1]}

        return {
            "schema": 1,
            "name": self.sweep.name,
            "by": self.by,
            "replications": self.sweep.replications,
            "family": self.family(),
            "metrics": {
                metric: {
                    "as_written": None if math.isnan(self.base.value(metric)) else self.base.value(metric),
                    "effects": [
                        {"path": e.path, "value": e.value, "down": side(e.low, e.down), "up": side(e.high, e.up)}
                        for e in self.effects(metric)
                    ],
                }
                for metric in self.sweep.metrics
            },
            "left_out": dict(self.left_out),
        }

    @property
    def table(self) -> pd.DataFrame:
        """A row for each metric, input and direction, SI; of each metric the inputs with larger effects first.

        Columns metric, unit, input, written (the input as the scenario has it), side (down or up), moved_to,
        as_written (the metric's mean before), difference, ci_low, ci_high, decided.
        """
        rows: list[tuple[Any, ...]] = []
        for metric in self.sweep.metrics:
            if metric not in self.base.estimates:
                continue
            base = self.base.estimates[metric]
            for effect in self.effects(metric):
                for side, text, d in (("down", effect.low, effect.down), ("up", effect.high, effect.up)):
                    if d is not None:
                        what = (metric, base.unit, effect.path, effect.value, side, text, base.mean)
                        rows.append((*what, *interval(d), d.decided))
        columns = ("metric", "unit", "input", "written", "side", "moved_to", "as_written", *INTERVAL, "decided")
        return frame(rows, columns)

    def __repr__(self) -> str:
        count = len(self.moved)
        inputs = f"{count} input{'s' * (count != 1)} moved by {self.by:.0%}"
        return f"<Sensitivity of {self.sweep.name}: {inputs}, {self.sweep.status}>"

    @cached_property
    def _cells(self) -> Mapping[str, CellOutcome]:
        """The cells by `path value`."""
        return {" ".join(v.text for v in outcome.cell.values.values()): outcome for outcome in self.sweep.outcomes}

    def _values(self, other: CellOutcome | None, metric: str) -> tuple[Sequence[float], Sequence[float]] | None:
        """A metric as written and in another cell, one value per replication; None where they are no pairs."""
        base = self.base.estimates.get(metric)
        moved = other.estimates.get(metric) if other is not None else None
        if base is None or moved is None or len(base.by_replication) != len(moved.by_replication):
            return None
        return base.by_replication, moved.by_replication


def sensitivity(
    scenario: Scenario,
    *,
    executor: Executor,
    by: float = 0.2,
    metrics: Sequence[str] = (),
    only: Sequence[str] = (),
    everything: bool = False,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress = None,
    argv: Sequence[str] = (),
    function: str = REPLICATION_FUNCTION,
) -> Sensitivity:
    """Move each input of a scenario down and up by a share; what that does to the metrics.

    Args:
        scenario: at least two replications give intervals.
        executor: where to play.
        by: the share, 0..1.
        metrics: to look at; left out: as for a sweep.
        only: patterns of paths (`edges.*`), any of which an input must match.
        everything: whether defaults are inputs too, not only what is written.
        folder: where to keep it, or None.
        resume: whether `folder` may hold an earlier one.
        progress: hears how it proceeds.
        argv: the command line, if any.
        function: dotted path of the replication function.

    Raises:
        SensitivityError: no input is left.
        UnknownMetricError, FolderError.
    """
    moved, left_out = inputs_of(scenario, by, only, everything=everything)
    plan = _plan(scenario, moved, left_out, metrics)
    if not any(cell.values[INPUT].text != AS_WRITTEN for cell in plan.cells):
        why = "".join(f"\n  {path}: {reason}" for path, reason in list(left_out.items())[:6])
        raise SensitivityError(f"no input can be moved: look at --only, or take defaults too with --all{why}")
    if folder is not None:
        plan_folder(plan, folder, resume=resume)
    result = play_plan(plan, executor, progress=progress, argv=argv, function=function)
    result.kind, result.design = "sensitivity", "one at a time"
    return Sensitivity(by, result.outcomes[0], moved, left_out, result)


def keep_effects(found: Sensitivity) -> None:
    """Let the folder's manifest hold the effects."""
    found.sweep.extra = {"effects": found.to_dict()}


def share_of(by: float | str, name: str = "--by") -> float:
    """A share between 0 and 1, perhaps as text (`20%`). Raises SensitivityError."""
    try:
        share = parse_ratio(by) if isinstance(by, str) else float(by)
    except ValueError as error:
        raise SensitivityError(f"{name} {by}: {error}") from None
    if not 0.0 < share < 1.0:
        raise SensitivityError(f"{name} {by}: write a share between 0 % and 100 %, such as 20%")
    return share


def sensitivity_of(sweep: SweepResult) -> Sensitivity | None:
    """The analysis that a folder holds; None where there is none."""
    told = sweep.extra.get("effects")
    base = [o for o in sweep.outcomes if INPUT in o.cell.values and o.cell.values[INPUT].text == AS_WRITTEN]
    if sweep.kind != "sensitivity" or not isinstance(told, Mapping) or not base:
        return None
    moved: dict[str, Moved] = {}
    for metric in told["metrics"].values():
        for effect in metric["effects"]:
            known = moved.get(effect["path"], Moved(effect["path"], effect["value"], "", ""))
            low, high = ((effect[side] or {}).get("value", "") for side in ("down", "up"))
            moved[known.path] = Moved(known.path, known.value, known.low or low, known.high or high)
    return Sensitivity(told["by"], base[0], list(moved.values()), told["left_out"], sweep)


def inputs_of(
    scenario: Scenario, by: float, only: Sequence[str] = (), *, everything: bool = False
) -> tuple[list[Moved], dict[str, str]]:
    """The inputs with the values they are moved to, and those that cannot be moved. Raises SensitivityError."""
    found: list[Moved] = []
    left_out: dict[str, str] = {}
    matched = False
    tree = spread(scenario.tree)
    for keys, value in _leaves(scenario.resolved()):
        path = ".".join(map(str, keys))
        if keys[0] in _NOT_INPUTS or any(part in _NOT_MOVED for part in keys):
            continue
        if only and not any(fnmatch.fnmatchcase(path, pattern) for pattern in only):
            continue
        if not everything and not _written(tree, keys):
            continue
        moved = _moved(path, value, by)
        if moved is None:
            continue
        matched = True
        if moved.low == moved.high:
            left_out[path] = f"{value} moved by {by:.0%} is {value} again"
        else:
            found.append(moved)
    if only and not matched:
        raise SensitivityError(f"no number in the scenario matches --only {' '.join(only)}")
    return found, left_out


def _plan(scenario: Scenario, moved: Sequence[Moved], left_out: dict[str, str], metrics: Sequence[str]) -> Plan:
    """A cell for the scenario as written, and two for each input; those that cannot be are left out."""
    cells = _Inputs.of(scenario)
    points = [(AS_WRITTEN, AS_WRITTEN)] + [(m.path, text) for m in moved for text in (m.low, m.high)]
    made: list[Cell] = []
    kept: list[tuple[Value, ...]] = []
    for path, text in points:
        values = {INPUT: value_of(INPUT, path), SIDE: value_of(path, text, text)}
        try:
            made.append(cells.make(values, {INPUT: "", SIDE: path if path != AS_WRITTEN else ""}, len(made) + 1))
        except ScenarioError as error:
            left_out[f"{path} = {text}"] = error.issues[0].what if error.issues else str(error)
            continue
        kept.append(tuple(values.values()))
    design = Design("zip", (Axis(INPUT), Axis(SIDE)), tuple(kept))
    return Plan(scenario, design, cells, made, metrics_for(scenario, metrics))


class _Inputs(Cells):
    """Cells whose one value is set at the path that the cell names."""

    def scenario(self, values: Mapping[str, Value]) -> Scenario:
        """The scenario with the input moved. Raises ScenarioError."""
        path = values[INPUT].text
        return super().scenario({} if path == AS_WRITTEN else {path: values[SIDE]})

    def only(self, name: str) -> Cells:
        """The same with one cell."""
        warmups = {name: self.warmups[name]} if name in self.warmups else {}
        return _Inputs(self.tree, self.base_dir, {name: self.cells[name]}, warmups)


def _written(tree: Node, keys: tuple[str | int, ...]) -> bool:
    """Whether a value of the resolved scenario stands in what was read, perhaps in another form."""
    node, taken = descend(tree, keys)
    return taken == keys or (bool(taken) and (not node.is_mapping() or taken[-1] in LAWS))


def _leaves(value: Any, keys: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, Mapping):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*keys, str(key)))]
    if isinstance(value, list):
        return [leaf for place, item in enumerate(value) for leaf in _leaves(item, (*keys, place))]
    return [(keys, value)]


def _moved(path: str, value: object, by: float) -> Moved | None:
    """Both values of an input, equal where it cannot be moved; None where it is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        low, high = math.floor(value * (1.0 - by) + 0.5), math.floor(value * (1.0 + by) + 0.5)
        return Moved(path, str(value), str(low), str(high))
    match = _QUANTITY.fullmatch(number_text(value) if isinstance(value, float) else str(value))
    if match is None:
        return None
    number, unit = float(match["number"]), match["unit"] or ""
    ends = [number * (1.0 - by), number * (1.0 + by)]
    if unit == "%" and number <= 100.0:
        ends[1] = min(100.0, ends[1])
    low_text, high_text = (f"{number_text(float(f'{end:.6g}'))}{unit}" for end in ends)
    return Moved(path, str(value), low_text, high_text)
