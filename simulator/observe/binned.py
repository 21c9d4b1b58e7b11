"""A column of floats sorted into a histogram's buckets once, for all histograms that it goes into.

A bucket is the sign-free float's exponent and its top 10 mantissa bits: 1024 buckets per power of two, each at most
1/1024 (0.098 %) wide. Indexing is a shift of the bit pattern: exact, and the same on every machine (HdrHistogram's
idea, http://hdrhistogram.org, on the float's own layout). Zero and negative values share one underflow bucket that
counts as zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SHIFT = 42  # of the double's 52 mantissa bits, 10 remain
UNDERFLOW = -1  # index of the bucket of values <= 0


class Binned:
    """A column of values: which buckets they fall in (`index`, ascending), how many in each, and their moments.

    Raises ValueError at NaN or infinity: neither is a measurement.
    """

    __slots__ = ("_buckets", "_values", "counts", "index", "max", "min", "sum")

    index: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __init__(self, values: NDArray[np.float64]) -> None:
        data = np.ascontiguousarray(values, dtype=np.float64).ravel()
        self.min, self.max, self.sum = np.inf, -np.inf, 0.0
        if data.size:
            self.min, self.max, self.sum = float(data.min()), float(data.max()), float(data.sum())
            if not (np.isfinite(self.min) and np.isfinite(self.max)):
                raise ValueError("a histogram takes finite values only")
        self._values = data
        self._buckets = data.view(np.int64) >> SHIFT
        if self.min <= 0.0:
            self._buckets = np.where(data > 0.0, self._buckets, UNDERFLOW)
        self.index, self.counts = _counted(self._buckets)

    @property
    def size(self) -> int:
        """Number of values."""
        return self._values.size

    def split(self, codes: NDArray[np.integer]) -> Iterator[tuple[int, Binned]]:
        """The values of each code that occurs, in their order: (code, column), by ascending code.

        `codes` has a small number >= 0 for each value. Each column is as if it were made of its values alone; the
        buckets of all are looked up once.
        """
        if not self.size:
            return
        table = self._table(codes)
        order = np.argsort(codes.astype(np.min_scalar_type(len(table))), kind="stable")  # small integers sort fastest
        values, buckets = self._values[order], self._buckets[order]
        sizes = table.sum(axis=1)
        present = np.flatnonzero(sizes)
        ends = sizes[present].cumsum()
        starts = ends - sizes[present]
        lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        for number, code in enumerate(present.tolist()):
            part, span = Binned.__new__(Binned), slice(starts[number], ends[number])
            part._values, part._buckets = values[span], buckets[span]
            part.min, part.max, part.sum = float(lowest[number]), float(highest[number]), float(values[span].sum())
            places = table[code].nonzero()[0]
            part.index, part.counts = self.index[places], table[code, places]
            yield code, part

    def _table(self, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """How many values of each code (rows) fall in each bucket of `index` (columns)."""
        first, n_codes, n = self.index[0], int(codes.max()) + 1, self.index.size
        place = np.empty(self.index[-1] - first + 1, dtype=np.int64)  # of a bucket in `index`
        place[self.index - first] = np.arange(n)
        counts = np.bincount(codes * n + place[self._buckets - first], minlength=n_codes * n)
        return counts.astype(np.int64, copy=False).reshape(n_codes, n)


def added_up(index: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct buckets, ascending, with the sums of their counts, by a dense array from the lowest to the highest.

    The underflow bucket, far below all others, takes the place before the lowest. Sums are exact below 2^53.
    """
    above = index[index != UNDERFLOW]
    before = int(above.min()) - 1 if above.size else 0
    sums = np.bincount(np.maximum(index - before, 0), weights=counts)
    places = np.flatnonzero(sums)
    distinct = places + before
    distinct[places == 0] = UNDERFLOW
    return distinct, sums[places].astype(np.int64)


def _counted(buckets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which buckets occur, ascending, and how often: `numpy.unique`, but where they lie dense without sorting."""
    if buckets.size:
        first = int(buckets.min())
        if int(buckets.max()) - first < buckets.size:
            every = np.bincount(buckets - first)
            places = np.flatnonzero(every)
            return places + first, every[places].astype(np.int64, copy=False)
    index, counts = np.unique(buckets, return_counts=True)
    return index, counts.astype(np.int64, copy=False)
