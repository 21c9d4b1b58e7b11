"""`network.matrix`: measured round trips between sites, beside geography."""

import pickle

import numpy as np
import pytest

from simulator.build.builder import build
from simulator.geography.geo import great_circle_m
from simulator.run import run_replication
from simulator.scenario import Scenario, ScenarioError
from simulator.scenario.matrix import read_matrix
from simulator.scenario.meaning import meaning
from simulator.units import QuantityError

MEASURED = ",frankfurt,london\nfrankfurt,2,20\nlondon,30,4\n"


@pytest.fixture
def regions(tmp_path):
    """A scenario without queues, jitter, last miles and caches; the file of its matrix is written beside it."""

    def make(content, *settings, client_site="frankfurt", edge_site="london", **network):
        (tmp_path / "rtt.csv").write_text(content)
        return Scenario.from_dict({
            "name": "far", "duration": "20s", "sites": ["frankfurt", "london", "tokyo"],
            "clients": {"web": {
                "count": 20, "site": client_site, "session": {"established": True},
                "workload": {"kind": "poisson", "rate": "1/s"},
            }},
            "edges": {"pop": {"at": {edge_site: 1}, "service_time": "0ms", "l1": {"ttl": "never"}}},
            "cores": {"core": {"site": edge_site, "service_time": "0ms"}},
            "storage": {"read": "0ms", "write": "0ms"}, "sam": "off", "routing": {"policy": "nearest"},
            "network": {"matrix": "rtt.csv", "geo": {"last_mile": "0ms"}} | network,
        }, tmp_path).with_overrides(list(settings))  # fmt: skip

    return make


def network_latency_s(scenario):
    return run_replication(scenario, seed=1, replication=0).metrics["network_latency.mean"]


def geo_round_trip_s(scenario, one, other):
    """Distance there and back, at 1.6 times the light in fibre."""
    a, b = scenario.sites[one], scenario.sites[other]
    return 2 * 1.6 * float(great_circle_m(a.lat, a.lon, b.lat, b.lon)) / 200e6


@pytest.mark.parametrize(
    ("content", "expected_s"),
    [
        (MEASURED, 0.025),  # half of the round trip from here there, half of the one from there to here
        (",frankfurt,london\nfrankfurt,,20\nlondon,,\n", 0.020),  # measured from one end only
        (",frankfurt\nlondon,30\n", 0.030),
        ("from;frankfurt;london\nfrankfurt;;18ms\nlondon;18000us;\n", 0.018),
        ("s\tfrankfurt\tlondon\nfrankfurt\t\t0.02\nlondon\t0.04\t\n", 0.030),
        ("# measured in May\nms,frankfurt,oslo,london\n\nfrankfurt,1,9,20\noslo,9,1,9\nlondon,20,n/a,1\n", 0.020),
    ],
)
def test_a_round_trip_is_as_it_was_measured(regions, content, expected_s):
    assert network_latency_s(regions(content)) == pytest.approx(expected_s)


def test_within_a_site_it_is_as_measured_too(regions):
    assert network_latency_s(regions(MEASURED, edge_site="frankfurt")) == pytest.approx(0.002)


def test_what_was_not_measured_is_distance(regions):
    scenario = regions(MEASURED, edge_site="tokyo")
    assert network_latency_s(scenario) == pytest.approx(geo_round_trip_s(scenario, "frankfurt", "tokyo"))


def test_a_last_mile_is_added_and_a_rule_comes_first(regions):
    assert network_latency_s(regions(MEASURED, "network.geo.last_mile=3ms")) == pytest.approx(0.031)
    rule = "network.links=[{from: web, to: pop-*, latency: 1ms}]"
    assert network_latency_s(regions(MEASURED, rule)) == pytest.approx(0.016)


def test_between_nodes_it_counts_as_well(regions):
    """A miss adds the way from the edge's site to the core's and back."""
    settings = ["edges.pop.l1.ttl=0ms", "edges.pop.coalesce=false", "cores.core.site=frankfurt"]
    far = regions(MEASURED, *settings)
    mean_s = run_replication(far, seed=1, replication=0).metrics["latency.mean"]
    assert mean_s == pytest.approx(0.025 + 0.025)


