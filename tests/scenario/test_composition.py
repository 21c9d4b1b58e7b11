"""One scenario out of several sources: extends, --set, variants, programs; groups as mapping or list."""

import pickle
from pathlib import Path

import pytest

from simulator.scenario import Scenario, ScenarioError

BASE = """\
schema: 1
duration: 60s
clients:
  web: {count: 10, workload: {kind: poisson, rate: 1/s}}
edges:
  - name: pop
    count: 2
    service_time: {gamma: {mean: 2ms, cv: 0.5}}
    l1: {capacity: 100, ttl: 5s}
  - {name: far, count: 1}
expect: [availability >= 90%]
faults:
  - {at: 10s, for: 5s, crash: pop-1}
"""
CHILD = """\
extends: base.yaml
seed: 7
edges:
  pop: {l1: {ttl: 9s}, service_time: {exponential: 1ms}}
  near: {count: 3}
clients:
  - {name: web, workload: {kind: closed, think_time: 1s}}
faults: []
"""


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "child.yaml").write_text(CHILD)


def error(function, *args):
    with pytest.raises(ScenarioError) as refused:
        function(*args)
    return str(refused.value)


def test_extends_merges_mappings_deeply_groups_by_name_and_replaces_lists():
    child = Scenario.load("child.yaml")
    assert list(child.edges) == ["pop", "far", "near"]
    assert child.edges["pop"].l1.capacity == 100
    assert child.edges["pop"].l1.ttl.mean == 9
    assert child.edges["pop"].count == 2
    assert child.expect == ("availability >= 90%",)
    assert child.faults == ()
    assert child.seed == 7


def test_members_of_a_family_are_alternatives():
    child = Scenario.load("child.yaml")
    assert child.edges["pop"].service_time.mean == 0.001
    assert child.clients["web"].workload.kind == "closed"
    assert child.clients["web"].count == 10


def test_the_name_is_that_of_the_file():
    assert Scenario.load("child.yaml").name == "child"


def test_a_value_of_the_other_file_is_shown_there(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE.replace("ttl: 5s", "ttl: 5").replace("capacity: 100", "capacity: x"))
    message = error(Scenario.load, "child.yaml")
    assert "base.yaml:9:20: edges.pop.l1.capacity: 'x' is not a whole number" in message
    assert "l1.ttl" not in message


