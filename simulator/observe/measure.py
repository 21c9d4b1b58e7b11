"""From two snapshots and the recorder's histograms to the metrics of one replication.

Rates are over the measured window, ratios of what happened in it; requests count by when they were first sent.
May import: numpy, the recorder and the world (to read them). Changes nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulator.links.counters import PathCounters
from simulator.messages import Cause, Outcome
from simulator.observe.balancers import balancer_metrics
from simulator.observe.costs import Usage, costs
from simulator.observe.counters import CORE_COLUMNS, EDGE_COLUMNS, GROUP_COLUMNS, LEASE_COLUMNS, NO_COUNTS, FloatArray
from simulator.observe.freshness import freshness
from simulator.observe.hops import hop_means
from simulator.observe.recorder import weighted_mean, weighted_percentile
from simulator.observe.values import carried_percentile, histogram_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.observe.recorder import Recorder
    from simulator.server.balancer import Balancer
    from simulator.server.core import CoreNode
    from simulator.server.edge import EdgeNode

NAN = math.nan
Values = dict[str, float]
_E = {name: column for column, name in enumerate(EDGE_COLUMNS)}
_L = {name: column for column, name in enumerate(LEASE_COLUMNS)}
_C = {name: column for column, name in enumerate(CORE_COLUMNS)}
_G = {name: column for column, name in enumerate(GROUP_COLUMNS)}


def ratio(part: float, whole: float) -> float:
    """Part / whole, NaN of nothing."""
    return float(part / whole) if whole else NAN


class Measurement:
    """The differences over the measured window, and the metrics made from them."""

    def __init__(self, recorder: Recorder) -> None:
        first, last = recorder.at_warmup, recorder.at_end
        assert first is not None
        assert last is not None
        self.recorder = recorder
        self.first, self.last = first, last
        self.world = recorder.world
        self.width_s = last.t_s - first.t_s
        self.edges = last.edges - first.edges
        self.edge_misses = last.edge_misses - first.edge_misses
        self.in_system_s = last.in_system_s - first.in_system_s
        self.busy_s = last.busy_s - first.busy_s
        self.leases = last.leases - first.leases
        self.cores = last.cores - first.cores
        self.core_misses = last.core_misses - first.core_misses
        self.core_busy_s = last.core_busy_s - first.core_busy_s
        self.groups = last.groups - first.groups
        self.storage = last.storage - first.storage
        self.sessions_s = last.sessions_s - first.sessions_s
        links = recorder.links_at_warmup
        self.links = {kind: all_.since(links.get(kind, NO_COUNTS)) for kind, all_ in recorder.links_at_end.items()}

    def metrics(self) -> Values:
        """All metrics by name."""
        result: Values = {}
        result |= self.caches()
        result |= freshness(self.world, self.edges, self.groups, self.cores, self.width_s)
        result |= self.requests()
        result |= self.queues()
        result |= self.network()
        result |= self.control()
        result |= self.failover()
        if self.world.health is not None:
            names = [edge.name for edge in self.world.edges]
            result |= self.world.health.metrics(names, self.first.t_s, self.last.t_s)
        if self.world.balancers:
            result |= balancer_metrics(self.world, self.first, self.last)
        if self.world.price is not None:
            result |= costs(self.world.price, self.usage())
        result |= self.recorder.by_fault.metrics()
        return result

    def usage(self) -> Usage:
        """What costs money."""
        cores = self.world.cores
        return Usage(
            width_s=self.width_s,
            edge_s=sum(self.world.existed(edge.name) for edge in self.world.edges) * self.width_s,
            core_s=(len(cores) + sum(core.policy.standby for core in cores)) * self.width_s,
            reads=self.storage[0],
            writes=self.storage[1],
            bytes_between_sites=self.last.bytes_between_sites - self.first.bytes_between_sites,
            bytes_to_clients=self.groups[:, _G["bytes_answered"]].sum(),
            requests=self.groups[:, _G["issued"]].sum(),
        )

    # -- caches ---------------------------------------------------------------------------------------
    def caches(self) -> Values:
        """Hit ratios and causes of misses of both tiers."""
        result: Values = {}
        names = [edge.name for edge in self.world.edges]
        labels = [("", self.edges.sum(axis=0), self.edge_misses.sum(axis=0))]
        labels += [(f"[{name}]", self.edges[i], self.edge_misses[i]) for i, name in enumerate(names)]
        for suffix, row, misses in labels:
            lookups = row[_E["lookups"]]
            result[f"hit_ratio.l1{suffix}"] = ratio(row[_E["hits"]], lookups)
            result[f"delayed_hit_ratio.l1{suffix}"] = ratio(row[_E["delayed"]], lookups)
            result[f"miss_ratio.l1{suffix}"] = ratio(misses.sum(), lookups)
            result[f"lookups.l1.rate{suffix}"] = lookups / self.width_s
            result[f"misses.l1.rate{suffix}"] = misses.sum() / self.width_s
            result[f"stale_reads.rate{suffix}"] = row[_E["stale_reads"]] / self.width_s
        for cause in Cause:
            name = cause.name.lower()
            result[f"misses.l1.rate[{name}]"] = self.edge_misses[:, cause].sum() / self.width_s
            result[f"misses.l2.rate[{name}]"] = self.core_misses[:, cause].sum() / self.width_s
        rows = [("", self.cores.sum(axis=0))]
        rows += [(f"[{core.name}]", self.cores[i]) for i, core in enumerate(self.world.cores)]
        for suffix, row in rows:
            result[f"hit_ratio.l2{suffix}"] = ratio(row[_C["hits"]], row[_C["lookups"]])
            result[f"lookups.l2.rate{suffix}"] = row[_C["lookups"]] / self.width_s
        for i, core in enumerate(self.world.cores):
            result[f"misses.l2.rate[{core.name}]"] = self.core_misses[i].sum() / self.width_s
        result["misses.l2.rate"] = self.core_misses.sum() / self.width_s
        for label, numbers in self._by_group():
            result |= self._caches_of(label, numbers)
        return result

    def _caches_of(self, label: str, numbers: list[int]) -> Values:
        """The caches as client groups met them: every lookup, whatever became of its request."""
        row = self.groups[numbers].sum(axis=0)
        lookups, hits, delayed = row[_G["lookups"]], row[_G["hits"]], row[_G["delayed"]]
        missed = lookups - hits - delayed
        spared = sum(self.world.groups[number].tally.spared for number in numbers)
        total = {f"hit_ratio.total{label}": ratio(hits + spared, lookups)}
        if not label:  # the rest is told by edge
            return total
        return total | {
            f"hit_ratio.l1{label}": ratio(hits, lookups),
            f"delayed_hit_ratio.l1{label}": ratio(delayed, lookups),
            f"miss_ratio.l1{label}": ratio(missed, lookups),
            f"lookups.l1.rate{label}": lookups / self.width_s,
            f"misses.l1.rate{label}": missed / self.width_s,
        }

    # -- requests -------------------------------------------------------------------------------------
    def requests(self) -> Values:
        """Latencies beside failures, availability, attempts, routing."""
        recorder = self.recorder
        result: Values = {}
        for label, histogram in recorder.latencies().items():
            result |= histogram_metrics("latency", histogram, label)
        for label, histogram in recorder.failed.items():
            suffix = f"[{label}]" if label else ""
            result[f"latency.failed.mean{suffix}"] = histogram.mean if histogram.count else NAN
            result[f"latency.failed.p99{suffix}"] = carried_percentile(histogram, 99)
        for label, group_rows in self._by_group_and_site():
            result |= self._requests_of(label, group_rows)
        every = recorder.latency[""]
        mean_s = every.mean if every.count else 0.0
        hops = hop_means(self.world, self.first, self.last, mean_s, every.count)
        result |= {f"latency.hop.mean[{hop}]": seconds for hop, seconds in hops.items()}
        return result

    def _by_group(self) -> list[tuple[str, list[int]]]:
        groups = self.world.groups
        every = [("", list(range(len(groups))))]
        return every + [(f"[{group.name}]", [number]) for number, group in enumerate(groups)]

    def _by_group_and_site(self) -> list[tuple[str, list[int]]]:
        """The same, and by the site of the clients."""
        return self._by_group() + [(f"[{site}]", numbers) for site, numbers in self.world.client_sites.items()]

    def totals(self) -> dict[str, int]:
        """Counts of requests first sent in the window, in all, by group, by the clients' site, and by fault."""
        result = self.recorder.by_fault.totals()
        for label, numbers in self._by_group_and_site():
            answered, failed, _ = self._ended(numbers)
            denied = self._denied(numbers)
            result[f"requests{label}"] = answered + sum(failed.values())
            result[f"ok{label}"] = answered - denied
            result[f"denied{label}"] = denied
            result[f"failed{label}"] = sum(failed.values())
        result["requests.simulated"] = sum(group.issued for group in self.world.groups)
        result["requests.late_answers"] = sum(group.late for group in self.world.groups)
        return result

    def _denied(self, numbers: list[int]) -> int:
        """How many of the answered, counted requests of some groups were denied."""
        return sum(self.world.groups[number].counted_denied for number in numbers)

    def _ended(self, numbers: list[int]) -> tuple[int, dict[int, int], int]:
        """(answered, failed by outcome, retries) of the counted requests of some groups."""
        answered = int(self.recorder.tier_counts[numbers].sum()) if numbers else 0
        failed: dict[int, int] = {}
        retries = 0
        for number in numbers:
            group = self.world.groups[number]
            retries += group.counted_retries + group.tally.retried
            for (outcome, counted), count in group.failed.items():
                if counted:
                    failed[outcome] = failed.get(outcome, 0) + count
        return answered, failed, retries

    def _requests_of(self, label: str, numbers: list[int]) -> Values:
        answered, failed, retries = self._ended(numbers)
        all_failed = sum(failed.values())
        requests = answered + all_failed
        row = self.groups[numbers].sum(axis=0)
        open_s = self.sessions_s[numbers].sum()
        crossed = sum(self.world.groups[number].crossed for number in numbers)
        hedging = [group.hedging for group in map(self.world.groups.__getitem__, numbers) if group.hedging is not None]
        hedges = sum(one.counted for one in hedging)
        result = {
            f"availability{label}": ratio(answered, requests),
            f"requests.rate{label}": requests / self.width_s,
            f"goodput{label}": (row[_G["ok"]] + row[_G["denied"]]) / self.width_s,
            f"attempts.per_request{label}": ratio(requests + retries + hedges, requests),
            f"failures.ratio{label}": ratio(all_failed, requests),
            f"denied.ratio{label}": ratio(self._denied(numbers), requests),
            f"network_latency.mean{label}": ratio(row[_G["rtt_sum_s"]], row[_G["answered"]]),
            f"client.loss_ratio{label}": ratio(row[_G["loss_sum"]], row[_G["attempts_ended"]]),
            f"client.bandwidth{label}": ratio(row[_G["bandwidth_sum"]], row[_G["bandwidths"]]),
            f"session.bytes.rate{label}": ratio(row[_G["bytes_moved"]], open_s),
            f"left_ratio{label}": ratio(row[_G["left"]], row[_G["routed"]]),
            f"crossed_site_ratio{label}": ratio(crossed, answered),
            f"migrations.rate{label}": row[_G["migrations"]] / self.width_s,
            f"moves_back.rate{label}": row[_G["moved_back"]] / self.width_s,
            f"stay_length.mean{label}": ratio(row[_G["routed"]] - row[_G["first_stops"]], row[_G["turns"]]),
            f"sessions.failed_ratio{label}": ratio(
                sum(self.world.groups[number].sessions_failed for number in numbers),
                sum(self.world.groups[number].sessions_counted for number in numbers),
            ),
            f"sessions.open.mean{label}": open_s / self.width_s,
            f"sessions.established.rate{label}": row[_G["establishments"]] / self.width_s,
        }
        if hedging:
            result[f"hedges.ratio{label}"] = ratio(hedges, requests)
        if not label:
            if self.recorder.faults.any:
                result["failures.faults.ratio"] = ratio(self.recorder.faults.failed, self.recorder.faults.due)
            for outcome in Outcome:
                if self.world.can_fail_by(outcome):
                    result[f"failures.ratio[{outcome.name.lower()}]"] = ratio(failed.get(outcome, 0), requests)
        return result

    # -- nodes ----------------------------------------------------------------------------------------
    def queues(self) -> Values:
        """Waiting, service and load of edges and cores; storage."""
        result: Values = {}
        edges = self.world.edges
        existed = np.array([self.world.existed(edge.name) for edge in edges])
        workers = np.array([edge.workers * part if part else 0.0 for edge, part in zip(edges, existed, strict=True)])
        everything = (self.edges.sum(axis=0), self.in_system_s.sum() / existed.sum(), self.busy_s.sum(), workers.sum())
        result |= self._queue_of("", *everything)
        for i, edge in enumerate(edges):
            result |= self._queue_of(f"[{edge.name}]", self.edges[i], self.in_system_s[i], self.busy_s[i], workers[i])
        for name, family in (("wait", self.recorder.waits), ("sojourn", self.recorder.sojourns)):
            for edge_name, histogram in family.items():
                suffix = f"[{edge_name}]" if edge_name else ""
                for q in (50, 95, 99):
                    value = carried_percentile(histogram, q) if histogram.count else NAN
                    result[f"edge.{name}.p{q}{suffix}"] = value
        there = existed > 0.0
        loads = self.edges[there, _E["arrivals"]] / existed[there]
        result["edge.imbalance"] = ratio(loads.max(), loads.mean())
        result["core.requests.rate"] = self.cores[:, _C["received"]].sum() / self.width_s
        result["core.utilisation"] = self._utilisation(
            self.core_busy_s.sum(), sum(core.policy.workers for core in self.world.cores)
        )
        for i, core in enumerate(self.world.cores):
            result[f"core.requests.rate[{core.name}]"] = self.cores[i, _C["received"]] / self.width_s
            result[f"core.utilisation[{core.name}]"] = self._utilisation(self.core_busy_s[i], core.policy.workers)
        result["storage.reads.rate"] = self.storage[0] / self.width_s
        result["storage.writes.rate"] = self.storage[1] / self.width_s
        result["wasted_work.rate"] = self.edges[:, _E["wasted"]].sum() / self.width_s
        for i, edge in enumerate(edges):
            result[f"wasted_work.rate[{edge.name}]"] = self.edges[i, _E["wasted"]] / self.width_s
        return result

    def _queue_of(self, label: str, row: FloatArray, in_system_s: float, busy_s: float, workers: float) -> Values:
        visits = row[_E["visits"]]
        return {
            f"edge.wait.mean{label}": ratio(row[_E["wait_sum_s"]], visits),
            f"edge.wait.probability{label}": ratio(row[_E["waited"]], visits),
            f"edge.sojourn.mean{label}": ratio(row[_E["sojourn_sum_s"]], visits),
            f"edge.utilisation{label}": self._utilisation(busy_s, workers),
            f"edge.in_system.mean{label}": in_system_s / self.width_s,
            f"edge.refused_ratio{label}": ratio(row[_E["refused"]], row[_E["arrivals"]]),
            f"edge.load{label}": row[_E["arrivals"]] / self.width_s,
        }

    def _utilisation(self, busy_s: float, workers: float) -> float:
        return busy_s / self.width_s / workers if 0.0 < workers < math.inf else NAN

    # -- links, control, failover ---------------------------------------------------------------------
    def network(self) -> Values:
        """What links did to messages, in all and by kind of link."""
        total = NO_COUNTS
        for counts in self.links.values():
            total = total.plus(counts)
        result = _link_metrics("", total)
        for kind, counts in sorted(self.links.items()):
            result |= _link_metrics(f"[{kind}]", counts)
        return result

    def control(self) -> Values:
        """Leases and stickiness."""
        result: Values = {}
        if len(self.leases):
            rows = [("", self.leases.sum(axis=0))]
            rows += [(f"[{edge.name}]", self.leases[i]) for i, edge in enumerate(self.world.edges)]
            for label, row in rows:
                sent, messages = row[_L["sent"]], row[_L["messages"]]
                result[f"renewals.rate{label}"] = row[_L["renewed"]] / self.width_s
                result[f"renewal_batches.rate{label}"] = messages / self.width_s
                result[f"renewal_batch.size.mean{label}"] = ratio(sent, messages)
                result[f"renewal_messages_saved_ratio{label}"] = ratio(sent - messages, sent)
                result[f"lease.lapses.rate{label}"] = row[_L["lapses"]] / self.width_s
            lapses, idle = rows[0][1][_L["lapses"]], rows[0][1][_L["idle_lapses"]]
            result["lease.lapses.rate[idle]"] = idle / self.width_s
            result["lease.lapses.rate[lost]"] = (lapses - idle) / self.width_s
            ended = [self._in_window(ended_s) for ended_s in self.recorder.expiries_s]
            result["lease.expiries.rate"] = sum(ended) / self.width_s
            for core, count in zip(self.world.cores, ended, strict=True):
                result[f"lease.expiries.rate[{core.name}]"] = count / self.width_s
        if self.world.static_weight is not None:
            labels = ["", *(f"[{group.name}]" for group in self.world.groups)]
            names = ("mean", "p05", "p50", "p95")
            return result | {f"stickiness.{n}{label}": self.world.static_weight for n in names for label in labels}
        for group, weights in self.recorder.weights.items():
            if not weights:
                continue
            label = f"[{group}]" if group else ""
            result[f"stickiness.mean{label}"] = weighted_mean(weights)
            for q in (5, 50, 95):
                result[f"stickiness.p{q:02d}{label}"] = weighted_percentile(weights, q)
        return result

    def _in_window(self, times_s: FloatArray) -> int:
        return int(np.count_nonzero((times_s >= self.first.t_s) & (times_s < self.last.t_s)))

    def failover(self) -> Values:
        """Detection, recovery and availability of nodes."""
        world = self.world
        result: Values = {}
        for name, values in (("detection", world.detections_s), ("recovery", world.recoveries_s)):
            if values:
                result[f"failover.{name}.mean"] = math.fsum(values) / len(values)
                result[f"failover.{name}.max"] = max(values)
        if world.crashed_s or world.down_s or world.sessions_moved:
            result["failover.sessions_moved"] = float(world.sessions_moved)
        down = {**world.down_s}
        for name, since_s in world.crashed_s.items():
            down[name] = down.get(name, 0.0) + world.measured_s(since_s, world.duration_s)
        up = [0.0, 0.0]  # of the kinds of nodes that crashed: summed availability, number of nodes
        kinds: tuple[Sequence[EdgeNode | CoreNode | Balancer], ...] = (world.edges, world.cores, world.balancers)
        for nodes in ([node.name for node in kind] for kind in kinds):
            if not any(name in down for name in nodes):
                continue
            for name in nodes:
                existed = self.world.existed(name)
                if existed <= 0.0:
                    result[f"node.availability[{name}]"] = NAN
                    continue
                share = 1.0 - down.get(name, 0.0) / (self.width_s * existed)
                result[f"node.availability[{name}]"] = share
                up = [up[0] + share, up[1] + 1]
        result["node.availability"] = up[0] / up[1] if up[1] else 1.0
        return result


def _link_metrics(label: str, counts: PathCounters) -> Values:
    return {
        f"link.loss_ratio{label}": counts.loss_ratio if counts.lossy_sent else 0.0,
        f"link.loss_burst.mean{label}": counts.mean_burst,
        f"link.wait.mean{label}": counts.mean_wait_s,
    }
