"""What wins, on what, and at what price: rows of results compared metric by metric.

May import stats and summary. Differences are paired replication by replication (common random numbers), so
rows must have been played with the same seed; replications that one of them lacks are left out of the pair.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.metrics.names import MetricUnavailableError, parse_metric
from simulator.observe.result import Replication
from simulator.observe.values import metric_value
from simulator.results.summary import Estimate, estimate
from simulator.statistics.intervals import Difference, paired_difference


@dataclass(frozen=True, slots=True)
class Lead:
    """A metric's best row.

    Attributes:
        metric: its name.
        best: the row with the best mean.
        second: the next best.
        difference: best - second.
        decided: whether the best differs from every other row beyond its interval.
        shared: whether the best two are exactly equal (then nobody wins).
    """

    metric: str
    best: str
    second: str
    difference: Difference
    decided: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows by metric: estimates, and the leader of each metric that has a better direction.

    Attributes:
        rows: names in their order.
        estimates: (row, metric) -> estimate; pairs without a value are absent.
        leads: metric -> its best row, for metrics that differ at all.
    """

    rows: tuple[str, ...]
    metrics: tuple[str, ...]
    estimates: Mapping[tuple[str, str], Estimate]
    leads: Mapping[str, Lead]
    replications: Mapping[str, Sequence[Replication]]

    def difference(self, metric: str, a: str, b: str) -> Difference:
        """The paired difference b - a of one metric."""
        return difference(self.replications[a], self.replications[b], metric)

    def wins(self, row: str, *, decided: bool = True) -> list[str]:
        """The metrics that a row leads (beyond its interval, or by its mean alone)."""
        return [
            metric
            for metric, lead in self.leads.items()
            if lead.best == row and not lead.shared and (lead.decided or not decided)
        ]


def difference(a: Sequence[Replication], b: Sequence[Replication], metric: str) -> Difference:
    """The paired difference b - a over the replications that both have; NaN where there are none."""
    left, right = _values(a, metric), _values(b, metric)
    common = [r for r in left if r in right and not math.isnan(left[r]) and not math.isnan(right[r])]
    return paired_difference([left[r] for r in common], [right[r] for r in common])


def compare(replications: Mapping[str, Sequence[Replication]], metrics: Sequence[str]) -> Comparison:
    """Compare rows of replications by the given metrics. Raises UnknownMetricError for a mistyped one."""
    rows = tuple(replications)
    found: dict[tuple[str, str], Estimate] = {}
    for row in rows:
        for metric in metrics:
            try:
                value = estimate(replications[row], metric)
            except MetricUnavailableError:
                continue
            if not math.isnan(value):
                found[row, metric] = value
    leads: dict[str, Lead] = {}
    for metric in metrics:
        lead = _lead(replications, metric, {row: found[row, metric] for row in rows if (row, metric) in found})
        if lead is not None:
            leads[metric] = lead
    return Comparison(rows, tuple(metrics), found, leads, dict(replications))


def _lead(
    replications: Mapping[str, Sequence[Replication]], metric: str, values: Mapping[str, Estimate]
) -> Lead | None:
    """The best row of a metric; None where it has no better direction or all rows are equal."""
    better = parse_metric(metric).better
    if better == "none" or len(values) < 2:
        return None
    ranked = sorted(values, key=lambda row: values[row], reverse=better == "higher")
    best, second = ranked[0], ranked[1]
    if float(values[best]) == float(values[ranked[-1]]):
        return None
    shared = float(values[best]) == float(values[second])
    others = [difference(replications[row], replications[best], metric) for row in ranked[1:]]
    return Lead(metric, best, second, others[0], all(d.decided for d in others), shared)


def _values(replications: Sequence[Replication], metric: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for replication in replications:
        try:
            found[replication.replication] = metric_value(replication, metric)
        except MetricUnavailableError:
            continue
    return found
