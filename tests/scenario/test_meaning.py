"""What `validate` and `config` say a scenario means: places, round trips and requests, and what they leave out."""

import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.config import command as config
from simulator.geography.geo import great_circle_m
from simulator.scenario import Scenario
from simulator.scenario.meaning import meaning

GROUP = {"count": 10, "workload": {"kind": "poisson", "rate": "1/s"}}


def scenario(sites=(), **changes):
    edges = {"e": {"at": dict.fromkeys(sites, 1)} if sites else {"count": 1}}
    return Scenario.from_dict(
        {"duration": "60s", "sites": list(sites), "clients": {"u": GROUP}, "edges": edges, **changes}
    )


def test_virginia_is_where_the_provider_says():
    """Northern Virginia to Frankfurt: 6,540 km, at 1.6 times the light in fibre 105 ms there and back."""
    study = scenario(["virginia", "frankfurt", "singapore"])
    place = study.sites["virginia"]
    assert (place.lat, place.lon) == pytest.approx((39.0, -77.5), abs=0.2)
    far_m = float(great_circle_m(place.lat, place.lon, study.sites["frankfurt"].lat, study.sites["frankfurt"].lon))
    told = "\n".join(meaning(study))
    assert "AWS us-east-1" in told
    assert f"{2 * 1.6 * far_m / 200e6 * 1000:.1f}" in told
    assert 100 < 2 * 1.6 * far_m / 200e6 * 1000 < 110


def test_config_says_the_same_and_stays_yaml(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "duration: 60s\nsites: [virginia]\nclients: {u: {count: 1, workload: {kind: poisson, rate: 1/s}}}\n"
        "edges: {e: {at: {virginia: 1}}}\n"
    )
    printed = CliRunner().invoke(config, [str(path)]).output
    assert "# virginia: Northern Virginia" in printed
    assert yaml.safe_load(printed)["duration"] == "1min"


def test_without_geography_the_default_latency_is_told():
    network = {"default": {"latency": "10ms", "jitter": {"exponential": "1ms"}}}
    assert any("22ms between any two" in line for line in meaning(scenario(network=network)))


def test_a_rule_of_the_network_is_told():
    network = {"links": [{"from": "e-*", "to": "core-*", "latency": "7ms"}]}
    assert any("from e-* to core-*: one way latency 7ms" in line for line in meaning(scenario(network=network)))


def test_sites_beyond_the_table_are_named():
    cities = ["london", "paris-fr", "berlin", "madrid", "rome", "vienna", "warsaw", "lisbon", "oslo", "athens"]
    told = list(meaning(scenario(cities)))
    assert "left out of this table: oslo, athens" in told
    assert any(line.startswith("round trips, ms:") for line in told)


def test_requests_that_can_be_counted_are_told_beside_those_that_cannot():
    loop = {"count": 5, "workload": {"kind": "closed", "think_time": "1s"}}
    told = list(meaning(scenario(clients={"u": GROUP, "v": loop})))
    assert any("about 600 requests in 1min, and those of v" in line for line in told)
