"""The manager by itself, with sessions that the test makes: windows, weights, shards, moves and news on their way."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from simulator.engine.kernel import Kernel
from simulator.routing.directory import Directory, Draining
from simulator.sam import StickinessRule
from simulator.sam.manager import StickinessManager
from simulator.sam.policy import ManagerPolicy
from tests.actors import a_client, a_policy, a_session, some_moves

TOLD_S = 0.0625  # how long news takes here: a binary fraction, so that sums are exact


class Bench:
    """A manager of three edges and a group without clients' traffic: the test reports what it likes."""

    def __init__(self, **policy):
        self.kernel = Kernel()
        self.directory = Directory(["pop-1", "pop-2", "pop-3"], [None] * 3)
        settings = {"interval_s": 1.0, "window_s": 2.0, "propagation_s": TOLD_S} | policy
        self.manager = StickinessManager(self.kernel, ManagerPolicy(**settings), self.directory)
        self.group, self.moves = a_policy("people"), some_moves()
        self.manager.moves.append(self.moves)
        self.moved, self.suspected, self.wanted = [], [], {}
        self.manager.choose_other = lambda client, edge: self.wanted.get(client.index, (edge + 1) % 3)
        self.manager.on_moved = lambda edge, to: self.moved.append((self.kernel.now, edge, to))
        self.manager.on_suspect = self.suspected.append
        self.kernel.process(self.manager.run())

    def session(self, session_id, edge=0, probe_s=math.nan):
        session = a_session(session_id, a_client(self.group, session_id), edge=edge)
        self.manager.admit(session, probe_s)
        return session

    def report(self, session, *values, times=1):
        for value in values * times:
            self.manager.report(session.slot, value)

    def until(self, time_s):
        self.kernel.run(until=time_s)
        return self


def after(bench, session, *values, times=1, at_s=1.01):
    """Report now; the session's weight at a time."""
    bench.report(session, *values, times=times)
    bench.until(at_s)
    return session.weight


# -- the first weight -------------------------------------------------------------------------------------
def test_the_first_weight_is_known_to_all_at_once():
    session = Bench(initial_weight=33.3).session(1, probe_s=0.001)
    assert (session.weight, session.published_weight, session.client_weight) == (33.3, 33.3, 33.3)


@pytest.mark.parametrize(
    ("base", "probe_s", "weight"),
    [(50, 0.04, 60), (50, 0.1, 50), (50, 0.3, 40), (50, math.nan, 50), (95, 0.04, 100), (4, 0.3, 0)],
)
def test_a_measured_first_weight_is_the_base_and_the_term_of_the_probes_latency(base, probe_s, weight):
    """No rate and no error term yet; clamped to 0..100 as every weight."""
    bench = Bench(measured=True, initial_weight=77.0, rule=StickinessRule(base=base))
    assert bench.session(1, probe_s=probe_s).weight == weight


def test_who_is_over_already_is_not_admitted_and_who_ends_is_forgotten():
    bench = Bench()
    bench.session(1)
    late = a_session(2, over=True)
    bench.manager.admit(late, math.nan)
    assert list(bench.manager.store) == [1]
    bench.manager.forget(late)
    bench.manager.forget(bench.manager.store[1])
    assert not bench.manager.store
    assert not +bench.manager.weights


def test_weights_are_counted():
    """As many sessions have each weight as there are in the store with it, whatever happened to them."""
    bench = Bench()
    sessions = [bench.session(number, edge=number % 2) for number in range(6)]
    for session in sessions[:4]:
        bench.report(session, 0.01, times=50)
    bench.until(1.5)
    bench.manager.edge_failed(0)
    bench.manager.edges_settled([0])
    bench.until(1.9)
    bench.manager.forget(sessions[5])
    assert +bench.manager.weights == Counter(session.weight for session in bench.manager.store.values())
    assert bench.manager.weights.total() == 5
    assert +bench.manager.group_weights["people"] == +bench.manager.weights  # there is but one group


