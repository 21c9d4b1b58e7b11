"""Several files in one scenario: lists in `extends`, presets, variants that extend, and `*` for every group."""

from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import cli, run
from simulator.scenario import Scenario, ScenarioError, bundled, extending, fragments
from simulator.scenario.json_schema import scenario_schema
from simulator.scenario.resolving import origin
from simulator.scenario.unused import unused

WHOLE = """\
duration: 60s
clients:
  web: {count: 10, workload: {kind: poisson, rate: 1/s}}
  app: {count: 5, workload: {kind: poisson, rate: 1/s}, retry: {max: 1}}
edges: {pop: {count: 4}}
"""
STICKY = """\
# A sticky balancer
routing: {policy: cookie, idle: 20min}
clients:
  "*": {retry: {timeout: 5s, max: 3}}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    (shipped / "presets").mkdir(parents=True)
    (shipped / "presets/sticky.yaml").write_text(STICKY)
    (shipped / "presets/sticky-long.yaml").write_text("extends: presets/sticky\nrouting: {idle: 2h}\n")
    own.mkdir()
    monkeypatch.chdir(own)
    for module in (bundled, extending, fragments):
        monkeypatch.setattr(module, "bundled_folder", lambda: shipped)


def put(name, text):
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return name


def load(text, overrides=()):
    return Scenario.load(put("s.yaml", text), overrides)


def error(text, overrides=()):
    with pytest.raises(ScenarioError) as refused:
        load(text, overrides)
    return str(refused.value)


def simulator(*arguments):
    return CliRunner().invoke(cli, [*map(str, arguments)])


# -- a list of files ----------------------------------------------------------------------------------
def test_of_a_list_the_later_wins_and_the_file_itself_over_all():
    put("a.yaml", "seed: 1\nwarmup: 1s\nreplications: 1\nexpect: [availability >= 1%]\n")
    put("b.yaml", "seed: 2\nwarmup: 2s\nexpect: [availability >= 2%]\n")
    there = load("extends: [a.yaml, b.yaml]\nseed: 3\n" + WHOLE)
    back = load("extends: [b.yaml, a.yaml]\nseed: 3\n" + WHOLE)
    assert (there.seed, there.warmup, there.replications, there.expect) == (3, 2, 1, ("availability >= 2%",))
    assert (back.warmup, back.expect) == (1, ("availability >= 1%",))


def test_a_list_of_one_is_that_file():
    put("a.yaml", WHOLE)
    assert load("extends: [a.yaml]\n") == load("extends: a.yaml\n") == load("extends: a\n")


def test_one_file_may_be_reached_twice():
    """b over c over a: what c says is said again after a."""
    put("c.yaml", "seed: 3\n")
    put("a.yaml", "extends: c.yaml\nseed: 1\n")
    put("b.yaml", "extends: c.yaml\nwarmup: 2s\n")
    assert load("extends: [a.yaml, b.yaml]\n" + WHOLE).seed == 3


def test_thousands_of_ways_to_one_file_are_walked_once():
    """Twenty files, each extending the next twice: 2^18 ways, which would take minutes."""
    for i in range(18):
        put(f"f{i}.yaml", f"extends: [f{i + 1}.yaml, f{i + 1}.yaml]\n")
    put("f18.yaml", WHOLE)
    assert load("extends: f0.yaml\n").duration == 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: []\n", "s.yaml:1:10: extends names no file"),
        ("extends: [a.yaml,\n  3]\n", "s.yaml:2:3: extends names one file, or a list of them, not 3"),
        ("extends: {a: b}\n", "s.yaml:1:10: extends names one file, or a list of them, not a mapping"),
        ("extends: [a.yaml,\n  nowhere.yaml]\n", "s.yaml:2:3: there is no file 'nowhere.yaml' to extend"),
        ("extends: [a.yaml,\n  ../a.yaml]\n", "s.yaml:2:3: extends leaves the folder of the scenario: '../a.yaml'"),
        ("extends: [a.yaml,\n  s.yaml]\n", "s.yaml:2:3: extends goes round in a circle: s.yaml -> s.yaml"),
        (f"extends: [{'a.yaml, ' * 21}]\n", "s.yaml:1:10: extends names more than 20 files"),
        ("extends: presets/stcky\n", "s.yaml:1:10: there is no file 'presets/stcky' to extend"),
    ],
)
def test_errors_stand_at_the_name(text, message):
    put("a.yaml", "seed: 1\n")
    assert error(text + WHOLE).startswith(message)


def test_what_a_missing_preset_was_meant_to_be():
    assert "= did you mean presets/sticky?" in error("extends: presets/stcky\n" + WHOLE)
    assert "= did you mean presets/sticky?" in error("extends: sticky\n" + WHOLE)
    assert "= `simulator list presets` shows" in error("extends: presets/qqq\n" + WHOLE)


def test_a_circle_through_a_list_and_a_variant():
    put("b.yaml", "variants: {x: {extends: [s.yaml]}}\n")
    assert "b.yaml:1:26: extends goes round in a circle: s.yaml -> b.yaml -> s.yaml" in error("extends: [b.yaml]\n")


# -- presets ------------------------------------------------------------------------------------------
def test_a_bundled_preset_and_where_its_values_come_from():
    scenario = load("extends: presets/sticky\n" + WHOLE)
    assert (scenario.routing.policy, scenario.routing.idle) == ("cookie", 1200)
    assert origin(scenario.tree, ("routing", "policy")).endswith("presets/sticky.yaml:2")
    assert origin(scenario.tree, ("clients", "web", "retry", "timeout")).endswith("presets/sticky.yaml:4")
    assert origin(scenario.tree, ("clients", "app", "retry", "max")) == "s.yaml:5"
    assert origin(scenario.tree, ("clients", "web", "retry", "backoff")) == "default"


def test_a_preset_of_ones_own_goes_before_the_bundled_one():
    put("presets/sticky.yaml", "routing: {policy: maglev}\n")
    assert load("extends: presets/sticky\n" + WHOLE).routing.policy == "maglev"
    assert load("extends: [presets/sticky.yaml]\n" + WHOLE).routing.policy == "maglev"


def test_a_preset_of_ones_own_may_build_on_the_bundled_one_of_that_name():
    put("presets/sticky.yaml", "extends: presets/sticky\nrouting: {idle: 5min}\n")
    assert load("extends: presets/sticky\n" + WHOLE).routing.policy == "cookie"
    assert load("extends: presets/sticky\n" + WHOLE).routing.idle == 300


def test_presets_of_ones_own_find_each_other_and_bundled_ones_find_bundled_ones():
    put("presets/mine.yaml", "extends: presets/sticky\n")
    put("presets/sticky.yaml", "routing: {policy: maglev}\n")
    assert load("extends: presets/mine\n" + WHOLE).routing.policy == "maglev"
    assert load("extends: presets/sticky-long\n" + WHOLE).routing.policy == "cookie"
    assert load("extends: presets/sticky-long\n" + WHOLE).routing.idle == 7200


def test_a_preset_is_validated_as_what_it_is():
    told = simulator("validate", "presets/sticky", "presets/sticky.yaml")
    assert told.exit_code == 0
    assert "presets/sticky: ok, a preset: `extends: presets/sticky` in a scenario or a variant takes it" in told.output
    put("presets/mine.yaml", "routing:\n  policy: cookei\n")
    told = simulator("validate", "presets/mine")
    assert told.exit_code == 2
    assert "presets/mine.yaml:2:11: routing.policy: unknown routing policy 'cookei'" in told.output


def test_a_preset_cannot_run_and_says_how_it_can(capsys):
    for command in ("run", "config"):
        assert run([command, "presets/sticky"]) == 2
        told = capsys.readouterr().err
        assert "is a preset: a part of a scenario, which says nothing of clients, edges and duration" in told
        assert "write `extends: presets/sticky` in a scenario, or in one of its variants" in told


def test_a_whole_scenario_in_a_folder_of_that_name_is_none():
    put("presets/whole.yaml", WHOLE)
    assert Scenario.load("presets/whole").duration == 60
    assert "about 900 requests" in simulator("validate", "presets/whole.yaml").output


def test_they_are_listed_with_a_line_each():
    lines = simulator("list", "presets").output.splitlines()
    assert lines[0] == "Presets"
    assert "  presets/sticky       A sticky balancer" in lines
    assert "  presets/sticky       A sticky balancer" in simulator("list").output


# -- variants -----------------------------------------------------------------------------------------
def test_a_variant_that_extends_has_what_the_file_says_then_its_own():
    text = WHOLE + "variants:\n  s: {extends: presets/sticky, routing.idle: 1h}\n"
    scenario = load(text)
    changed = scenario.variant("s")
    assert (scenario.routing.policy, scenario.clients["web"].retry) == ("adaptive", None)
    assert (changed.routing.policy, changed.routing.idle) == ("cookie", 3600)
    assert (changed.clients["web"].retry.max, changed.clients["app"].retry.max) == (3, 1)
    assert changed.clients["app"].retry.timeout == 5


def test_a_variant_merges_sections_as_extends_does():
    """The same values in the same order, whether a file extends the preset last or a variant does."""
    own = WHOLE + "routing: {policy: static, weight: 70, scope: site}\n"
    put("own.yaml", own)
    as_file = load("extends: [own.yaml, presets/sticky]\n")
    as_variant = load("extends: own.yaml\nvariants: {v: {extends: [presets/sticky]}}\n").variant("v")
    assert as_file == as_variant
    assert as_file.routing.scope == "site"


def test_a_variant_takes_no_name_and_no_variants_of_a_file():
    put("other.yaml", "name: other\nquestion: why?\nvariants: {z: {seed: 9}}\nsweep: {seed: [1]}\nseed: 5\n")
    changed = load("name: mine\n" + WHOLE + "variants: {v: {extends: other.yaml}}\n").variant("v")
    assert (changed.name, changed.question, changed.seed, changed.variants) == ("mine", "", 5, {})


def test_an_error_in_what_a_variant_extends_stands_there():
    put("presets/bad.yaml", "routing: {policy: cookei}\n")
    message = error(WHOLE + "variants: {v: {extends: presets/bad}}\n")
    assert "presets/bad.yaml:1:19: variants.v: routing.policy: unknown routing policy 'cookei'" in message
    message = error(WHOLE + "variants:\n  v: {extends: gone.yaml}\n")
    assert "s.yaml:7:16: there is no file 'gone.yaml'" in message


def test_variants_of_a_program_extend_too():
    scenario = Scenario.from_dict(yaml.safe_load(WHOLE) | {"variants": {"s": {"extends": "presets/sticky"}}})
    assert scenario.variant("s").routing.policy == "cookie"
    assert Scenario.from_dict(scenario.resolved()) == scenario


# -- every group --------------------------------------------------------------------------------------
EVERY = WHOLE.replace("clients:\n", 'clients:\n  "*": {retry: {timeout: 5s, max: 3}, request_size: 2KiB}\n')


def test_every_group_takes_what_it_does_not_say_itself():
    clients = load(EVERY).clients
    assert list(clients) == ["web", "app"]
    assert (clients["web"].retry.max, clients["web"].retry.timeout) == (3, 5)
    assert (clients["app"].retry.max, clients["app"].retry.timeout) == (1, 5)
    assert clients["app"].request_size.mean == 2048


def test_groups_in_a_list_and_other_sections():
    text = WHOLE.replace(
        "edges: {pop: {count: 4}}", "edges: [{name: '*', workers: 3}, {name: pop}, {name: x, workers: 2}]"
    )
    scenario = load(text + "cores: {'*': {workers: 7}}\n")
    assert [group.workers for group in scenario.edges.values()] == [3, 2]
    assert {name: group.workers for name, group in scenario.cores.items()} == {"core": 7}


@pytest.mark.parametrize(
    ("overrides", "web", "app"),
    [
        (["clients.*.retry.max=4"], 4, 1),
        (["clients.*.retry={max: 5}"], 5, 1),
        (["clients.*={retry: {max: 6}}"], 6, 1),
        (["clients={'*': {retry: {max: 7}}}"], 7, 1),
        (["clients.web.retry.max=8"], 8, 1),
        (["clients.app={retry: {max: 9}}", "clients.*.retry.max=2"], 2, 9),
    ],
)
def test_every_group_by_a_path(overrides, web, app):
    for text in (WHOLE, EVERY):
        clients = load(text, overrides).clients
        assert clients["app"].retry.max == app
        assert clients["web"].retry.max == web


def test_a_sweep_over_every_group():
    put("s.yaml", WHOLE.replace("60s", "1s"))
    told = simulator("sweep", "s.yaml", "-p", "clients.*.retry.max=2,3", "--dry-run")
    assert told.exit_code == 0, told.output
    assert "2 cells" in told.output


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("clients.*.retry.maxx=3", "unknown path clients.*.retry.maxx\n  = did you mean clients.*.retry.max?"),
        ("clients.*.retry.max=x", "'x' is not a whole number"),
        ("clients.*=5", "clients.*: * takes settings for every group, not 5"),
    ],
)
def test_errors_of_every_group(override, message):
    assert message in error(WHOLE, [override])


def test_every_group_of_none():
    text = WHOLE[: WHOLE.index("  web")] + "  '*': {retry: {max: 1}}\nedges: {pop: {}}\n"
    assert "s.yaml:2:1: clients: there are no clients" in error(text)


def test_what_every_group_says_itself_is_told():
    """`max` is used by web alone; with a `max` of web's own nobody uses it."""
    assert unused(load(EVERY)) == []
    told = unused(load(EVERY.replace("rate: 1/s}}\n", "rate: 1/s}, retry: {max: 2}}\n", 1)))
    assert [issue.path for issue in told] == ["clients.*.retry.max"]


