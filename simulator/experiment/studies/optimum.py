"""The answer of `optimise`: the best settings, how sure that is, or the frontier of two objectives.

Everything in it is plain (it is what the folder's manifest holds); pandas only inside what gives its objects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from simulator.experiment.studies.playoff import Objective
from simulator.results.drawn import Drawn
from simulator.results.summary import finite

if TYPE_CHECKING:
    import pandas as pd

    from simulator.experiment.studies.sweep_result import SweepResult

Status = Literal["best", "frontier", "tied", "undecided", "infeasible"]
Three = tuple[float, float, float]
"""A mean with the ends of its interval (NaN where there is none)."""


@dataclass(frozen=True, slots=True)
class JudgedTrial:
    """A setting that was tried, or a finalist.

    Attributes:
        number: of its cell.
        values: path -> value as a scenario writes it.
        feasible: met, missed or undecided: all constraints, on intervals.
        state: of a finalist: best, tied, worse, infeasible, undecided; or its place by the frontier; "" of a trial.
        n: replications that it was judged on.
        metrics: objective or constraint -> mean and interval, SI.
        behind: of a finalist: how much worse than the best in the first objective, with a simultaneous interval.
    """

    number: int
    values: Mapping[str, str]
    feasible: str
    state: str
    n: int
    metrics: Mapping[str, Three]
    behind: Three = (math.nan, math.nan, math.nan)

    def to_dict(self) -> dict[str, Any]:
        """NaN becomes null."""
        return {
            "number": self.number, "values": dict(self.values), "feasible": self.feasible, "state": self.state,
            "replications": self.n, "metrics": {name: _told(three) for name, three in self.metrics.items()},
            "behind": _told(self.behind),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> JudgedTrial:
        """What `to_dict` gave."""
        metrics = {name: _three(entry) for name, entry in told["metrics"].items()}
        return cls(told["number"], told["values"], told["feasible"], told["state"], told["replications"], metrics,
                   _three(told["behind"]))  # fmt: skip


@dataclass(eq=False)
class Optimum(Drawn):
    """The answer.

    Attributes:
        objectives: what was to be least or most; two make a frontier.
        constraints: as asked for.
        status: best; frontier; tied (several cannot be told apart); undecided (none is surely feasible);
            infeasible (all that was tried surely breaks a constraint).
        winner: the best finalist, or of those that are tied the one with the best mean; None without one.
        judged: the finalists, from best to worst.
        trials: everything tried, in order, on the replications of the search.
        everything: whether every combination of the settings was tried.
        notes: what to know.
        sweep: all cells, with their folder.
    """

    _fragment = "simulator.report.optimum_html:fragment"

    objectives: Sequence[Objective]
    constraints: Sequence[str]
    status: Status
    winner: JudgedTrial | None
    judged: Sequence[JudgedTrial]
    trials: Sequence[JudgedTrial]
    everything: bool
    notes: Sequence[str]
    sweep: SweepResult = field(repr=False)

    @property
    def best(self) -> dict[str, str] | None:
        """Path -> value of the winner, ready for `Scenario.with_overrides`; None without one or with a frontier."""
        return dict(self.winner.values) if self.winner is not None and len(self.objectives) == 1 else None

    @property
    def on_frontier(self) -> list[JudgedTrial]:
        """Finalists that surely are feasible and that no other is known to beat."""
        return [one for one in self.judged if one.state in ("on the frontier", "perhaps on it")]

    @property
    def names(self) -> list[str]:
        """The metrics asked about: objectives, then constraints."""
        from simulator.metrics.expectations import parse_expectation

        bounds = [parse_expectation(text).metric.name for text in self.constraints]
        return list(dict.fromkeys([*(o.metric for o in self.objectives), *bounds]))

    @property
    def finalists(self) -> pd.DataFrame:
        """A row for each finalist, best first: its settings, state, and each metric with `:low` and `:high` (SI)."""
        return self._frame(self.judged)

    @property
    def frontier(self) -> pd.DataFrame:
        """The same of what is on the frontier, or perhaps on it; with one objective, the winner alone."""
        if len(self.objectives) == 1:
            return self._frame([self.winner] if self.winner is not None else [])
        return self._frame(self.on_frontier)

    def _frame(self, rows: Sequence[JudgedTrial]) -> pd.DataFrame:
        import pandas as pd

        first = self.objectives[0].metric
        return pd.DataFrame(
            [
                {
                    "cell": one.number, **dict(one.values), "state": one.state, "feasible": one.feasible, "n": one.n,
                    **{f"{name}{end}": value for name, three in one.metrics.items()
                       for end, value in zip(("", ":low", ":high"), three, strict=True)},
                    **{f"behind[{first}]{end}": value
                       for end, value in zip(("", ":low", ":high"), one.behind, strict=True)},
                }
                for one in rows
            ]
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints and the manifest holds."""
        return {
            "schema": 1,
            "name": self.sweep.name,
            "objectives": [{"metric": o.metric, "minimise": o.minimise} for o in self.objectives],
            "constraints": list(self.constraints),
            "status": self.status,
            "best": self.best,
            "winner": self.winner.number if self.winner is not None else None,
            "finalists": [one.to_dict() for one in self.judged],
            "frontier": [one.number for one in self.on_frontier],
            "trials": [one.to_dict() for one in self.trials],
            "everything": self.everything,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        what = self.best if self.best is not None else f"{len(self.on_frontier)} settings"
        return f"<Optimum {', '.join(o.text for o in self.objectives)}: {self.status}, {what}>"


def optimum_of(sweep: SweepResult) -> Optimum | None:
    """The answer that a folder holds; None where there is none: another study, or interrupted."""
    told = sweep.extra.get("answer")
    if sweep.kind != "optimise" or not isinstance(told, Mapping):
        return None
    judged = [JudgedTrial.from_dict(entry) for entry in told["finalists"]]
    return Optimum(
        [Objective(entry["metric"], bool(entry["minimise"])) for entry in told["objectives"]],
        told["constraints"], told["status"],
        next((one for one in judged if one.number == told["winner"]), None),
        judged, [JudgedTrial.from_dict(entry) for entry in told["trials"]], told["everything"], told["notes"], sweep,
    )  # fmt: skip


def _told(three: Three) -> list[float | None]:
    return [finite(value) for value in three]


def _three(entry: Sequence[float | None]) -> Three:
    mean, low, high = (math.nan if value is None else float(value) for value in entry)
    return mean, low, high
