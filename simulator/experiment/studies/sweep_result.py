"""The result of a sweep: cells with their numbers, the best of them, the Pareto front; what notebooks hold.

May import outcomes and stats; pandas and matplotlib only inside what gives their objects. Writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.experiment.studies.outcomes import CellOutcome
from simulator.experiment.studies.sweep_index import columns_of
from simulator.metrics.names import parse_metric
from simulator.plugins.dotted import named
from simulator.results.drawn import Drawn
from simulator.statistics.intervals import paired_difference

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.result import Result

HEADLINE = ("hit_ratio.l1", "latency.p99", "availability")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cell in the order of a metric.

    Attributes:
        outcome: the cell.
        tied: whether it cannot be told from the best (paired differences, 95 % family-wise over all pairs of cells:
            which of them is the best was not known before); None where replications are too few to say.
    """

    outcome: CellOutcome
    tied: bool | None


@dataclass(eq=False)
class SweepResult(Drawn):
    """All cells of a sweep, in the design's order.

    Attributes:
        name, question: of the scenario.
        design: grid, zip, random or lhs (or find, optimise, sensitivity).
        paths: what was swept.
        outcomes: a cell each.
        metrics: the metrics to look at first.
        seed, replications: of every cell.
        interrupted: whether Ctrl-C ended it.
        argv: the command line, if any.
        path: its folder, or None.
        kind: sweep, find, optimise or sensitivity.
        extra: what else its folder's manifest holds.
        notes: what to know of the folder that it was loaded from.

    Its plots: `.map(metric) .lines(metric) .scatter(metric) .pareto(metric, metric)`.
    """

    _fragment = "simulator.report.sweep_html:fragment"
    _plots = "simulator.report.sweep_plots:SweepPlots"
    _text = "simulator.report.sweep_tables:render"
    _pages = "simulator.report.sweep_html:write_report"
    _frontier = "simulator.experiment.studies.frontier:frontier_of"

    name: str
    question: str
    design: str
    paths: Sequence[str]
    outcomes: Sequence[CellOutcome]
    metrics: Sequence[str] = HEADLINE
    seed: int = 1
    replications: int = 1
    interrupted: bool = False
    argv: Sequence[str] = ()
    path: Path | None = None
    kind: str = "sweep"
    extra: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def status(self) -> str:
        """complete, incomplete (cells without all replications) or interrupted."""
        if self.interrupted:
            return "interrupted"
        return "complete" if all(o.status == "complete" for o in self.outcomes) else "incomplete"

    @property
    def failed(self) -> list[CellOutcome]:
        """The cells in which something failed."""
        return [outcome for outcome in self.outcomes if outcome.failures]

    def __len__(self) -> int:
        return len(self.outcomes)

    def __iter__(self) -> Iterator[CellOutcome]:
        return iter(self.outcomes)

    def __getitem__(self, cell: int | str) -> Result:
        """The whole result of a cell, by its number (from 1), or its name or the start of it.

        Raises KeyError where there is none.
        """
        from simulator.results.loading import load_run

        for outcome in self.outcomes:
            known = (outcome.cell.number, outcome.cell.name, outcome.cell.slug)
            if cell in known:
                if outcome.result is not None:
                    return outcome.result
                if outcome.path is not None:
                    return load_run(outcome.path)
                raise KeyError(f"cell {cell} has no result ({outcome.status})")
        raise KeyError(f"no cell {cell!r}: they are numbered 1..{len(self.outcomes)}")

    def best(self, metric: str | None = None) -> list[Ranked]:
        """Cells from best to worst by a metric; those without a value are left out.

        Raises UnknownMetricError. A metric without a better direction ranks from high to low.
        """
        name = metric or self.metrics[0]
        high = parse_metric(name).better != "lower"
        known = [outcome for outcome in self.outcomes if not math.isnan(outcome.value(name))]
        known.sort(key=lambda o: (-o.value(name) if high else o.value(name), o.cell.number))
        return [Ranked(outcome, _tied(known[0], outcome, name, len(known))) for outcome in known]

    def pareto(self, metrics: Sequence[str] | None = None) -> list[CellOutcome]:
        """Cells that no other cell beats in one of the metrics without losing in another.

        Metrics without a better direction are left out. Raises UnknownMetricError.
        """
        judged = [name for name in metrics or self.metrics if parse_metric(name).better != "none"]
        signs = [1.0 if parse_metric(name).better == "higher" else -1.0 for name in judged]
        points = [
            (tuple(sign * o.value(name) for sign, name in zip(signs, judged, strict=True)), o) for o in self.outcomes
        ]
        known = [(point, o) for point, o in points if judged and not any(map(math.isnan, point))]
        front: list[tuple[tuple[float, ...], CellOutcome]] = []
        for point, outcome in sorted(known, key=lambda pair: pair[0], reverse=True):
            # whatever dominates a point comes before it in this order, and so does something on the front
            if not any(_dominates(better, point) for better, _ in front):
                front.append((point, outcome))
        return sorted((outcome for _, outcome in front), key=lambda o: o.cell.number)

    def frontier(self, until: str, *, of: str | None = None, knee: str | None = None) -> Any:
        """For each value of one setting, how far the other may go while `until` (METRIC OP VALUE) holds.

        Of a grid over two settings; nothing is played. `of` is the path whose limit is sought (left out: the second),
        `knee` the metric in which the knee along the frontier is sought (left out: the limit itself).

        The answer is a `simulator.experiment.studies.frontier.Frontier`. Raises FrontierError, FindError,
        ExpectationError, UnknownMetricError; FolderError from a folder.
        """
        from simulator.plugins.dotted import named

        return named(self._frontier)(self, until, of=of, knee=knee)

    def with_metrics(self, names: Sequence[str]) -> SweepResult:
        """This sweep with further metrics in its cells, as far as the cells have them. Raises UnknownMetricError."""
        from simulator.experiment.studies.outcomes import CellOutcome, read_outcome

        wanted = [parse_metric(name).name for name in names]
        outcomes = []
        for outcome in self.outcomes:
            more = outcome
            if any(name not in outcome.estimates for name in wanted):
                if outcome.result is not None:
                    more = CellOutcome.of(outcome.cell, outcome.result, [*outcome.estimates, *wanted])
                elif outcome.path is not None:
                    more = read_outcome(outcome.cell, outcome.path, [*outcome.estimates, *wanted])
            outcomes.append(more)
        return replace(self, outcomes=outcomes)

    @cached_property
    def index(self) -> pd.DataFrame:
        """Tidy: a row for each cell and metric, with a column for each swept path."""
        import pandas as pd

        swept = pd.DataFrame(columns_of(self.outcomes, self.paths))
        rows = [
            (place, o.cell.name, o.cell.number, o.status, name, e.unit, e.mean, e.low, e.high, e.n)
            for place, o in enumerate(self.outcomes)
            for name, e in o.estimates.items()
        ]
        columns = ["place", "cell", "number", "status", "metric", "unit", "mean", "ci_low", "ci_high", "n"]
        tidy = pd.DataFrame(rows, columns=columns)
        joined = tidy.join(swept, on="place").drop(columns="place")
        return joined[[*columns[1:4], *swept.columns, *columns[4:]]]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each cell (index: its number): the swept values, its status and the mean of each metric."""
        import pandas as pd

        numbers = pd.Index([o.cell.number for o in self.outcomes], name="cell")
        names = list(dict.fromkeys(name for o in self.outcomes for name in o.estimates))
        return pd.DataFrame(
            {
                **columns_of(self.outcomes, self.paths),
                "status": [o.status for o in self.outcomes],
                **{name: [o.value(name) for o in self.outcomes] for name in names},
            },
            index=numbers,
        )

    def summary(self, *, width: int = 80) -> str:
        """The terminal summary as text."""
        text: str = named(self._text)(self, width=width)
        return text

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints: every cell with the metrics to look at first."""
        from simulator.results.summary import metrics_dict

        front = {o.cell.number for o in self.pareto()}
        return {
            "schema": 1,
            "name": self.name,
            "status": self.status,
            "design": self.design,
            "seed": self.seed,
            "replications": self.replications,
            "paths": list(self.paths),
            "metrics": list(self.metrics),
            "cells": [
                {
                    "number": o.cell.number,
                    "folder": o.cell.name,
                    "values": o.cell.plain,
                    "status": o.status,
                    "replications": o.replications,
                    "pareto": o.cell.number in front,
                    "expectations": o.meets,
                    "metrics": metrics_dict({m: o.estimates[m] for m in self.metrics if m in o.estimates}),
                    "failures": list(o.failures),
                }
                for o in self.outcomes
            ],
        }

    def __repr__(self) -> str:
        return f"<SweepResult {self.name}: {len(self.outcomes)} cells ({self.design}), {self.status}>"


def _tied(best: CellOutcome, other: CellOutcome, metric: str, cells: int) -> bool | None:
    if other is best:
        return True
    a, b = best.estimates[metric].by_replication, other.estimates[metric].by_replication
    if len(a) < 2 or len(a) != len(b):
        return None
    difference = paired_difference(a, b, 1.0 - 0.05 / math.comb(cells, 2))
    return None if math.isnan(difference.low) else not difference.decided


def _dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(x >= y for x, y in zip(a, b, strict=True)) and tuple(a) != tuple(b)
