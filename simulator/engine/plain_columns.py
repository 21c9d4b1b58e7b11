"""Columns of numbers of interpreted runs. As `simulator.engine.packed_columns`. May import: numpy."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = list[float]


def vector(numbers: Sequence[float] | NDArray[np.float64]) -> Vector:
    """These numbers, to be looked up by their places."""
    return numbers.tolist() if isinstance(numbers, np.ndarray) else list(numbers)


class PlainFloats(array):  # type: ignore[type-arg]  # Python 3.11 has no array[float] at run time
    """Numbers, one after the other."""

    __slots__ = ()

    def __new__(cls) -> Self:
        """An empty one."""
        return cast("Self", super().__new__(cls, "d"))

    def take(self) -> NDArray[np.float64]:
        """The numbers, of which none is left here."""
        return _emptied(self)


class PlainInts(array):  # type: ignore[type-arg]
    """Whole numbers, one after the other."""

    __slots__ = ()

    def __new__(cls) -> Self:
        """An empty one."""
        return cast("Self", super().__new__(cls, "q"))

    def take(self) -> NDArray[np.int64]:
        """The numbers, of which none is left here."""
        return _emptied(self)


def _emptied(column: array[Any]) -> NDArray[Any]:
    numbers = np.array(column)
    del column[:]
    return numbers
