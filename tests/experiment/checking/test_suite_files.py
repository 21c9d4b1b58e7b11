"""Suite files and baselines: what is wrong is said at its place, what is written reads back."""

import copy
import json

import pytest

from simulator.experiment.checking.baseline import BaselineError, read_baseline
from simulator.experiment.checking.record import record
from simulator.experiment.checking.suite import load_suite
from simulator.scenario.errors import ScenarioError
from tests.experiment.checking.fakes import SCENARIO, SUITE, write

PLAY = "tests.experiment.checking.fakes:play"


def with_check(**changes):
    found = copy.deepcopy(SUITE)
    found["checks"]["shop"] |= changes
    return found


@pytest.mark.parametrize(
    ("suite", "words"),
    [
        (with_check(metrics={"hit_ratio.l9": "1%"}), r"suite.yaml:\d+:\d+.*\n?.*unknown metric `hit_ratio.l9`"),
        (with_check(metrics={"latency.p99": "soon"}), "no margin"),
        (with_check(metrics={"latency.p99": {"raise": "5%"}}), "rise: MARGIN"),
        (with_check(metrics={"latency.p99": True}), "by how much"),
        (with_check(metrics={}), "no metrics"),
        (with_check(metrcs={"hit_ratio.l1": "1%"}), "did you mean metrics"),
        (with_check(scenario=7), "names no scenario"),
        (SUITE | {"checks": {}}, "no checks"),
        (SUITE | {"cheks": {}}, "did you mean checks"),
        (SUITE | {"replications": {"first": 9, "most": 3}}, "first: 5, most: 40"),
        (SUITE | {"confidence": "3"}, "confidence"),
        (SUITE | {"confidence": "20%"}, "between 50% and 100%"),
        (SUITE | {"schema": 2}, "schema 2"),
        (["a list"], "a suite is a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_mend(tmp_path, suite, words):
    with pytest.raises(ScenarioError, match=words):
        load_suite(write(tmp_path, suite=suite))


def test_a_baseline_reads_back_and_a_second_record_changes_nothing(tmp_path):
    suite = load_suite(write(tmp_path))
    assert [written for *_, written in record(suite, "first", function=PLAY)] == [True]
    text = (tmp_path / "shop.json").read_text()
    assert [written for *_, written in record(suite, "again", function=PLAY)] == [False]
    assert (tmp_path / "shop.json").read_text() == text
    found = read_baseline(tmp_path / "shop.json")
    assert found.reason == "first"
    assert len(found.fingerprints) == len(found.metrics["hit_ratio.l1"]) == 20
    assert found.settings["edges.pop.l1.capacity"] == 300
    assert json.loads(text)["check"] == "shop"


def test_a_new_baseline_keeps_the_reasons_of_the_old(tmp_path):
    record(load_suite(write(tmp_path)), "first", function=PLAY)
    changed = with_check(set={"edges.pop.l1.capacity": 320})
    record(load_suite(write(tmp_path, suite=changed)), "a larger L1", function=PLAY)
    told = json.loads((tmp_path / "shop.json").read_text())["accepted"]
    assert [entry["reason"] for entry in told] == ["first", "a larger L1"]


def test_a_baseline_names_no_folder_of_this_machine(tmp_path):
    record(load_suite(write(tmp_path)), "first", function=PLAY)
    assert str(tmp_path) not in (tmp_path / "shop.json").read_text()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', "{"])
def test_a_broken_baseline_is_an_error(tmp_path, text):
    (tmp_path / "shop.json").write_text(text)
    with pytest.raises(BaselineError, match=r"shop.json is no baseline"):
        read_baseline(tmp_path / "shop.json")


def test_only_some_checks(tmp_path):
    suite = load_suite(write(tmp_path))
    assert suite.only(()) == suite
    assert [check.name for check in suite.only(["shop"]).checks] == ["shop"]
    with pytest.raises(ScenarioError, match="did you mean shop"):
        suite.only(["shpo"])


def test_values_come_from_the_deployments_own_file(tmp_path):
    (tmp_path / "deploy").mkdir()
    deploy = tmp_path / "deploy" / "values.yaml"
    deploy.write_text("cache: {entries: 123, ttlSeconds: 7}\nhosts: [{name: a}, {name: b, workers: 3}]\n")
    pairs = {
        "edges.pop.l1.capacity": "cache.entries",
        "edges.pop.l1.ttl": {"key": "cache.ttlSeconds", "unit": "s"},
        "edges.pop.workers": "hosts.1.workers",
    }
    values = {"from": "../deploy/values.yaml", "map": pairs}
    by_suite = load_suite(write(tmp_path / "sim", suite=with_check(values=values))).checks[0].scenario()
    from simulator.scenario.schema import Scenario

    write(tmp_path / "sim", SCENARIO | {"values": values})
    by_scenario = Scenario.load(tmp_path / "sim" / "shop.yaml")
    for scenario in (by_suite, by_scenario):
        pop = scenario.edges["pop"]
        assert (pop.l1.capacity, pop.l1.ttl.mean, pop.workers) == (123, 7.0, 3)
    deploy.write_text("cache: {entries: 124, ttlSeconds: 7}\nhosts: [{name: a}, {name: b, workers: 3}]\n")
    assert Scenario.load(tmp_path / "sim" / "shop.yaml").content_hash() != by_scenario.content_hash()
    assert Scenario.load(tmp_path / "sim" / "shop.yaml", ["edges.pop.l1.capacity=5"]).edges["pop"].l1.capacity == 5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"from": "v.yaml", "map": {"edges.pop.l1.ttl": "cache.tll"}}, "did you mean cache.ttl"),
        ({"from": "v.yaml", "map": {"edges.poop.l1.ttl": "cache.ttl"}}, "did you mean edges.pop"),
        ({"from": "v.yaml", "map": {"edges.pop.l1.capacity": "cache.ttl"}}, r"v.yaml:1:\d+"),
        ({"from": "v.yaml", "map": {"edges.pop.l1.ttl": {"key": "cache.ttl", "unit": "s"}}}, "takes no unit"),
        ({"from": "w.yaml", "map": {"edges.pop.l1.ttl": "cache.ttl"}}, "there is no file"),
        ({"from": "v.yaml"}, "map"),
        ({"frm": "v.yaml"}, "names no values"),
        ("v.yaml", "names no values"),
    ],
)
def test_values_that_are_not_there_are_told(tmp_path, values, words):
    from simulator.scenario.schema import Scenario

    write(tmp_path, SCENARIO | {"values": values})
    (tmp_path / "v.yaml").write_text("cache: {ttl: 5s}\n")
    with pytest.raises(ScenarioError, match=words):
        Scenario.load(tmp_path / "shop.yaml")
