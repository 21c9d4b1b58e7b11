"""Rows as a pandas frame, and the columns that every interval has. Numbers are SI; what has no value is NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

    from simulator.statistics.intervals import Difference, Interval

INTERVAL: Final = ("difference", "ci_low", "ci_high")


def interval(difference: Difference | Interval) -> tuple[float, float, float]:
    """A difference in the columns `INTERVAL`."""
    return difference.mean, difference.low, difference.high


def frame(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """A frame of these rows, also where there are none."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