# -- scoring ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "times", "weight", "why"),
    [
        ((0.1,), 30, 60, "15/s and no errors: +10"),
        ((0.01,), 30, 70, "10 ms: +10; no errors: +10"),
        ((0.3,), 30, 50, "300 ms: -10; no errors: +10"),
        ((0.05,), 30, 60, "exactly at the lower threshold of latency"),
        ((0.2,), 30, 60, "exactly at the upper threshold of latency"),
        ((0.01, 0.13), 15, 60, "70 ms in the mean"),
        ((0.0,), 30, 70, "a round trip that took no time is a sample"),
        ((0.1,), 20, 60, "10/s exactly: 0"),
        ((0.1,), 19, 55, "9.5/s: -5"),
        ((0.1,), 200, 60, "100/s exactly: 0"),
        ((0.1,), 201, 65, "100.5/s: +5"),
        ((*[0.1] * 19, -1.0), 5, 50, "errors of 5 % exactly: 0"),
        ((*[0.1] * 18, -1.0), 5, 35, "errors of 5.3 %: -15"),
        ((*[0.1] * 99, -1.0), 2, 50, "errors of 1 % exactly: 0"),
        ((*[0.1] * 100, -1.0), 1, 60, "errors of .99 %: +10"),
        ((-1.0,), 30, 35, "nothing but errors, and no sample: -15"),
        ((-2.0 - 0.01,), 30, 45, "failed, but the round trip was measured: 10 ms: +10, -15"),
        ((-2.0,), 30, 45, "failed with a round trip that took no time"),
        ((-2.0 - 0.5, *[0.04] * 29), 1, 50, "a failure's 500 ms count in the mean: 55 ms; errors of 3.3 %"),
        ((-1.0, *[0.04] * 29), 1, 60, "a failure without a sample is not in the mean: 40 ms: +10"),
    ],
)
def test_what_one_window_says(values, times, weight, why):
    """Rule of docs/model.md over a window of 2 s from the base of 50; rate = attempts / window."""
    bench = Bench()
    assert after(bench, bench.session(1), *values, times=times) == weight, why


def test_a_retry_is_an_attempt_more_but_no_request_more():
    """20 attempts in a window of 2 s, one of them failed and tried again: 19 requests are 9.5/s (-5), and 1 failure of
    20 attempts is 5 % exactly (0)."""
    bench = Bench()
    session = bench.session(1)
    bench.report(session, -1.0)
    bench.report(session, 0.1)
    bench.manager.report_retry(session.slot)
    assert after(bench, session, 0.1, times=18) == 45.0


def test_weights_are_set_at_the_interval_and_told_after_the_propagation():
    bench = Bench(interval_s=0.5, window_s=0.5)
    session = bench.session(1)
    assert after(bench, session, 0.01, times=20, at_s=0.499) == 50.0
    bench.until(0.501)
    assert (session.weight, session.published_weight) == (70.0, 50.0)
    bench.until(0.5 + TOLD_S - 0.001)
    assert session.published_weight == 50.0
    bench.until(0.5 + TOLD_S + 0.001)
    assert (session.published_weight, session.client_weight) == (70.0, 50.0)  # an answer must tell the client


def test_the_window_trails():
    """250 ms in the first second, 10 ms in the second, nothing later; a window of two: the mean of both, then of the
    second alone, then the weight is kept."""
    bench = Bench()
    session = bench.session(1)
    said = {1: [0.25], 2: [0.01]}
    seen = [after(bench, session, *said.get(second, []), times=30, at_s=second + 0.01) for second in (1, 2, 3, 4, 5)]
    assert seen == [50.0, 60.0, 70.0, 70.0, 70.0]


def test_a_session_without_attempts_keeps_its_weight():
    bench = Bench(initial_weight=42.0)
    quiet, busy = bench.session(1), bench.session(2)
    after(bench, busy, 0.01, times=30)
    assert (quiet.weight, busy.weight) == (42.0, 70.0)


def test_cumulative_starts_from_the_previous_weight_and_stops_at_0_and_100():
    """Window of one second: 10 ms, 20/s, no errors: +20 each second; then errors alone: -15 and -5 for 1/s."""
    bench = Bench(model="cumulative", window_s=1.0, initial_weight=55.0)
    session = bench.session(1)
    up = [after(bench, session, 0.01, times=20, at_s=second + 0.01) for second in (1, 2, 3, 4)]
    down = [after(bench, session, -1.0, at_s=second + 0.01) for second in range(5, 11)]
    assert up == [75.0, 95.0, 100.0, 100.0]
    assert down == [80.0, 60.0, 40.0, 20.0, 0.0, 0.0]


def test_static_leaves_the_first_weight():
    bench = Bench(model="static", initial_weight=12.0)
    assert after(bench, bench.session(1), 0.01, times=30, at_s=3.5) == 12.0
    assert (bench.manager.scored, bench.manager.adjusted) == (0, 0)


