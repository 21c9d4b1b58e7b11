"""The lease table of one edge by itself, against a core that answers as the test decides.

Rules of docs/model.md: tick n is at n * D; at each tick all leases with a remaining time <= M go, in one message a
shard and several only beyond the largest batch; what is not answered goes again at each next tick while it lasts; the
belief counts from when the edge sent; lookups never extend.
"""

from __future__ import annotations

import math

import pytest

from simulator.engine.kernel import Kernel
from simulator.leases.renewal import LeasePolicy, LeaseTable, renew_all
from simulator.messages import Batch, HeldLease, RenewalAnswer
from tests.actors import a_session, an_edge

EXTENDED, EXPIRED, MOVED = (int(answer) for answer in (
    RenewalAnswer.EXTENDED, RenewalAnswer.EXPIRED, RenewalAnswer.MOVED))  # fmt: skip


class Bench:
    """One edge: L = 30 s, M = 10 s, D = 1 s unless the test says otherwise; answers take `takes_s`, or never come."""

    def __init__(self, answer=EXTENDED, takes_s=0.0, offset_s=0.0, shards=1, **policy):
        self.kernel = Kernel()
        settings = {"length_s": 30.0, "renew_before_s": 10.0, "batch_every_s": 1.0, "idle_after_s": math.inf} | policy
        self.policy = LeasePolicy(**settings)
        self.table = LeaseTable(self.kernel, self.policy, offset_s)
        self.table.edge = self.edge = an_edge()
        self.table.shards = shards
        self.table.send = self.send
        self.answer, self.takes_s, self.accepts = answer, takes_s, True
        self.sent = []  # (time, shard, ids)
        if self.policy.batching:
            self.kernel.process(renew_all(self.kernel, [self.table], self.policy))

    def send(self, batch, shard):
        assert batch.sent_s == self.kernel.now
        self.sent.append((self.kernel.now, shard, [session.session_id for session in batch.sessions]))
        if self.answer is not None and self.accepts:
            batch.answers = [self.answer] * len(batch.sessions)
            batch.answered_s = self.kernel.now
            self.kernel.call_in(self.takes_s, self.table.receive_answers, batch)
        return self.accepts

    def hold(self, until_s, *session_ids, **more):
        for session_id in session_ids:
            self.table.hold(a_session(session_id), until_s, **more)

    def leases(self, *session_ids):
        return [self.table.held[session_id] for session_id in session_ids]

    def answers(self, sent_s, answers, leases, answered_s=None):
        """What the core answers to a batch that was sent at `sent_s`."""
        batch = Batch(0, 0, leases, sent_s)
        batch.answers, batch.answered_s = answers, sent_s if answered_s is None else answered_s
        self.table.receive_answers(batch)

    def until(self, time_s):
        self.kernel.run(until=time_s)
        table = self.table
        assert table.sent == table.answered + table.lost + table.in_flight
        return self

    @property
    def times(self):
        return [time_s for time_s, _, _ in self.sent]


def gone(session_id):
    """A lease that is in no table."""
    lease = HeldLease(a_session(session_id), 0, 30.0, 0.0)
    lease.kept = False
    return lease


def test_the_defaults_are_those_of_the_language():
    """docs: 30 s, of which the last 10 s are for renewing; ticks of 1 s; 256 a batch; idle after 60 s; 15 s delay."""
    assert LeasePolicy() == LeasePolicy(30.0, 10.0, 1.0, 256, True, 60.0, 15.0, 0.0)


# -- when -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("length_s", "renew_before_s", "batch_every_s", "interval_s"),
    [(30, 10, 1, 20), (30, 10, 3, 21), (30, 10, 7, 21), (30, 10, 20, 20), (0.3, 0.1, 0.1, 0.2), (5, 0, 2, 6)],
)
def test_the_interval_between_renewals(length_s, renew_before_s, batch_every_s, interval_s):
    """I = D * ceil((L - M) / D), however the quotient rounds; L - M without batching. And so it happens."""
    bench = Bench(length_s=length_s, renew_before_s=renew_before_s, batch_every_s=batch_every_s)
    assert bench.policy.interval_s == pytest.approx(interval_s)
    alone = LeasePolicy(length_s, renew_before_s, batch_every_s, batching=False)
    assert alone.interval_s == length_s - renew_before_s
    if length_s > interval_s:
        bench.hold(length_s, 1)
        bench.until(3.5 * interval_s)
        assert bench.times == pytest.approx([interval_s, 2 * interval_s, 3 * interval_s])


