"""The JSON Schema: valid itself, and it accepts what the loader accepts."""

from pathlib import Path

import jsonschema
import pytest

from simulator.caches import policy_names
from simulator.cli.init import FIRST_SCENARIO
from simulator.scenario import Scenario
from simulator.scenario.bundled import bundled_folder
from simulator.scenario.json_schema import scenario_schema
from simulator.scenario.reader import read_file, read_text

VALID = [
    *sorted(bundled_folder().glob("*.yaml")),
    *sorted((Path(__file__).parents[1] / "scenarios/valid").glob("*.yaml")),
]
MINIMAL = "duration: 60s\nclients: {web: {count: 1, workload: {kind: poisson, rate: 1/s}}}\nedges: {pop: {count: 2}}\n"


@pytest.fixture(scope="module")
def validator():
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_it_accepts_every_scenario_and_its_resolved_form(validator, path):
    validator.validate(read_file(path, path.name).plain())
    validator.validate(Scenario.load(path).resolved())


def test_it_accepts_the_first_scenario(validator):
    validator.validate(read_text(FIRST_SCENARIO, "t").plain())


@pytest.mark.parametrize(
    "text",
    [
        "sam: off\nrouting: {policy: nearest}",
        "sam: on",
        "leases: false",
        "leases: {batching: off}",
        "warmup: auto",
        "sites: {hq: {lat: 1, lon: 2}}",
        "record: {trace: off}",
        "record: {trace: {sample: 0.5}}",
        "network: {default: {loss: 0.01}}",
        "sites: {rome: }",
        "network: {geo: off}",
        "sam: {initial_weight: measured}",
        "sam: {probes: {every: 5s}}",
        "faults: [{at: 1s, crash: [pop-1, pop-2]}]",
        "measured: {requests.rate: 5/s, stickiness.mean: 60}",
        "routing: {policy: static, weight: 62.5}",
        "storage: {read: 0ms, write: {uniform: {low: 1ms, high: 2ms}}}",
        "cores: [{name: core, grace: 5s, l2: {capacity: unlimited, ttl: never}}]",
        "network: {links: [{from: [pop-1, pop-2], to: core-*, bandwidth: 1Gbit/s, jitter: 1ms}]}",
    ],
)
def test_it_accepts_other_forms(validator, text):
    values = read_text(MINIMAL + text, "t").plain()
    Scenario.from_dict(values)
    validator.validate(values)


@pytest.mark.parametrize(
    "text",
    [
        "seed: -1",
        "sam: maybe",
        "zebra: 1",
        "routing: {policy: nearst}",
        "record: {window: 5}",
        "leases: {length: 5}",
        "storage: {read: 8}",
        "faults: [{at: 5, crash: pop-1}]",
        "coherence: both",
        "network: {default: {bandwidth: 5}}",
        "sites: 5",
        "cores: {core: {l2: {policy: lur}}}",
        "name: a/b",
        "sam: {propagation: 5parsec}",
    ],
)
def test_it_refuses_mistakes(validator, text):
    assert not validator.is_valid(read_text(MINIMAL + text, "t").plain())


def test_a_file_that_extends_another_needs_nothing_else(validator):
    assert validator.is_valid({"extends": "base.yaml", "seed": 2})
    assert not validator.is_valid({"seed": 2})


@pytest.mark.parametrize(
    "text",
    [
        'clients: {"*": {workload: {kind: poisson, rate: 1/s}}, web: {count: 3}}\n',
        'clients: [{name: "*", workload: {kind: poisson, rate: 1/s}}, {name: web, count: 3}]\n',
    ],
)
def test_what_is_said_of_every_group_need_not_be_said_of_each(validator, text):
    values = read_text(f"duration: 60s\nedges: {{pop: {{count: 2}}}}\n{text}", "t").plain()
    Scenario.from_dict(values)
    validator.validate(values)


def test_what_an_extended_file_says_of_a_group_need_not_be_said_again(validator):
    assert validator.is_valid({"extends": "base.yaml", "clients": {"web": {"count": 3}}})


def test_it_lists_the_cache_policies():
    alone, _ = scenario_schema()["$defs"]["L1Spec"]["properties"]["policy"]["anyOf"]
    assert alone["enum"] == list(policy_names())
