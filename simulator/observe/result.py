"""The record of one replication: what the model hands over and everything later reads.

Travels between processes by pickle, so it stays compact: sparse histograms, columns instead of rows. Does not know how
values were measured nor how they are shown.

Events are dictionaries ``{"t_s": float, "kind": str, "target": str, "detail": dict}`` sorted by time; kinds are in
simulator.metrics.events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from simulator.observe.histogram import Histogram


@dataclass(frozen=True, slots=True, eq=False)
class Texts(Sequence[str]):
    """A column of texts of which few differ: cell `i` is ``words[codes[i]]``."""

    codes: NDArray[np.integer[Any]]
    words: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice | NDArray[Any]) -> Texts: ...
    def __getitem__(self, place: int | slice | NDArray[Any]) -> str | Texts:
        found = self.codes[place]
        return Texts(found, self.words) if isinstance(found, np.ndarray) else self.words[found]

    def __iter__(self) -> Iterator[str]:
        return map(self.words.__getitem__, self.codes.tolist())

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The texts as objects, unless another type is asked for; always a new array."""
        texts: NDArray[Any] = np.array(self.words, dtype=object)[self.codes]
        return texts if dtype is None else texts.astype(dtype, copy=False)


@dataclass(slots=True)
class Replication:
    """One finished replication. All values SI: seconds, bytes, ratios 0..1, per second.

    Attributes:
        replication: number of the replication, from 0.
        seed: the scenario's seed; with `replication` it determines the run.
        metrics: "hit_ratio.l1" or "hit_ratio.l1[pop-1]" -> value (NaN where nothing was measured).
        histograms: "latency", "latency[europe]", "latency[l1]" (ok requests); "latency.failed",
            "edge.sojourn", "edge.wait".
        totals: counts of the measured window: "requests", "ok", "failed", also "requests[europe]" for every
            client group; "requests.simulated" counts those of the warm-up too.
        timeseries: equal-length columns t_s (start of the window), metric, label, value. "moves.rate" and
            "served.rate" (labels "from>to", "group>edge") have a row per phase: between changes of the faults.
        events: see the module's docstring.
        requests: columns of the traced requests (numpy arrays for numbers, `Texts`; or lists), or None without
            tracing.
        invariants: ``{"checked": n, "violations": [text, ...]}``.
        wall_s: wall-clock seconds from the first event to the last.
        n_events: events executed.
        peak_rss_bytes: the process's largest resident set.
        fingerprint: hex digest of everything that must be the same for the same seed.
    """

    replication: int
    seed: int
    metrics: dict[str, float]
    histograms: dict[str, Histogram]
    totals: dict[str, int]
    timeseries: dict[str, list[Any]]
    events: list[dict[str, Any]]
    requests: dict[str, Any] | None = None
    invariants: dict[str, Any] = field(default_factory=lambda: {"checked": 0, "violations": []})
    wall_s: float = 0.0
    n_events: int = 0
    peak_rss_bytes: int = 0
    fingerprint: str = ""
