"""`moves_back.rate`: sessions back at an edge that they left less than the SAM's window ago."""

import random

import pytest

from simulator.routing import moves_back
from simulator.routing.moves_back import MovesBack
from simulator.run import run_replication
from simulator.scenario import Scenario


def counted(moves, window_s=10.0):
    back = MovesBack(4, window_s)
    for move in moves:
        back.note(*move)
    return back.count()


@pytest.mark.parametrize(
    ("moves", "back"),
    [
        ([(1, 0, 1, 0.0), (1, 1, 0, 9.9)], 1),
        ([(1, 0, 1, 0.0), (1, 1, 0, 10.0)], 0),  # not less than the window
        ([(1, 0, 1, 0.0), (2, 1, 0, 1.0)], 0),  # another session
        ([(1, 0, 1, 0.0), (1, 1, 2, 1.0), (1, 2, 0, 2.0)], 1),  # by way of a third
        ([(1, 0, 1, 0.0), (1, 1, 0, 8.0), (1, 0, 1, 12.0), (1, 1, 0, 13.0)], 3),
        ([(1, 0, 1, 0.0), (1, 1, 2, 1.0), (1, 2, 3, 2.0)], 0),
        ([], 0),
    ],
)
def test_what_counts(moves, back):
    assert counted(moves) == back


def test_when_it_is_asked_changes_nothing():
    """Random walks of 30 sessions among 4 edges, asked at random, against dictionaries of when each edge was left."""
    rng, back, now_s, at, left, expected = random.Random(5), MovesBack(4, 3.0), 0.0, dict.fromkeys(range(30), 0), {}, 0
    for _ in range(4000):
        now_s += rng.choice((0.0, 0.001, 0.1))
        session = rng.randrange(30)
        edge = rng.choice([edge for edge in range(4) if edge != at[session]])
        back.note(session, at[session], edge, now_s)
        expected += now_s - left.get((session, edge), -1e9) < 3.0
        left[session, at[session]] = now_s
        at[session] = edge
        if rng.random() < 0.01:
            assert back.count() == expected
    assert back.count() == expected


def test_it_pairs_by_itself_when_there_are_many():
    many = 2 * moves_back._MOST + 10
    assert counted([(1, i % 2, 1 - i % 2, i * 1e-3) for i in range(many)]) == many - 1


def world(**sections):
    return Scenario.from_dict({
        "duration": "200s",
        "clients": {"web": {"count": 40, "workload": {"kind": "poisson", "rate": "1/s"},
                            "session": {"length": "forever", "established": True}}},
        "edges": {"pop": {"count": 2}},
        "leases": "off",
    } | sections)  # fmt: skip


def test_its_rate_at_two_edges():
    """Two edges, 40 sessions of 1/s each, weight 80: a request leaves with q = .2, so that each session moves at .2/s,
    and each move is a return unless the last one was 10 s ago or more: P(gap < 10 s) = 1 - exp(-2) = .865. Expected
    40 x .2 x .865 = 6.92/s. In 200 s about 1600 moves, of which 1384 count; standard deviation of the count about
    sqrt(1384) = 37, so .19/s. Four of them: a false alarm in 16,000."""
    scenario = world(routing={"policy": "static", "weight": 80, "leave_to": "uniform"}, sam={"model": "static"})
    metrics = run_replication(scenario, seed=1, replication=0).metrics
    assert metrics["moves_back.rate"] == pytest.approx(6.92, abs=0.75)
    assert metrics["moves_back.rate[web]"] == metrics["moves_back.rate"]
    assert metrics["moves_back.rate"] < metrics["migrations.rate"]


def test_who_stays_never_flaps():
    metrics = run_replication(world(routing={"policy": "cookie"}, sam="off"), seed=1, replication=0).metrics
    assert metrics["moves_back.rate"] == 0.0