def test_a_resolved_scenario_plays_the_same_variants():
    """Filled-in groups have everything of their own, so that `*` of a variant must have been written out."""
    text = EVERY + (
        "variants:\n"
        "  a: {extends: presets/sticky}\n"
        "  b: {clients.*.retry.timeout: 2s, clients.web.count: 3}\n"
        "  c: {clients: {'*': {request_size: 3KiB}, app: {retry: {max: 6}}}}\n"
        "  d: {clients.*.count: 77}\n"
    )
    scenario = load(text)
    again = Scenario.from_dict(scenario.resolved())
    assert again == scenario
    assert again.content_hash() == scenario.content_hash()
    for name in "abcd":
        assert again.variant(name) == scenario.variant(name)
    assert again.variant("b").clients["app"].retry.timeout == 2
    assert again.variant("c").clients["web"].request_size.mean == 3072


def test_the_json_schema_takes_lists_and_every_group():
    validator = jsonschema.Draft202012Validator(scenario_schema())
    for text in (EVERY, EVERY + "extends: [a.yaml, presets/b]\nvariants: {v: {extends: [x]}}\n"):
        validator.validate(yaml.safe_load(text))
    listed = yaml.safe_load(EVERY)
    listed["clients"] = [{"name": name, **group} for name, group in listed["clients"].items()]
    validator.validate(listed)
    for wrong in ({"extends": []}, {"extends": [3]}, {"clients": {"*": {"retri": {}}}}):
        assert not validator.is_valid(yaml.safe_load(WHOLE) | wrong)


