"""Columns of numbers of compiled runs, side by side in memory. May import: librt, numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from librt.vecs import append, vec
from mypy_extensions import i64
from numpy.typing import NDArray

Vector: TypeAlias = vec[float]


def vector(numbers: Sequence[float] | NDArray[np.float64]) -> Vector:
    """These numbers, to be looked up by their places; of an array its memory is copied as it is."""
    made: Any = vec[float]
    copied: Vector = made(numbers)
    return copied


def _buffer(numbers: Any) -> Any:
    """The same: an array can be made of what is in it, which its declared type does not say."""
    return numbers


class PackedFloats:
    """Numbers, one after the other."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = vec[float]()

    def __len__(self) -> int:
        return len(self._numbers)

    def append(self, number: float) -> None:
        """One more."""
        self._numbers = append(self._numbers, number)

    def take(self) -> NDArray[np.float64]:
        """The numbers, of which none is left here."""
        numbers = self._numbers
        self._numbers = vec[float]()
        return np.frombuffer(_buffer(numbers)) if len(numbers) else np.empty(0)


class PackedInts:
    """Whole numbers, one after the other."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = vec[i64]()

    def __len__(self) -> int:
        return len(self._numbers)

    def append(self, number: i64) -> None:
        """One more."""
        self._numbers = append(self._numbers, number)

    def take(self) -> NDArray[np.int64]:
        """The numbers, of which none is left here."""
        numbers = self._numbers
        self._numbers = vec[i64]()
        return np.frombuffer(_buffer(numbers), dtype=np.int64) if len(numbers) else np.empty(0, dtype=np.int64)
