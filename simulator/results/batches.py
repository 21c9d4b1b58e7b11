"""Intervals from one long run: means of batches of its windows (the method of batch means).

May import stats and observe. Works on the metrics that have a time series. A ratio's windows are weighted
with what they are a share of. Batches are independent only if they are long against the memory of the system:
the correlation of neighbours is given, and a run whose batches still remember each other says so.
Source: Law & Kelton, Simulation Modeling and Analysis, ch. 9.5.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.statistics.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from simulator.observe.result import Replication

BATCHES: Final = 20
_PARTS: Final = {
    "hit_ratio.l1": ("hits.l1.rate", ("hits.l1.rate", "delayed.l1.rate", "misses.l1.rate")),
}
"""Ratios of sums: metric -> (series on top, series below)."""
BATCHED: Final = (
    "hit_ratio.l1", "goodput", "requests.rate", "core.requests.rate", "storage.reads.rate", "migrations.rate",
    "stickiness.mean",
)  # fmt: skip


class TooShortError(InputError):
    """The run has too few windows for batches."""


@dataclass(frozen=True, slots=True)
class BatchMeans:
    """A metric of one long run.

    Attributes:
        metric: its name.
        interval: mean and Student-t interval over the batches (SI).
        batches: how many.
        batch_s: seconds a batch.
        correlation: of neighbouring batches (-1..1); 0 for independent ones.
    """

    metric: str
    interval: Interval
    batches: int
    batch_s: float
    correlation: float

    @property
    def trusted(self) -> bool:
        """Whether neighbours look independent: their correlation is inside its own 95 % noise band."""
        return self.correlation <= 1.645 / math.sqrt(self.batches)


def batch_means(
    replication: Replication, metric: str, *, warmup_s: float, window_s: float, batches: int = BATCHES
) -> BatchMeans:
    """The interval of a metric of one replication, from its windows after `warmup_s`.

    Raises:
        KeyError: no time series of that metric.
        TooShortError: fewer than two windows a batch.
    """
    top, below = _series(replication, metric, warmup_s)
    size = top.size // batches
    if size < 2:
        raise TooShortError(
            f"{top.size} windows do not make {batches} batches: run for at least "
            f"{2 * batches * window_s + warmup_s:g} s, or use replications"
        )
    cut = top.size - size * batches
    sums = top[cut:].reshape(batches, size).sum(axis=1)
    weights = below[cut:].reshape(batches, size).sum(axis=1)
    if not weights.all():
        raise TooShortError(f"a batch of {metric} holds nothing to measure")
    means = sums / weights
    interval = mean_interval(means)
    ratio = float(sums.sum() / weights.sum())  # the run's own value; the batches say how sure it is
    half = interval.half_width
    centred = means - means.mean()
    power = float((centred**2).sum())
    correlation = float((centred[1:] * centred[:-1]).sum()) / power if power > 0.0 else 0.0
    return BatchMeans(
        metric, Interval(ratio, ratio - half, ratio + half, batches), batches, size * window_s, correlation
    )


def all_batch_means(
    replication: Replication, *, warmup_s: float, window_s: float, batches: int = BATCHES
) -> list[BatchMeans]:
    """Those metrics of BATCHED that the run gives. Raises TooShortError."""
    found = []
    for metric in BATCHED:
        try:
            found.append(batch_means(replication, metric, warmup_s=warmup_s, window_s=window_s, batches=batches))
        except KeyError:
            continue
    return found


def _series(replication: Replication, metric: str, warmup_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(numerator, denominator) a window."""
    top_name, below_names = _PARTS.get(metric, (metric, ()))
    starts, top = _summed(replication, (top_name,), warmup_s)
    if below_names:
        return top, _summed(replication, below_names, warmup_s, starts)[1]
    known = np.isfinite(top)
    return top[known], np.ones(int(known.sum()))


def _summed(
    replication: Replication, names: Sequence[str], warmup_s: float, starts: Sequence[float] | None = None
) -> tuple[list[float], NDArray[np.float64]]:
    """Start times and, window by window, the sum over series (and their labels, where only those exist)."""
    series = replication.timeseries
    columns = (series["t_s"], series["metric"], series["label"], series["value"])
    rows: dict[float, float] = {} if starts is None else dict.fromkeys(starts, 0.0)
    whole = {m for _, m, label, _ in zip(*columns, strict=True) if m in names and not label}
    for t, metric, label, value in zip(*columns, strict=True):
        if metric in names and (not label or metric not in whole) and t >= warmup_s - 1e-9:
            rows[t] = rows.get(t, 0.0) + value
    if not rows:
        raise KeyError(names[0])
    return list(rows), np.array(list(rows.values()), dtype=np.float64)
