"""A user's own policy may answer with any kind of integer, and is told when it names no edge."""

import numpy as np
import pytest

from simulator import Scenario, run
from simulator.build.builder import build
from simulator.routing import FAMILY, Router, register


@pytest.fixture
def policy():
    """Register a policy that answers `choice(size)`."""

    def make(choice, nearest=None):
        class Mine(Router):
            def __init__(self, context):
                super().__init__(context)
                if nearest is not None:
                    self.nearest = nearest

            def choose(self, client, session):
                return choice(self.directory.size)

        Mine.__module__ = "my_policies"
        register("mine")(Mine)
        return Scenario.from_dict(
            {
                "schema": 1,
                "name": "mine",
                "duration": "5s",
                "clients": {
                    "c": {
                        "count": 5,
                        "workload": {"kind": "poisson", "rate": "2/s"},
                        "session": {"length": "forever", "established": True},
                    }
                },
                "edges": {"e": {"count": 3}},
                "cores": {"core": {"count": 1}},
                "routing": {"policy": "mine"},
            }
        )

    with FAMILY.for_a_while():
        yield make


def test_an_integer_of_numpy_is_an_edge(policy):
    result = run(policy(lambda size: np.int64(size - 1)))
    assert result["availability"] == 1.0
    assert result["edge.utilisation[e-1]"] == result["edge.utilisation[e-2]"] == 0.0 < result["edge.utilisation[e-3]"]


@pytest.mark.parametrize("answer", [7, -2, None, 1.0, "e-1"])
def test_what_is_no_edge_is_told_with_the_name_of_the_policy(policy, answer):
    result = run(policy(lambda size: answer))
    (failure,) = result.failures
    assert f"mine.choose answered {answer!r}: an edge is 0 to 2, or -1 for none" in failure.message


def test_its_own_idea_of_the_nearest_is_where_sessions_begin(policy):
    """Each client is asked for when the sessions of those before it are in the store."""
    world, open_before = None, []

    def by_turns(client, but):
        assert but == -1
        open_before.append(len(world.groups[0].sessions._adopted))
        return client.index % 2 + 1

    world = build(policy(lambda size: 0, by_turns), seed=1, replication=0)
    world.starts[0]()
    sessions = world.groups[0].sessions._adopted
    assert [sessions[index].edge for index in range(5)] == [1, 2, 1, 2, 1]
    assert open_before == [0, 1, 2, 3, 4]