def test_each_session_is_scored_by_its_own_attempts_and_counted():
    bench = Bench()
    fast, slow, steady, ended = (bench.session(number) for number in (9, 3, 5, 7))
    for _ in range(30):
        bench.report(slow, 0.3)
        bench.report(fast, 0.01)
        bench.report(steady, 0.3)
        bench.report(ended, 0.01)
    bench.manager.forget(ended)
    steady.weight = 50.0
    bench.until(1.01)
    assert (fast.weight, slow.weight, steady.weight, ended.weight) == (70.0, 50.0, 50.0, 50.0)
    assert (bench.manager.scored, bench.manager.adjusted) == (4, 1)  # three have the weight that the rule gives


def test_reports_by_column_are_reports():
    bench = Bench()
    session = bench.session(1)
    add_slot, add_value = bench.manager.reported.append, bench.manager.values.append
    for _ in range(30):
        add_slot(session.slot)
        add_value(0.01)
    bench.until(1.01)
    add_slot(session.slot)
    add_value(0.5)  # the columns are the same ones in the next interval
    bench.until(3.01)
    assert session.weight == pytest.approx(50 - 10 - 5 + 10)


# -- shards -----------------------------------------------------------------------------------------------
def test_a_shard_that_is_down_freezes_its_sessions_and_no_others():
    bench = Bench(shards=2)
    even, odd = bench.session(4), bench.session(5)
    bench.manager.crash(1)
    bench.report(even, 0.01, times=30)
    bench.report(odd, 0.01, times=30)
    bench.until(1.01)
    assert (even.weight, odd.weight) == (70.0, 50.0)
    bench.manager.restart(1)
    bench.until(2.01)
    assert odd.weight == 70.0


def test_a_shard_is_down_until_the_last_of_its_crashes_is_over():
    manager = Bench(shards=2).manager
    assert manager.listening()
    manager.crash(0)
    manager.crash(0)
    assert (manager.down, manager.listening()) == ([True, False], True)
    manager.crash(1)
    assert not manager.listening()
    manager.restart(0)
    assert manager.down == [True, True]
    manager.restart(0)
    assert (manager.down, manager.listening()) == ([False, True], True)


def test_nothing_is_scored_while_all_shards_are_down():
    bench = Bench(shards=2)
    session = bench.session(1)
    bench.manager.crash(0)
    bench.manager.crash(1)
    assert after(bench, session, 0.01, times=30) == 50.0
    assert bench.manager.scored == 0


# -- failover ---------------------------------------------------------------------------------------------
def test_sessions_of_a_failed_edge_move_when_the_news_is_there():
    bench = Bench(initial_weight=40.0)
    bench.moves.flows = [0] * 9
    here, also, elsewhere = bench.session(1, 0), bench.session(2, 0), bench.session(3, 1)
    bench.wanted[2] = 2
    for session in (here, elsewhere):
        bench.report(session, 0.01, times=30)
    bench.until(1.5)
    bench.manager.edge_failed(0)
    bench.manager.edges_settled([0])
    bench.until(1.5 + TOLD_S - 0.001)
    assert (here.edge, bench.directory.open[0]) == (0, True)
    bench.until(1.5 + TOLD_S + 0.001)
    assert bench.directory.open == [False, True, True]
    assert [session.edge for session in (here, also, elsewhere)] == [1, 2, 1]
    assert [session.weight for session in (here, also, elsewhere)] == [40.0, 40.0, 70.0]
    assert (here.published_weight, here.client_weight) == (40.0, 40.0)  # pushed to the client
    assert bench.moved == [(1.5 + TOLD_S, 0, {1: 1, 2: 1})]
    assert bench.moves.migrations == 2
    assert bench.moves.flows == [0, 1, 1, 0, 0, 0, 0, 0, 0]


def test_flows_are_from_the_failed_edge_to_the_new_one():
    bench = Bench()
    bench.moves.flows = [0] * 9
    bench.session(1, 2)
    bench.manager.edge_failed(2)
    bench.manager.edges_settled([2])
    bench.until(0.5)
    assert bench.moves.flows == [0, 0, 0, 0, 0, 0, 1, 0, 0]


