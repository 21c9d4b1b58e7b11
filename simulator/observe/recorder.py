"""Watches a world: windows of time series, histograms, the cut of the warm-up. It sees all and changes nothing.

The hot path only appends to columns that actors own; this module empties them once a window. Memory does not grow
with the number of requests. May import: numpy, the world (to read it). Does not judge or print.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from simpy.events import Event

from simulator.clients.ledger import Ledger
from simulator.engine.rest import Keeper
from simulator.messages import Cause, Tier
from simulator.observe.binned import Binned
from simulator.observe.by_fault import ByFault
from simulator.observe.counters import (
    CORE_COLUMNS,
    GROUP_COLUMNS,
    LEASE_COLUMNS,
    FloatArray,
    Snapshot,
    link_counts,
    snapshot,
)
from simulator.observe.fault_time import FaultTime
from simulator.observe.histogram import Histogram
from simulator.observe.hops import hop_means
from simulator.observe.phases import Phases

if TYPE_CHECKING:
    from simulator.clients.group import ClientGroup
    from simulator.links.counters import PathCounters
    from simulator.server.edge import EdgeNode
    from simulator.world.world import World

LONGEST_FLUSH_S = 10.0
MOST_LABELLED_EDGES = 64  # beyond, time series and histograms are not kept edge by edge
TIERS = [tier.name.lower() for tier in Tier]
BELIEFS = ("health.believed.ratio", "health.wrong.ratio")


class Recorder:
    """The observer of one replication."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.label_edges = len(world.edges) <= MOST_LABELLED_EDGES
        if not self.label_edges:  # one pair of columns for all: emptying a thousand small ones would cost more
            for edge in world.edges[1:]:
                edge.keep_in(world.edges[0].waits_s, world.edges[0].sojourns_s)
        self.series: dict[str, list[Any]] = {"t_s": [], "metric": [], "label": [], "value": []}
        self.latency: dict[str, Histogram] = {"": Histogram()}
        self.failed: dict[str, Histogram] = {"": Histogram()}
        self.waits: dict[str, Histogram] = {"": Histogram()}
        self.sojourns: dict[str, Histogram] = {"": Histogram()}
        self.tier_counts = np.zeros((len(world.groups), len(world.edges), len(Tier)))
        self.edge_latency_sum_s = np.zeros(len(world.edges))
        self.weights: dict[str, Counter[float]] = {}
        self.phases = Phases(world) if self.label_edges else None
        self.faults = FaultTime(world)
        self.by_fault = ByFault(world, self.label_edges)
        world.log.on_event = self._hear
        if world.fault_names:
            for group in world.groups:
                group.ledger = Ledger()
        self.at_warmup: Snapshot | None = None
        self.at_end: Snapshot | None = None
        self.expiries_s: list[FloatArray] = []  # of each core: when leases ended there
        self.links_at_warmup: dict[str, PathCounters] = {}
        self.links_at_end: dict[str, PathCounters] = {}
        self._window_latency = Histogram()
        self._window_failed = 0
        self._last: Snapshot | None = None
        self._last_failed = 0

    # -- the process ----------------------------------------------------------------------------------
    def run(self) -> Generator[Event, None, None]:
        """The SimPy process that looks at the world at every window's end and at the end of the warm-up."""
        world = self.world
        self._last = self.look()
        if world.warmup_s <= 0.0:
            self._begin_counting(self._last)
        number, window_s = 0, world.window_s
        flush_s = window_s / max(1, int(np.ceil(window_s / LONGEST_FLUSH_S)))
        steps = round(window_s / flush_s)
        step = 0
        keeper = Keeper(self._empty)
        world.kernel.rest.add(keeper)
        while True:
            step += 1
            if step > steps:
                step, number = 1, number + 1
            if step < steps:
                until_s = world.kernel.rest.until(keeper)
                while step < steps and number * window_s + step * flush_s < until_s:
                    step += 1
            due_s = (number + 1) * window_s if step == steps else number * window_s + step * flush_s
            if self.at_warmup is None and world.warmup_s <= due_s:
                yield world.kernel.look_at(world.warmup_s)
                if self.at_end is not None:
                    return
                self.flush()
                self._begin_counting(self.look())
                if world.warmup_s == due_s:
                    self._end_window(number, step == steps)
                    continue
            look = world.kernel.look_at(due_s)
            keeper.tick = look if step < steps else keeper
            yield look
            if self.at_end is not None:
                return
            self._end_window(number, step == steps)

    def _empty(self) -> bool:
        """Whether actors have collected nothing since the last flush."""
        return not any(
            group.warm_latencies_s or group.failed_latencies_s or group.failed_due_s or group.latencies_s
            for group in self.world.groups
        ) and not any(edge.waits_s for edge in self.world.edges)

    def _end_window(self, number: int, whole: bool) -> None:
        self.flush()
        if whole:
            self.close_window(number * self.world.window_s)

    def look(self) -> Snapshot:
        """Read the counters of nodes and groups now."""
        return snapshot(self.world)

    def _begin_counting(self, at: Snapshot) -> None:
        self.at_warmup, self.links_at_warmup = at, link_counts(self.world)
        self.waits, self.sojourns = {"": Histogram()}, {"": Histogram()}
        self.faults.count()
        if self.phases is not None:
            self.phases.begin(at.t_s)

    def stop(self) -> None:
        """The measured window is over: what comes now only ends what was counted."""
        self.flush()
        self.faults.stop()
        self.at_end, self.links_at_end = self.look(), link_counts(self.world)
        done_s = self.series["t_s"][-1] if self.series["t_s"] else -1.0
        start_s = 0.0 if done_s < 0.0 else done_s + self.world.window_s
        if start_s < self.world.duration_s - 1e-9:
            self.close_window(start_s)
        self.expiries_s = [np.array(core.all_expiries_s()) for core in self.world.cores]
        self._write_expiries()
        if self.phases is not None:
            self._rows(self.phases.close(self.tier_counts.sum(axis=2), self.at_end.t_s))

    def _hear(self, kind: str, fault: int | None) -> None:
        """An event was noted in the log."""
        if self.world.health is not None:
            self.world.health.account.touch()  # events are noted before they take effect
        self.faults.hear(kind)
        self.by_fault.hear(kind, fault)

    # -- emptying the columns -------------------------------------------------------------------------
    def flush(self) -> None:
        """Move what actors collected into histograms."""
        for number, group in enumerate(self.world.groups):
            self._flush_group(number, group)
        for edge in self.world.edges if self.label_edges else self.world.edges[:1]:
            if edge.waits_s:
                self._flush_edge(edge)

    def _flush_edge(self, edge: EdgeNode) -> None:
        if self.at_end is None:
            for family, column in ((self.waits, edge.waits_s), (self.sojourns, edge.sojourns_s)):
                binned = Binned(np.array(column))
                family[""].add_binned(binned)
                if self.label_edges:
                    self._histogram(family, edge.name).add_binned(binned)
        del edge.waits_s[:], edge.sojourns_s[:]

    def latencies(self) -> dict[str, Histogram]:
        """Latencies of ok requests: in all (""), by group, by the clients' site, by tier, by edge."""
        groups = self.world.groups
        alone = {groups[0].name: self.latency[""]} if len(groups) == 1 else {}
        found = {**self.latency, **alone}
        for site, numbers in self.world.client_sites.items():
            names = [groups[number].name for number in numbers]
            found[site] = Histogram.merged(found[name] for name in names if name in found)
        return found

    def _flush_group(self, number: int, group: ClientGroup) -> None:
        name = group.name
        self.by_fault.take(number, group)
        if group.warm_latencies_s:
            self._window_latency.add_many(np.array(group.warm_latencies_s))
            del group.warm_latencies_s[:]
        if group.failed_latencies_s:
            failed = Binned(np.array(group.failed_latencies_s))
            self._histogram(self.failed, name).add_binned(failed)
            self.failed[""].add_binned(failed)
            del group.failed_latencies_s[:]
        if group.failed_due_s:
            self.faults.note_failed(np.array(group.failed_due_s))
            del group.failed_due_s[:]
        if not group.latencies_s:
            return
        values, codes = np.array(group.latencies_s), np.array(group.codes)
        del group.latencies_s[:], group.codes[:]
        binned = Binned(values)
        self._window_latency.add_binned(binned)
        self.latency[""].add_binned(binned)
        if len(self.world.groups) > 1:
            self._histogram(self.latency, name).add_binned(binned)
        edge, tier = codes >> 3, codes & 7
        n_edges = len(self.world.edges)
        counts = np.bincount(codes, minlength=8 * n_edges).reshape(n_edges, 8)[:, : len(Tier)]
        self.tier_counts[number] += counts
        self.edge_latency_sum_s += np.bincount(edge, weights=values, minlength=n_edges)
        for one, part in binned.split(tier):
            self._histogram(self.latency, TIERS[one]).add_binned(part)
        if self.label_edges and n_edges > 1:
            for one, part in binned.split(edge):
                self._histogram(self.latency, self.world.edges[one].name).add_binned(part)

    @staticmethod
    def _histogram(family: dict[str, Histogram], label: str) -> Histogram:
        found = family.get(label)
        if found is None:
            found = family[label] = Histogram()
        return found

    # -- windows --------------------------------------------------------------------------------------
    def close_window(self, start_s: float) -> None:
        """Write one row of each time series for the window that began at `start_s`."""
        last, now = self._last, self.look()
        assert last is not None
        self._last = now
        width_s = max(now.t_s - last.t_s, 1e-12)
        self._write_requests(start_s, width_s, last, now)
        self._write_caches(start_s, width_s, last, now)
        self._write_leases(start_s, width_s, now.leases - last.leases)
        self._write_weights(start_s)
        if self.world.health is not None:
            for metric, share in zip(BELIEFS, self.world.health.account.window(), strict=True):
                self._row(start_s, metric, share)

    def turn_phase(self) -> None:
        """At a window's end, when the faults of that instant have begun or ended: a phase may be over."""
        if self.phases is not None and self.at_warmup is not None and self.at_end is None:
            self._rows(self.phases.window(self.tier_counts.sum(axis=2), self.world.kernel.now))

    def _row(self, t_s: float, metric: str, value: float, label: str = "") -> None:
        series = self.series
        series["t_s"].append(t_s)
        series["metric"].append(metric)
        series["label"].append(label)
        series["value"].append(float(value))

    def _rows(self, rows: Iterable[tuple[float, str, str, float]]) -> None:
        for t_s, metric, label, value in rows:
            self._row(t_s, metric, value, label)

    def _write_requests(self, t_s: float, width_s: float, last: Snapshot, now: Snapshot) -> None:
        groups = now.groups - last.groups
        totals = groups.sum(axis=0) if len(groups) else np.zeros(20)
        failed = sum(sum(group.failed.values()) for group in self.world.groups)
        self._row(t_s, "requests.rate", totals[0] / width_s)
        self._row(t_s, "failures.rate", (failed - self._last_failed) / width_s)
        self._row(t_s, "migrations.rate", totals[6] / width_s)
        self._row(t_s, "sessions.established.rate", totals[GROUP_COLUMNS.index("establishments")] / width_s)
        self._last_failed = failed
        window, self._window_latency = self._window_latency, Histogram()
        self._row(t_s, "goodput", window.count / width_s)
        for q in (50, 95, 99):
            self._row(t_s, f"latency.p{q}", window.percentile(q) if window.count else np.nan)
        mean_s = window.mean if window.count else 0.0
        for hop, seconds in hop_means(self.world, last, now, mean_s, window.count).items():
            self._row(t_s, "latency.hop.mean", seconds, hop)

    def _write_caches(self, t_s: float, width_s: float, last: Snapshot, now: Snapshot) -> None:
        edges = now.edges - last.edges
        lookups, hits, delayed = edges[:, 5], edges[:, 6], edges[:, 7]
        causes = (now.edge_misses - last.edge_misses).sum(axis=0)
        total = lookups.sum()
        self._row(t_s, "hit_ratio.l1", hits.sum() / total if total else np.nan)
        self._row(t_s, "hits.l1.rate", hits.sum() / width_s)
        self._row(t_s, "delayed.l1.rate", delayed.sum() / width_s)
        for cause in Cause:
            if now.edge_misses[:, cause].any():
                self._row(t_s, "misses.l1.rate", causes[cause] / width_s, cause.name.lower())
        cores = now.cores - last.cores
        l2_lookups = cores[:, 1].sum()
        self._row(t_s, "hit_ratio.l2", cores[:, 2].sum() / l2_lookups if l2_lookups else np.nan)
        self._row(t_s, "core.requests.rate", cores[:, 0].sum() / width_s)
        self._row(t_s, "hits.l2.rate", cores[:, CORE_COLUMNS.index("hits")].sum() / width_s)
        l2_causes = (now.core_misses - last.core_misses).sum(axis=0)
        for cause in Cause:
            if now.core_misses[:, cause].any():
                self._row(t_s, "misses.l2.rate", l2_causes[cause] / width_s, cause.name.lower())
        self._row(t_s, "storage.reads.rate", (now.storage - last.storage)[0] / width_s)
        if self.label_edges:
            in_system = (now.in_system_s - last.in_system_s) / width_s
            for number, edge in enumerate(self.world.edges):
                self._row(t_s, "edge.load", edges[number, 0] / width_s, edge.name)
                self._row(t_s, "edge.in_system", in_system[number], edge.name)
                ratio = hits[number] / lookups[number] if lookups[number] else np.nan
                self._row(t_s, "hit_ratio.l1", ratio, edge.name)

    def _write_leases(self, t_s: float, width_s: float, leases: FloatArray) -> None:
        if len(leases):
            totals = leases.sum(axis=0) / width_s
            self._row(t_s, "renewals.sent.rate", totals[LEASE_COLUMNS.index("sent")])
            self._row(t_s, "renewal_batches.rate", totals[LEASE_COLUMNS.index("messages")])
            lapses, idle = totals[LEASE_COLUMNS.index("lapses")], totals[LEASE_COLUMNS.index("idle_lapses")]
            for label, rate in (("", lapses), ("idle", idle), ("lost", lapses - idle)):
                self._row(t_s, "lease.lapses.rate", rate, label)

    def _write_expiries(self) -> None:
        """One row per window: leases that ended at the cores; known only at the end, when nobody asked for them."""
        starts_s = sorted({t for t, metric in zip(self.series["t_s"], self.series["metric"], strict=True)
                           if metric == "renewals.sent.rate"})  # fmt: skip
        ended_s = np.concatenate(self.expiries_s)
        ends_s = [*starts_s[1:], self.world.duration_s][: len(starts_s)]
        for start_s, end_s in zip(starts_s, ends_s, strict=True):
            count = np.count_nonzero((ended_s >= start_s) & (ended_s < end_s))
            self._row(start_s, "lease.expiries.rate", count / (end_s - start_s))

    def _write_weights(self, t_s: float) -> None:
        world = self.world
        if world.manager is None:
            return
        weights = +world.manager.weights
        if not weights:
            return
        self._row(t_s, "stickiness.mean", weighted_mean(weights))
        for q in (5, 50, 95):
            self._row(t_s, f"stickiness.p{q:02d}", weighted_percentile(weights, q))
        rounded: Counter[int] = Counter()
        for weight in sorted(weights):
            rounded[round(weight)] += weights[weight]
        for weight, sessions in rounded.items():
            self._row(t_s, "stickiness.sessions", sessions, str(weight))
        if self.at_warmup is not None:
            self.weights.setdefault("", Counter()).update(weights)
            for group, counts in world.manager.group_weights.items():
                self.weights.setdefault(group, Counter()).update(+counts)


def weighted_mean(weights: Counter[float]) -> float:
    """Mean of values that occur so many times."""
    total = sum(weights.values())
    return math.fsum(value * weights[value] for value in sorted(weights)) / total


def weighted_percentile(weights: Counter[float], q: float) -> float:
    """The smallest value that at least q per cent of all do not exceed."""
    limit = sum(weights.values()) * q / 100.0
    seen = 0
    for value in sorted(weights):
        seen += weights[value]
        if seen >= limit:
            return value
    return float("nan")
