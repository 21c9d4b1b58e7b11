"""The resolved scenario: complete, with units, and the same scenario when read again."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scenario import Scenario
from simulator.scenario.bundled import bundled_folder
from simulator.scenario.reader import read_text
from simulator.scenario.resolving import _same_numbers, origin
from simulator.scenario.writing import write_yaml

VALID = [
    *sorted(bundled_folder().glob("*.yaml")),
    *sorted((Path(__file__).parents[1] / "scenarios/valid").glob("*.yaml")),
]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_config_reads_back_to_the_same_scenario(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = Scenario.load(path)
    Path("again.yaml").write_text(write_yaml(scenario.resolved()), encoding="utf-8")
    again = Scenario.load("again.yaml")
    assert again == scenario
    assert again.content_hash() == scenario.content_hash()
    assert again.resolved() == scenario.resolved()


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_other_yaml_readers_read_the_same(path):
    """PyYAML follows YAML 1.1, where `on` and `off` are booleans: the loader takes those as well.

    (Variants are kept as they are written, so they are compared as what they make.)
    """
    scenario = Scenario.load(path)
    again = Scenario.from_dict(yaml.safe_load(write_yaml(scenario.resolved())), scenario.base_dir)
    for name in scenario.variants:
        assert again.variant(name).content_hash() == scenario.variant(name).content_hash()
    without = {"variants": {}, "sweep": {}}
    assert again.model_copy(update=without) == scenario.model_copy(update=without)


changes = st.fixed_dictionaries(
    {},
    optional={
        "duration": st.floats(1e-3, 1e6).map(lambda x: f"{x!r}s"),
        "seed": st.integers(0, 2**63 - 1),
        "edges.edge.l1.ttl": st.sampled_from(
            [
                "never",
                "1.5s",
                {"exponential": "7ms"},
                {"erlang": {"k": 3, "mean": "1s"}},
                {"lognormal": {"median": "1s", "p95": "9s"}},
                {"hyperexponential": {"mean": "5s", "cv": 1.7}},
            ]
        ),
        "edges.edge.service_time": st.floats(1e-9, 1e3).map(lambda x: {"gamma": {"mean": f"{x!r}s", "cv": 0.3}}),
        "edges.edge.l1.capacity": st.sampled_from(["unlimited", 1, 10**6]),
        "clients.client.workload.rate": st.floats(1e-6, 1e6).map(lambda x: f"{x!r}/min"),
        "clients.client.retry.budget": st.sampled_from(["unlimited", "250%", 0.1]),
        "network.default.loss": st.floats(0, 1).map(lambda x: f"{x!r}"),
        "network.default.bandwidth": st.floats(1, 1e12).map(lambda x: f"{x!r}bit/s"),
        "sam": st.sampled_from(["off", {"interval": "2s"}, {"initial_weight": "measured"}]),
        "leases": st.sampled_from(["off", {"batching": "off"}, {"clock_skew": "1ms"}]),
        "routing.policy": st.sampled_from(["nearest", "random", "cookie"]),
    },
)


@settings(max_examples=60, deadline=None)
@given(changes)
def test_any_scenario_reads_back_to_the_same(overrides):
    overrides = {"routing.policy": "nearest", "warmup": "0s", "record.window": "unlimited", **overrides}
    overrides["record.window"] = overrides.get("duration", "1s")
    scenario = Scenario.load(bundled_folder() / "reference.yaml").with_overrides(overrides)
    again = Scenario.from_dict(read_text(write_yaml(scenario.resolved()), "t").plain())
    assert again == scenario
    assert again.content_hash() == scenario.content_hash()


def test_another_value_is_another_hash():
    scenario = Scenario.load("reference")
    assert scenario.with_overrides({"seed": 2}).content_hash() != scenario.content_hash()
    assert scenario.with_overrides({"edges.edge.l1.ttl": "5000ms"}).content_hash() == scenario.content_hash()


def test_the_hash_follows_the_contents_of_data_files(tmp_path):
    (tmp_path / "d.csv").write_text("0.001\n")
    plain = Scenario.load("reference").resolved()
    plain["edges"]["edge"]["service_time"] = {"empirical": "d.csv"}
    before = Scenario.from_dict(plain, tmp_path).content_hash()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "d.csv").write_text("0.001\n")
    assert Scenario.from_dict(plain, moved).content_hash() == before
    (tmp_path / "d.csv").write_text("0.002\n")
    assert Scenario.from_dict(plain, tmp_path).content_hash() != before


def test_every_quantity_has_its_unit():
    text = write_yaml(Scenario.load("reference").resolved())
    for line in (
        "duration: 20s",
        "rate: 4/s",
        "request_size: 1KiB",
        "bandwidth: 1Gbit/s",
        "budget: 20%",
        "idle_after: 1min",
    ):
        assert line in text


def test_origins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("extends: reference.yaml\nduration: 5s\nwarmup: 1s\n")
    scenario = Scenario.load(
        "mine.yaml", ["edges.edge.l1.ttl=4s", "edges.edge.service_time={lognormal: {median: 1ms, p99: 2ms}}"]
    )
    of = {
        path: origin(scenario.tree, path)
        for path in [
            ("duration",),
            ("seed",),
            ("edges", "edge", "l1", "ttl"),
            ("edges", "edge", "l1", "inherit_ttl"),
            ("coherence",),
            ("edges", "edge", "service_time", "lognormal", "sigma"),
            ("sam", "heartbeat", "misses"),
        ]
    }
    assert of["duration",] == "mine.yaml:2"
    assert of["seed",].endswith("reference.yaml:7")
    assert of["edges", "edge", "l1", "ttl"] == "--set edges.edge.l1.ttl=4s"
    assert of["edges", "edge", "service_time", "lognormal", "sigma"].startswith("--set edges.edge.service_time=")
    assert of["edges", "edge", "l1", "inherit_ttl"] == "default"
    assert of["coherence",] == "default"
    assert of["sam", "heartbeat", "misses"].endswith("reference.yaml:32")


def test_defaults_are_those_of_the_documentation():
    scenario = Scenario.from_dict(
        {
            "duration": "60s",
            "edges": {"pop": {}},
            "clients": {"web": {"count": 1, "workload": {"kind": "poisson", "rate": "1/s"}}},
        }
    )
    plain = scenario.resolved()
    assert plain["leases"] == {
        "length": "30s",
        "renew_before": "10s",
        "batch_every": "1s",
        "phase": "common",
        "max_batch": 256,
        "batching": "on",
        "idle_after": "1min",
        "lock_delay": "15s",
        "clock_skew": "0s",
    }
    assert plain["edges"]["pop"]["l1"] == {
        "capacity": "unlimited",
        "policy": "lru",
        "ttl": "5s",
        "ttl_mode": "fixed",
        "inherit_ttl": False,
    }
    assert plain["cores"]["core"]["l2"]["ttl"] == "10min"
    assert (plain["edges"]["pop"]["workers"], plain["edges"]["pop"]["queue"]) == (1, 1000)
    assert (plain["sam"]["interval"], plain["sam"]["window"], plain["sam"]["propagation"]) == ("1s", "10s", "50ms")
    assert plain["routing"]["policy"] == "adaptive"
    assert plain["network"]["geo"] == "off"
    assert (plain["warmup"], plain["seed"], plain["replications"]) == ("0s", 1, 1)
    assert "retry" not in plain["clients"]["web"]


PLAIN = {
    "schema": 1,
    "duration": "10s",
    "clients": {"web": {"count": 3, "workload": {"kind": "poisson", "rate": "1/s"}}},
    "edges": {"pop": {"count": 2}},
}


def test_a_setting_at_its_default_does_not_enter_the_hash():
    """Neither written out nor left out, so a later version that has more of them gives the same hash."""
    plain = Scenario.from_dict(PLAIN)
    assert Scenario.from_dict(plain.resolved()).content_hash() == plain.content_hash()
    written = {"seed": 1, "storage": {}, "leases": {"length": "30s"}, "cores": {"core": {}}, "coherence": "ttl"}
    assert Scenario.from_dict(PLAIN | written).content_hash() == plain.content_hash()


def test_a_new_setting_leaves_old_hashes_alone(monkeypatch):
    fields = type(Scenario.from_dict(PLAIN).sam).model_fields
    before = Scenario.from_dict(PLAIN | {"sam": {"interval": "2s"}}).content_hash()
    monkeypatch.delitem(fields, "propagation")  # as if it came with a later version
    assert Scenario.from_dict(PLAIN | {"sam": {"interval": "2s"}}).content_hash() == before


def test_how_a_number_is_written_does_not_enter_the_hash():
    """pydantic dumps 60 as 60 or as 60.0, depending on its version."""
    pairs = [("initial_weight", 60, 60.0), ("initial_weight", "measured", "measured")]
    for key, one, other in pairs:
        hashes = {Scenario.from_dict(PLAIN | {"sam": {key: value}}).content_hash() for value in (one, other)}
        assert len(hashes) == 1
    assert _same_numbers({"a": [60.0, -0.0, 1e300, 0.5, True]}) == {"a": [60, 0, 1e300, 0.5, True]}
    assert [type(x) for x in _same_numbers([60.0, 0.5, True])] == [int, float, bool]


LOSS = {"gilbert_elliott": {"good_to_bad": "1%", "bad_to_good": "9%"}}


@pytest.mark.parametrize("change", [
    {"sam": "off", "routing": {"policy": "nearest"}}, {"leases": "off"},
    {"sam": {"interval": "2s"}}, {"replications": 2}, {"coherence": "invalidate"},
    {"network": {"default": {"loss": "1%"}}}, {"network": {"default": {"loss": LOSS}}},
    {"variants": {"v": {"seed": 3}}}, {"faults": [{"at": "1s", "crash": "pop-1"}]},
    {"faults": [{"at": "1s", "drain": "pop-1"}]}, {"clients": {"web": {**PLAIN["clients"]["web"], "count": 4}}},
    {"clients": {"web": {**PLAIN["clients"]["web"], "workload": {"kind": "closed", "think_time": "1s"}}}},
])  # fmt: skip
def test_every_other_value_enters_the_hash(change):
    hashes = {Scenario.from_dict(PLAIN | other).content_hash() for other in ({}, {"seed": 7}, change)}
    assert len(hashes) == 3
