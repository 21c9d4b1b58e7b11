"""Time series: what a window of the run adds to them, in columns that grow by a row per value.

Their names are those of metrics, and a few that only time series have (`SERIES` in simulator.metrics.catalogue).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.messages import Cause
from simulator.observe.hops import hop_means
from simulator.observe.weights import of_weights

if TYPE_CHECKING:
    from simulator.observe.counters import FloatArray
    from simulator.observe.histogram import Histogram
    from simulator.observe.window import Window
    from simulator.world.world import World

PERCENTILES: Final = (50, 95, 99)
BELIEFS: Final = ("health.believed.ratio", "health.wrong.ratio")
CAUSES: Final = tuple((int(cause), cause.name.lower()) for cause in Cause)
MOST_SITES: Final = 64
MARK: Final = "renewals.sent.rate"
"""The series that says in which windows there were leases."""


class TimeSeries:
    """The rows of all windows so far.

    Attributes:
        sites: site -> numbers of its edges, where edges are too many for series of their own; else None.
        columns: equal-length lists t_s (the window's begin, seconds), metric, label, value.
    """

    def __init__(self, world: World, label_edges: bool) -> None:
        self._world = world
        self._label_edges = label_edges
        self.sites: dict[str, list[int]] | None = None
        if not label_edges:
            found = by_site([(edge.name, edge.site) for edge in world.edges])
            self.sites = found if len(found) <= MOST_SITES else {}
        self._failed = 0  # requests until the last window's end
        self._causes_met: dict[str, set[int]] = {"edge": set(), "core": set()}
        self.columns: dict[str, list[Any]] = {"t_s": [], "metric": [], "label": [], "value": []}

    @property
    def done_s(self) -> float:
        """Where the window that was written last began; -1 before the first."""
        times_s = self.columns["t_s"]
        return float(times_s[-1]) if times_s else -1.0

    def add(self, t_s: float, metric: str, value: float, label: str = "") -> None:
        """One row."""
        columns = self.columns
        columns["t_s"].append(t_s)
        columns["metric"].append(metric)
        columns["label"].append(label)
        columns["value"].append(float(value))

    def add_rows(self, rows: Iterable[tuple[float, str, str, float]]) -> None:
        """Rows of (t_s, metric, label, value)."""
        for t_s, metric, label, value in rows:
            self.add(t_s, metric, value, label)

    # -- a window -------------------------------------------------------------------------------------
    def write(self, t_s: float, window: Window, latency: Histogram) -> None:
        """All rows of the window that began at `t_s`, in which answers had these latencies."""
        self._write_requests(t_s, window, latency)
        self._write_caches(t_s, window)
        if self._label_edges:
            self._write_edges(t_s, window)
        else:
            self._write_sites(t_s, window, self.sites or {})
        if len(window.counts["lease"]):
            self._write_leases(t_s, window)
        if self._world.manager is not None:
            self._write_weights(t_s, +self._world.manager.weights)
        if self._world.health is not None:
            for metric, share in zip(BELIEFS, self._world.health.account.window(), strict=True):
                self.add(t_s, metric, share)

    def _write_requests(self, t_s: float, window: Window, latency: Histogram) -> None:
        failed = sum(sum(group.books.failed.values()) for group in self._world.groups)
        self.add(t_s, "requests.rate", window.counts["group"].total("issued") / window.width_s)
        self.add(t_s, "failures.rate", (failed - self._failed) / window.width_s)
        self._failed = failed
        for metric in ("migrations.rate", "sessions.established.rate"):
            self.add(t_s, metric, window.total(metric))
        self.add(t_s, "goodput", latency.count / window.width_s)
        for q in PERCENTILES:
            self.add(t_s, f"latency.p{q}", latency.percentile(q) if latency.count else np.nan)
        mean_s = latency.mean if latency.count else 0.0
        for hop, seconds in hop_means(self._world, window, mean_s, latency.count).items():
            self.add(t_s, "latency.hop.mean", seconds, hop)

    def _write_caches(self, t_s: float, window: Window) -> None:
        for metric in ("hit_ratio.l1", "hits.l1.rate", "delayed.l1.rate"):
            self.add(t_s, metric, window.total(metric))
        self._write_misses(t_s, window, "edge", "misses.l1.rate")
        for metric in ("hit_ratio.l2", "core.requests.rate", "hits.l2.rate"):
            self.add(t_s, metric, window.total(metric))
        self._write_misses(t_s, window, "core", "misses.l2.rate")
        self.add(t_s, "storage.reads.rate", window.total("storage.reads.rate"))

    def _write_misses(self, t_s: float, window: Window, one: str, metric: str) -> None:
        """By cause, from the window on in which a cause is first met."""
        met, rates = self._causes_met[one], (window.by_cause[one].sum(axis=0) / window.width_s).tolist()
        for cause, label in CAUSES:
            if rates[cause]:
                met.add(cause)
            if cause in met:
                self.add(t_s, metric, rates[cause], label)

    def _write_edges(self, t_s: float, window: Window) -> None:
        loads, ratios = window.each("edge.load"), window.each("hit_ratio.l1")
        present = (window.areas_s["edge.in_system"] / window.width_s).tolist()
        for edge, *values in zip(self._world.edges, loads, present, ratios, strict=True):
            for metric, value in zip(("edge.load", "edge.in_system", "hit_ratio.l1"), values, strict=True):
                self.add(t_s, metric, value, edge.name)

    def _write_sites(self, t_s: float, window: Window, sites: dict[str, list[int]]) -> None:
        """What is kept of many edges: sums by site, and the edge there that has the most."""
        if not sites:
            return
        sums = list(sites.values())
        loads = np.array(window.each("edge.load"))
        present = window.areas_s["edge.in_system"] / window.width_s
        rows = zip(sites, sums, window.each("edge.load", sums), window.each("hit_ratio.l1", sums), strict=True)
        for site, numbers, load, ratio in rows:
            self.add(t_s, "site.load", load, site)
            self.add(t_s, "site.load.max", loads[numbers].max(), site)
            self.add(t_s, "site.in_system.max", present[numbers].max(), site)
            self.add(t_s, "site.hit_ratio.l1", ratio, site)

    def _write_leases(self, t_s: float, window: Window) -> None:
        for metric in (MARK, "renewal_batches.rate"):
            self.add(t_s, metric, window.total(metric))
        lapses = window.total("lease.lapses.rate")
        idle = window.counts["lease"].total("idle_lapses") / window.width_s
        for label, rate in (("", lapses), ("idle", idle), ("lost", lapses - idle)):
            self.add(t_s, "lease.lapses.rate", rate, label)

    def _write_weights(self, t_s: float, weights: Counter[float]) -> None:
        if not weights:
            return
        for metric, value in of_weights(weights).items():
            self.add(t_s, metric, value)
        rounded: Counter[int] = Counter()
        for weight in sorted(weights):
            rounded[round(weight)] += weights[weight]
        for weight, sessions in rounded.items():
            self.add(t_s, "stickiness.sessions", sessions, str(weight))

    # -- at the end -----------------------------------------------------------------------------------
    def write_expiries(self, expiries_s: Sequence[FloatArray]) -> None:
        """One row per window: leases that ended at the cores; known only at the end, when nobody asked for them."""
        times_s, metrics = self.columns["t_s"], self.columns["metric"]
        starts_s = sorted({t_s for t_s, metric in zip(times_s, metrics, strict=True) if metric == MARK})
        ended_s = np.concatenate(expiries_s)
        ends_s = [*starts_s[1:], self._world.duration_s][: len(starts_s)]
        for start_s, end_s in zip(starts_s, ends_s, strict=True):
            count = np.count_nonzero((ended_s >= start_s) & (ended_s < end_s))
            self.add(start_s, "lease.expiries.rate", count / (end_s - start_s))


def by_site(edges: Sequence[tuple[str, str | None]]) -> dict[str, list[int]]:
    """Site -> numbers of its edges, given as (name, site); an edge without a site counts to its group's name."""
    found: dict[str, list[int]] = {}
    for number, (name, site) in enumerate(edges):
        found.setdefault(site or name.rpartition("-")[0], []).append(number)
    return found
