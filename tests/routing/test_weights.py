"""Weights of edges, and slow starts: what each edge counts, and what is chosen by it."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad

from simulator.routing.directory import Directory
from simulator.routing.leaving import PowerOfTwo, any_other, least_loaded
from simulator.routing.rotation import rotation
from simulator.routing.weights import Weights
from simulator.scenario.errors import ScenarioError
from simulator.scenario.schema import Scenario
from tests.actors import a_client, a_policy
from tests.worlds import FREE, merged, played

CLIENT = a_client(a_policy(), 0, 1, [0.02, 0.02, 0.02])
"""Whoever asks: choices by weight are the same for all."""


class Clock:
    """A time that the test sets."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def weighted(*weights, now=lambda: 0.0):
    """A directory of edges with these weights."""
    directory = Directory([f"e-{i + 1}" for i in range(len(weights))], [None] * len(weights))
    directory.weights = Weights(weights, now)
    return directory


def test_a_rotation_by_weight_is_nginx_s():
    """The sequence of its commit message (2012): weights 5, 1, 1 give a a b a c a a, again and again."""
    turns = rotation(weighted(5, 1, 1))
    assert "".join("abc"[turns.next()] for _ in range(14)) == "aabacaa" * 2


def test_a_rotation_by_weight_passes_over_an_edge_that_failed():
    directory = weighted(2, 1, 1)
    turns = rotation(directory)
    directory.set_healthy(1, False)
    assert Counter(turns.next() for _ in range(300)) == {0: 200, 2: 100}
    directory.set_healthy(0, False)
    directory.set_healthy(2, False)
    assert turns.next() == -1


def test_random_choices_are_in_proportion():
    """Shares 1/6, 2/6, 3/6 of 60,000 draws, within 5 standard errors; 2/5, 3/5 of those besides the first."""
    rng = np.random.default_rng(1)
    choice = any_other(weighted(1, 2, 3), rng.random)
    for current, shares in ((-1, {0: 1 / 6, 1: 2 / 6, 2: 3 / 6}), (0, {1: 2 / 5, 2: 3 / 5})):
        drawn = Counter(choice.pick(CLIENT, current) for _ in range(60_000))
        assert set(drawn) == set(shares)
        for edge, share in shares.items():
            assert abs(drawn[edge] / 60_000 - share) < 5 * math.sqrt(share * (1 - share) / 60_000)


def test_loads_are_compared_by_weight():
    """(n + 1) / weight: 3 / 1 against 5 / 2, so the heavier edge is taken until it has twice as many."""
    loads = [2, 4]
    directory = weighted(1, 2)
    least = least_loaded(directory, lambda: 0.0, lambda _, edge: loads[edge])
    assert least.pick(CLIENT, -1) == 1
    loads[1] = 6
    assert least.pick(CLIENT, -1) == 0
    draws = iter([0.0, 0.9] * 2)
    two = PowerOfTwo(directory, partial(next, draws), lambda _, edge: loads[edge])
    assert two.pick(CLIENT, -1) == 0
    loads[1] = 4
    assert two.pick(CLIENT, -1) == 1


@pytest.mark.parametrize(("aggression", "at_half"), [(1.0, 0.5), (2.0, math.sqrt(0.5)), (0.5, 0.25)])
def test_a_slow_start_is_envoy_s(aggression, at_half):
    """max(min, (t / window)^(1 / aggression)), and all of the weight afterwards."""
    clock = Clock()
    weights = Weights([4.0, 1.0], clock)
    weights.slow_start(30.0, 0.1, aggression)
    assert weights.of(0) == 4.0  # never at t = 0
    clock.now_s = 100.0
    weights.begin(0, 100.0)
    assert (weights.of(0), weights.of(1)) == (pytest.approx(0.4), 1.0)
    clock.now_s = 115.0
    assert weights.of(0) == pytest.approx(4.0 * at_half)
    clock.now_s = 130.0
    assert weights.of(0) == 4.0
    clock.now_s = 101.0  # it is over for good
    assert weights.of(0) == 4.0


def test_the_share_of_an_edge_that_comes_back():
    """Random over two: the integral of w / (1 + w), w = max(.1, t / 30 s), is .3113 of the window's requests.

    60,000 requests, evenly over the window: 5 standard errors are .0095.
    """
    expected = quad(lambda x: max(0.1, x) / (1 + max(0.1, x)), 0, 1, points=[0.1])[0]
    assert expected == pytest.approx(0.3113, abs=5e-5)
    clock = Clock()
    directory = weighted(1, 1, now=clock)
    directory.weights.slow_start(30.0, 0.1, 1.0)
    directory.weights.begin(1, 0.0)
    choice = any_other(directory, np.random.default_rng(2).random)
    n, taken = 60_000, 0
    for i in range(n):
        clock.now_s = 30.0 * i / n
        taken += choice.pick(CLIENT, -1)
    assert abs(taken / n - expected) < 5 * math.sqrt(expected * (1 - expected) / n)


@pytest.mark.parametrize("policy", ["random", "round_robin"])
@pytest.mark.parametrize("scope", ["global", "site"])
def test_a_group_of_twice_the_weight_gets_twice_the_requests(policy, scope):
    """Two groups of two edges, weights 1 and 2: two thirds of 6,000 requests, within 5 standard errors."""
    world = merged(FREE, {"sites": ["london"], "clients": {"u": {"site": "london"}}, "network": {"geo": "off"},
                          "routing": {"policy": policy, "scope": scope}})  # fmt: skip
    one = {"count": 2, "site": "london", "workers": "unlimited", "service_time": "0ms"}
    world["edges"] = {"old": one, "new": one | {"weight": 2}}
    result = played(world)
    rates = [result.metrics[f"edge.load[{name}-{i}]"] for name in ("old", "new") for i in (1, 2)]
    n, share = 6000, sum(rates[2:]) / sum(rates)
    assert abs(share - 2 / 3) < 5 * math.sqrt(2 / 9 / n)
    if policy == "round_robin":
        assert share == pytest.approx(2 / 3, abs=1e-3)


@pytest.mark.parametrize(("weight", "said"), [(0, "must be above 0"), ("2x", "is not a number"), (-1, "too small")])
def test_what_is_no_weight_is_refused(weight, said):
    with pytest.raises(ScenarioError, match=said):
        Scenario.from_dict(merged(FREE, {"edges": {"e": {"weight": weight}}}))