def test_who_left_or_ended_meanwhile_or_has_nowhere_to_go_is_not_moved():
    bench = Bench(initial_weight=40.0)
    left, ended, stuck, moved = (bench.session(number) for number in (1, 2, 3, 4))
    bench.wanted[3] = -1
    bench.manager.edge_failed(0)
    bench.manager.edges_settled([0])
    left.edge = 2
    bench.manager.forget(ended)
    for session in (left, stuck):
        session.client_weight = 11.0
    bench.until(0.5)
    assert [session.edge for session in (left, ended, stuck, moved)] == [2, 0, 0, 1]
    assert (left.client_weight, stuck.client_weight) == (11.0, 11.0)
    assert bench.moves.migrations == 1
    assert bench.moved == [(TOLD_S, 0, {1: 1})]


def test_edge_number_0_is_as_good_as_any():
    bench = Bench()
    session = bench.session(1, 1)
    bench.wanted[1] = 0
    bench.manager.edge_failed(1)
    bench.manager.edges_settled([1])
    bench.until(0.5)
    assert session.edge == 0


def test_a_shard_that_is_down_moves_nobody():
    bench = Bench(shards=2)
    even, odd = bench.session(4), bench.session(5)
    bench.manager.crash(0)
    bench.manager.edge_failed(0)
    bench.manager.edges_settled([0])
    bench.until(0.5)
    assert (even.edge, odd.edge) == (0, 1)


def test_an_edge_that_is_heard_again_is_open_after_the_propagation():
    bench = Bench()
    bench.manager.edge_failed(1)
    bench.manager.edges_settled([1])
    bench.until(0.5)
    bench.manager.edge_back(1)
    assert not bench.until(0.5 + TOLD_S - 0.001).directory.open[1]
    assert bench.until(0.5 + TOLD_S + 0.001).directory.open[1]


def test_a_drained_edge_is_left_as_a_failed_one_until_it_is_open_again():
    bench = Bench()
    session = bench.session(1, 1)
    bench.manager.note_drain(1, Draining.MOVES)
    bench.until(0.5)
    assert (session.edge, bench.directory.open, bench.directory.believed) == (2, [True, False, True], [True] * 3)
    bench.manager.note_drain(1, Draining.NO)
    assert not bench.until(0.5 + TOLD_S - 0.001).directory.open[1]
    assert bench.until(0.5 + TOLD_S + 0.001).directory.open[1]


def test_news_does_not_overtake_older_news():
    """A slow manager said something that takes 16 x 62.5 ms = 1 s; what it says when it is quick again waits for it."""
    bench = Bench()
    bench.manager.slow(16.0)
    assert bench.manager.propagation_s == 1.0
    bench.manager.edge_failed(0)
    bench.manager.edges_settled([0])
    bench.until(0.25)
    bench.manager.unslow(16.0)
    bench.manager.edge_back(0)
    assert bench.until(0.99).directory.open[0]
    assert bench.until(1.01).directory.open[0]
    assert bench.directory.version == 2  # closed, and opened after that
    bench.manager.edge_failed(0)  # and later news takes the usual time
    bench.manager.edges_settled([0])
    assert bench.until(1.01 + TOLD_S - 0.001).directory.open[0]
    assert not bench.until(1.01 + TOLD_S + 0.001).directory.open[0]


# -- reports of clients -----------------------------------------------------------------------------------
def test_an_edge_is_suspected_after_so_many_silences_in_a_row():
    bench = Bench(misses=3)
    manager = bench.manager
    for _ in range(2):
        manager.report_silence(1)
    manager.report_silence(2)
    assert bench.suspected == []
    manager.report_answer(1)
    for _ in range(2):
        manager.report_silence(1)
    assert bench.suspected == []
    manager.report_silence(1)
    assert bench.suspected == [1]
    for _ in range(3):
        manager.report_silence(1)
    assert bench.suspected == [1, 1]  # counted anew
    manager.report_silence(2)
    manager.report_silence(2)
    assert bench.suspected == [1, 1, 2]


def test_a_manager_that_nobody_listens_to_works_as_well():
    """Defaults: moves and suspicions go nowhere; news take 50 ms, weights begin at 50."""
    kernel = Kernel()
    manager = StickinessManager(kernel, ManagerPolicy(), Directory(["pop-1", "pop-2"], [None] * 2))
    manager.choose_other = lambda client, edge: 1
    manager.moves.append(some_moves(2))
    session = a_session(1, edge=0)
    manager.admit(session, math.nan)
    for _ in range(3):
        manager.report_silence(0)
    manager.edge_failed(0)
    manager.edges_settled([0])
    kernel.run(until=0.049)
    assert session.edge == 0
    kernel.run(until=0.051)
    assert (session.edge, session.weight) == (1, 50.0)
