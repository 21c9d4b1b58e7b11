"""`policy: {name: {settings}}`: the same keys as the flat ones, and settings of a user's own members."""

import math

import pytest

from simulator.plugins.named import Named
from simulator.scenario import Scenario, ScenarioError
from simulator.scenario.control import RoutingSpec, SamSpec
from simulator.scenario.inside import ROUTING, SAM

PLAIN = """\
schema: 1
duration: 60s
clients: {web: {count: 10, workload: {kind: poisson, rate: 1/s}}}
edges: {pop: {count: 2, l1: {policy: lru, capacity: 5}}}
"""


def loaded(tmp_path, text, overrides=(), **others):
    for name, content in others.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    (tmp_path / "s.yaml").write_text(text)
    return Scenario.load(tmp_path / "s.yaml", overrides)


def test_the_tables_name_keys_of_their_sections():
    assert {key for keys in ROUTING.values() for key in keys} <= set(RoutingSpec.model_fields)
    assert {key for keys in SAM.values() for key in keys} <= set(SamSpec.model_fields)


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ("routing: {policy: static, weight: 75}", "routing: {policy: {static: {weight: 75}}}"),
        ("routing: {policy: cookie, duration: 1h, idle: 5s}", "routing: {policy: {cookie: {duration: 1h, idle: 5s}}}"),
        ("routing: {policy: cookie, duration: 1h, idle: 5s}", "routing: {policy: {cookie: {duration: 1h}}, idle: 5s}"),
        ("routing: {policy: maglev, table_size: 251}", "routing: {policy: {maglev: {table_size: 251}}}"),
        ("routing: {policy: maglev, hash_salt: fixed}", "routing: {policy: {maglev: {hash_salt: fixed}}}"),
        (
            "routing: {policy: consistent_hash, virtual_nodes: 7, load_bound: 25%}",
            "routing: {policy: {consistent_hash: {virtual_nodes: 7, load_bound: 25%}}}",
        ),
        ("routing: {policy: nearest}", "routing: {policy: {nearest: {}}}"),
        ("sam: {latency_low: 30ms}", "sam: {model: {published: {latency_low: 30ms}}}"),
        ("sam: {model: cumulative, error_high_step: -20}", "sam: {model: {cumulative: {error_high_step: -20}}}"),
        ("sam: {model: hysteresis, rate_low: 5/s}", "sam: {model: {hysteresis: {rate_low: 5/s, hold: 5s}}}"),
    ],
)  # fmt: skip
def test_both_spellings_are_one_scenario(tmp_path, flat, nested):
    one, other = loaded(tmp_path, PLAIN + flat), loaded(tmp_path, PLAIN + nested)
    assert one == other
    assert one.content_hash() == other.content_hash()
    assert one.resolved() == other.resolved()
    assert "{" not in str(other.resolved()["routing"]["policy"])


def test_both_spellings_of_one_key_are_an_error(tmp_path):
    twice = "duration is given twice: here, and as routing.duration"
    with pytest.raises(ScenarioError) as refused:
        loaded(tmp_path, PLAIN + "routing: {policy: {cookie: {duration: 1h}}, duration: 2h}")
    assert str(refused.value).splitlines() == [
        f"{tmp_path}/s.yaml:5:29: routing.policy.cookie.duration: {twice}",
        "    5 | routing: {policy: {cookie: {duration: 1h}}, duration: 2h}",
        "      |                             ^^^^^^^^",
        "  = they are one setting: keep one of them",
    ]


@pytest.mark.parametrize("override", ["routing.duration=2h", "routing.policy.cookie.duration=2h"])
@pytest.mark.parametrize("base", ["{policy: cookie, duration: 1h}", "{policy: {cookie: {duration: 1h}}}"])
def test_a_path_reaches_either_spelling(tmp_path, base, override):
    routing = loaded(tmp_path, f"{PLAIN}routing: {base}", [override]).routing
    assert (routing.policy, routing.duration) == ("cookie", 7200.0)


@pytest.mark.parametrize(
    "over", ["{policy: cookie, duration: 2h}", "{policy: {cookie: {duration: 2h}}}", "{duration: 2h}"]
)
@pytest.mark.parametrize("base", ["{policy: cookie, duration: 1h}", "{policy: {cookie: {duration: 1h}}}"])
def test_the_later_file_wins_in_either_spelling(tmp_path, base, over):
    text = f"extends: base.yaml\nrouting: {over}\n"
    routing = loaded(tmp_path, text, base=f"{PLAIN}routing: {base}\n").routing
    assert (routing.policy, routing.duration) == ("cookie", 7200.0)


