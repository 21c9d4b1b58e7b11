"""From replications to a summary: estimates with intervals, verdicts on expectations, summary.json.

May import observe and stats. Works on plain values (no pandas), so that a terminal summary stays quick.
Means are over the replications that have a value; `n` says how many did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulator.metrics.events import TRACE_READ
from simulator.metrics.expectations import Verdict, parse_expectation
from simulator.metrics.names import MetricUnavailableError, parse_metric, unit_of
from simulator.observe.result import Replication
from simulator.observe.values import metric_names, metric_value
from simulator.statistics.intervals import Interval, mean_interval


class Estimate(float):
    """A metric's mean over replications; a float that also knows its interval.

    Attributes:
        low, high: ends of the 95 % interval (NaN with fewer than two values).
        n: replications with a value.
        unit: SI unit.
        by_replication: one value per replication (NaN where it has none).
    """

    __slots__ = ("by_replication", "high", "low", "n", "unit")
    low: float
    high: float
    n: int
    unit: str
    by_replication: tuple[float, ...]

    def __new__(cls, values: Sequence[float], unit: str) -> Estimate:
        """The estimate from one value per replication."""
        known = [v for v in values if not math.isnan(v)]
        one = known[0] if known else math.nan  # without an interval; most are so in a large sweep
        interval = mean_interval(known) if len(known) > 1 else Interval(one, math.nan, math.nan, len(known))
        self = super().__new__(cls, interval.mean)
        self.low, self.high, self.n = interval.low, interval.high, interval.n
        self.unit, self.by_replication = unit, tuple(values)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Estimate, (self.by_replication, self.unit)

    @property
    def mean(self) -> float:
        """The mean as a plain float."""
        return float(self)

    @property
    def half_width(self) -> float:
        """Half of the interval's width (NaN without an interval)."""
        return (self.high - self.low) / 2.0

    def to_dict(self) -> dict[str, Any]:
        """The entry of summary.json: NaN becomes null."""
        return {
            "mean": finite(self.mean),
            "ci_low": finite(self.low),
            "ci_high": finite(self.high),
            "n": self.n,
            "unit": self.unit,
            "per_replication": [finite(v) for v in self.by_replication],
        }

    def __repr__(self) -> str:
        interval = "" if math.isnan(self.low) else f" ± {self.half_width:.2g}"
        return f"{self.mean:.6g}{interval} {'' if self.unit in ('1', 'ratio') else self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class JudgedExpectation:
    """An expectation with its verdict. `mean`, `ci_low`, `ci_high` are None where there is no value.

    Attributes:
        text: as written.
        metric, op, value, each: taken apart; `value` in SI.
        verdict: met, missed or undecided.
        note: why it is undecided, or which replications missed.
    """

    text: str
    metric: str
    op: str
    value: float
    each: bool
    verdict: Verdict
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    unit: str
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The entry of summary.json."""
        return asdict(self)


def finite(value: float) -> float | None:
    """The value, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def estimate(replications: Sequence[Replication], name: str) -> Estimate:
    """Any metric by name, computed ones included.

    Raises:
        UnknownMetricError: no such metric.
        MetricUnavailableError: no replication gives it.
    """
    values: list[float] = []
    missing: list[MetricUnavailableError] = []
    for replication in replications:
        try:
            values.append(metric_value(replication, name))
        except MetricUnavailableError as error:
            missing.append(error)
            values.append(math.nan)
    if missing and len(missing) == len(replications):  # where one gives it as NaN, it is known but not carried
        raise missing[-1]
    if not replications:
        parse_metric(name)
    return Estimate(values, unit_of(name))


def estimates(replications: Sequence[Replication], extra: Iterable[str] = ()) -> dict[str, Estimate]:
    """Every metric that the replications give, and those of `extra` that they can."""
    names = dict.fromkeys(name for r in replications for name in metric_names(r))
    found = {name: estimate(replications, name) for name in names}
    for name in extra:
        if name not in found and replications:
            try:
                found[name] = estimate(replications, name)
            except MetricUnavailableError:
                continue
    return found


def judge(replications: Sequence[Replication], texts: Iterable[str]) -> list[JudgedExpectation]:
    """Judge expectations. Raises ValueError for text that is none; a metric not given here is undecided."""
    return [_judge_one(replications, text) for text in texts]


def _judge_one(replications: Sequence[Replication], text: str) -> JudgedExpectation:
    expectation = parse_expectation(text)
    name = expectation.metric.name
    note = ""
    try:
        found = estimate(replications, name)
    except MetricUnavailableError as error:
        found, note = Estimate((), expectation.metric.unit), str(error)
    verdict = expectation.judge(found.by_replication, found.low, found.high)
    missing = [str(r.replication) for r, v in zip(replications, found.by_replication, strict=False) if math.isnan(v)]
    if missing:
        note = f"no value in replication {', '.join(missing)}"
    elif verdict == "undecided" and not note:
        note = "the interval holds the bound: more replications decide" if replications else "nothing finished"
    elif verdict == "missed" and expectation.each and len(replications) > 1:
        bad = [str(r.replication) for r, v in zip(replications, found.by_replication, strict=True)
               if not expectation.holds(v)]  # fmt: skip
        note = f"missed in replication {', '.join(bad)}"
    return JudgedExpectation(
        text=text, metric=name, op=expectation.op, value=expectation.value, each=expectation.each,
        verdict=verdict, mean=finite(found.mean), ci_low=finite(found.low), ci_high=finite(found.high),
        unit=found.unit, note=note,
    )  # fmt: skip


def invariants_of(replications: Sequence[Replication]) -> dict[str, Any]:
    """How many checks were made, and every violation with its replication."""
    violations = [
        {"replication": r.replication, "violation": v} for r in replications for v in r.invariants.get("violations", [])
    ]
    checked = sum(int(r.invariants.get("checked", 0)) for r in replications)
    return {"checked": checked, "violations": violations}


def run_facts(replications: Sequence[Replication]) -> dict[str, Any]:
    """What the run cost: wall-clock seconds inside the replications, requests, events, memory."""
    wall_s = sum(r.wall_s for r in replications)
    requests = sum(r.totals.get("requests.simulated", r.totals.get("requests", 0)) for r in replications)
    return {
        "wall_s": wall_s,
        "requests": requests,
        "events": sum(r.n_events for r in replications),
        "requests_per_wall_s": requests / wall_s if wall_s > 0.0 else None,
        "peak_rss_bytes": max((r.peak_rss_bytes for r in replications), default=0),
    }


def traces_read(replications: Sequence[Replication]) -> dict[str, Any]:
    """What became of the lines of the logs that were played, by client group."""
    events = replications[0].events if replications else []
    return {str(event["target"]): dict(event["detail"]) for event in events if event["kind"] == TRACE_READ}


def metrics_dict(found: Mapping[str, Estimate]) -> dict[str, Any]:
    """The "metrics" of summary.json."""
    return {name: value.to_dict() for name, value in found.items()}