def test_extends_of_a_bundled_scenario(tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: reference.yaml\nduration: 5s\n")
    assert Scenario.load("mine.yaml").edges["edge"].count == 8


def test_both_forms_of_groups_mean_the_same():
    as_list = Scenario.load("base.yaml")
    as_mapping = BASE.replace("  - name: pop\n   ", "  pop:\n   ").replace("- {name: far, count: 1}", "far: {count: 1}")
    with open("mapping.yaml", "w") as file:  # noqa: PTH123
        file.write(as_mapping + "name: base\n")
    assert Scenario.load("mapping.yaml") == as_list


@pytest.mark.parametrize(
    ("setting", "get", "expected"),
    [
        ("edges.pop.l1.ttl=3s", lambda s: s.edges["pop"].l1.ttl.mean, 3),
        ("edges.pop.service_time.gamma.cv=0.25", lambda s: s.edges["pop"].service_time.cv, 0.25),
        ("edges.pop.service_time={exponential: 4ms}", lambda s: s.edges["pop"].service_time.mean, 0.004),
        ("leases=off", lambda s: s.leases, None),
        ("leases.length=40s", lambda s: s.leases.length, 40),
        ("leases={batching: off}", lambda s: (s.leases.batching, s.leases.length), (False, 30)),
        ("routing.policy=nearest", lambda s: s.routing.policy, "nearest"),
        ("faults.0.for=9s", lambda s: s.faults[0].for_, 9),
        ("faults=[]", lambda s: s.faults, ()),
        ("cores.core.standby=false", lambda s: s.cores["core"].standby, None),
        ("clients.web.session.length=forever", lambda s: s.clients["web"].session.length.is_constant, True),
        ("edges.more={count: 4}", lambda s: s.edges["more"].size, 4),
        ("edges.far={workers: 3}", lambda s: (s.edges["far"].workers, s.edges["far"].count), (3, 1)),
        ("clients.web.workload={kind: closed, think_time: 2s}", lambda s: s.clients["web"].workload.kind, "closed"),
        ("record.trace=on", lambda s: s.record.trace, 1.0),
        ("name=other", lambda s: s.name, "other"),
        ("question=what = this?", lambda s: s.question, "what = this?"),
    ],
)
def test_set(setting, get, expected):
    assert get(Scenario.load("base.yaml", [setting])) == expected


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("edges.pop.l1.tll=3s", "unknown path edges.pop.l1.tll\n  = did you mean edges.pop.l1.ttl?"),
        ("edges.pops.l1.ttl=3s", "unknown path edges.pops.l1.ttl\n  = did you mean edges.pop.l1.ttl?"),
        ("edges.xyz.l1.ttl=3s", "unknown path edges.xyz.l1.ttl\n  = edges has pop, far"),
        ("cores.cor.standby=off", "unknown path cores.cor.standby\n  = did you mean cores.core.standby?"),
        ("rooting.policy=nearest", "unknown path rooting\n  = did you mean routing.policy?"),
        ("edges.pop.l1.ttl=3", "edges.pop.l1.ttl: 3 what?\n  = write 3ms or 3s"),
        (
            "edges.pop.l1.ttl.foo=3",
            (
                "edges.pop.l1.ttl.foo: unknown distribution 'foo'\n  = known are exponential, uniform,"
                " normal, lognormal, gamma, erlang, hyperexponential, pareto, weibull, empirical"
            ),
        ),
        ("faults.3.at=1s", "unknown path faults.3.at\n  = faults has items 0..0"),
        ("faults.x.at=1s", "unknown path faults.x.at\n  = faults has items 0..0"),
        ("seed", "this sets nothing\n  = write --set path=value"),
        ("=5", "this sets nothing\n  = write --set path=value"),
        ("edges..ttl=5", "'edges..ttl' is not a path\n  = write for example edges.pop.l1.ttl"),
        ("seed=", "seed: there is no value\n  = give one, or remove the key"),
        ("seed=[", "the value is not YAML\n  = quote what is special to YAML"),
        ("extends=x.yaml", "extends cannot be set by a path"),
        ("duration=*x", "*x has no anchor above it\n  = mark the value with &x"),
    ],
)
def test_errors_of_set(setting, message):
    assert error(Scenario.load, "base.yaml", [setting]) == f"--set {setting}: {message}"


def test_later_settings_win():
    assert Scenario.load("base.yaml", ["seed=2", "seed=3"]).seed == 3


def test_programs_override_with_text_or_values():
    scenario = Scenario.load("base.yaml")
    changed = scenario.with_overrides(
        {"edges.pop.l1.ttl": "3s", "seed": 5, "leases": "off", "edges.pop.l1.capacity": "7"}
    )
    assert (changed.edges["pop"].l1.ttl.mean, changed.seed, changed.leases) == (3, 5, None)
    assert changed.edges["pop"].l1.capacity == 7
    assert scenario.seed == 1
    assert error(scenario.with_overrides, {"edges.pop.l1.ttl": 3}) == (
        "override edges.pop.l1.ttl: edges.pop.l1.ttl: 3 what?\n  = write 3ms or 3s"
    )


def test_variants():
    scenario = Scenario.load("base.yaml", []).resolved() | {
        "variants": {"near": {"routing.policy": "nearest"}, "bare": {"leases": "off", "sam.interval": "2s"}}
    }
    scenario = Scenario.from_dict(scenario)
    near, bare = scenario.variant("near"), scenario.variant("bare")
    assert (near.routing.policy, near.variants, near.name) == ("nearest", {}, scenario.name)
    assert (bare.leases, bare.sam.interval, bare.routing.policy) == (None, 2, "adaptive")
    assert error(scenario.variant, "naer") == "unknown variant 'naer': did you mean near?"


