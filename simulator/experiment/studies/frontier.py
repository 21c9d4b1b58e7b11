"""The frontier of two settings of a sweep: for each value of one, how far the other may go while a condition holds.

Nothing is played. Along the frontier there may be a knee: the value from which more of the setting buys less. It is the
place farthest from the straight line between the ends of the curve (Satopaa et al. 2011, "Finding a kneedle in a
haystack").

May import the sweep's result and expectations.
"""

# ruff: noqa: PD011 - the `values` here are a cell's, not a frame's
from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from simulator.errors import StudyError
from simulator.experiment.studies.search_space import condition_of
from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.expectations import Expectation, Verdict
from simulator.metrics.names import parse_metric
from simulator.results.drawn import Drawn
from simulator.results.frames import frame
from simulator.statistics.intervals import Interval, mean_interval

if TYPE_CHECKING:
    import pandas as pd

    from simulator.experiment.studies.outcomes import CellOutcome
    from simulator.experiment.studies.sweep_result import SweepResult

Side = Literal["smallest", "largest"]
_FEWEST: Final = 3
_ROUNDING: Final = 1e-9


class FrontierError(StudyError):
    """A sweep that has no such frontier; the message says what it would need."""


@dataclass(frozen=True, slots=True)
class FrontierLimit:
    """What one value of the other setting allows.

    Attributes:
        value: of the other setting, as a scenario writes it.
        cell: the last cell whose mean meets the condition, with all beyond it; None where no value does.
        sure: from here on the whole interval of each cell meets the condition; None: nowhere in the sweep.
        fails: the nearest value whose whole interval breaks it; None: none in the sweep. The limit lies beyond this
            value and at `sure` at the latest.
        scattered: values on the wrong side of the limit that meet the condition all the same.
    """

    value: str
    cell: CellOutcome | None
    sure: str | None
    fails: str | None
    scattered: Sequence[str]


@dataclass(frozen=True, slots=True)
class Knee:
    """The place of the frontier farthest from the straight line between its ends.

    Attributes:
        along: the metric, or the path of the setting whose limit it is.
        place: the limit there; None where fewer than three limits are known.
        saved: how far the curve lies below the line there (above: negative), SI. Its 95 % interval holds for all places
            together: of a metric over replications, of a setting from the values between which the limits lie.
        others: values that cannot be told from it.
    """

    along: str
    place: FrontierLimit | None
    saved: Interval
    others: Sequence[str]

    @property
    def sure(self) -> bool:
        """Whether the curve surely is no straight line there."""
        return self.place is not None and self.saved.decided


@dataclass(eq=False)
class Frontier(Drawn):
    """The answer. Its plots: `.limit()`, and `.along()` with a metric for the knee.

    Attributes:
        condition: as asked.
        of: the path whose limit was sought.
        over: the path of the other setting.
        side: whether limits are the smallest or the largest values that meet the condition.
        limits: in the order of the values of `over`.
        knee: where more begins to buy less.
        sweep: the cells.
    """

    _fragment = "simulator.report.frontier_html:fragment"
    _plots = "simulator.report.frontier_plots:FrontierPlots"
    _text = "simulator.report.frontier_view:render"

    condition: Expectation
    of: str
    over: str
    side: Side
    limits: Sequence[FrontierLimit]
    knee: Knee
    sweep: SweepResult

    @property
    def table(self) -> pd.DataFrame:
        """A row for each value of the other setting: value, limit, beyond, at_latest (texts), mean, ci_low, ci_high.

        The last three are of the condition's metric at the limit (SI).
        """
        metric = self.condition.metric.name
        rows = []
        for one in self.limits:
            e = one.cell.estimates[metric] if one.cell is not None else None
            three = (e.mean, e.low, e.high) if e is not None else (math.nan,) * 3
            rows.append((one.value, self.limit_of(one), one.fails, one.sure, *three))
        return frame(rows, (self.over, self.of, "beyond", "at_latest", "mean", "ci_low", "ci_high"))

    def limit_of(self, limit: FrontierLimit) -> str | None:
        """The limit as a scenario writes it."""
        return limit.cell.cell.values[self.of].text if limit.cell is not None else None

    def verdict(self, outcome: CellOutcome) -> Verdict:
        """Whether the whole interval of a cell meets the condition (met), none of it (missed), or part of it."""
        return _verdict(outcome, self.condition)

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints."""
        knee, metric = self.knee, self.condition.metric.name
        at = knee.place
        return {
            "schema": 1,
            "name": self.sweep.name,
            "until": self.condition.text,
            "of": self.of,
            "over": self.over,
            "side": self.side,
            "limits": [
                {
                    "value": one.value,
                    "limit": self.limit_of(one),
                    "beyond": one.fails,
                    "at_latest": one.sure,
                    "scattered": list(one.scattered),
                    "metric": one.cell.estimates[metric].to_dict() if one.cell is not None else None,
                }
                for one in self.limits
            ],
            "knee": {
                "along": knee.along,
                "value": at.value if at is not None else None,
                "limit": self.limit_of(at) if at is not None else None,
                "saved": [v if math.isfinite(v) else None for v in (knee.saved.mean, knee.saved.low, knee.saved.high)],
                "sure": knee.sure,
                "others": list(knee.others),
            },
        }

    def summary(self, *, width: int = 80) -> str:
        """The terminal's text."""
        from simulator.plugins.dotted import named

        text: str = named(self._text)(self, width=width)
        return text

    def __repr__(self) -> str:
        return (
            f"<Frontier {self.side} {self.of} over {self.over} with {self.condition.text}: {len(self.limits)} limits>"
        )


