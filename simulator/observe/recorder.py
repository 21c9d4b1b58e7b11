"""Watches a world: windows of time series, histograms, the cut of the warm-up. It sees all and changes nothing.

The hot path only appends to columns that actors own; this module empties them once per window. Memory does not grow
with the number of requests. Does not judge or print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from simpy.events import Event

from simulator.clients.ledger import Ledger
from simulator.engine.rest import Keeper
from simulator.messages import Tier
from simulator.metrics.labels import TIERS
from simulator.observe.binned import Binned
from simulator.observe.by_fault import ByFault
from simulator.observe.codes import counted, edges_and_tiers
from simulator.observe.counters import Counters, FloatArray, Snapshot
from simulator.observe.fault_time import FaultTime
from simulator.observe.histogram import Histogram
from simulator.observe.phases import Phases
from simulator.observe.series import TimeSeries
from simulator.observe.window import Window

if TYPE_CHECKING:
    from simulator.clients.group import ClientGroup
    from simulator.links.counters import PathCounters
    from simulator.server.core import CoreNode
    from simulator.server.edge import EdgeNode
    from simulator.world.world import World

LONGEST_FLUSH_S = 10.0
MOST_LABELLED_EDGES = 64  # beyond, time series and histograms are not kept edge by edge


class Recorder:
    """The observer of one replication."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.label_edges = len(world.edges) <= MOST_LABELLED_EDGES
        if not self.label_edges:  # one pair of columns for all: emptying a thousand small ones would cost more
            for edge in world.edges[1:]:
                edge.keep_in(world.edges[0].waits_s, world.edges[0].sojourns_s)
        self.counters = Counters(world)
        self.series = TimeSeries(world, self.label_edges)
        self.latency: dict[str, Histogram] = {"": Histogram()}
        self.failed: dict[str, Histogram] = {"": Histogram()}
        self.waits: dict[str, Histogram] = {"": Histogram()}
        self.sojourns: dict[str, Histogram] = {"": Histogram()}
        self.tier_counts = np.zeros((len(world.groups), len(world.edges), len(Tier)))
        self.weights: dict[str, Counter[float]] = {}
        self.phases = Phases(world, self.series.sites)
        self.faults = FaultTime(world)
        self.by_fault = ByFault(world, self.label_edges)
        world.log.on_event = self._hear
        if world.fault_names:
            for group in world.groups:
                group.books.ledger = Ledger()
        self.at_warmup: Snapshot | None = None
        self.at_end: Snapshot | None = None
        self.expiries_s: list[FloatArray] = []  # of each core: when leases ended there
        self.links_at_warmup: dict[str, PathCounters] = {}
        self.links_at_end: dict[str, PathCounters] = {}
        self._window_latency = Histogram()
        self._last: Snapshot | None = None

    # -- the process ----------------------------------------------------------------------------------
    def run(self) -> Generator[Event, None, None]:
        """The SimPy process that looks at the world at every window's end and at the end of the warm-up."""
        world = self.world
        self._last = self.look()
        if world.warmup_s <= 0.0:
            self.begin_counting(self._last)
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
                self.begin_counting(self.look())
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
            books.warm_latencies_s or books.failed_latencies_s or books.failed_due_s or books.latencies_s
            for books in (group.books for group in self.world.groups)
        ) and not any(edge.waits_s for edge in self.world.edges)

    def _end_window(self, number: int, whole: bool) -> None:
        self.flush()
        if whole:
            self.close_window(number * self.world.window_s)

    def look(self) -> Snapshot:
        """Read the counters of nodes and groups now."""
        return self.counters.look()

    def begin_counting(self, at: Snapshot) -> None:
        """The warm-up is over; these are the counts of its end."""
        self.at_warmup, self.links_at_warmup = at, self.counters.links()
        self.waits, self.sojourns = {"": Histogram()}, {"": Histogram()}
        self.faults.count()
        self.phases.begin(at.t_s)

    def stop(self) -> None:
        """The measured window is over: what comes now only ends what was counted."""
        self.flush()
        self.faults.stop()
        self.at_end, self.links_at_end = self.look(), self.counters.links()
        done_s = self.series.done_s
        start_s = 0.0 if done_s < 0.0 else done_s + self.world.window_s
        if start_s < self.world.duration_s - 1e-9:
            self.close_window(start_s)
        self.expiries_s = [_expiries_s(core) for core in self.world.cores]
        self.series.write_expiries(self.expiries_s)
        self.series.add_rows(self.phases.close(self.tier_counts.sum(axis=2), self.at_end.t_s))

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
        waits_s, sojourns_s = edge.waits_s.take(), edge.sojourns_s.take()
        if self.at_end is None:
            for family, column in ((self.waits, waits_s), (self.sojourns, sojourns_s)):
                binned = Binned(column)
                family[""].add_binned(binned)
                if self.label_edges:
                    self._histogram(family, edge.name).add_binned(binned)

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
        name, books = group.name, group.books
        values, codes = books.latencies_s.take(), books.codes.take()
        if books.ledger is not None:
            self.by_fault.take(number, books.ledger, values, codes)
        if books.warm_latencies_s:
            self._window_latency.add_many(books.warm_latencies_s.take())
        if books.failed_latencies_s:
            failed = Binned(books.failed_latencies_s.take())
            self._histogram(self.failed, name).add_binned(failed)
            self.failed[""].add_binned(failed)
        if books.failed_due_s:
            self.faults.note_failed(books.failed_due_s.take())
        if not len(values):
            return
        binned = Binned(values)
        self._window_latency.add_binned(binned)
        self.latency[""].add_binned(binned)
        if len(self.world.groups) > 1:
            self._histogram(self.latency, name).add_binned(binned)
        edge, tier = edges_and_tiers(codes)
        n_edges = len(self.world.edges)
        self.tier_counts[number] += counted(codes, n_edges)
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
        """Write the time series of the window that began at `start_s`."""
        last, now = self._last, self.look()
        assert last is not None
        self._last = now
        latency, self._window_latency = self._window_latency, Histogram()
        self.series.write(start_s, Window(self.counters, last, now), latency)
        if self.at_warmup is not None:
            self._keep_weights()

    def _keep_weights(self) -> None:
        """Add the sessions' stickiness weights of this instant to those of the measured window."""
        manager = self.world.manager
        weights = None if manager is None else +manager.weights
        if manager is not None and weights:
            self.weights.setdefault("", Counter()).update(weights)
            for group, counts in manager.group_weights.items():
                self.weights.setdefault(group, Counter()).update(+counts)

    def turn_phase(self) -> None:
        """At a window's end, when the faults of that instant have begun or ended: a phase may be over."""
        if self.at_warmup is not None and self.at_end is None:
            self.series.add_rows(self.phases.window(self.tier_counts.sum(axis=2), self.world.kernel.now))


def _expiries_s(core: CoreNode) -> FloatArray:
    """When leases ended at a core, seconds."""
    return np.array([] if core.authority is None else core.authority.all_expiries_s(), dtype=float)
