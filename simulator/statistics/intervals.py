"""The statistics of simulation output: intervals, paired differences, batch means, warm-up.

May import numpy, and scipy.special inside functions (it is light; scipy.stats is not). Knows no metric.
An interval that does not exist (fewer than two values, or a NaN among them) has NaN ends.

Sources: Law, Simulation Modeling and Analysis (5th ed.), ch. 9 and 10; White, Cobb & Spratt (2000), "A
comparison of five steady-state truncation heuristics", for MSER-5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval; `low` and `high` are NaN where there is none."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Half of the interval's width (NaN without an interval)."""
        return (self.high - self.low) / 2.0

    @property
    def decided(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True, slots=True)
class Difference(Interval):
    """The mean of b - a with its interval, and what pairing was worth.

    Attributes:
        variance_ratio: variance of the unpaired difference / of the paired one (above 1: pairing helped;
            NaN where it cannot be known).
    """

    variance_ratio: float


def t_quantile(p: float, degrees: float) -> float:
    """The p-quantile of Student's t with that many degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, p))


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean and Student-t interval of independent values (one a replication)."""
    data = np.asarray(values, dtype=np.float64)
    n = int(data.size)
    mean = float(data.mean()) if n else math.nan
    if n < 2 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, n)
    half = t_quantile(0.5 + confidence / 2.0, n - 1) * float(data.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def mean_intervals(table: NDArray[np.float64], confidence: float = 0.95) -> NDArray[np.float64]:
    """The same for many metrics at once: (n, metrics) -> (metrics, 3) of mean, low, high."""
    n = table.shape[0]
    with np.errstate(invalid="ignore"):
        mean = table.mean(axis=0) if n else np.full(table.shape[1], math.nan)
        if n < 2:
            return np.stack([mean, np.full_like(mean, math.nan), np.full_like(mean, math.nan)], axis=1)
        half = t_quantile(0.5 + confidence / 2.0, n - 1) * table.std(axis=0, ddof=1) / math.sqrt(n)
        half = np.where(np.isfinite(mean), half, math.nan)
    return np.stack([mean, mean - half, mean + half], axis=1)


def paired_difference(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Difference:
    """Mean of b - a with its interval, replication by replication (common random numbers).

    Raises ValueError where the two do not have the same number of replications.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"not pairs: {first.size} replications against {second.size}")
    interval = mean_interval(second - first, confidence)
    ratio = math.nan
    if first.size > 1:
        paired = float(np.var(second - first, ddof=1))
        if paired > 0.0:
            ratio = float(np.var(first, ddof=1) + np.var(second, ddof=1)) / paired
    return Difference(interval.mean, interval.low, interval.high, interval.n, ratio)


def welch_difference(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of b - a with Welch's interval: independent samples of unequal variances."""
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    n = min(first.size, second.size)
    mean = float(second.mean() - first.mean()) if n else math.nan
    if n < 2 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, n)
    u = float(first.var(ddof=1)) / first.size
    v = float(second.var(ddof=1)) / second.size
    if u + v == 0.0:
        return Interval(mean, mean, mean, n)
    degrees = (u + v) ** 2 / (u**2 / (first.size - 1) + v**2 / (second.size - 1))
    half = t_quantile(0.5 + confidence / 2.0, degrees) * math.sqrt(u + v)
    return Interval(mean, mean - half, mean + half, n)


def batch_means(series: ArrayLike, batches: int = 20, confidence: float = 0.95) -> Interval:
    """Interval of the mean of one long, correlated, stationary series, from means of equal batches.

    What does not fill the last batch is left off at the start. Raises ValueError below 2 values a batch.
    """
    data = np.asarray(series, dtype=np.float64)
    size = data.size // batches
    if batches < 2 or size < 2:
        raise ValueError(f"{data.size} values do not make {batches} batches")
    return mean_interval(data[data.size - size * batches :].reshape(batches, size).mean(axis=1), confidence)


def mser5(series: ArrayLike, batch: int = 5) -> int:
    """Where the warm-up of a series ends: the number of leading values to cut (a multiple of `batch`).

    Means of `batch` values; the cut minimises the standard error of what remains, over cuts in the first half
    (White 1997: a minimum beyond the half says the series is too short; then half is cut).
    """
    data = np.asarray(series, dtype=np.float64)
    count = data.size // batch
    if count < 2:
        return 0
    means = data[: count * batch].reshape(count, batch).mean(axis=1)
    means = means - means.mean()  # the same cut, with less rounding
    left = np.arange(count, 0, -1, dtype=np.float64)
    total = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means**2)[::-1])[::-1]
    statistic = np.maximum(squares - total**2 / left, 0.0) / left**2
    return int(np.argmin(statistic[: count // 2 + 1])) * batch