def frontier_of(sweep: SweepResult, until: str, *, of: str | None = None, knee: str | None = None) -> Frontier:
    """The frontier of a sweep over two settings.

    Args:
        sweep: a grid of two settings, of which `of` has quantities or numbers.
        until: the condition, `METRIC OP VALUE`.
        of: the path whose limit is sought; left out: the second that was swept.
        knee: the metric in which the knee is sought; left out: the limit itself.

    Raises:
        FrontierError: no such sweep, or cells without the metric.
        FindError: `each(...)`.
        ExpectationError: no condition.
        UnknownMetricError: no such metric.
        FolderError: a cell's folder that cannot be read.
    """
    condition = condition_of(until)
    along = parse_metric(knee).name if knee else None
    over, of = _settings(sweep, of)
    names = [condition.metric.name, *([along] if along else [])]
    sweep = sweep.with_metrics(names)
    _check_values(sweep, names)
    rows = {text: _row(sweep, over, text, of) for text in _ordered(sweep, over)}
    side = _side(rows.values(), condition)
    limits = [_limit(text, cells, condition, of, side) for text, cells in rows.items()]
    found = Frontier(condition, of, over, side, limits, Knee(along or of, None, _nothing(), ()), sweep)
    found.knee = _knee(found, along)
    return found


def _settings(sweep: SweepResult, of: str | None) -> tuple[str, str]:
    """(over, of). Raises FrontierError."""
    varied = [p for p in sweep.paths if len({o.cell.values[p].text for o in sweep.outcomes}) > 1]
    if sweep.kind != "sweep" or sweep.design != "grid" or len(varied) != 2:
        what = f"a {sweep.design} over {', '.join(varied) or 'nothing'}"
        raise FrontierError(
            f"{sweep.name} is {what}: a frontier needs a grid of two settings: simulator sweep -p A=1,2,4 -p B=1,2,4"
        )
    chosen = of or varied[1]
    if chosen not in varied:
        raise FrontierError(f"{chosen} was not swept: name {varied[0]} or {varied[1]}")
    for outcome in sweep.outcomes:
        text = outcome.cell.values[chosen].text
        if quantity(text) is None:
            other = next(p for p in varied if p != chosen)
            raise FrontierError(f"{chosen} has the value {text}, which has no order: ask for the limit of {other}")
    return next(p for p in varied if p != chosen), chosen


def _check_values(sweep: SweepResult, names: Sequence[str]) -> None:
    for outcome in sweep.outcomes:
        for name in names:
            if outcome.status != "complete" or math.isnan(outcome.value(name)):
                why = f"gives no {name}" if outcome.status == "complete" else f"is {outcome.status}"
                raise FrontierError(f"cell {outcome.cell.number} {why}: the frontier needs every cell of the grid")


def _ordered(sweep: SweepResult, path: str) -> list[str]:
    """The values of a setting, in the order of their numbers where they all are numbers."""
    texts = list(dict.fromkeys(o.cell.values[path].text for o in sweep.outcomes))
    numbers = {text: quantity(text) for text in texts}
    return texts if None in numbers.values() else sorted(texts, key=lambda text: numbers[text] or 0.0)


def _row(sweep: SweepResult, over: str, text: str, of: str) -> list[CellOutcome]:
    cells = [o for o in sweep.outcomes if o.cell.values[over].text == text]
    return sorted(cells, key=lambda o: quantity(o.cell.values[of].text) or 0.0)


def _side(rows: Any, condition: Expectation) -> Side:
    """Whether larger values meet the condition better: by which cells do, else by the way the metric moves."""
    name, lean, slope = condition.metric.name, 0, 0.0
    for cells in rows:
        holds = [condition.holds(o.value(name)) for o in cells]
        lean += sum((1 if later else -1) for a, later in itertools.pairwise(holds) if a != later)
        slope += cells[-1].value(name) - cells[0].value(name)
    wanted = slope if condition.op in (">=", ">") else -slope
    return "smallest" if lean > 0 or (lean == 0 and wanted >= 0.0) else "largest"