@pytest.mark.parametrize(
    ("until_s", "first_s"), [(30.0, 20.0), (30.001, 21.0), (29.999, 20.0), (29.0, 19.0), (10.0, 0.0), (7.5, 0.0)]
)
def test_a_lease_goes_at_the_first_tick_with_no_more_left_than_the_margin(until_s, first_s):
    """Due exactly now included; at the very first tick if it is due already."""
    bench = Bench()
    bench.hold(until_s, 1)
    assert bench.until(first_s + 0.5).times == [first_s]


def test_ticks_with_large_numbers_are_as_good_as_small_ones():
    bench = Bench(batch_every_s=0.125)
    bench.hold(110.0, 1)
    assert bench.until(100.1).times == [100.0]  # the 800th


def test_a_lease_goes_once_a_tick_even_if_it_was_due_at_two():
    """L - M is one tick: answered before the next tick, it is due there, and not once more as unanswered."""
    bench = Bench(length_s=11.0, takes_s=0.5)
    bench.hold(11.0, 1)
    bench.until(5.5)
    assert bench.sent == [(float(tick), 0, [1]) for tick in range(1, 6)]
    early = Bench(length_s=11.0, takes_s=0.5)
    early.hold(10.0, 1)
    early.until(3.5)
    assert early.sent == [(float(tick), 0, [1]) for tick in range(4)]


def test_after_its_tick_a_lease_that_is_due_goes_at_the_next_one():
    bench = Bench().until(5.5)
    bench.hold(12.0, 1)
    assert bench.until(6.5).times == [6.0]


def test_the_belief_counts_from_when_the_edge_sent():
    bench = Bench(takes_s=0.75)
    bench.hold(30.0, 1)
    assert bench.until(20.7).table.until(1) == 30.0
    assert bench.until(20.8).table.until(1) == 50.0
    assert bench.until(70.0).times == [20.0, 40.0, 60.0]
    assert (bench.table.messages, bench.table.renewed) == (3, 3)


def test_what_is_not_answered_goes_again_at_each_tick_while_it_lasts_and_then_lapses():
    """Remaining time 10 s at tick 20; at tick 30 it has ended."""
    bench = Bench(answer=None)
    bench.hold(30.0, 1)
    bench.until(35.0)
    assert bench.times == [float(tick) for tick in range(20, 30)]
    assert (bench.table.sent, bench.table.lapses, bench.table.idle_lapses) == (10, 1, 0)
    assert not bench.table.held


def test_an_answer_that_comes_late_ends_the_repetition():
    bench = Bench(takes_s=2.5)
    bench.hold(30.0, 1)
    assert bench.until(41.5).times == [20.0, 21.0, 22.0]
    assert bench.until(42.5).times == [20.0, 21.0, 22.0, 42.0]
    assert bench.table.until(1) == 52.0  # from the last of the three that were sent
    assert bench.table.lapses == 0


def test_an_older_answer_does_not_shorten_the_belief():
    """Two answers of the core overtake each other: the later sending counts."""
    bench = Bench(answer=None)
    bench.hold(30.0, 1)
    bench.until(21.5)
    for sent_s in (21.0, 20.0):
        bench.answers(sent_s, [EXTENDED], bench.leases(1))
        assert bench.table.until(1) == 51.0


def test_an_answer_finds_the_lease_that_was_taken_anew_in_the_meantime():
    """The session was closed at the edge and is back: its answer is about the session, not about a row of a table."""
    bench = Bench(answer=None)
    bench.hold(30.0, 1)
    bench.until(21.5)
    [old] = bench.leases(1)
    bench.table.drop(1)
    bench.answers(20.0, [EXTENDED], [old])
    assert bench.table.until(1) == -math.inf
    bench.hold(30.0, 1)
    bench.answers(20.0, [EXTENDED], [old])
    assert (bench.table.until(1), bench.table.renewed) == (50.0, 1)


