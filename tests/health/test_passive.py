"""Passive checks: what counts as a failure, when an edge is ejected, for how long, how many, and how it returns."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from simulator.engine.event_log import EventLog
from simulator.engine.kernel import Kernel
from simulator.health.belief import Belief
from simulator.health.ejections import EjectionPolicy, Ejections
from simulator.health.passive import Passive
from simulator.health.sweep import Criterion, Sweep
from simulator.messages import Outcome
from simulator.routing.directory import Directory

OK, TIMEOUT, REFUSED, CRASHED, EXPIRED, DENIED, UNROUTABLE, ERROR, RESET, CANCELLED = range(10)


class Bench:
    """Some edges, and attempts at them that end when the test says so."""

    def __init__(self, edges=10, policy=None, scopes=None, consecutive=5, window_s=0.0, interval_s=10.0, **criteria):
        self.kernel = Kernel()
        self.edges = [SimpleNamespace(name=f"e-{i}", exists=True) for i in range(edges)]
        self.directory = Directory([edge.name for edge in self.edges], [None] * edges)
        self.log = EventLog(self.kernel)
        self.belief = Belief(self.directory, lambda: None, lambda edge, joined: None)
        scopes = scopes or [list(range(edges))]
        policy = policy or EjectionPolicy(30.0, 300.0, 0.1)
        self.ejections = Ejections(policy, scopes, self.edges, self.kernel.clock, self.belief, self.log)
        self.passive = Passive(edges, consecutive, window_s, bool(criteria), self.ejections)
        tests = [criteria.get(name) for name in ("success_rate", "failures", "latency")]
        self.sweep = Sweep(
            self.kernel, interval_s, scopes, self.edges, self.passive, self.ejections,
            *(None if one is None else Criterion(*one) for one in tests),
        )  # fmt: skip
        self.kernel.process(self.sweep.run())

    def at(self, time_s):
        if time_s > self.kernel.now:
            self.kernel.run(until=time_s)
        return self

    def end(self, edge, *outcomes, sent_s=None, took_s=0.0):
        now = self.kernel.now
        for outcome in outcomes:
            self.passive.ended(edge, now - took_s if sent_s is None else sent_s, outcome, now)
        return self

    @property
    def out(self):
        return [edge for edge, believed in enumerate(self.directory.believed) if not believed]

    def ejected(self):
        return [
            (row["t_s"], row["target"], row["detail"]["reason"]) for row in self.log.rows if row["kind"] == "ejected"
        ]


def test_the_numbers_are_those_of_outcomes():
    names = (
        "OK", "TIMEOUT", "REFUSED", "CRASHED", "SESSION_EXPIRED", "DENIED", "UNROUTABLE", "ERROR", "RESET", "CANCELLED",
    )  # fmt: skip
    assert all(names[outcome] == outcome.name for outcome in Outcome)


@pytest.mark.parametrize("outcome", [TIMEOUT, REFUSED, CRASHED, ERROR, RESET])
def test_a_row_of_failures_ejects(outcome):
    bench = Bench().at(1.0)
    assert bench.end(3, *[outcome] * 4).out == []
    assert bench.end(3, outcome).out == [3]


@pytest.mark.parametrize("outcome", [OK, DENIED])
def test_an_answer_ends_a_row(outcome):
    bench = Bench().at(1.0).end(3, *[ERROR] * 4, outcome, *[ERROR] * 4)
    assert bench.out == []
    assert bench.end(3, ERROR).out == [3]


@pytest.mark.parametrize("outcome", [EXPIRED, UNROUTABLE, CANCELLED])
def test_others_neither_count_nor_end_a_row(outcome):
    bench = Bench().at(1.0).end(3, *[outcome] * 9, *[ERROR] * 4, outcome)
    assert bench.out == []
    assert bench.end(3, ERROR).out == [3]


def test_a_row_is_of_one_edge():
    assert Bench().at(1.0).end(1, *[ERROR] * 4).end(2, *[ERROR] * 4).end(1, OK).end(2, ERROR).out == [2]


def test_with_a_window_failures_count_that_are_not_too_old_in_a_row_or_not():
    """Three within 10 s: at 1, 5 and 11 s the first is 10 s old, and counts no more; the next one at 14 s is third."""
    bench = Bench(consecutive=3, window_s=10.0)
    bench.at(1.0).end(0, ERROR, OK)
    bench.at(5.0).end(0, ERROR, OK)
    assert bench.at(11.0).end(0, ERROR, OK).out == []
    assert bench.at(14.0).end(0, ERROR).out == [0]


def test_the_kth_ejection_lasts_k_times_as_long_up_to_a_limit():
    bench = Bench(policy=EjectionPolicy(30.0, 70.0, 0.1), interval_s=1e6)
    spans = []
    for _ in range(4):
        bench.at(bench.kernel.now + 1.0).end(0, *[ERROR] * 5)
        began_s = bench.kernel.now
        while bench.out:
            bench.kernel.step()
        spans.append(bench.kernel.now - began_s)
    assert spans == pytest.approx([30.0, 60.0, 70.0, 70.0])


def test_k_falls_by_one_with_each_whole_interval_in_service():
    """Ejected at 3 s and at 34 s, k is 2 and the second lasts 60 s, until 94 s. In service throughout [100, 110): k is
    1 then, and an ejection at 111 s lasts 60 s again; another interval, and it would last 30 s."""
    for wait_until_s, lasts_s in ((99.0, 90.0), (109.0, 90.0), (111.0, 60.0), (121.0, 30.0), (151.0, 30.0)):
        bench = Bench()
        bench.at(3.0).end(0, *[ERROR] * 5)
        bench.at(34.0).end(0, *[ERROR] * 5)
        bench.at(wait_until_s).end(0, *[ERROR] * 5)
        assert bench.log.rows[-1]["detail"]["for_s"] == lasts_s


@pytest.mark.parametrize(
    ("edges", "most", "allowed"), [(10, 0.1, 1), (19, 0.1, 1), (20, 0.1, 2), (3, 0.0, 1), (10, 0.3, 3)]
)
def test_no_more_are_out_than_a_share_rounded_down_but_for_one(edges, most, allowed):
    bench = Bench(edges, EjectionPolicy(30.0, 300.0, most)).at(1.0)
    for edge in range(edges):
        bench.end(edge, *[ERROR] * 5)
    assert bench.out == list(range(allowed))
    bench.at(32.0).end(edges - 1, ERROR)  # its row goes on: there is room now
    assert bench.out == [edges - 1]


def test_edges_that_checks_have_failed_do_not_count_and_those_that_are_not_there_are_none():
    bench = Bench(20, EjectionPolicy(30.0, 300.0, 0.1)).at(1.0)
    bench.belief.set_failed(10, True)
    bench.belief.set_failed(11, True)
    assert bench.end(0, *[ERROR] * 5).end(1, *[ERROR] * 5).end(2, *[ERROR] * 5).out == [0, 1, 10, 11]
    bench.belief.set_failed(0, True)  # it would be out anyway
    assert bench.end(2, ERROR).out == [0, 1, 2, 10, 11]
    few = Bench(20, EjectionPolicy(30.0, 300.0, 0.1)).at(1.0)
    few.edges[19].exists = False
    assert few.end(0, *[ERROR] * 5).end(1, *[ERROR] * 5).out == [0]


def test_scopes_count_apart():
    bench = Bench(6, scopes=[[0, 1, 2], [3, 4, 5]]).at(1.0)
    for edge in range(6):
        bench.end(edge, *[ERROR] * 5)
    assert bench.out == [0, 3]


def test_a_success_of_checks_does_not_end_an_ejection():
    bench = Bench().at(1.0).end(0, *[ERROR] * 5)
    bench.belief.set_failed(0, True)
    bench.belief.set_failed(0, False)
    assert bench.at(30.9).out == [0]
    assert bench.at(31.1).out == []


def test_what_was_sent_before_the_ejection_says_nothing_afterwards_and_counts_begin_at_0():
    bench = Bench().at(1.0).end(0, *[ERROR] * 5)
    bench.at(31.5).end(0, *[TIMEOUT] * 9, sent_s=0.9)
    assert bench.out == []
    assert bench.end(0, *[TIMEOUT] * 4, sent_s=31.2).out == []
    assert bench.end(0, TIMEOUT, sent_s=31.2).out == [0]


def test_half_open_lets_one_through_which_decides():
    bench = Bench(policy=EjectionPolicy(10.0, 10.0, 0.1, half_open=True)).at(1.0).end(0, *[ERROR] * 5)
    assert bench.at(11.5).out == []
    bench.passive.sent(0, 11.5)
    assert bench.out == [0]
    bench.end(0, OK, sent_s=0.5)  # sent long ago: not the one
    assert bench.out == [0]
    bench.at(12.0).end(0, ERROR, sent_s=11.5)
    assert bench.ejected()[-1] == (12.0, "e-0", "trial")
    assert bench.at(21.9).out == [0]
    bench.at(22.1).passive.sent(0, 22.1)
    assert bench.at(22.5).out == [0]
    assert bench.end(0, OK, sent_s=22.1).out == []
    assert bench.end(0, *[ERROR] * 4).out == []  # a full row is needed again


@pytest.mark.parametrize("outcome", [EXPIRED, CANCELLED])
def test_half_open_an_end_that_says_nothing_lets_the_next_one_through(outcome):
    bench = Bench(policy=EjectionPolicy(10.0, 10.0, 0.1, half_open=True)).at(1.0).end(0, *[ERROR] * 5)
    bench.at(11.5).passive.sent(0, 11.5)
    bench.end(0, outcome, sent_s=11.5)
    assert bench.out == []
    bench.passive.sent(0, 11.5)
    assert bench.out == [0]


def test_half_open_one_of_which_nothing_is_heard_lets_the_next_one_through():
    bench = Bench(policy=EjectionPolicy(10.0, 10.0, 0.1, half_open=True)).at(1.0).end(0, *[ERROR] * 5)
    bench.at(11.5).passive.sent(0, 11.5)
    assert bench.at(21.4).out == [0]
    assert bench.at(21.6).out == []


# -- at an interval's end -----------------------------------------------------------------------------
def requests(bench, good, bad):
    """So many good and bad answers at each edge, in turn."""
    for edge, (well, badly) in enumerate(zip(good, bad, strict=True)):
        bench.end(edge, *[OK] * well, *[ERROR] * badly)


def test_low_success_rates_are_ejected():
    """Rates 1, 1, 1, 1, .9: mean .98, sigma .04; the last is 2 sigma below, exactly. Strictly below is asked for."""
    for stdev, out in ((1.9, [4]), (2.0, []), (2.1, [])):
        bench = Bench(5, consecutive=0, success_rate=(stdev, 5, 100)).at(5.0)
        requests(bench, [100, 100, 100, 100, 90], [0, 0, 0, 0, 10])
        assert bench.at(10.1).out == out
    assert Bench(5, consecutive=0, success_rate=(1.9, 5, 100)).at(10.1).out == []


@pytest.mark.parametrize(("hosts", "minimum", "out"), [(5, 100, [4]), (6, 100, []), (5, 101, []), (4, 101, [])])
def test_only_where_enough_edges_have_enough_requests(hosts, minimum, out):
    bench = Bench(5, consecutive=0, success_rate=(1.9, hosts, minimum)).at(5.0)
    requests(bench, [100, 100, 100, 100, 90], [0, 0, 0, 0, 10])
    assert bench.at(10.1).out == out


def test_an_interval_counts_for_itself():
    bench = Bench(5, consecutive=0, success_rate=(1.9, 5, 100)).at(5.0)
    requests(bench, [50, 50, 50, 50, 45], [0, 0, 0, 0, 5])
    bench.at(15.0)
    requests(bench, [50, 50, 50, 50, 45], [0, 0, 0, 0, 5])
    assert bench.at(20.1).out == []


def test_edges_that_are_alike_stay():
    for share in range(1, 100):
        bench = Bench(7, consecutive=0, success_rate=(0.0, 5, 1)).at(5.0)
        requests(bench, [share] * 7, [100 - share] * 7)
        assert bench.at(10.1).out == []


@pytest.mark.parametrize(("threshold", "out"), [(0.5, [4]), (0.51, [])])
def test_high_failure_rates_are_ejected_the_threshold_included(threshold, out):
    bench = Bench(5, consecutive=0, failures=(threshold, 5, 50)).at(5.0)
    requests(bench, [50, 50, 50, 50, 25], [0, 0, 0, 0, 25])
    assert bench.at(10.1).out == out


def test_high_latencies_are_ejected():
    """Means 1, 1, 2, 4, 6.1 s: the median is 2 s; of six edges the lower of two. Timeouts have no response time."""
    for took, factor, out in (
        ([1, 1, 2, 4, 6.1], 3.0, [4]), ([1, 1, 2, 4, 6], 3.0, []), ([1, 1, 2, 4, 4, 6.1], 3.0, [5]),
        ([1, 1, 2, 4, 4, 12.1], 4.0, [5]), ([1, 1, 2, 4, 4, 8], 4.0, []),
    ):  # fmt: skip
        bench = Bench(len(took), consecutive=0, latency=(factor, 5, 100), interval_s=20.0).at(15.0)
        for edge, took_s in enumerate(took):
            bench.end(edge, *[OK] * 100, took_s=took_s)
            bench.end(edge, *[TIMEOUT] * 50, took_s=14.0)
        assert bench.at(20.1).out == out


def test_success_rate_comes_before_failures_and_these_before_latency_the_worst_first():
    half = EjectionPolicy(30.0, 300.0, 0.3)
    tests = {"success_rate": (1.0, 5, 10), "failures": (0.3, 5, 10), "latency": (3.0, 5, 10)}
    bench = Bench(10, half, consecutive=0, **tests).at(9.0)
    requests(bench, [100, 100, 100, 100, 100, 100, 100, 65, 60, 5], [0, 0, 0, 0, 0, 0, 0, 35, 40, 95])
    bench.end(0, *[OK] * 1000, took_s=5.0)
    bench.at(10.1)
    assert [(edge, reason) for _, edge, reason in bench.ejected()] == [
        ("e-9", "success_rate"), ("e-8", "failure_percentage"), ("e-7", "failure_percentage"),
    ]  # fmt: skip
    slow = Bench(10, EjectionPolicy(30.0, 300.0, 0.1), consecutive=0, latency=(3.0, 5, 10)).at(9.0)
    for edge in range(10):
        slow.end(edge, *[OK] * 10, took_s={3: 5.0, 6: 7.0}.get(edge, 1.0))
    assert slow.at(10.1).out == [6]


def test_edges_of_other_sites_are_not_compared():
    bench = Bench(10, scopes=[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], consecutive=0, success_rate=(1.9, 5, 100)).at(5.0)
    requests(bench, [100] * 5 + [90] * 5, [0] * 5 + [10] * 5)
    assert bench.at(10.1).out == []
