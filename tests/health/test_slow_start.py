"""Slow start: when a ramp begins, and for whom."""

from __future__ import annotations

import pytest

from simulator.routing.weights import Weights
from tests.health.worlds import events, played, watched

CRASH = {"at": "10s", "for": "10s", "crash": "e-1"}
JOIN = {"at": "10s", "add": {"edges": "e"}}
PASSIVE = {"active": "off", "passive": {"consecutive": 5, "ejection": "10s"}}
ERRS = {"at": "10s", "for": "9s", "error": "e-1", "after": "0ms"}


@pytest.fixture
def begun(monkeypatch):
    """(edge, when) of each ramp that begins."""
    found = []
    monkeypatch.setattr(Weights, "begin", lambda _, edge, now_s: found.append((edge, now_s)))
    return found


@pytest.mark.interpreted  # watches a class that is compiled
@pytest.mark.parametrize(("when", "recovery", "join"), [("both", 1, 1), ("recovery", 1, 0), ("join", 0, 1)])
def test_ramps_begin_when_belief_comes_back_or_an_edge_joins(when, recovery, join, begun):
    """Never at t = 0; after a crash and in a join at the moment that checks find it healthy."""
    checks = {"slow_start": {"when": when}}
    result = played(watched(health=checks, faults=[CRASH]))
    [(healthy_s, _)] = events(result, "healthy")
    assert begun == [(0, healthy_s)] * recovery
    begun.clear()
    result = played(watched(health=checks, faults=[JOIN]))
    [(healthy_s, _)] = events(result, "healthy")
    assert begun == [(4, healthy_s)] * join
    begun.clear()
    played(watched(health={"active": "off", **checks}, faults=[JOIN]))
    assert begun == [(4, 10.0)] * join
    begun.clear()
    result = played(watched(health={**PASSIVE, **checks}, faults=[ERRS]))
    [(returned_s, _)] = events(result, "returned")
    assert begun == [(0, returned_s)] * recovery


@pytest.mark.parametrize("policy", ["random", "round_robin", "least_outstanding", "power_of_two"])
def test_an_edge_that_comes_back_gets_less_at_first(policy):
    """In service for the last 39 s: without slow start like the others, with a window of 60 s a fraction."""
    world = {"faults": [ERRS], "routing": {"policy": policy}, "warmup": "25s"}
    at_once = played(watched(**world, health=PASSIVE)).metrics
    slowly = played(watched(**world, health={**PASSIVE, "slow_start": {"window": "60s"}})).metrics
    assert at_once["edge.load[e-1]"] > 15.0  # of 100/s over four edges
    assert slowly["edge.load[e-1]"] < 0.7 * at_once["edge.load[e-1]"]
    if policy not in ("random", "round_robin"):
        return  # where nothing takes time all loads are 0, and the heavier edge is the less loaded, by however little
    steep = {"window": "60s", "aggression": 4}
    faster = played(watched(**world, health={**PASSIVE, "slow_start": steep})).metrics
    assert faster["edge.load[e-1]"] > slowly["edge.load[e-1]"]
    least = {"window": "1000s", "min": "80%"}
    more = played(watched(**world, health={**PASSIVE, "slow_start": least})).metrics
    assert more["edge.load[e-1]"] > slowly["edge.load[e-1]"]