# -- messages ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("max_batch", "sizes"), [(256, [5]), (5, [5]), (4, [4, 1]), (2, [2, 2, 1]), (1, [1] * 5), (math.inf, [5])]
)
def test_one_message_and_several_only_beyond_the_largest_batch(max_batch, sizes):
    bench = Bench(max_batch=max_batch)
    bench.hold(30.0, 1, 2, 3, 4, 5)
    bench.until(20.5)
    assert [len(ids) for _, _, ids in bench.sent] == sizes
    assert sorted(session_id for _, _, ids in bench.sent for session_id in ids) == [1, 2, 3, 4, 5]
    assert (bench.table.messages, bench.table.sent) == (len(sizes), 5)


def test_each_shard_gets_a_message_of_its_own():
    """Sessions go to the shard of their number modulo the shards."""
    bench = Bench(shards=3)
    bench.hold(30.0, 7, 5, 3, 1, 6)
    assert bench.until(20.5).sent == [(20.0, 0, [3, 6]), (20.0, 1, [7, 1]), (20.0, 2, [5])]


def test_what_could_not_be_sent_is_lost_and_goes_again():
    bench = Bench()
    bench.accepts = False
    bench.hold(30.0, 1)
    bench.until(21.5).accepts = True
    bench.until(23.5)
    assert bench.times == [20.0, 21.0, 22.0]
    assert (bench.table.sent, bench.table.lost, bench.table.answered) == (3, 2, 1)


def test_counters_start_anew_without_forgetting_a_lease():
    bench = Bench()
    bench.hold(30.0, 1)
    bench.until(25.0).table.reset_counters()
    table = bench.table
    assert (table.sent, table.messages, table.renewed, table.answered, table.lost, table.lapses) == (0,) * 6
    assert bench.until(45.0).table.renewed == 1


# -- without batching -------------------------------------------------------------------------------------
def test_without_batching_each_lease_goes_alone_when_only_the_margin_is_left():
    """At L - M after its grant, not at a tick."""
    bench = Bench(batching=False)
    bench.hold(30.25, 1)
    bench.hold(30.5, 2)
    bench.until(60.0)
    assert bench.sent == [(20.25, 0, [1]), (20.5, 0, [2]), (40.25, 0, [1]), (40.5, 0, [2])]


def test_without_batching_too_what_is_not_answered_goes_again_while_it_lasts():
    bench = Bench(answer=None, batching=False, batch_every_s=4.0)
    bench.hold(30.0, 1)
    bench.until(50.0)
    assert bench.times == [20.0, 24.0, 28.0]
    assert bench.table.lapses == 1
    assert not bench.table.held


def test_without_batching_an_answer_in_time_ends_the_repetition():
    bench = Bench(batching=False, takes_s=1.5)
    bench.hold(30.0, 1)
    assert bench.until(45.0).times == [20.0, 21.0, 41.0, 42.0]
    assert bench.table.renewed == 4


def test_without_batching_a_lease_that_is_due_already_goes_at_once():
    bench = Bench(batching=False).until(5.0)
    bench.hold(12.0, 1)
    assert bench.until(5.5).times == [5.0]


def test_without_batching_an_edge_that_is_down_sends_nothing():
    bench = Bench(batching=False)
    bench.hold(30.0, 1)
    bench.edge.down = True
    assert bench.until(50.0).times == []


# -- belief -----------------------------------------------------------------------------------------------
def test_a_lease_is_valid_until_just_before_its_end():
    table = Bench().table
    assert (table.valid(1, 0.0), table.until(1)) == (False, -math.inf)
    table.hold(a_session(1), 30.0)
    assert table.valid(1, math.nextafter(30.0, 0.0))
    assert not table.valid(1, 30.0)


def test_clocks_the_edge_lets_go_earlier_by_the_bound_and_its_own_offset():
    """Skew .5 s, offset .25 s: 29.25 instead of 30; sent at tick 20 (as 9.25 s are left): 20 + 30 - .75."""
    bench = Bench(clock_skew_s=0.5, offset_s=0.25)
    bench.hold(30.0, 1)
    assert bench.table.until(1) == 29.25
    bench.until(20.5)
    assert bench.times == [20.0]
    assert bench.table.until(1) == 49.25


