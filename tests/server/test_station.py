"""A station by itself, against the queue worked out by hand: order, workers, pauses, crashes, errors.

The expectation for times of service is the recursion of Kiefer and Wolfowitz (1955): work goes to the worker that is
free first, in the order of arrival, and starts when both are there.
"""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from simulator.engine.kernel import Kernel
from simulator.engine.samplers import Blocks
from simulator.server.erring import Erring
from simulator.server.station import Station

pytestmark = pytest.mark.interpreted  # a compiled station has compiled subclasses only


class Counter(Station):
    """Serves numbers, and notes what becomes of each."""

    def __init__(self, workers, services_s):
        self.kernel = Kernel()
        super().__init__(0, "s", None, self.kernel, workers, Blocks(lambda _: list(services_s)))
        self.began_s, self.ended_s, self.lost, self.erred_s, self.unwanted = {}, {}, [], {}, set()

    def receive(self, arrival):
        if not (self.disturbed and self._turns_away(arrival)):
            self.admit(self._take_in(arrival))

    def _take_in(self, arrival):
        return (arrival, self.epoch)

    def _is_wanted(self, work):
        return work[0] not in self.unwanted

    def serve(self, work):
        self.began_s[work[0]] = now = self.clock.now
        self.start_sum_s += now
        self.clock.push(now + self.service_s.next(), self.finishing, work)

    def finish(self, work):
        if work[1] != self.epoch:
            self.lose(work[0])
            return
        self.ended_s[work[0]] = self.clock.now
        self.free_worker(self.clock.now)

    def _err(self, work):
        self.erred_s[work[0]] = self.clock.now

    def lose(self, arrival):
        self.lost.append(arrival)

    def crash(self):
        self._go_down(resets=False)
        self.departure_sum_s += self.clock.now * self.busy
        for work in self._lose_queue():
            self.lose(work[0])
        self._lose_paused()

    def arrive(self, times_s):
        for number, at_s in enumerate(times_s):
            self.clock.call_at(at_s, self.receive, number)

    def at(self, at_s, do):
        self.clock.call_at(at_s, lambda _: do(), None)

    def busy_s(self, now_s):
        return self.busy * now_s - self.start_sum_s + self.departure_sum_s


@pytest.mark.parametrize("workers", [1, 3, float("inf")])
def test_times_of_service_are_those_of_the_recursion(workers):
    rng = np.random.default_rng(7)
    arrivals_s, services_s = np.cumsum(rng.exponential(1.0, 500)), rng.exponential(min(workers, 5) * 0.9, 500)
    station = Counter(workers, services_s)
    station.arrive(arrivals_s)
    station.kernel.run(until=1e6)
    free_s = [0.0] * (500 if workers == float("inf") else workers)
    for number, (arrived_s, service_s) in enumerate(zip(arrivals_s, services_s, strict=True)):
        began_s = max(heapq.heappop(free_s), arrived_s)
        heapq.heappush(free_s, began_s + service_s)
        assert station.began_s[number] == pytest.approx(began_s)
        assert station.ended_s[number] == pytest.approx(began_s + service_s)
    assert station.busy_s(1e6) == pytest.approx(services_s.sum())


def test_work_that_nobody_wants_any_more_leaves_the_queue_unserved():
    station = Counter(1, [2.0, 2.0, 2.0])
    station.unwanted = {1, 2}
    station.arrive([0.0, 0.5, 1.0, 1.5])
    station.kernel.run(until=10.0)
    assert station.ended_s == {0: 2.0, 3: 4.0}
    assert station.busy == 0


def test_a_pause_shifts_what_is_in_service_and_keeps_the_order():
    """0 is served 1 s, 1 waits; from 1 s to 6 s it stands still; 2 comes meanwhile. 0 has 1 s left at 6 s."""
    station = Counter(1, [2.0, 2.0, 2.0])
    station.arrive([0.0, 0.5, 3.0])
    station.at(1.0, station.pause)
    station.at(6.0, station.go_on)
    station.kernel.run(until=20.0)
    assert station.ended_s == {0: 7.0, 1: 9.0, 2: 11.0}


def test_a_crash_loses_all_that_is_there_and_its_time_in_service_counts():
    """Two workers: 0 and 1 are served from 0 s and 1 s, 2 waits; all are lost at 3 s. Back at 5 s, 4 is served."""
    station = Counter(2, [10.0, 10.0, 1.0])
    station.arrive([0.0, 1.0, 2.0, 4.0, 6.0])
    station.at(3.0, station.crash)
    station.at(5.0, station.restart)
    station.kernel.run(until=20.0)
    assert sorted(station.lost) == [0, 1, 2, 3]
    assert station.ended_s == {4: 7.0}
    assert station.busy_s(20.0) == pytest.approx((3.0 - 0.0) + (3.0 - 1.0) + 1.0)


def test_a_crash_within_a_pause_loses_what_waits_for_its_end():
    station = Counter(1, [2.0, 1.0])
    station.arrive([0.0, 1.5, 8.0])
    station.at(1.0, station.pause)
    station.at(2.0, station.crash)
    station.at(3.0, station.restart)
    station.at(4.0, station.go_on)
    station.kernel.run(until=20.0)
    assert sorted(station.lost) == [0, 1]
    assert station.ended_s == {2: 9.0}


def test_errors_take_no_worker_and_the_rest_is_served():
    """Uniforms .1 .9 .1 .9 against a ratio of one half: every other one errs after 3 s."""
    station = Counter(1, [1.0] * 4)
    station.erring = Erring(Blocks(lambda _: [0.1, 0.9, 0.1, 0.9]))
    station.erring.add(0.5, 3.0)
    station.note_disturbance()
    station.arrive([0.0, 0.5, 1.0, 1.2])
    station.kernel.run(until=20.0)
    assert station.erred_s == {0: 3.0, 2: 4.0}
    assert station.ended_s == {1: 1.5, 3: 2.5}


def test_slowdowns_multiply_and_unwind():
    station = Counter(1, [1.0] * 4)
    station.arrive([0.0, 10.0, 20.0, 30.0])
    station.at(5.0, lambda: station.slow(3.0))
    station.at(15.0, lambda: station.slow(0.5))
    station.at(25.0, lambda: (station.unslow(3.0), station.unslow(0.5)))
    station.kernel.run(until=40.0)
    assert list(station.ended_s.values()) == pytest.approx([1.0, 13.0, 21.5, 31.0])