def test_the_nearest_edge_is_that_of_the_matrix(regions):
    """By geography London is much nearer to Frankfurt than Tokyo."""
    content = ",frankfurt,london,tokyo\nfrankfurt,1,90,70\n"
    scenario = regions(content, "edges.pop.at={london: 1, tokyo: 1}")
    assert network_latency_s(scenario) == pytest.approx(0.070)


def test_without_geography_the_matrix_is_all_there_is(regions):
    content = ",frankfurt,london,tokyo\nfrankfurt,,20,200\nlondon,,,210\n"
    assert network_latency_s(regions(content, "network.geo=off")) == pytest.approx(0.020)
    here = regions(content, "network.geo=off", "network.default.latency=1ms", edge_site="frankfurt")
    assert network_latency_s(here) == pytest.approx(0.002)  # nothing is measured within a site


def test_a_client_around_its_site_is_nearer_or_farther_as_the_great_circle_says(regions):
    """The path to London is so many times longer than the great circle, from every place; and back from there."""
    scenario = regions(MEASURED, "clients.web.spread=500km")
    clients = build(scenario, 1, 0).groups[0].clients
    there, back = (np.array([getattr(client, way)[0] for client in clients]) for way in ("base_s", "back_s"))
    assert there.min() < 0.010 < there.max()
    assert back / there == pytest.approx(np.full(len(clients), 1.5))
    plain = regions(",frankfurt,oslo\nfrankfurt,1,2\n", "clients.web.spread=500km")
    plain_there = np.array([client.base_s[0] for client in build(plain, 1, 0).groups[0].clients])
    assert there / plain_there == pytest.approx(np.full(len(clients), there[0] / plain_there[0]))
    home = regions(MEASURED, "clients.web.spread=500km", edge_site="frankfurt")
    assert min(client.base_s[0] for client in build(home, 1, 0).groups[0].clients) >= 0.001


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no matrix"),
        (",frankfurt,london\n", "holds no matrix"),
        (",frankfurt,london\nfrankfurt,,\n", "holds no round trips"),
        (",frankfurt,london\nfrankfurt,1,fast\n", "rtt.csv:2: 'fast' is not a round trip"),
        (",frankfurt,london\nfrankfurt,1,-5\n", "rtt.csv:2: '-5' is not a round trip"),
        (",frankfurt,london\nfrankfurt,1,2,3\n", "rtt.csv:2: 3 round trips to 2 sites"),
        (",frankfurt,frankfurt\nfrankfurt,1,2\n", "rtt.csv:1: 'frankfurt' comes twice"),
        (",frankfurt,london\nlondon,1,2\nlondon,1,2\n", "rtt.csv:3: 'london' comes twice"),
        (",frankfurt,\nfrankfurt,1,2\n", "rtt.csv:1: a site without a name"),
        (',frankfurt,"london\nfrankfurt,1,2\n', "rtt.csv:1: "),
        (b"\xff\xfe", "is not text"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    path = tmp_path / "rtt.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(QuantityError) as error:
        read_matrix(path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (",oslo,bergen\noslo,1,2\n", [], "measures none of the scenario's sites"),
        (",frankfurt,londn\nfrankfurt,1,20\n", [], "did you mean london?"),
        (MEASURED, ["network.geo=off"], "has no round trip from frankfurt to tokyo"),
        (",frankfurt,london\nfrankfurt,0,0.02\nlondon,0.03,0\n", [], "faster than light"),
    ],
)
def test_a_matrix_that_does_not_fit_the_sites_is_refused(regions, content, settings, message):
    with pytest.raises(ScenarioError) as error:
        regions(content, *settings)
    assert message in str(error.value)


def test_its_content_belongs_to_the_scenario(regions, tmp_path):
    scenario = regions(MEASURED)
    assert Scenario.from_dict(scenario.resolved()) == scenario  # it names the file absolutely
    assert pickle.loads(pickle.dumps(scenario)).content_hash() == scenario.content_hash()
    assert regions(MEASURED.replace("30", "31")).content_hash() != scenario.content_hash()
    (tmp_path / "elsewhere.csv").write_text(MEASURED)
    assert regions(MEASURED, "network.matrix=elsewhere.csv").content_hash() == scenario.content_hash()


def test_validate_tells_round_trips_as_they_are(regions):
    told = "\n".join(meaning(regions(MEASURED)))
    assert "25.0" in told
    assert "of these 2 of 6 between sites are those of rtt.csv" in told