def test_a_variant_by_its_name():
    with open("v.yaml", "w") as file:  # noqa: PTH123
        file.write(BASE + "variants: {near: {routing.policy: nearest}}\n")
    assert Scenario.load("v.yaml:near").routing.policy == "nearest"
    assert "did you mean near?" in error(Scenario.load, "v.yaml:neer")


def test_a_scenario_survives_pickling():
    scenario = Scenario.load("base.yaml", ["seed=9"])
    again = pickle.loads(pickle.dumps(scenario))
    assert again == scenario
    assert again.with_overrides({"seed": 10}).seed == 10


def test_errors_of_programs_name_the_path():
    assert (
        error(Scenario.from_dict, {"duration": "5s", "edges": {"e": {}}})
        == "the scenario has no clients\n  = add clients: ..."
    )


def test_geography_is_on_where_there_are_sites_and_no_default_latency():
    sites = {"sites": ["rome"], "edges": {"pop": {"at": {"rome": 2}}}}
    plain = Scenario.load("base.yaml").resolved()
    plain.pop("network")
    plain.pop("faults")
    assert Scenario.from_dict(plain).network.geo is None
    assert Scenario.from_dict(plain | sites).network.geo.inflation == 1.6
    lossy = Scenario.from_dict(plain | sites).with_overrides({"network.default.loss": "1%"})
    assert lossy.network.geo is not None
    given_latency = plain | sites | {"network": {"default": {"latency": "5ms"}}}
    assert Scenario.from_dict(given_latency).network.geo is None
    assert Scenario.from_dict(plain | sites | {"network": {"geo": "off"}}).network.geo is None


def test_the_nodes_of_a_group():
    scenario = Scenario.from_dict(
        Scenario.load("base.yaml").resolved()
        | {"sites": ["rome", "oslo"], "faults": [], "edges": {"pop": {"at": {"rome": 2, "oslo": 1}}}}
    )
    assert scenario.edges["pop"].nodes("pop") == [
        ("pop-rome-1", "rome"),
        ("pop-rome-2", "rome"),
        ("pop-oslo-1", "oslo"),
    ]
    assert scenario.cores["core"].nodes("core") == [("core-1", None)]


def test_a_sweep_of_thousands_of_values_is_read(tmp_path):
    values = ", ".join(f"{i}ms" for i in range(1, 5001))
    (tmp_path / "wide.yaml").write_text(BASE + f"sweep: {{edges.pop.l1.ttl: [{values}]}}\n")
    scenario = Scenario.load("wide.yaml")
    assert len(scenario.sweep["edges.pop.l1.ttl"]) == 5000


def test_a_folder_stands_for_the_scenario_in_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "schema: 1\nduration: 9s\nclients: {web: {count: 3, workload: {kind: poisson, rate: 1/s}}}\n"
    text += "edges: {pop: {count: 2}}\nvariants: {long: {duration: 12s}}\n"
    for name in ("shop", "quickstart"):
        Path(name).mkdir()
    Path("shop/scenario.yaml").write_text(text)
    Path("child.yaml").write_text("extends: shop\nseed: 5\n")
    assert Scenario.load("shop") == Scenario.load("shop/") == Scenario.load("shop/scenario.yaml")
    assert Scenario.load(Path("shop")).duration == 9
    assert Scenario.load("shop:long").duration == 12
    assert (Scenario.load("child.yaml").duration, Scenario.load("child.yaml").seed) == (9, 5)
    assert Scenario.load("quickstart").name == "quickstart"
    Path("bare").mkdir()
    assert "bare: is a folder without a scenario.yaml" in error(Scenario.load, "bare")