def _limit(value: str, cells: Sequence[CellOutcome], condition: Expectation, of: str, side: Side) -> FrontierLimit:
    """The limit in one row, whose cells are in the order of the setting."""
    inwards = cells[::-1] if side == "smallest" else cells
    texts = [o.cell.values[of].text for o in inwards]
    holds = [condition.holds(o.value(condition.metric.name)) for o in inwards]
    verdicts = [_verdict(o, condition) for o in inwards]
    reach = _run(holds)
    sure = _run([verdict == "met" for verdict in verdicts])
    fails = next((t for t, verdict in zip(texts, verdicts, strict=True) if verdict == "missed"), None)
    scattered = [t for t, good in zip(texts[reach:], holds[reach:], strict=True) if good]
    return FrontierLimit(
        value, inwards[reach - 1] if reach else None, texts[sure - 1] if sure else None, fails, tuple(scattered)
    )


def _run(good: Sequence[bool]) -> int:
    """How many are true before the first that is not."""
    return next((place for place, one in enumerate(good) if not one), len(good))


def _verdict(outcome: CellOutcome, condition: Expectation) -> Verdict:
    e = outcome.estimates[condition.metric.name]
    return condition.judge(e.by_replication, e.low, e.high)


def _number(text: str | None) -> float:
    """The number of a value; NaN where it has none."""
    found = quantity(text) if text is not None else None
    return math.nan if found is None else found


def _nothing() -> Interval:
    return Interval(math.nan, math.nan, math.nan, 0)


def _knee(found: Frontier, metric: str | None) -> Knee:
    """The knee of a metric along the frontier, or of the limit itself."""
    along = metric or found.of
    known = [(_number(one.value), one) for one in found.limits if one.cell is not None]
    numbers = [x for x, _ in known]
    if metric is None:
        numbers += [_number(found.limit_of(one)) for _, one in known]
    if len(known) < _FEWEST or not all(map(math.isfinite, numbers)):
        return Knee(along, None, _nothing(), ())
    xs = np.array([x for x, _ in known])
    inner = range(1, len(known) - 1)
    saved = _of_metric(known, xs, metric) if metric is not None else _of_limit(found, known, xs)
    best = max(inner, key=lambda k: abs(saved[k].mean))
    others = [known[k][1].value for k in inner if k != best and not _nearer(saved[k], saved[best])]
    return Knee(along, known[best][1], saved[best], tuple(others))


def _nearer(other: Interval, best: Interval) -> bool:
    """Whether the other surely lies nearer to the line: apart by their intervals, which hold for all together."""
    sign = 1.0 if best.mean >= 0.0 else -1.0
    ends = (best.low, best.high) if sign > 0.0 else (-best.high, -best.low)
    theirs = (other.low, other.high) if sign > 0.0 else (-other.high, -other.low)
    return ends[0] > theirs[1]


def _below(ys: Any, xs: Any, k: int) -> Any:
    """How far the k-th point lies below the line from the first to the last; what is rounding is nothing."""
    share = (xs[k] - xs[0]) / (xs[-1] - xs[0])
    found = ys[0] + share * (ys[-1] - ys[0]) - ys[k]
    return np.where(np.abs(found) <= _ROUNDING * np.abs(ys).max(), 0.0, found)


def _of_metric(known: Sequence[tuple[float, FrontierLimit]], xs: Any, metric: str) -> list[Interval]:
    """Paired over replications, which meet the same arrivals in all cells."""
    tables = [one.cell.estimates[metric].by_replication for _, one in known if one.cell is not None]
    width = min(map(len, tables))
    ys = np.array([table[:width] for table in tables])
    confidence = 1.0 - 0.05 / max(1, len(known) - 2)
    return [mean_interval(_below(ys, xs, k), confidence) for k in range(len(known))]


def _of_limit(found: Frontier, known: Sequence[tuple[float, FrontierLimit]], xs: Any) -> list[Interval]:
    """From the values between which each limit lies: the widest that they allow."""
    ys = np.array([_number(found.limit_of(one)) for _, one in known])
    ends = np.array([(_number(one.fails), _number(one.sure)) for _, one in known])
    low, high = ends.min(axis=1), ends.max(axis=1)
    found_at = []
    for k in range(len(known)):
        least, most = low.copy(), high.copy()
        least[k], most[k] = high[k], low[k]
        found_at.append(Interval(float(_below(ys, xs, k)), float(_below(least, xs, k)), float(_below(most, xs, k)), 0))
    return found_at
