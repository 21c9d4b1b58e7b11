"""From the measured window and the recorder's histograms to the metrics of one replication.

Rates are over the measured window, ratios of what happened in it; requests count by when they were first sent. What is
a quotient of counters follows from the catalogue; the rest is here and in the modules that this one asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.links.counters import PathCounters
from simulator.messages import Cause, Outcome
from simulator.metrics.catalogue import CATALOGUE
from simulator.metrics.labels import RETRY_CAUSES
from simulator.observe import queues
from simulator.observe.costs import Usage, costs
from simulator.observe.counters import NO_COUNTS, actors
from simulator.observe.failover import failover
from simulator.observe.requests import Requests
from simulator.observe.weights import stickiness
from simulator.observe.window import Values, Wholes, Window

if TYPE_CHECKING:
    from simulator.observe.recorder import Recorder
    from simulator.world.world import World


class Measurement:
    """The measured window of a run, from the end of the warm-up on, and the metrics made from it."""

    def __init__(self, recorder: Recorder) -> None:
        first, last = recorder.at_warmup, recorder.at_end
        assert first is not None
        assert last is not None
        self.recorder = recorder
        self.world = recorder.world
        self.window = Window(recorder.counters, first, last)
        self.requests = Requests(recorder, self.window)

    def metrics(self) -> Values:
        """All metrics by name, in the order of the catalogue."""
        world, window = self.world, self.window
        found = window.quotients(_wholes(world), _data_changes(world))
        found |= self.requests.metrics()
        found |= self._causes()
        found |= queues.edges(self.recorder, window)
        found |= queues.cores(world, window)
        found |= self._links()
        found |= self._expiries()
        found |= stickiness(self.recorder.world, self.recorder.weights)
        found |= failover(world, window.width_s)
        if world.health is not None:
            found |= world.health.metrics([edge.name for edge in world.edges], window.begin_s, window.end_s)
        if world.balancers:
            found |= queues.balancers(world, window)
        if world.price is not None:
            found |= costs(world.price, self.usage())
        return _in_order(found | self.recorder.by_fault.metrics())

    def totals(self) -> dict[str, int]:
        """Counts of requests first sent in the window, in all, by group, by the clients' site, and by fault."""
        return self.requests.totals()

    def usage(self) -> Usage:
        """What costs money."""
        cores, window = self.world.cores, self.window
        storage, groups = window.counts["storage"], window.counts["group"]
        return Usage(
            width_s=window.width_s,
            edge_s=sum(self.world.existed(edge.name) for edge in self.world.edges) * window.width_s,
            core_s=(len(cores) + sum(core.policy.standby for core in cores)) * window.width_s,
            reads=storage.total("reads"),
            writes=storage.total("writes"),
            bytes_between_sites=window.bytes_between_sites,
            bytes_to_clients=groups.total("bytes_answered"),
            requests=groups.total("issued"),
        )

    def _causes(self) -> Values:
        """Misses, lapses of leases and retries of balancers, by cause."""
        window, result = self.window, Values()
        for tier, one in (("l1", "edge"), ("l2", "core")):
            misses = window.by_cause[one].sum(axis=0) / window.width_s
            result |= {f"misses.{tier}.rate[{cause.name.lower()}]": float(misses[cause]) for cause in Cause}
        if len(window.counts["lease"]):
            lapses, idle = (window.counts["lease"].total(counter) for counter in ("lapses", "idle_lapses"))
            result["lease.lapses.rate[idle]"] = idle / window.width_s
            result["lease.lapses.rate[lost]"] = (lapses - idle) / window.width_s
        if self.world.balancers:
            retries = window.by_cause["balancer"].sum(axis=0) / window.width_s
            for cause in RETRY_CAUSES:
                result[f"balancer.retries.rate[{cause}]"] = float(retries[Outcome[cause.upper()]])
        return result

    def _links(self) -> Values:
        """What links did to messages, in all and by kind of link."""
        before, total, result = self.recorder.links_at_warmup, NO_COUNTS, Values()
        since = {kind: all_.since(before.get(kind, NO_COUNTS)) for kind, all_ in self.recorder.links_at_end.items()}
        for kind, counts in since.items():
            total = total.plus(counts)
            result |= _link_metrics(f"[{kind}]", counts)
        return result | _link_metrics("", total)

    def _expiries(self) -> Values:
        """Leases that ended at cores, which know when, but do not count."""
        window, result = self.window, Values()
        if len(window.counts["lease"]):
            total = 0.0
            for core, ended_s in zip(self.world.cores, self.recorder.expiries_s, strict=True):
                inside = np.count_nonzero((ended_s >= window.begin_s) & (ended_s < window.end_s))
                result[f"lease.expiries.rate[{core.name}]"] = inside / window.width_s
                total += inside
            result["lease.expiries.rate"] = total / window.width_s
        return result


def _wholes(world: World) -> Wholes:
    """The labels of this world, and the numbers of the actors that each is about."""
    found = {
        kind: [(actor.name, [number]) for number, actor in enumerate(some)] for kind, some in actors(world).items()
    }
    return found | {"site": list(world.client_sites.items())}


def _data_changes(world: World) -> bool:
    """Whether something that L1 holds can change and be read, or edges are told of changes."""
    return world.edges[0].l1.tracks or world.cores[0].policy.invalidate


def _link_metrics(label: str, counts: PathCounters) -> Values:
    return {
        f"link.loss_ratio{label}": counts.loss_ratio if counts.lossy_sent else 0.0,
        f"link.loss_burst.mean{label}": counts.mean_burst,
        f"link.wait.mean{label}": counts.mean_wait_s,
    }


def _in_order(found: Values) -> Values:
    """In the order of the catalogue; of one metric the value in all first."""
    place = {name: number for number, name in enumerate(CATALOGUE)}

    def key(name: str) -> tuple[int, bool]:
        base, bracket, _ = name.partition("[")
        return place.get(base, len(place)), bool(bracket)

    return {name: found[name] for name in sorted(found, key=key)}
