"""`standby: {site: london}`: a shard whose two nodes stand apart."""

import pytest

from simulator.geography.geo import great_circle_m
from simulator.run import run_replication
from simulator.scenario import Scenario

FRANKFURT_DOWN = {"at": "5500ms", "for": "10s", "crash": "core-1"}  # heard last at 5 s; served again at 11 s


def regions(*settings, **changes):
    """An edge in Dublin asks a core in Frankfurt for every lookup; links take distance only, storage no time."""
    return Scenario.from_dict({
        "name": "apart", "duration": "60s", "sites": ["frankfurt", "london", "dublin"],
        "clients": {"web": {
            "count": 10, "site": "dublin", "workload": {"kind": "poisson", "rate": "5/s"},
            "session": {"established": True}, "request_size": "0B", "response_size": "0B",
        }},
        "edges": {"pop": {
            "site": "dublin", "workers": "unlimited", "service_time": "0ms", "coalesce": False, "l1": {"ttl": "0ms"},
        }},
        "cores": {"core": {
            "site": "frankfurt", "workers": "unlimited", "service_time": "0ms", "l2": {"ttl": "never"},
            "standby": {"site": "london"},
        }},
        "storage": {"read": "0ms", "write": "0ms"}, "leases": "off", "faults": [FRANKFURT_DOWN],
        "network": {"geo": {"last_mile": "0ms"}, "messages": {"control": "0B", "metadata": "0B"}},
    } | changes).with_overrides(list(settings))  # fmt: skip


def played(scenario):
    return run_replication(scenario, seed=2, replication=0, trace=1.0)


def latency_s(result, since_s, until_s):
    """The mean latency of the answered requests of a span, and how many there are."""
    rows = zip(result.requests["t_s"], result.requests["latency_s"], strict=True)
    some = [latency for t_s, latency in rows if since_s <= t_s < until_s]
    assert len(some) > 50
    return sum(some) / len(some)


def one_way_s(scenario, one, other):
    a, b = scenario.sites[one], scenario.sites[other]
    return 1.6 * float(great_circle_m(a.lat, a.lon, b.lat, b.lon)) / 200e6


def test_after_the_takeover_answers_come_from_where_the_standby_stands():
    scenario = regions()
    result = played(scenario)
    assert latency_s(result, 0.0, 5.4) == pytest.approx(2 * one_way_s(scenario, "dublin", "frankfurt"))
    assert latency_s(result, 12.0, 60.0) == pytest.approx(2 * one_way_s(scenario, "dublin", "london"))
    beside = played(regions("cores.core.standby=true"))
    assert latency_s(beside, 12.0, 60.0) == pytest.approx(2 * one_way_s(scenario, "dublin", "frankfurt"))


def test_heartbeats_between_the_two_take_the_distance():
    """The last one was sent at 5 s; the standby misses three from when it heard that one, and then takes 3 s."""
    scenario = regions()
    apart_s = one_way_s(scenario, "frankfurt", "london")
    events = {row["kind"]: row for row in played(scenario).events if row["target"] == "core-1"}
    assert events["detected"]["detail"]["after_s"] == pytest.approx(2.5 + apart_s)
    assert events["takeover"]["detail"]["after_s"] == pytest.approx(5.5 + apart_s)


def test_the_repaired_primary_is_the_standby_where_it_was():
    """It takes over when the other one crashes, and the core is at home again."""
    again = {"at": "30s", "for": "10s", "crash": "core-1"}
    scenario = regions(faults=[FRANKFURT_DOWN, again])
    result = played(scenario)
    assert latency_s(result, 12.0, 29.9) == pytest.approx(2 * one_way_s(scenario, "dublin", "london"))
    assert latency_s(result, 37.0, 60.0) == pytest.approx(2 * one_way_s(scenario, "dublin", "frankfurt"))


def test_one_that_is_repaired_before_the_takeover_stays_where_it_is():
    short = FRANKFURT_DOWN | {"for": "2s"}
    scenario = regions(faults=[short])
    assert latency_s(played(scenario), 8.0, 60.0) == pytest.approx(2 * one_way_s(scenario, "dublin", "frankfurt"))


def test_storage_is_as_far_as_it_is_from_the_standby():
    """Without an L2 each lookup reads storage, which stands beside the primary."""
    scenario = regions("storage.site=frankfurt", "cores.core.l2.ttl=0ms")
    result = played(scenario)
    dublin = one_way_s(scenario, "dublin", "london")
    apart_s = one_way_s(scenario, "frankfurt", "london")
    assert latency_s(result, 0.0, 5.4) == pytest.approx(2 * one_way_s(scenario, "dublin", "frankfurt"))
    assert latency_s(result, 12.0, 60.0) == pytest.approx(2 * dublin + 2 * apart_s)


def test_rules_and_faults_mean_both_by_the_name_of_the_shard():
    rule = {"links": [{"from": "pop-*", "to": "core-1", "latency": "7ms"}]}
    scenario = regions(network=rule | {"geo": {"last_mile": "0ms"}})
    back_s = one_way_s(scenario, "dublin", "london")
    assert latency_s(played(scenario), 12.0, 60.0) == pytest.approx(0.007 + back_s)
    degraded = {"at": "20s", "for": "20s", "degrade": {"from": "core-1", "to": "pop-*", "add_latency": "5ms"}}
    result = played(regions(faults=[FRANKFURT_DOWN, degraded]))
    trip_s = 2 * one_way_s(scenario, "dublin", "london")
    assert latency_s(result, 21.0, 39.0) == pytest.approx(trip_s + 0.005)
    assert latency_s(result, 41.0, 60.0) == pytest.approx(trip_s)


def test_what_is_written_is_what_is_resolved():
    assert regions().resolved()["cores"]["core"]["standby"] == {"site": "london"}
    assert regions("cores.core.standby=true").resolved()["cores"]["core"]["standby"] is True
    assert regions("cores.core.standby=false").resolved()["cores"]["core"]["standby"] is False
    for value in ("true", "false", "{site: london}"):
        scenario = regions(f"cores.core.standby={value}")
        assert Scenario.from_dict(scenario.resolved()) == scenario