# -- variants of what is extended, and balancers ------------------------------------------------------
@pytest.mark.parametrize("first", ["{routing: {policy: {maglev: {table_size: 101}}}, sam: off}",
                                   "{routing.policy: {maglev: {table_size: 101}}, sam: off}"])  # fmt: skip
def test_a_variant_of_the_same_name_may_name_another_policy(first):
    put("a.yaml", WHOLE + f"variants:\n  it: {first}\n")
    key = "routing.policy" if "routing.policy" in first else "routing"
    policy = "{cookie: {duration: 2h}}"
    text = f"variants: {{it: {{{key}: {policy if key == 'routing.policy' else f'{{policy: {policy}}}'}}}}}\n"
    it = load("extends: a.yaml\n" + text).variant("it")
    assert (it.routing.policy, it.routing.duration, it.routing.table_size) == ("cookie", 7200, 65537)


def test_retries_of_balancers_where_there_are_none_are_told_once_for_each_place():
    put("presets/held.yaml", 'balancers:\n  "*": {retry: {max: 1, timeout: 2s}}\n')
    variants = "variants:\n  a: {extends: presets/held}\n  b: {extends: presets/held, seed: 3}\n"
    found = unused(load(WHOLE + variants))
    assert [(issue.path, issue.mark.line) for issue in found] == [("balancers.*", 2)]
    assert "no balancers" in found[0].what
    assert "lb: {}" in found[0].mend
    assert not unused(load(WHOLE + "balancers: {lb: {}}\n" + variants))
    assert not unused(load(WHOLE + variants + "  c: {extends: presets/held, balancers.lb: {}}\n"))


def test_balancers_in_a_preset_are_validated():
    put("presets/held.yaml", 'balancers:\n  "*": {retry: {max: many}}\n')
    answer = simulator("validate", "presets/held.yaml")
    assert answer.exit_code == 2
    assert "held.yaml:2:22" in answer.output
