"""Routing policies in whole worlds: they live through failures, and let go of sessions that end."""

import pytest

from simulator.build.builder import build
from simulator.routing import policy_names
from simulator.run import run_replication
from simulator.scenario.schema import Scenario


def world_of(**parts):
    return Scenario.from_dict(
        {
            "schema": 1,
            "name": "routing",
            "duration": "20s",
            "clients": {
                "c": {
                    "count": 20,
                    "workload": {"kind": "poisson", "rate": "2/s"},
                    "session": {"length": {"exponential": "5s"}, "pause": {"exponential": "1s"}},
                    "retry": {"timeout": "200ms", "max": 3, "backoff": "50ms", "jitter": "none"},
                }
            },
            "edges": {"edge": {"count": 4, "service_time": {"exponential": "5ms"}}},
            "cores": {"core": {}},
            "network": {"default": {"latency": "2ms", "loss": "1%"}},
        }
        | parts
    )


@pytest.mark.parametrize("policy", policy_names())
def test_a_world_lives_through_failures(policy):
    """An edge crashes for six seconds: retries carry nearly all requests, no invariant trips, and the same seed gives
    the same run. (Of 800 requests about 60 meet the crash before it is detected; without retries 7 % would fail.)"""
    scenario = world_of(routing={"policy": policy, "weight": 60}, faults=[{"at": "5s", "for": "6s", "crash": "edge-2"}])
    first, again = (run_replication(scenario, seed=3, replication=0) for _ in range(2))
    assert first.fingerprint == again.fingerprint
    assert first.invariants["violations"] == []
    assert first.metrics["availability"] > 0.98


def test_sessions_that_end_give_up_their_places():
    """Under a load bound the places taken are those of open sessions; all are free when every session is over."""
    scenario = world_of(
        routing={"policy": "consistent_hash", "load_bound": "25%"}, network={"default": {"latency": "2ms"}}
    )
    world = build(scenario, seed=3, replication=0)
    group, most = world.groups[0], 0
    for start in world.starts:
        start()
    places = group.router.places
    for second in range(1, 20):
        world.kernel.run(until=float(second))
        taken = sum(places.load)
        most = max(most, taken)
        assert max(places.load) <= -(-1.25 * 20 // 4)
    assert most > 5
    for client in group.clients:
        if client.session is not None:
            group.close_session(client.index)
    world.kernel.run(until=25.0)
    assert sum(places.load) == 0


@pytest.mark.parametrize("spread", ["0km", "900km"])
def test_each_client_knows_the_site_that_it_expects_to_be_nearest(spread):
    """By the table that it has: one for all, another for those that a rule makes slow, or one for each that is spread
    around its site."""
    sites = {"paris": None, "london": None, "tokyo": None}
    scenario = world_of(
        sites=sites,
        network={"geo": {}, "links": [{"from": "c-1*", "to": "paris-*", "latency": "900ms"}]},
        clients={
            "c": {
                "count": 20, "site": "paris", "spread": spread, "workload": {"kind": "poisson", "rate": "2/s"},
                "session": {"length": "forever", "established": True},
            }
        },
        edges={site: {"count": 2, "site": site} for site in sites},
        cores={"core": {"site": "paris"}},
    )  # fmt: skip
    world = build(scenario, seed=3, replication=0)
    clients = world.groups[0].clients
    for client in clients:
        expected_s = client.expected_rtt_s
        assert client.near_site == world.directory.sites[expected_s.index(min(expected_s))]
    assert len({id(client.expected_rtt_s) for client in clients}) == (2 if spread == "0km" else 20)
    slow = {client.near_site for client in clients if str(client.index + 1).startswith("1")}
    others = {client.near_site for client in clients if not str(client.index + 1).startswith("1")}
    assert (slow, others) == ({"london"}, {"paris"} if spread == "0km" else {"paris", "london"})
