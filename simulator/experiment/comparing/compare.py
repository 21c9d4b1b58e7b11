"""Which is better, on what, by how much, and how sure is that: the statistics behind `simulator compare`.

May import stats, margins and observe. Rows played with the same seed met the same arrivals, so replications
are paired, and the variance that pairing saved is told; rows with other seeds are compared unpaired (Welch).
The first row is what the others are compared with. Playing and loading rows is in `contestants`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from simulator.metrics.margins import Margin
from simulator.metrics.names import MetricUnavailableError, parse_metric
from simulator.observe.result import Replication
from simulator.observe.values import metric_value
from simulator.results.drawn import Drawn
from simulator.results.frames import INTERVAL, frame, interval
from simulator.results.summary import finite
from simulator.statistics.intervals import Interval, paired_difference, welch_difference

if TYPE_CHECKING:
    import pandas as pd


Verdict = Literal[
    "better", "worse", "slightly better", "slightly worse", "same", "undecided",
    "higher", "lower", "slightly higher", "slightly lower", "no value",
]  # fmt: skip
DEFAULT_METRICS: Final = (
    "hit_ratio.l1", "hit_ratio.total", "latency.p50", "latency.p95", "latency.p99", "within[200ms]",
    "failures.ratio", "failures.faults.ratio", "core.requests.rate", "storage.reads.rate", "edge.imbalance",
    "migrations.rate", "crossed_site_ratio", "cost.per_hour", "cost.per_million_requests",
)  # fmt: skip
_CHANGE: Final = ("side", "metric", "unit", "better", "before", "after", *INTERVAL, "n", "paired", "margin")
_WORDS: Final[dict[tuple[bool, bool, bool], Verdict]] = {
    (True, True, True): "better", (True, True, False): "slightly better",
    (True, False, True): "worse", (True, False, False): "slightly worse",
    (False, True, True): "higher", (False, True, False): "slightly higher",
    (False, False, True): "lower", (False, False, False): "slightly lower",
}  # fmt: skip
"""By: whether a direction is better, whether it went that way (up), whether beyond the margin."""
NO_MARGIN: Final = Margin(0.0, relative=False, text="0")
USUAL_MARGIN: Final = Margin(0.001, relative=True, text="0.1%")
"""What is not asked for by --margin: nobody minds a thousandth."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One contestant.

    Attributes:
        label: what it is called in the table.
        seed: it was played with.
        replications: the finished ones.
        scenario_hash: of what was played.
        window_s: the measured window, (warmup, duration).
        note: said under the table ("" for nothing).
        control: whether it is only there to compare with; gates leave it alone.
        folder: the result folder it was read from, or None.
    """

    label: str
    seed: int
    replications: Sequence[Replication]
    scenario_hash: str = ""
    window_s: tuple[float, float] = (0.0, 0.0)
    note: str = ""
    control: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one row against the first row.

    Attributes:
        metric: its name. unit: SI. better: the direction that people want.
        row: the label of the row compared.
        before, after: means of the two rows (NaN without a value).
        difference: after - before with its interval (NaN ends without one).
        unpaired: the interval that independent samples would have had (Welch).
        variance_ratio: variance of the unpaired difference / of the paired one; NaN where unpaired or unknown.
        paired: whether replications were paired.
        margin: what was asked for, and margin_si in the metric's unit.
        verdict: in words.
    """

    metric: str
    unit: str
    better: str
    row: str
    before: float
    after: float
    difference: Interval
    unpaired: Interval
    variance_ratio: float
    paired: bool
    margin: Margin
    margin_si: float
    verdict: Verdict

    @property
    def exactly_equal(self) -> bool:
        """Whether no replication differs at all."""
        return self.difference.mean == 0.0 and self.difference.low == 0.0 and self.difference.high == 0.0

    @property
    def worse_by(self) -> tuple[float, float, float]:
        """(mean, low, high) of how much worse it became; of how far it moved where no direction is better."""
        d = self.difference
        if self.better == "higher":
            return -d.mean, -d.high, -d.low
        if self.better == "lower":
            return d.mean, d.low, d.high
        if d.low > 0.0 or d.high < 0.0:
            ends = sorted((abs(d.low), abs(d.high)))
        else:
            ends = [0.0, max(abs(d.low), abs(d.high))] if math.isfinite(d.low) else [math.nan, math.nan]
        return abs(d.mean), ends[0], ends[1]

    @property
    def cells(self) -> tuple[Any, ...]:
        """Its row in a table, in the columns `_CHANGE`."""
        d = self.difference
        sides = self.row, self.metric, self.unit, self.better, self.before, self.after
        return *sides, *interval(d), d.n, self.paired, self.margin_si

    def to_dict(self) -> dict[str, Any]:
        """For --format json: SI, NaN as null."""
        saved = 1.0 - 1.0 / self.variance_ratio if self.variance_ratio > 0.0 else math.nan
        return {
            "metric": self.metric, "unit": self.unit, "better": self.better, "row": self.row,
            "before": finite(self.before), "after": finite(self.after),
            "difference": {
                "mean": finite(self.difference.mean), "ci_low": finite(self.difference.low),
                "ci_high": finite(self.difference.high), "n": self.difference.n,
            },
            "unpaired": {"ci_low": finite(self.unpaired.low), "ci_high": finite(self.unpaired.high)},
            "paired": self.paired, "variance_ratio": finite(self.variance_ratio),
            "variance_saved": finite(saved), "margin": str(self.margin), "verdict": self.verdict,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gate:
    """One `--fail-on`: passed, failed or undecided for one row.

    Attributes:
        change: what was judged.
        status: the outcome.
    """

    change: Change
    status: Literal["passed", "failed", "undecided"]


@dataclass(frozen=True, slots=True, repr=False)
class Compared(Drawn):
    """The whole comparison: rows in order, changes row by row, gates, explanations as plain mappings.

    Its plot: `.differences(metric)`.
    """

    _fragment = "simulator.report.compare_html:fragment"
    _plots = "simulator.report.answer_plots:ComparePlots"

    rows: tuple[ComparedRow, ...]
    changes: tuple[Change, ...]
    gates: tuple[Gate, ...] = ()
    explanations: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 0.95

    def of(self, row: str) -> list[Change]:
        """The changes of one row."""
        return [change for change in self.changes if change.row == row]

    @property
    def table(self) -> pd.DataFrame:
        """A row for each side and metric, SI: what it is in the first side (before) and in this one (after).

        Columns side, metric, unit, better, before, after, difference, ci_low, ci_high, n, paired, margin, verdict.
        """
        return frame([(*change.cells, change.verdict) for change in self.changes], (*_CHANGE, "verdict"))

    @property
    def gate_table(self) -> pd.DataFrame:
        """The same for each gate (`fail_on`), with its status: passed, failed or undecided."""
        return frame([(*gate.change.cells, gate.status) for gate in self.gates], (*_CHANGE, "status"))

    @property
    def causes(self) -> pd.DataFrame:
        """With `explain`: a row for each part of a change; the parts of one change add up to it.

        Columns side, what, cause, unit, difference, ci_low, ci_high, n.
        """
        rows = [
            (side, one.what, part.name, one.unit, *interval(part.change), part.change.n)
            for side, explanations in self.explanations.items()
            for one in explanations.values()
            for part in one.parts
        ]
        return frame(rows, ("side", "what", "cause", "unit", *INTERVAL, "n"))

    def __repr__(self) -> str:
        others = ", ".join(row.label for row in self.rows[1:])
        decided = sum(change.verdict not in ("undecided", "no value") for change in self.changes)
        return f"<Compared {others} against {self.rows[0].label}: {decided} of {len(self.changes)} differences decided>"

    def to_dict(self) -> dict[str, Any]:
        """For --format json."""
        return {
            "schema": 1,
            "confidence": self.confidence,
            "baseline": self.rows[0].label,
            "rows": [
                {
                    "label": r.label, "seed": r.seed, "replications": len(r.replications),
                    "scenario_hash": r.scenario_hash, "note": r.note,
                }
                for r in self.rows
            ],
            "changes": [change.to_dict() for change in self.changes],
            "gates": [
                {"metric": g.change.metric, "row": g.change.row, "margin": str(g.change.margin),
                 "status": g.status}
                for g in self.gates
            ],
            "explanations": {
                row: {key: part.to_dict() for key, part in parts.items()}
                for row, parts in self.explanations.items()
            },
        }  # fmt: skip


def compare_rows(
    rows: Sequence[ComparedRow],
    metrics: Sequence[str] = (),
    *,
    margins: Mapping[str, Margin] | None = None,
    gates: Sequence[tuple[str, Margin]] = (),
    confidence: float = 0.95,
) -> Compared:
    """Compare every row with the first one.

    Args:
        rows: at least two.
        metrics: names; empty: the default ones, less those that no row gives or that are equal everywhere.
        margins: what difference matters, by metric (others: USUAL_MARGIN).
        gates: `--fail-on`: (metric, margin).
        confidence: of each interval by itself.

    Raises:
        UnknownMetricError: a mistyped metric.
        MetricUnavailableError: a metric asked for by name, which a row does not give.
    """
    allowed = dict(margins or {})
    first = rows[0]
    changes = []
    for row in rows[1:]:
        for metric in metrics or DEFAULT_METRICS:
            margin = allowed.get(metric, USUAL_MARGIN)
            try:
                changes.append(change_of(first, row, metric, margin, confidence))
            except MetricUnavailableError:
                if metrics:
                    raise
    if not metrics:
        moved = {c.metric for c in changes if c.verdict != "no value" and not c.exactly_equal}
        changes = [c for c in changes if c.metric in moved]
    judged = tuple(
        _gate(change_of(first, row, metric, margin, confidence))
        for row in rows[1:]
        if not row.control
        for metric, margin in gates
    )
    return Compared(tuple(rows), tuple(changes), judged, confidence=confidence)


def change_of(
    first: ComparedRow, row: ComparedRow, metric: str, margin: Margin = NO_MARGIN, confidence: float = 0.95
) -> Change:
    """One metric of `row` against `first`. Raises UnknownMetricError, MetricUnavailableError."""
    parsed = parse_metric(metric)
    before, after = values_of(first.replications, metric), values_of(row.replications, metric)
    paired = first.seed == row.seed
    common = [r for r in before if r in after]
    left, right = list(before.values()), list(after.values())
    unpaired = welch_difference(left, right, confidence)
    ratio = math.nan
    if paired:
        left, right = [before[r] for r in common], [after[r] for r in common]
        unpaired = welch_difference(left, right, confidence)
        found = paired_difference(left, right, confidence)
        ratio, difference = found.variance_ratio, Interval(found.mean, found.low, found.high, found.n)
    else:
        difference = unpaired
    mean_before, mean_after = _mean(left), _mean(right)
    margin_si = margin.of(mean_before)
    return Change(
        metric=parsed.name, unit=parsed.unit, better=parsed.better, row=row.label, before=mean_before,
        after=mean_after, difference=difference, unpaired=unpaired, variance_ratio=ratio, paired=paired,
        margin=margin, margin_si=margin_si, verdict=verdict_of(difference, margin_si, parsed.better),
    )  # fmt: skip


def verdict_of(difference: Interval, margin: float, better: str) -> Verdict:
    """What an interval of a difference says, against a margin below which nobody minds.

    Beyond the margin as a whole: better or worse (higher, lower where no direction is better); inside it as a
    whole: same; clear of zero but reaching both sides of the margin: slightly; else undecided.
    """
    low, high = difference.low, difference.high
    if math.isnan(difference.mean):
        return "no value"
    if not math.isnan(low) and -margin <= low and high <= margin:
        return "same"
    if math.isnan(low) or low <= 0.0 <= high:
        return "undecided"
    return _WORDS[better != "none", (low > 0.0) != (better == "lower"), low > margin or high < -margin]


def values_of(replications: Sequence[Replication], metric: str) -> dict[int, float]:
    """Replication number -> value, less those that have none. Raises MetricUnavailableError where none has."""
    found: dict[int, float] = {}
    missing: MetricUnavailableError | None = None
    for replication in replications:
        try:
            value = metric_value(replication, metric)
        except MetricUnavailableError as error:
            missing = error
            continue
        if not math.isnan(value):
            found[replication.replication] = value
    if missing is not None and not found:
        raise missing
    return found


def _gate(change: Change) -> Gate:
    """Failed when the whole interval is worse by more than the margin, passed when none of it is."""
    _, low, high = change.worse_by
    if math.isnan(low):
        return Gate(change, "undecided")
    if low > change.margin_si:
        return Gate(change, "failed")
    return Gate(change, "passed" if high <= change.margin_si else "undecided")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
