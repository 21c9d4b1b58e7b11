"""The comparison of edges at each interval's end: at n * interval those that stand out are ejected.

By success rate first, then by failures, then by latency; the worst first, as long as as many may be out. The edges of
one scope that are in service are compared. May import: kernel, the counts, ejections, the tests.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpy.events import Event

from simulator.engine.rest import Keeper
from simulator.health.ejections import IN_SERVICE
from simulator.health.outliers import high_failure_rates, high_latencies, low_success_rates

if TYPE_CHECKING:
    from simulator.engine.kernel import Kernel
    from simulator.health.ejections import Ejections
    from simulator.health.passive import Passive
    from simulator.server.edge import EdgeNode


@dataclass(frozen=True, slots=True)
class Criterion:
    """`limit` is what the test takes: standard deviations, a share of failures, a factor."""

    limit: float
    hosts: int
    requests: int


class Sweep:
    """What happens at each interval's end; a criterion that is None is off."""

    def __init__(
        self,
        kernel: Kernel,
        interval_s: float,
        scopes: Sequence[Sequence[int]],
        edges: Sequence[EdgeNode],
        passive: Passive,
        ejections: Ejections,
        success_rate: Criterion | None,
        failures: Criterion | None,
        latency: Criterion | None,
    ) -> None:
        self._kernel = kernel
        self._interval_s = interval_s
        self._scopes = scopes
        self._edges = edges
        self._passive = passive
        self._ejections = ejections
        self._success_rate, self._failures, self._latency = success_rate, failures, latency

    def run(self) -> Generator[Event, None, None]:
        """The SimPy process."""
        kernel, interval_s = self._kernel, self._interval_s
        keeper = Keeper(self._quiet)
        kernel.rest.add(keeper)
        number = 0
        while True:
            number = kernel.rest.next_tick(keeper, number + 1, interval_s)
            keeper.tick = tick = kernel.tick_at(number * interval_s)
            yield tick
            self._ejections.forgive((number - 1) * interval_s)
            for members in self._scopes:
                self._compare(members)
            self._passive.forget_interval()

    def _quiet(self) -> bool:
        return self._passive.idle() and not any(self._ejections.times)

    def _compare(self, members: Sequence[int]) -> None:
        out = self._ejections.out
        there = [one for one in members if self._edges[one].exists and out[one] == IN_SERVICE]
        for reason, found in (
            ("success_rate", self._by_success_rate(there)),
            ("failure_percentage", self._by_failures(there)),
            ("latency", self._by_latency(there)),
        ):
            for edge in found:
                self._ejections.eject(edge, reason, self._kernel.now)

    def _by_success_rate(self, there: Sequence[int]) -> list[int]:
        criterion = self._success_rate
        return [] if criterion is None else low_success_rates(self._rates(there, criterion), criterion.limit)

    def _by_failures(self, there: Sequence[int]) -> list[int]:
        criterion = self._failures
        return [] if criterion is None else high_failure_rates(self._rates(there, criterion), criterion.limit)

    def _by_latency(self, there: Sequence[int]) -> list[int]:
        criterion = self._latency
        if criterion is None:
            return []
        answered, sums_s = self._passive.answered, self._passive.response_sum_s
        means_s = {one: sums_s[one] / answered[one] for one in there if answered[one] >= criterion.requests}
        return high_latencies(means_s, criterion.limit) if len(means_s) >= criterion.hosts else []

    def _rates(self, there: Sequence[int], criterion: Criterion) -> dict[int, float]:
        """Success rates of the edges that had enough requests; of none where these are too few."""
        good, bad = self._passive.good, self._passive.bad
        rates = {one: good[one] / (good[one] + bad[one]) for one in there if good[one] + bad[one] >= criterion.requests}
        return rates if len(rates) >= criterion.hosts else {}
