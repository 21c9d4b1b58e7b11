"""The traced requests that a page brings along: the slowest that ended in each window, some of every edge and group.

May import the result. Of the first replication, whose windows and faults the page shows too.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.observe.tracing import HOPS
from simulator.report.series import window_of

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.result import Result

_MOST: Final = 8000  # of all results of a page
_EACH: Final = 8  # slowest of a window
_OF_EDGE: Final = 2  # slowest of a window and an edge, and of a window and a group
_WORDS: Final = ("client", "group", "operation", "edge", "outcome", "tier")


def slow_requests(result: Result, results: int) -> dict[str, Any] | None:
    """Columns of requests (seconds as floats in base64, words as codes), or None where none was traced."""
    import pandas as pd

    first = result.replications[0] if result.replications else None
    if first is None or first.requests is None:
        return None
    frame = pd.DataFrame(first.requests)
    if not {"t_s", "latency_s", "tries", *HOPS, *_WORDS} - {"group"} <= set(frame.columns):
        return None  # an older version traced less
    frame = frame[np.isfinite(frame["latency_s"])].copy()  # some are under way when the run ends
    if frame.empty:
        return None
    frame["group"] = frame["client"].astype(str).str.rpartition("-")[0]
    window = window_of(result) or result.facts.duration_s
    kept = _slowest(frame, window, _MOST // results)
    columns: dict[str, Any] = {name: _floats(kept[name]) for name in ("latency_s", *HOPS)}
    columns["t_s"] = [round(float(t), 4) for t in kept["t_s"]]
    columns["tries"] = [int(tries) for tries in kept["tries"]]
    for name in _WORDS:
        codes, words = pd.factorize(kept[name].astype(str), sort=True)
        columns[name] = {"codes": codes.tolist(), "words": words.tolist()}
    return {"columns": columns}


def _slowest(frame: pd.DataFrame, window: float, most: int) -> pd.DataFrame:
    """The rows to bring, slowest first within the windows in which they ended; where too many, only of fewer ranks."""
    ordered = frame.assign(window=((frame["t_s"] + frame["latency_s"]) // window).astype(int))
    ordered = ordered.sort_values(["latency_s", "t_s", "client"], ascending=[False, True, True], kind="stable")
    rank = ordered.groupby("window").cumcount().to_numpy()
    for key in ("edge", "group"):
        of_key = ordered.groupby(["window", key], observed=True).cumcount().to_numpy()
        rank = np.minimum(rank, np.where(of_key < _OF_EDGE, of_key + _EACH - _OF_EDGE, rank))
    places = np.flatnonzero(rank < _EACH)
    if places.size > most:
        places = places[np.argsort(rank[places], kind="stable")[:most]]
    wanted = ordered.iloc[places]
    return wanted.sort_values(["window", "latency_s"], ascending=[True, False], kind="stable")


def _floats(values: pd.Series) -> str:
    return base64.b64encode(values.to_numpy(dtype="<f4").tobytes()).decode("ascii")
