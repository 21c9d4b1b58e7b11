"""Values at the edge of what makes sense: refused clearly, or right; never a traceback, never an endless run."""

import json

import pytest

from simulator.metrics.expectations import parse_expectation
from simulator.scenario import Scenario, ScenarioError
from simulator.units import format_duration, format_rate, format_size, parse_duration, parse_rate, parse_size

WORLD = {
    "duration": "60s",
    "clients": {"web": {"count": 10, "workload": {"kind": "poisson", "rate": "1/s"}}},
    "edges": {"pop": {"count": 2}},
}


@pytest.mark.parametrize("value", [1e17, 1.2345678901234567e30, 1e300, 1.7976931348623157e308])
def test_huge_values_have_a_text(value):
    assert parse_duration(format_duration(value)) == value
    assert parse_rate(format_rate(value)) == value
    assert parse_size(format_size(value)) == value


def test_a_huge_service_time_has_a_hash():
    scenario = Scenario.from_dict({**WORLD, "edges": {"pop": {"count": 2, "service_time": "1e300s"}}})
    assert len(scenario.content_hash()) == 64


@pytest.mark.parametrize(
    ("duration", "window_s"),
    [("100ms", 0.1), ("60s", 1.0), ("2h", 1.0), ("7201s", 10.0), ("84h", 60.0), ("50d", 600.0), ("366d", 3600.0)],
)
def test_a_window_that_nobody_chose_fits_the_run(duration, window_s):
    scenario = Scenario.from_dict({**WORLD, "duration": duration})
    assert scenario.record.window == window_s
    assert Scenario.from_dict(scenario.resolved()).record.window == window_s


@pytest.mark.parametrize(("duration", "window"), [("100ms", "1s"), ("60s", "1us")])
def test_a_window_that_was_chosen_must_fit(duration, window):
    with pytest.raises(ScenarioError, match="window"):
        Scenario.from_dict({**WORLD, "duration": duration, "record": {"window": window}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("client.bandwidth >= 10Mbit/s", 1.25e6),
        ("client.bandwidth >= 2MB/s", 2e6),
        ("session.bytes.rate < 8bit/s", 1.0),
    ],
)
def test_a_bandwidth_is_said_in_bits_or_bytes(text, value):
    assert parse_expectation(text).value == value


def test_labels_of_other_things_than_nodes_are_known():
    expect = [
        "failures.ratio[timeout] <= 1%", "misses.l1.rate[migrated] <= 9/s", "link.loss_ratio[client>edge] <= 1%",
        "latency.p99[l1] <= 1s", "latency.hop.mean[storage] <= 1s", "within[200ms][web] >= 1%",
        "each(hit_ratio.l2[core-1]) >= 1%", "edge.wait.p95[pop-2] <= 1s",
    ]  # fmt: skip
    assert len(Scenario.from_dict({**WORLD, "expect": expect}).expect) == len(expect)


@pytest.mark.parametrize(
    ("file", "name"),
    [("sché ma.yaml", "sche-ma"), ("_x (1).yaml", "x-1"), ("日本.yaml", "scenario"), ("a.b.yaml", "a.b")],
)
def test_a_scenario_without_a_name_takes_one_from_any_file(tmp_path, file, name):
    (tmp_path / file).write_text(json.dumps(WORLD))
    assert Scenario.load(tmp_path / file).name == name


def test_a_way_to_place_edges_replaces_the_other_one(tmp_path):
    placed = {"sites": ["london"], "edges": {"pop": {"at": {"london": 2}}}}
    (tmp_path / "placed.yaml").write_text(json.dumps(WORLD | placed))
    (tmp_path / "counted.yaml").write_text("{extends: placed.yaml, edges: {pop: {count: 5}}}")
    assert Scenario.load(tmp_path / "counted.yaml").edges["pop"].size == 5
    assert Scenario.load(tmp_path / "placed.yaml", ["edges.pop.count=3"]).edges["pop"].size == 3
    again = Scenario.load(tmp_path / "counted.yaml", {"sites": ["london"], "edges.pop.at": {"london": 1}})
    assert again.edges["pop"].size == 1


def test_both_ways_in_one_file_are_an_error():
    both = {"pop": {"at": {"london": 2}, "count": 5}}
    with pytest.raises(ScenarioError, match="at and count exclude each other"):
        Scenario.from_dict({**WORLD, "sites": ["london"], "edges": both})
