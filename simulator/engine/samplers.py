"""Scalar draws at the speed of the request loop: one number a call, from blocks that are drawn ahead.

Apart from the laws (simulator.laws.distributions) because the request loop needs no more than this: small classes with
typed fields, which a compiler can make structs. A sampler is a function too: `sampler()` is `sampler.next()`.

May import: columns, numpy. Does not know laws or generators: whoever makes a sampler says how a block is filled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from mypy_extensions import i64
from numpy.typing import NDArray

from simulator.engine.columns import vector

NAN: Final = float("nan")

FIRST_BLOCK: Final = 16
LARGEST_BLOCK: Final = 4096


class Sampler:
    """Numbers of one kind, one after the other."""

    __slots__ = ()

    def next(self) -> float:
        """The next number."""
        raise NotImplementedError

    def always(self) -> float:
        """The number that each of the next ones will be; NaN if they differ."""
        return NAN

    def __call__(self) -> float:
        """The next number."""
        return self.next()


class Fixed(Sampler):
    """Always the same number."""

    __slots__ = ("_value",)

    def __init__(self, value: float) -> None:
        self._value = value

    def next(self) -> float:
        """The number."""
        return self._value

    def always(self) -> float:
        """The number."""
        return self._value


class Blocks(Sampler):
    """Numbers from blocks of 16, then 32, ... 4096, each of which `fill(n)` makes: an array, or a list."""

    __slots__ = ("_at", "_block", "_fill", "_length", "_size")

    def __init__(self, fill: Callable[[int], Sequence[float] | NDArray[np.float64]]) -> None:
        self._fill = fill
        self._block = vector([])
        self._at: i64 = 0  # where the next number is
        self._length: i64 = 0
        self._size = FIRST_BLOCK

    def next(self) -> float:
        """The next number."""
        at = self._at
        if at == self._length:
            self._next_block()
            at = 0
        self._at = at + 1
        return self._block[at]

    def _next_block(self) -> None:
        self._block = vector(self._fill(self._size))
        self._length = len(self._block)
        self._size = min(2 * self._size, LARGEST_BLOCK)


class Sum(Sampler):
    """One number that is the sum of several, added in their order (latency + jitter + last mile)."""

    __slots__ = ("_first", "_others")

    def __init__(self, first: Sampler, others: Sequence[Sampler]) -> None:
        self._first = first
        self._others = list(others)

    def next(self) -> float:
        """The next sum."""
        total = self._first.next()
        for other in self._others:
            total += other.next()
        return total

    def always(self) -> float:
        """The sum, where no part of it is random."""
        total = self._first.always()
        for other in self._others:
            total += other.always()
        return total


class Shifted(Sampler):
    """`add` more than another."""

    __slots__ = ("_add", "_other")

    def __init__(self, add: float, other: Sampler) -> None:
        self._add = add
        self._other = other

    def next(self) -> float:
        """The next number."""
        return self._add + self._other.next()

    def always(self) -> float:
        """The sum, where the other is always the same."""
        return self._add + self._other.always()


class Scaled(Sampler):
    """`factor` times another."""

    __slots__ = ("_factor", "_other")

    def __init__(self, factor: float, other: Sampler) -> None:
        self._factor = factor
        self._other = other

    def next(self) -> float:
        """The next number."""
        return self._factor * self._other.next()

    def always(self) -> float:
        """The product, where the other is always the same."""
        return self._factor * self._other.always()


def sum_of(*samplers: Sampler) -> Sampler:
    """The sum of some samplers; of none: zero."""
    if not samplers:
        return Fixed(0.0)
    return samplers[0] if len(samplers) == 1 else Sum(samplers[0], samplers[1:])
