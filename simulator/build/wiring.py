"""From the `network` and `sites` of a scenario to paths: which parameters each link has, and who shares them.

A path holds the parameters of all links between a class of clients and one edge (or between two nodes), in one
direction. Clients of a group form one class unless a rule or a fault names some of them. Part of building a world:
may import scenario models and links. Does not move messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from simulator.engine.samplers import Sampler, sum_of
from simulator.engine.streams import Streams
from simulator.laws.distributions import Constant, Distribution, sampler
from simulator.laws.tails import tail_s
from simulator.links import Bernoulli, LossModel, Path
from simulator.links.ends import CLIENT, HEALTH, STORAGE, Endpoint, PathRecord
from simulator.scenario.distances import Distances
from simulator.scenario.schema import Scenario


class Leg(NamedTuple):
    """A path with the constant part of its latency and its expected total latency, seconds."""

    path: Path
    base_s: float
    expected_s: float


@dataclass(slots=True)
class _Parameters:
    latency: Distribution | None
    jitter: Distribution
    loss: LossModel
    bits_per_s: float
    distance: bool  # whether the two sites give the latency
    last_mile: Distribution | None

    @property
    def latencies(self) -> dict[str, Distribution]:
        """The parts that a latency is the sum of, by their purpose; the distance apart."""
        parts = {"latency": self.latency, "jitter": self.jitter, "last_mile": self.last_mile}
        return {purpose: law for purpose, law in parts.items() if law is not None}


@dataclass(slots=True)
class Wiring:
    """Makes paths, and remembers all of them."""

    scenario: Scenario
    streams: Streams
    records: list[PathRecord] = field(default_factory=list)
    distances: Distances = field(init=False)

    def __post_init__(self) -> None:
        network = self.scenario.network
        self.distances = Distances(self.scenario.sites, network.geo, network.matrix)

    def connect(self, source: Endpoint, target: Endpoint, size_bytes: float = 0.0) -> Leg:
        """A path from `source` to `target`; distance only counts where both have a site.

        The base includes the distance between the two sites. `size_bytes` is what the expected latency assumes.
        """
        parameters = self._parameters(source, target)
        entity = f"{source.name}{source.which}>{target.name}{target.which}"
        base_s = 0.0
        draws: list[Sampler] = []
        expected_s = size_bytes * 8.0 / parameters.bits_per_s
        for purpose, law in parameters.latencies.items():
            mean_s = law.mean
            expected_s += mean_s if math.isfinite(mean_s) else 1e9
            if law.is_constant:
                base_s += mean_s
            else:
                draws.append(sampler(law, self.streams.generator(entity, purpose)))
        if parameters.distance:
            distance_s = self.distances.one_way_s(source.site, target.site)
            base_s += distance_s
            expected_s += distance_s
        path = Path(sum_of(*draws), parameters.loss, self.streams.generator(entity, "loss"), parameters.bits_per_s)
        self.records.append(PathRecord(path, source, target))
        return Leg(path, base_s, expected_s)

    def expected_s(self, source: Endpoint, target: Endpoint) -> float:
        """The mean latency of a link, its distance included, seconds."""
        parameters = self._parameters(source, target)
        means_s = [law.mean for law in parameters.latencies.values()]
        distance_s = self.distances.one_way_s(source.site, target.site) if parameters.distance else 0.0
        return math.fsum(mean_s if math.isfinite(mean_s) else 1e9 for mean_s in means_s) + distance_s

    def tail_s(self, source: Endpoint, target: Endpoint) -> float:
        """The 99.99th percentiles of a link's parts of latency less their least values, summed, seconds."""
        return math.fsum(map(tail_s, self._parameters(source, target).latencies.values()))

    def uses_distance(self, source: Endpoint, target: Endpoint) -> bool:
        """Whether their sites give the latency between two ends."""
        return self._parameters(source, target).distance

    def _parameters(self, source: Endpoint, target: Endpoint) -> _Parameters:
        network = self.scenario.network
        default = network.default
        latency: Distribution | None = None
        jitter, loss, bits_per_s = default.jitter, default.loss, default.bandwidth
        rules = [rule for rule in network.links if source.matches(rule.from_) and target.matches(rule.to)]
        if not rules and any(end.role == HEALTH and end.site is None for end in (source, target)):
            return _Parameters(
                Constant(0.0), Constant(0.0), Bernoulli(ratio=0.0), math.inf, distance=False, last_mile=None
            )
        for rule in rules:
            latency = rule.latency if rule.latency is not None else latency
            jitter = rule.jitter if rule.jitter is not None else jitter
            loss = rule.loss if rule.loss is not None else loss
            bits_per_s = rule.bandwidth if rule.bandwidth is not None else bits_per_s
        geo = network.geo
        distance = latency is None and self.distances.given(source.site, target.site)
        last_mile = None
        if distance:
            if geo is not None and CLIENT in (source.role, target.role):
                last_mile = geo.last_mile
        elif latency is None:
            latency = Constant(0.0) if STORAGE in (source.role, target.role) else default.latency
        return _Parameters(latency, jitter, loss, bits_per_s, distance, last_mile)

    # -- classes of clients ---------------------------------------------------------------------------
    def patterns(self) -> list[str]:
        """All globs that rules and faults use, in order."""
        found: dict[str, None] = {}
        for rule in self.scenario.network.links:
            found.update(dict.fromkeys((*rule.from_, *rule.to)))
        for fault in self.scenario.faults:
            if fault.on_links:
                for _, globs in fault.targets():
                    found.update(dict.fromkeys(globs))
        return list(found)

    def names_storage(self) -> bool:
        """Whether any rule or fault is about the links to storage."""
        return self.scenario.storage.site is not None or any(
            fnmatchcase(STORAGE, pattern) and pattern != "*" for pattern in self.patterns()
        )

    def selective_patterns(self, group: str) -> tuple[frozenset[str], list[str]]:
        """(globs that match every client of the group, globs that may match some of them)."""
        every, some = set(), []
        for pattern in self.patterns():
            if pattern in ("*", group, f"{group}-*"):
                every.add(pattern)
            else:
                literal = pattern.split("*")[0].split("?")[0].split("[")[0]
                prefix = f"{group}-"
                if literal.startswith(prefix) or prefix.startswith(literal):
                    some.append(pattern)
        return frozenset(every), some


def class_of(name: str, every: frozenset[str], some: Sequence[str]) -> frozenset[str]:
    """The globs that match one client, given what its whole group matches."""
    return every.union(pattern for pattern in some if fnmatchcase(name, pattern))
