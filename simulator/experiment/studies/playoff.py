"""Ranking and selection: which finalist is the best, and how sure is that.

Finalists are judged on replications that had no part in choosing them (the one that looks best of forty was lucky as
well), paired: all met the same arrivals. All statements of a play-off, feasibility and differences, of every
pair and at every look, hold together with 95 % (Bonferroni).

May import stats and expectations. Plays nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from simulator.metrics.expectations import Expectation, Verdict
from simulator.statistics.intervals import Interval, mean_interval, paired_difference

ERROR: Final = 0.05
Table = Mapping[str, Sequence[float]]
"""Metric -> a value for each fresh replication."""
State = Literal["best", "tied", "worse", "infeasible", "undecided", "on the frontier", "perhaps on it", "dominated"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric, and whether less of it is better."""

    metric: str
    minimise: bool

    @property
    def sign(self) -> float:
        """+1 where less is better: signed values are minimised."""
        return 1.0 if self.minimise else -1.0

    @property
    def text(self) -> str:
        """As it is asked for."""
        return f"{'minimise' if self.minimise else 'maximise'} {self.metric}"


def verdict(table: Table, conditions: Sequence[Expectation], confidence: float = 0.95) -> Verdict:
    """The verdict on all conditions together, each on its interval."""
    found = set()
    for condition in conditions:
        values = table.get(condition.metric.name, ())
        interval = mean_interval(values, confidence)
        found.add(condition.judge(list(values), interval.low, interval.high))
    return "missed" if "missed" in found else "undecided" if "undecided" in found else "met"


def holds(table: Table, conditions: Sequence[Expectation]) -> bool:
    """Whether the means meet every condition."""
    return all(c.holds(mean_interval(table.get(c.metric.name, ())).mean) for c in conditions)


@dataclass(eq=False)
class Playoff:
    """The finalists' contest.

    Attributes:
        objectives, conditions: the question.
        size: how many finalists.
        looks: how often they are judged at most.
        tables: what each finalist has shown; one that is out keeps what it had.
        feasible: the verdict on each.
        out: finalist -> why it is not played on.
    """

    objectives: Sequence[Objective]
    conditions: Sequence[Expectation]
    size: int
    looks: int
    tables: list[Table] = field(default_factory=list)
    feasible: list[Verdict] = field(default_factory=list)
    out: dict[int, State] = field(default_factory=dict)

    @property
    def confidence(self) -> float:
        """Of each interval by itself."""
        pairs = math.comb(self.size, 2) * len(self.objectives)
        return 1.0 - ERROR / max(1, self.looks * (pairs + self.size * len(self.conditions)))

    @property
    def standing(self) -> list[int]:
        """Finalists that are played on."""
        return [k for k in range(self.size) if k not in self.out]

    def look(self, tables: Mapping[int, Table]) -> bool:
        """Judge those that stand on all they have shown; whether the contest is over."""
        self.tables = [tables.get(k, self.tables[k] if k < len(self.tables) else {}) for k in range(self.size)]
        before = self.feasible or ["undecided"] * self.size
        self.feasible = [
            verdict(self.tables[k], self.conditions, self.confidence) if k in tables else before[k]
            for k in range(self.size)
        ]
        for k in self.standing:
            if self.feasible[k] == "missed":
                self.out[k] = "infeasible"
        for k, rival in itertools.permutations(self.standing, 2):
            if k not in self.out and rival not in self.out and self.feasible[rival] == "met" and self.worse(k, rival):
                self.out[k] = "worse" if len(self.objectives) == 1 else "dominated"
        return self._over()

    def difference(self, k: int, rival: int, objective: Objective) -> Interval:
        """By how much k is worse than its rival (above 0: worse), with a simultaneous interval."""
        a, b = (self.tables[place].get(objective.metric, ()) for place in (rival, k))
        n = min(len(a), len(b))
        base, own = ([objective.sign * v for v in values[:n]] for values in (a, b))
        return paired_difference(base, own, self.confidence)

    def worse(self, k: int, rival: int) -> bool:
        """Whether k is surely worse in every objective, or in one and exactly equal in the others."""
        found = [self.difference(k, rival, objective) for objective in self.objectives]
        surely = [interval.low > 0.0 for interval in found]
        equal = [interval.low == interval.high == 0.0 for interval in found]
        return any(surely) and all(a or b for a, b in zip(surely, equal, strict=True))

    def leader(self) -> int | None:
        """The finalist with the best mean: of those that surely are feasible, else of those that may be."""
        for wanted in ("met", "undecided"):
            able = [k for k in self.standing if self.feasible[k] == wanted]
            if able:
                return min(able, key=lambda k: (self.mean(k, self.objectives[0]), k))
        return None

    def mean(self, k: int, objective: Objective) -> float:
        """The signed mean of an objective."""
        return objective.sign * mean_interval(self.tables[k].get(objective.metric, ())).mean

    def states(self) -> list[State]:
        """What is to be said of each finalist."""
        leader = self.leader()
        found: list[State] = []
        for k in range(self.size):
            if k in self.out:
                found.append(self.out[k])
            elif self.feasible[k] != "met":
                found.append("undecided")
            elif len(self.objectives) > 1:
                found.append("on the frontier" if self._apart(k) else "perhaps on it")
            else:
                found.append("best" if k == leader and len(self.standing) == 1 else "tied")
        return found

    def _apart(self, k: int) -> bool:
        """Whether every rival is surely worse than k in some objective."""
        rivals = [other for other in self.standing if other != k]
        return all(
            any(self.difference(other, k, objective).low > 0.0 for objective in self.objectives) for other in rivals
        )

    def _over(self) -> bool:
        standing = self.standing
        if any(self.feasible[k] != "met" for k in standing):
            return False
        if len(self.objectives) > 1:
            return all(self._apart(k) for k in standing)
        pairs = itertools.combinations(standing, 2)
        exactly = (self.difference(a, b, self.objectives[0]) for a, b in pairs)
        return all(interval.low == interval.high == 0.0 for interval in exactly)
