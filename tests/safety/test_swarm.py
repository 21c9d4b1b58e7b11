"""Twenty worlds of the swarm in every test run; 300 by `-m slow` or `python -m tests.swarm --seeds 0:300`."""

from __future__ import annotations

import random

import pytest

from simulator.run import run_replication
from simulator.sam.manager import StickinessManager
from simulator.scenario.schema import Scenario
from tests import swarm
from tests.actors import weigh_too_much
from tests.safety.swarm_worlds import draw_world


@pytest.mark.parametrize("first", range(0, 20, 5))
def test_worlds_are_safe_and_converge(first):
    for seed in range(first, first + 5):
        failure = swarm.check_seed(seed)
        assert failure is None, swarm.report(seed, failure)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(20, 300, 20))
def test_many_worlds_are_safe_and_converge(first):
    for seed in range(first, first + 20):
        failure = swarm.check_seed(seed)
        assert failure is None, swarm.report(seed, failure)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 50))
def test_what_a_thousand_worlds_count_adds_up(first):
    """Ratios in 0..1, groups, edges and causes add up, availability and failures make 1: checked at each run's end."""
    for seed in range(first, first + 50):
        result = run_replication(Scenario.from_dict(draw_world(random.Random(seed))), seed=seed, replication=0)
        assert result.invariants["violations"] == [], seed


def test_a_seed_draws_the_same_world_every_time():
    assert draw_world(random.Random(7)) == draw_world(random.Random(7))
    assert draw_world(random.Random(7)) != draw_world(random.Random(8))


def test_every_world_is_a_scenario():
    for seed in range(50):
        Scenario.from_dict(draw_world(random.Random(seed)))


def test_a_failure_is_found_and_made_small(monkeypatch, capsys):
    """Plant a bug that needs nothing but a session; what is left of the world must still fail, and be small."""
    weigh_too_much(monkeypatch)
    monkeypatch.setattr(swarm, "MOST_ATTEMPTS", 40)
    assert swarm.main(["--seeds", "3:4"]) == 1
    told = capsys.readouterr().out
    assert "seed 3: SafetyError: weight 101.0 outside 0..100" in told
    assert "1 worlds" in told
    small = told.partition("still fails:\n")[2]
    assert 3 <= len(small.strip().splitlines()) < 60


def test_worlds_that_do_not_converge_are_told(monkeypatch):
    """The SAM never believes an edge again that it gave up once."""
    monkeypatch.setattr(StickinessManager, "edge_back", lambda self, edge: None)
    monkeypatch.setattr(swarm, "CONVERGES_WITHIN_S", 30.0)
    told = [failure for failure in map(swarm.check_seed, range(12)) if failure is not None]
    assert any("every edge to be believed healthy" in failure for failure in told)