def test_a_lookup_never_extends_a_lease_that_the_edge_renews():
    """What it heard by renewing is as good, and its tick stays."""
    bench = Bench()
    bench.hold(30.0, 1)
    bench.until(5.0)
    bench.hold(34.0, 1)
    assert bench.table.until(1) == 30.0
    assert bench.until(24.5).times == [20.0]


def test_an_edge_that_is_named_anew_after_its_lease_ended_renews_again():
    bench = Bench(answer=None, renew_before_s=1.0)
    bench.hold(3.0, 1)
    assert bench.until(3.5).times == [2.0]
    bench.answer = EXTENDED
    bench.hold(20.0, 1)
    assert bench.table.until(1) == 20.0
    assert bench.until(25.0).times == [2.0, 19.0]
    assert bench.table.until(1) == 49.0


def test_an_edge_that_is_named_anew_after_a_moved_renews_again():
    bench = Bench(answer=MOVED)
    bench.hold(30.0, 1)
    bench.until(25.5).answer = EXTENDED
    bench.hold(29.0, 1, named_s=24.0)
    assert bench.table.until(1) == 30.0  # the later of the two ends that it has heard of
    bench.until(26.5)
    assert bench.times == [20.0, 26.0]


# -- what the core answers --------------------------------------------------------------------------------
def test_moved_stops_the_renewals_and_the_lease_runs_out():
    """The entry of L1 stays valid until the last expiry heard; then nothing is left of it, and it is no lapse."""
    bench = Bench(answer=MOVED)
    bench.hold(30.0, 1)
    bench.until(29.9)
    assert bench.times == [20.0]
    assert bench.table.valid(1, 29.9)
    bench.until(32.5)
    assert not bench.table.held
    assert (bench.table.lapses, bench.table.renewed, bench.table.answered) == (0, 0, 1)


@pytest.mark.parametrize("batch_every_s", [0.25, 1.0, 2.0, 20.0])
def test_what_has_moved_is_forgotten_soon_after_its_end(batch_every_s):
    """The edge looks at it once more: at the latest two ticks after its end, and never before."""
    bench = Bench(answer=MOVED, batch_every_s=batch_every_s)
    bench.hold(30.0, 1)
    assert bench.until(29.99).table.held
    assert not bench.until(30.01 + 2 * batch_every_s).table.held


def test_expired_ends_the_belief_at_once():
    bench = Bench(answer=EXPIRED, takes_s=0.5)
    bench.hold(30.0, 1)
    assert bench.until(20.4).table.valid(1, 20.4)
    bench.until(20.6)
    assert not bench.table.valid(1, 20.6)
    assert bench.table.until(1) == 20.5
    assert bench.until(40.0).times == [20.0]
    assert not bench.table.held


def test_expired_counts_even_if_the_edge_was_named_later():
    """Only a "moved" can be out of date: an expired lease is over for everybody."""
    bench = Bench(answer=EXPIRED, takes_s=0.5)
    bench.hold(30.0, 1)
    bench.until(20.2)
    bench.hold(30.0, 1, named_s=20.3)
    assert bench.until(20.6).table.until(1) == 20.5


def test_answers_of_one_batch_belong_to_their_sessions():
    bench = Bench(answer=None)
    bench.hold(30.0, 1, 2, 3)
    bench.until(20.5)
    bench.table.sent += 1
    bench.table.in_flight += 1
    bench.answers(20.0, [EXTENDED, EXTENDED, MOVED, EXPIRED], [gone(4), *bench.leases(1, 2, 3)], answered_s=20.2)
    assert [bench.table.until(session_id) for session_id in (1, 2, 3, 4)] == [50.0, 30.0, 20.5, -math.inf]
    assert bench.table.renewed == 1
    assert bench.until(21.5).times == [20.0]


# -- idle sessions ----------------------------------------------------------------------------------------
def test_sessions_that_are_not_active_are_not_renewed_and_lapse_as_idle():
    """Idle after 15 s: at tick 20 the last use (the grant) is 20 s ago."""
    bench = Bench(idle_after_s=15.0)
    bench.hold(30.0, 1)
    bench.until(35.0)
    assert bench.times == []
    assert (bench.table.lapses, bench.table.idle_lapses) == (1, 1)


