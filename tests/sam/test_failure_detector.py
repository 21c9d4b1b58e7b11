"""The heartbeat detector by itself: `misses` periods after the last heartbeat heard, neither sooner nor later."""

from __future__ import annotations

import math

import pytest

from simulator.engine.kernel import Kernel
from simulator.sam.detector import FailureDetector

PERIOD_S, MISSES = 1.0, 3


class Watch:
    """Members whose heartbeats the test decides; `beats(member, now_s)` is how long one takes."""

    def __init__(self, beats, members=1, period_s=PERIOD_S, misses=MISSES, **more):
        self.kernel, self.up = Kernel(), True
        self.failed, self.back, self.asked = [], [], []

        def beat(member):
            self.asked.append((self.kernel.now, member))
            return beats(member, self.kernel.now)

        self.detector = FailureDetector(
            self.kernel, range(members), period_s, misses, beat,
            lambda member: self.failed.append((round(self.kernel.now, 6), member)),
            lambda member: self.back.append((self.kernel.now, member)),
            lambda: self.up, **more,
        )  # fmt: skip
        self.kernel.process(self.detector.run())

    def until(self, time_s):
        self.kernel.run(until=time_s)
        return self


def silent(*spans, takes_s=0.0):
    """Heartbeats that take `takes_s`, but for those sent within [begin, end) of a span, which are lost."""
    return lambda _, now_s: math.inf if any(begin <= now_s < end for begin, end in spans) else takes_s


def test_every_member_beats_at_every_multiple_of_the_period():
    watch = Watch(silent(), members=2, period_s=0.1).until(0.35)
    assert watch.asked == [(n * 0.1, member) for n in range(4) for member in (0, 1)]
    assert watch.failed == watch.back == []


@pytest.mark.parametrize("crash_s", [4.001, 4.25, 4.5, 4.999])
def test_a_crash_is_detected_three_periods_after_the_last_heartbeat(crash_s):
    """The last one came at 4 s. Over random moments of the crash that is uniform on (misses - 1, misses] periods."""
    assert Watch(silent((crash_s, math.inf))).until(6.999).failed == []
    assert Watch(silent((crash_s, math.inf))).until(50.0).failed == [(7.0, 0)]


def test_members_that_are_suspected_at_one_instant_settle_together():
    settled = []
    watch = Watch(silent(), members=3, settled=lambda members: settled.append(list(members)))
    for time_s, members in [(4.5, (0, 2)), (7.5, (1,))]:
        for member in members:
            watch.kernel.call_at(time_s, watch.detector.suspect, member)
    watch.until(4.9)
    assert settled == [[0, 2]]
    watch.until(7.9)
    assert settled == [[0, 2], [1]]
    assert watch.failed == [(4.5, 0), (4.5, 2), (7.5, 1)]


@pytest.mark.parametrize(("period_s", "misses"), [(0.5, 2), (1.0, 1), (0.1, 3), (2.0, 5)])
def test_period_and_misses(period_s, misses):
    """Last heard at 4 s, whatever they are."""
    watch = Watch(silent((4.0 + period_s / 2, math.inf)), period_s=period_s, misses=misses).until(50.0)
    assert watch.failed == [(round(4.0 + misses * period_s, 6), 0)]


def test_what_counts_is_when_a_heartbeat_arrives():
    assert Watch(silent((4.5, math.inf), takes_s=0.25)).until(20.0).failed == [(7.25, 0)]


def test_who_is_never_heard_is_believed_failed_after_the_first_three_periods():
    watch = Watch(lambda member, _: math.inf if member == 1 else 0.0, members=3).until(20.0)
    assert watch.failed == [(3.0, 1)]
    assert watch.detector.believed == [True, False, True]


@pytest.mark.parametrize("period_s", [1.0, 0.1, 0.7])
def test_a_heartbeat_that_comes_just_in_time_is_in_time(period_s):
    """Two lost in a row, and the third arrives exactly when the limit is reached, however products round."""
    spans = [(period_s * (k + 0.5), period_s * (k + 2.5)) for k in range(3, 90, 4)]
    assert Watch(silent(*spans), period_s=period_s).until(100 * period_s).failed == []


def test_who_is_heard_again_is_back_at_once_and_can_fail_again():
    watch = Watch(silent((4.5, 9.5), (11.5, 20.5), takes_s=0.25)).until(30.0)
    assert watch.failed == [(7.25, 0), (14.25, 0)]
    assert watch.back == [(10.25, 0), (21.25, 0)]
    assert watch.detector.believed == [True]


def test_who_listens_no_more_hears_nothing_and_believes_nobody_failed():
    watch = Watch(silent((4.5, 20.5)))
    watch.until(4.7).up = False
    assert watch.until(15.0).failed == []


def test_silence_before_the_watcher_came_back_is_no_evidence():
    """A manager that restarts waits for a whole limit; members that were well all the time are never suspected."""
    watch = Watch(lambda member, now_s: math.inf if member == 0 and now_s > 4.5 else 0.0, members=2)
    watch.until(5.5).up = False
    watch.until(12.5).up = True
    watch.until(12.6)
    assert watch.failed == []
    watch.until(40.0)
    [(at_s, member)] = watch.failed
    assert member == 0
    assert 12.5 < at_s <= 12.5 + MISSES * PERIOD_S


def test_suspicion_from_elsewhere_counts_at_once_and_once():
    watch = Watch(silent())
    watch.until(4.2).detector.suspect(0)
    assert watch.failed == [(4.2, 0)]
    watch.until(4.4).detector.suspect(0)
    assert watch.failed == [(4.2, 0)]
    assert watch.detector.believed == [False]
    watch.until(30.0)
    assert watch.back == [(5.0, 0)]  # with its next heartbeat
    assert watch.failed == [(4.2, 0)]


def test_who_was_suspected_and_is_then_really_silent_is_told_failed_once_and_not_again():
    watch = Watch(silent((4.5, 20.5)))
    watch.until(4.2).detector.suspect(0)
    watch.until(40.0)
    assert watch.failed == [(4.2, 0)]
    assert watch.back == [(21.0, 0)]


def test_a_member_is_watched_again_after_it_was_suspected_and_came_back():
    """Three periods from the last beat, whether its timer ran out meanwhile (back at 9 s) or not (back at 5 s)."""
    for back_s in (5.0, 9.0):
        watch = Watch(silent((4.5, back_s - 0.5), (12.5, math.inf)))
        watch.until(4.2).detector.suspect(0)
        watch.until(40.0)
        assert watch.back == [(back_s, 0)]
        assert watch.failed == [(4.2, 0), (15.0, 0)]
