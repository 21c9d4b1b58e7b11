"""Panic: where too few edges are believed healthy, all that are not drained are candidates."""

from __future__ import annotations

import pytest

from simulator.health.panic import PanicBelow, PanicLimit
from simulator.routing.directory import Directory, Draining
from simulator.routing.scope import SiteScope
from tests.health.worlds import events, played, watched


def directory(edges=4, limit=None, sites=None, overprovision=None):
    sites = sites or [None] * edges
    made = Directory([f"e-{i}" for i in range(edges)], sites)
    told = []
    scopes = {}
    for edge, site in enumerate(sites):
        scopes.setdefault(site or "edges", []).append(edge)
    made.set_panic(
        PanicBelow(
            limit or PanicLimit(0.5), scopes, overprovision,
            lambda name, healthy, of, *, begins: told.append((name, healthy, of, begins)),
        )
    )  # fmt: skip
    return made, told


def fail(directory, *edges):
    for edge in edges:
        directory.set_healthy(edge, False)


def test_it_is_on_below_the_share_and_not_at_it():
    made, told = directory()
    fail(made, 0, 1)
    assert made.healthy == [2, 3]
    fail(made, 2)
    assert made.healthy == [0, 1, 2, 3]
    made.set_healthy(1, True)
    assert made.healthy == [1, 3]
    assert told == [("edges", 1, 4, True), ("edges", 2, 4, False)]


def test_a_number_of_edges():
    """`panic_below: 1`: only where nobody is left."""
    made, _ = directory(limit=PanicLimit(number=1))
    fail(made, 0, 1, 2)
    assert made.healthy == [3]
    fail(made, 3)
    assert made.healthy == [0, 1, 2, 3]


def test_a_drained_edge_is_no_candidate_and_counts_as_unhealthy():
    made, _ = directory()
    made.set_draining(3, Draining.MOVES)
    fail(made, 0)
    assert made.healthy == [1, 2]
    fail(made, 1)
    assert made.healthy == [0, 1, 2]
    assert not made.last_resort


def test_where_all_are_drained_they_are_the_last_resort():
    made, _ = directory(edges=2)
    made.set_draining(0, Draining.MOVES)
    made.set_draining(1, Draining.MOVES)
    assert made.healthy == [0, 1]
    assert made.last_resort


def test_edges_that_do_not_exist_count_for_nothing():
    made, _ = directory()
    made.set_exists(3, False)
    made.set_exists(2, False)
    fail(made, 0)
    assert made.healthy == [1]
    fail(made, 1)
    assert made.healthy == [0, 1]


SITES = ["a"] * 4 + ["b"] * 4


def scope_of(made, draws=(0.0,)):
    taken = iter(draws)
    scope = SiteScope(made, 1.4, lambda _: next(taken))
    scope.enter(1, "a", [0.001] * 4 + [0.002] * 4)
    return scope


class Client:
    """The first of its group."""

    index = 0


def test_within_sites_there_is_none_while_all_sites_together_carry_the_load():
    """Of a's edges 1 of 4 is healthy: .35; b carries the rest."""
    made, told = directory(8, sites=SITES, overprovision=1.4)
    fail(made, 0, 1, 2)
    assert made.healthy == [3, 4, 5, 6, 7]
    assert not told


def test_within_sites_each_that_is_below_is_in_a_panic_and_shares_are_by_belief():
    """a has 1 of 4, b 2 of 4: 1.4 (.25 + .5) = 1.05, no panic. With b at 1 of 4: .7, and both are. Shares: 1/2 each."""
    made, told = directory(8, sites=SITES, overprovision=1.4)
    scope = scope_of(made, [0.49, 0.51])
    fail(made, 0, 1, 2, 4, 5)
    assert made.healthy == [3, 6, 7]
    fail(made, 6)
    assert made.healthy == list(range(8))
    assert [one[0] for one in told] == ["a", "b"]
    assert scope.candidates(Client).healthy == [0, 1, 2, 3]
    assert scope.candidates(Client).healthy == [4, 5, 6, 7]


def test_within_sites_one_may_be_and_the_other_not():
    """Of a 0 of 4, of b 2 of 4: .7 in all; b is not below half, and gets all of the load."""
    made, told = directory(8, sites=SITES, overprovision=1.4)
    fail(made, 0, 1, 2, 3, 4, 5)
    assert told == [("a", 0, 4, True)]
    assert made.healthy == [0, 1, 2, 3, 6, 7]
    assert scope_of(made).candidates(Client).healthy == [6, 7]


def test_shares_follow_belief_while_the_panic_goes_on():
    made, _ = directory(8, sites=SITES, overprovision=1.4, limit=PanicLimit(1.0))
    scope = scope_of(made, [0.49, 0.7, 0.7])
    fail(made, 0, 1, 2, 4, 5, 6)
    assert scope.candidates(Client).healthy == [0, 1, 2, 3]
    assert scope.candidates(Client).healthy == [4, 5, 6, 7]
    made.set_healthy(2, True)  # 2 of 4 and 1 of 4: .7 and .35 normalised by 1
    assert scope.candidates(Client).healthy != [0, 1, 2, 3]


def test_clients_that_know_a_few_look_at_these():
    made, _ = directory(8)
    few, others = made.part([0, 1, 2]), made.part([3, 4, 5])
    fail(made, 0, 1)
    assert few.healthy == [0, 1, 2]
    assert others.healthy == [3, 4, 5]
    fail(made, 3)
    assert others.healthy == [4, 5]
    late = made.part([0, 1, 7])
    assert late.healthy == [0, 1, 7]


@pytest.mark.parametrize(("below", "failed"), [("50%", 0.75), ("25%", 0.0), (2, 0.75), (1, 0.0)])
def test_in_a_world(below, failed):
    """Three of four are dead: with a panic three requests of four fail (s.e. .006 of 5,000), without none."""
    crash = {"at": "0s", "crash": ["e-1", "e-2", "e-3"]}
    scenario = watched(
        faults=[crash], health={"panic_below": below}, warmup="10s",
        clients={"u": {"retry": {"timeout": "200ms", "max": 0}}},
    )  # fmt: skip
    result = played(scenario)
    assert result.metrics["failures.ratio"] == pytest.approx(failed, abs=0.03)
    assert bool(events(result, "panic.begin")) == bool(failed)
