"""A column of floats in the buckets of a histogram, found once for all histograms that it goes into.

A bucket is the sign-free float's exponent and its top 10 mantissa bits: 1024 buckets per power of two, each at most
1/1024 (0.098 %) wide. Indexing is a shift of the bit pattern: exact, and the same on every machine (HdrHistogram's
idea, http://hdrhistogram.org, on the float's own layout). Zero and negative values share one underflow bucket that
counts as zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SHIFT = 42  # of the double's 52 mantissa bits, 10 remain
UNDERFLOW = -1  # index of the bucket of values <= 0


class Binned:
    """A column of values: the bucket of each, in their order, and their moments.

    Raises ValueError at NaN or infinity: neither is a measurement.
    """

    __slots__ = ("_values", "buckets", "max", "min", "sum")

    buckets: NDArray[np.int64]

    def __init__(self, values: NDArray[np.float64]) -> None:
        data = np.ascontiguousarray(values, dtype=np.float64).ravel()
        self.min, self.max, self.sum = np.inf, -np.inf, 0.0
        if data.size:
            self.min, self.max, self.sum = float(data.min()), float(data.max()), float(data.sum())
            if not (math.isfinite(self.min) and math.isfinite(self.max)):
                raise ValueError("a histogram takes finite values only")
        self._values = data
        self.buckets = data.view(np.int64) >> SHIFT
        if self.min <= 0.0:
            self.buckets = np.where(data > 0.0, self.buckets, UNDERFLOW)

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
        sizes = np.bincount(codes)
        order = np.argsort(codes.astype(np.min_scalar_type(len(sizes))), kind="stable")  # small integers sort fastest
        values, buckets = self._values[order], self.buckets[order]
        present = np.flatnonzero(sizes)
        ends = sizes[present].cumsum()
        starts = ends - sizes[present]
        lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        for number, code in enumerate(present.tolist()):
            part, span = Binned.__new__(Binned), slice(starts[number], ends[number])
            part._values, part.buckets = values[span], buckets[span].copy()  # who keeps a part does not keep the whole
            part.min, part.max, part.sum = float(lowest[number]), float(highest[number]), float(values[span].sum())
            yield code, part


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