def test_another_name_replaces_and_the_same_name_merges(tmp_path):
    base = f"{PLAIN}routing: {{policy: {{cookie: {{duration: 1h}}}}}}\n"
    middle = "extends: base.yaml\nrouting: {policy: {maglev: {table_size: 251}}}\n"
    there = loaded(tmp_path, "extends: middle.yaml\n", base=base, middle=middle).routing
    assert (there.policy, there.table_size, there.duration) == ("maglev", 251, math.inf)
    back = loaded(tmp_path, "extends: middle.yaml\nrouting: {policy: {cookie: {}}}\n", base=base, middle=middle).routing
    assert (back.policy, back.duration, back.table_size) == ("cookie", math.inf, 65537)
    same = loaded(tmp_path, "extends: base.yaml\nrouting: {policy: {cookie: {idle: 5min}}}\n", base=base).routing
    assert (same.duration, same.idle) == (3600.0, 300.0)


def test_variants_replace_too(tmp_path):
    text = (
        f"{PLAIN}routing: {{policy: {{cookie: {{duration: 1h}}}}}}\n"
        "variants:\n  a: {routing.policy: {maglev: {table_size: 251}}}\n"
        "  b: {routing: {policy: {static: {weight: 3}}}}\n"
        "  c: {routing.policy: nearest}\n"
    )
    scenario = loaded(tmp_path, text)
    a, b, c = (scenario.variant(name).routing for name in "abc")
    assert (a.policy, a.table_size, a.duration) == ("maglev", 251, math.inf)
    assert (b.policy, b.weight, b.duration) == ("static", 3.0, math.inf)
    assert (c.policy, c.duration) == ("nearest", math.inf)


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("routing: {policy: {cooky: {}}}", "5:20", "did you mean cookie?"),
        ("routing: {policy: {cookie: {druation: 1h}}}", "5:29", "did you mean duration?"),
        ("routing: {policy: {cookie: {weight: 7}}}", "5:29", "did you mean routing.weight?"),
        ("routing: {policy: {cookie: {duration: 1}}}", "5:39", "write 1ms or 1s"),
        ("routing: {policy: {cookie: 1h}}", "5:28", "give its settings as {key: value, ...}"),
        ("routing: {policy: {cookie: {}, maglev: {}}}", "5:11", "one routing policy is named here"),
        ("routing: {policy: {}}", "5:11", "one routing policy is named here, not nothing"),
        ("routing: {policy: {lru: {}}}", "5:20", "'lru' is a cache policy, no routing policy"),
        ("routing: {policy: {nearest: {weight: 7}}}", "5:20", "nearest takes no settings"),
        ("routing: {policy: {static: {}}}", "5:", "the static policy needs a weight"),
        ("routing: {policy: [cookie]}", "5:", "unknown routing policy"),
        ("sam: {model: publised}", "5:14", "did you mean published?"),
        ("sam: {model: {hysteresis: {hould: 5s}}}", "5:28", "did you mean hold?"),
        ("sam: {model: {hysteresis: {hold: 5}}}", "5:34", "write 5ms or 5s"),
        ("sam: {model: {hysteresis: {band: 101}}}", "5:34", "0..100"),
        ("sam: {model: {load_aware: {utilisation_low: 90%}}}", "5:45", "utilisation_low is above utilisation_high"),
        ("sam: {model: {load_aware: {utilisation_high: 180%}}}", "5:46", "a ratio lies in 0%..100%"),
        ("sam: {model: {per_edge: {band: 3}}}", "5:26", "unknown key 'band'"),
        ("sam: {model: {hysteresis: {latency_low: 1s}}}", "5:41", "latency_low is above latency_high"),
        ("cores: {core: {l2: {policy: {lru: {share: 1}}}}}", "5:30", "lru takes no settings"),
    ],
)
def test_errors_have_their_place(tmp_path, line, place, words):
    with pytest.raises(ScenarioError) as refused:
        loaded(tmp_path, PLAIN + line + "\n")
    assert f"s.yaml:{place}" in str(refused.value)
    assert words in str(refused.value)


def test_a_name_keeps_its_settings_through_pickling():
    import pickle

    named = pickle.loads(pickle.dumps(Named("cookie", RoutingSpec())))
    assert named == "cookie"
    assert named.settings == RoutingSpec()
