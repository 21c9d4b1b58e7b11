"""A histogram of positive floats with 0.1 % resolution, however many values it holds.

What its buckets are is said in `binned`: 1024 per power of two. Only buckets in use are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.observe.binned import SHIFT, UNDERFLOW, Binned, added_up

_PENDING_MAX = 4096  # single values are collected up to here before they are sorted in
_WAITING_MAX = 8192  # the buckets of columns are collected up to here before they are counted


class Histogram:
    """Counts of values by bucket; merging two is the same as adding both sets of values.

    Every order statistic is known to better than 0.1 %; `count`, `sum`, `min` and `max` are exact.
    """

    __slots__ = ("_counts", "_index", "_max", "_min", "_n", "_pending", "_sum", "_waiting", "_waiting_size")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._index: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._counts: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._pending: list[float] = []
        self._waiting: list[NDArray[np.int64]] = []
        self._waiting_size = 0
        self._n = 0
        self._sum = 0.0
        self._min = np.inf
        self._max = -np.inf
        data = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
        if data.size:
            self.add_many(data)

    # -- filling --------------------------------------------------------------------------------------

    def add(self, value: float) -> None:
        """Add one value (collected, and sorted in by the thousands)."""
        pending = self._pending
        pending.append(value)
        if len(pending) >= _PENDING_MAX:
            self._flush()

    def add_many(self, values: NDArray[np.float64]) -> None:
        """Add an array of values. Raises ValueError at NaN or infinity: neither is a measurement."""
        self.add_binned(Binned(values))

    def add_binned(self, binned: Binned) -> None:
        """Add a column whose buckets are known: the same as adding its values."""
        if not binned.size:
            return
        self._waiting.append(binned.buckets)
        self._waiting_size += binned.size
        if self._waiting_size >= _WAITING_MAX:
            self._count_waiting()
        self._n += binned.size
        self._sum += binned.sum
        self._min = min(self._min, binned.min)
        self._max = max(self._max, binned.max)

    def merge(self, other: Histogram) -> Histogram:
        """Add everything that `other` holds; returns self."""
        other._flush()
        self._flush()
        if other._n:
            self._add_buckets(other._index, other._counts)
            self._n += other._n
            self._sum += other._sum
            self._min = min(self._min, other._min)
            self._max = max(self._max, other._max)
        return self

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """A new histogram of all values of `parts`."""
        result = cls()
        for part in parts:
            result.merge(part)
        return result

    def _count_waiting(self) -> None:
        buckets = np.concatenate(self._waiting)
        self._add_buckets(buckets, np.ones(buckets.size, dtype=np.int64))
        self._waiting.clear()
        self._waiting_size = 0

    def _add_buckets(self, index: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self._index, self._counts = added_up(
            np.concatenate((self._index, index)), np.concatenate((self._counts, counts))
        )

    def _flush(self) -> None:
        if self._pending:
            data = np.array(self._pending, dtype=np.float64)
            self._pending.clear()
            self.add_many(data)
        if self._waiting:
            self._count_waiting()

    # -- reading --------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Number of values."""
        return self._n + len(self._pending)

    @property
    def sum(self) -> float:
        """Sum of the values."""
        self._flush()
        return self._sum

    @property
    def mean(self) -> float:
        """Mean of the values; NaN when empty."""
        self._flush()
        return self._sum / self._n if self._n else float("nan")

    @property
    def min(self) -> float:
        """Smallest value; NaN when empty."""
        self._flush()
        return float(self._min) if self._n else float("nan")

    @property
    def max(self) -> float:
        """Largest value; NaN when empty."""
        self._flush()
        return float(self._max) if self._n else float("nan")

    def percentile(self, q: float) -> float:
        """The q-th percentile (q in 0..100), within 0.1 % of `numpy.percentile`'s linear definition.

        Positive values only are covered by the bound; NaN when empty.
        """
        if not 0.0 <= q <= 100.0:
            raise ValueError(f"a percentile lies between 0 and 100, not {q}")
        self._flush()
        if self._n == 0:
            return float("nan")
        rank = (self._n - 1) * q / 100.0
        below = int(rank)
        weight = rank - below
        value = self._order_statistic(below)
        if weight > 0.0:
            value += weight * (self._order_statistic(min(below + 1, self._n - 1)) - value)
        return value

    def fraction_below(self, x: float) -> float:
        """Share of the values <= x, interpolated inside x's bucket; NaN when empty."""
        self._flush()
        if self._n == 0:
            return float("nan")
        if x >= self._max:
            return 1.0
        if x < self._min:
            return 0.0
        bucket = int(np.array([x], dtype=np.float64).view(np.int64)[0]) >> SHIFT if x > 0.0 else UNDERFLOW
        place = int(np.searchsorted(self._index, bucket))
        count = float(self._counts[:place].sum())
        if place < self._index.size and int(self._index[place]) == bucket:
            low, high = self._edges(place)
            share = 1.0 if high <= low else min(1.0, max(0.0, (x - low) / (high - low)))
            count += share * float(self._counts[place])
        return count / self._n

    def ccdf(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Upper bucket edges and the share of values above each: two arrays, x ascending."""
        self._flush()
        edges = _upper_edges(self._index)
        above = 1.0 - np.cumsum(self._counts) / max(1, self._n)
        return edges, np.maximum(above, 0.0)

    def _order_statistic(self, k: int) -> float:
        """The k-th smallest value (from 0), placed evenly inside its bucket."""
        if k <= 0:
            return float(self._min)
        if k >= self._n - 1:
            return float(self._max)
        cumulated = np.cumsum(self._counts)
        place = int(np.searchsorted(cumulated, k, side="right"))
        low, high = self._edges(place)
        before = int(cumulated[place]) - int(self._counts[place])
        return low + (high - low) * (k - before + 0.5) / int(self._counts[place])

    def _edges(self, place: int) -> tuple[float, float]:
        """Lowest and highest value that the bucket at `place` can hold, given the exact min and max."""
        bucket = int(self._index[place])
        if bucket == UNDERFLOW:
            return min(float(self._min), 0.0), 0.0
        low, high = (np.array([bucket, bucket + 1], dtype=np.int64) << SHIFT).view(np.float64).tolist()
        return max(low, float(self._min)), min(high, float(self._max))

    # -- storing --------------------------------------------------------------------------------------

    @property
    def buckets(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The buckets in use, ascending, and how many values each holds. Not to be changed."""
        self._flush()
        return self._index, self._counts

    def to_columns(self) -> dict[str, Any]:
        """The whole state as plain values: bucket, count (lists), n, sum, min, max."""
        index, counts = self.buckets
        return {
            "bucket": index.tolist(),
            "count": counts.tolist(),
            "n": self._n,
            "sum": self._sum,
            "min": float(self._min),
            "max": float(self._max),
        }

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Histogram:
        """The histogram that `to_columns` wrote. Raises ValueError where the columns do not agree."""
        result = cls()
        result._index = np.array(columns["bucket"], dtype=np.int64)
        result._counts = np.array(columns["count"], dtype=np.int64)
        result._n = int(columns["n"])
        result._sum = float(columns["sum"])
        result._min = float(columns["min"])
        result._max = float(columns["max"])
        if result._index.size != result._counts.size or int(result._counts.sum()) != result._n:
            raise ValueError("not a histogram: its counts do not add up")
        return result

    def __getstate__(self) -> dict[str, Any]:
        self._flush()
        return {
            "index": self._index, "counts": self._counts,
            "n": self._n, "sum": self._sum, "min": self._min, "max": self._max,
        }  # fmt: skip

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._index, self._counts = state["index"], state["counts"]
        self._n, self._sum = state["n"], state["sum"]
        self._min, self._max = state["min"], state["max"]
        self._pending, self._waiting, self._waiting_size = [], [], 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_columns() == other.to_columns()

    __hash__ = None  # type: ignore[assignment]  # mutable, and mypy knows no other way to say so

    def __len__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        if not self.count:
            return "Histogram(empty)"
        return f"Histogram(n={self.count}, mean={self.mean:.6g}, p99={self.percentile(99):.6g})"


def _upper_edges(index: NDArray[np.int64] | Sequence[int]) -> NDArray[np.float64]:
    upper = (np.asarray(index, dtype=np.int64) + 1) << SHIFT
    return np.where(upper > 0, upper.view(np.float64), 0.0)