@pytest.mark.parametrize("use", ["valid", "touch", "hold"])
def test_a_use_makes_a_session_active_for_so_long_and_no_longer(use):
    """Idle after 15 s: used at 5.5 s it is active at tick 20, not at 40; used at 5 s it is idle at tick 20 already."""
    for used_s, asked_s in ((5.5, [20.0]), (5.0, [])):
        bench = Bench(idle_after_s=15.0)
        bench.hold(30.0, 1)
        bench.until(used_s)
        if use == "hold":
            bench.hold(30.0, 1)
        else:
            getattr(bench.table, use)(1, used_s)
        assert bench.until(60.0).times == asked_s


def test_a_lapse_is_idle_only_if_the_session_was_idle_whenever_it_could_have_been_renewed():
    """Idle after 15 s. Used at 6 s it is asked for at 20 s, in vain: lost, though at 30 s it was idle for 24 s."""
    bench = Bench(answer=None, idle_after_s=15.0)
    bench.hold(30.0, 1)
    bench.until(6.0).table.touch(1, 6.0)
    bench.until(35.0)
    assert (bench.table.lapses, bench.table.idle_lapses) == (1, 0)


def test_no_lapse_is_counted_for_a_session_that_is_closed():
    bench = Bench(answer=None)
    bench.hold(30.0, 1)
    bench.leases(1)[0].session.over = True
    bench.until(35.0)
    assert bench.table.lapses == 0


def test_a_session_that_becomes_active_again_is_renewed_at_the_next_tick():
    bench = Bench(idle_after_s=15.0)
    bench.hold(30.0, 1)
    bench.until(24.5).table.touch(1, 24.5)
    assert bench.until(26.5).times == [25.0]


def test_without_batching_too_only_active_sessions_are_renewed():
    bench = Bench(idle_after_s=15.0, batching=False)
    bench.hold(30.0, 1)
    bench.until(24.5).table.touch(1, 24.5)
    bench.until(60.0)
    assert bench.times == [25.0]
    assert bench.table.idle_lapses == 1


def test_a_lease_that_is_held_for_use_alone_is_unknown_otherwise():
    table = Bench().table
    table.touch(9, 1.0)
    table.drop(9)
    assert not table.held


# -- ends -------------------------------------------------------------------------------------------------
def test_a_closed_session_is_neither_renewed_nor_a_lapse():
    for batching in (True, False):
        bench = Bench(batching=batching)
        bench.hold(30.0, 1, 2)
        bench.table.drop(1)
        bench.until(31.0)
        assert [ids for _, _, ids in bench.sent] == [[2]]
        assert bench.table.lapses == 0


def test_a_session_that_was_closed_and_held_anew_keeps_its_new_lease():
    """The old lease comes up at the tick of its end, and takes nothing with it."""
    bench = Bench(renew_before_s=0.0)
    bench.hold(30.0, 1, 2)
    bench.table.drop(1)
    bench.table.drop(2)
    bench.hold(60.5, 1)
    bench.until(31.5)
    assert (bench.table.until(1), bench.table.until(2)) == (60.5, -math.inf)


@pytest.mark.parametrize("batching", [True, False])
def test_a_crash_loses_all_leases_and_what_is_not_answered(batching):
    bench = Bench(answer=None, batching=batching)
    bench.hold(30.0, 1)
    bench.hold(40.0, 2)
    bench.until(20.5).table.clear()
    bench.until(60.0)
    assert bench.times == [20.0]
    assert (len(bench.table.held), bench.table.lapses) == (0, 0)


def test_an_answer_to_an_earlier_life_or_to_a_node_that_is_down_is_lost():
    for change in ({"epoch": 1}, {"down": True}):
        bench = Bench(takes_s=0.5)
        bench.hold(30.0, 1)
        bench.until(20.2)
        for name, value in change.items():
            setattr(bench.edge, name, value)
        bench.until(20.9)
        assert (bench.table.lost, bench.table.answered, bench.table.until(1)) == (1, 0, 30.0)


def test_an_edge_that_is_down_sends_nothing_at_its_ticks():
    bench = Bench()
    bench.hold(30.0, 1)
    bench.edge.down = True
    assert bench.until(25.5).times == []
