"""`shard_by: site`: each session at the core shard nearest to its client, wherever it is known."""

from collections import Counter

import pytest

from simulator.geography.geo import great_circle_m
from simulator.run import run_replication
from simulator.scenario import Scenario, ScenarioError
from tests.worlds import Play

SITES = ["frankfurt", "london", "tokyo"]


def regions(*settings, cores=None, **changes):
    """Clients in Frankfurt and Tokyo, edges at each site; every lookup asks the core; links take distance only."""
    group = {
        "count": 30, "workload": {"kind": "poisson", "rate": "1/s"}, "session": {"established": True},
        "request_size": "0B", "response_size": "0B",
    }  # fmt: skip
    core = {"at": dict.fromkeys(SITES, 1), "workers": "unlimited", "service_time": "0ms", "shard_by": "site"}
    return Scenario.from_dict({
        "name": "homes", "duration": "40s", "sites": SITES,
        "clients": {"west": group | {"site": "frankfurt"}, "east": group | {"site": "tokyo"}},
        "edges": {"pop": {
            "at": dict.fromkeys(SITES, 1), "workers": "unlimited", "service_time": "0ms", "coalesce": False,
            "l1": {"ttl": "0ms"},
        }},
        "cores": cores or {"core": core}, "storage": {"read": "0ms", "write": "0ms"},
        "routing": {"policy": "nearest"}, "sam": "off", "leases": "off", "network": {"geo": {"last_mile": "0ms"}},
    } | changes).with_overrides(list(settings))  # fmt: skip


def metrics(scenario):
    return run_replication(scenario, seed=2, replication=0).metrics


def round_trip_s(scenario, one, other):
    a, b = scenario.sites[one], scenario.sites[other]
    return 2 * 1.6 * float(great_circle_m(a.lat, a.lon, b.lat, b.lon)) / 200e6


def test_sessions_are_at_home():
    """Nothing crosses an ocean: every lookup is answered within its site, at no distance."""
    found = metrics(regions())
    assert found["latency.mean"] == pytest.approx(0.0, abs=1e-12)
    assert found["core.requests.rate[core-london-1]"] == 0.0
    assert found["core.requests.rate[core-tokyo-1]"] == pytest.approx(found["requests.rate[east]"])


def test_by_number_a_session_is_anywhere():
    """A third of the sessions each: the mean is that of the round trips from both sites to all three."""
    scenario = regions("cores.core.shard_by=session")
    trips_s = [round_trip_s(scenario, one, other) for one in ("frankfurt", "tokyo") for other in SITES]
    assert metrics(scenario)["latency.mean"] == pytest.approx(sum(trips_s) / 6, rel=0.06)


def test_shards_at_one_site_share_its_sessions():
    world = Play(regions("cores.core.at={frankfurt: 3, tokyo: 2}", leases={})).until(1.0)
    assert [len(core.authority.grants) for core in world.cores] == [10, 10, 10, 15, 15]
    for core in world.cores:
        for grant in core.authority.grants.values():
            assert ("east" if core.site == "tokyo" else "west") == grant.session.client.group.name


def test_a_site_without_a_core_uses_the_nearest():
    """From Frankfurt London is nearer than Tokyo."""
    scenario = regions("cores.core.at={tokyo: 1, london: 1}")
    found = metrics(scenario)
    assert found["latency.mean[west]"] == pytest.approx(round_trip_s(scenario, "frankfurt", "london"))
    assert found["latency.mean[east]"] == pytest.approx(0.0, abs=1e-12)


def test_the_clients_own_places_decide():
    """Within 1500 km of Frankfurt there are places that are nearer to London."""
    world = Play(regions("clients.west.spread=1500km", "clients.west.count=200", leases={})).until(1.0)
    west = Counter(
        core.site
        for core in world.cores
        for grant in core.authority.grants.values()
        if grant.session.client.group.name == "west"
    )
    assert set(west) == {"frankfurt", "london"}
    assert west["frankfurt"] > west["london"] > 10


def test_without_distance_the_own_site_is_home_and_without_a_site_all_are():
    flat = {"network": {"default": {"latency": "1ms"}}, "leases": {}}
    world = Play(regions("clients.west.count=31", **flat)).until(1.0)
    assert [len(core.authority.grants) for core in world.cores] == [31, 0, 30]
    nowhere = {"count": 30, "workload": {"kind": "poisson", "rate": "1/s"}, "session": {"established": True}}
    world = Play(regions(clients={"all": nowhere}, **flat)).until(1.0)
    assert [len(core.authority.grants) for core in world.cores] == [10, 10, 10]


def test_leases_locks_and_new_sessions_find_their_shard():
    """Sessions that open, expire, ask for locks and renew: all at home, and every invariant holds."""
    scenario = Scenario.from_dict(
        regions().resolved() | {
            "clients": {
                "west": {
                    "count": 30, "site": "frankfurt", "workload": {"kind": "poisson", "rate": "0.5/s"},
                    "session": {"length": {"exponential": "10s"}, "pause": "1s"},
                    "operations": {"lookup": "50%", "acquire": "30%", "release": "20%"}, "locks": {"per_session": 2},
                },
                "east": {
                    "site": "tokyo", "workload": {"kind": "poisson", "rate": "1/s"},
                    "session": {"arrivals": "2/s", "length": "8s"},
                },
            },
            "leases": {"length": "4s", "renew_before": "1s", "idle_after": "2s"},
        }
    )  # fmt: skip
    play = Play(scenario)
    for second in range(5, 45, 5):
        world = play.until(float(second))
        numbers = [grant.session.session_id for core in world.cores for grant in core.authority.grants.values()]
        assert len(set(numbers)) == len(numbers)
        for core in world.cores:
            sites = {grant.session.client.near_site for grant in core.authority.grants.values()}
            assert sites <= {core.site}
        assert world.cores[0].received > 0
        assert world.cores[1].received == 0
        assert world.cores[2].received > 0


def test_all_cores_deal_sessions_alike():
    core = {"site": "tokyo"}
    with pytest.raises(ScenarioError, match="write shard_by: site here too"):
        regions(cores={"one": core | {"shard_by": "site"}, "two": core})
