"""Files that mean harm, and files that are no scenarios at all: refused clearly, in under two seconds."""

from pathlib import Path

import pytest

from simulator.scenario import Scenario, ScenarioError

GOOD = """\
schema: 1
duration: 60s
clients: {web: {count: 10, workload: {kind: poisson, rate: 1/s}}}
edges: {pop: {count: 2}}
"""


def refused(path, content):
    Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ScenarioError) as error:
        Scenario.load(path)
    assert len(str(error.value)) < 20_000
    return str(error.value)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_billion_laughs():
    lines = ["a0: &a0 [lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "more than 100000 values once its aliases are expanded" in refused("bomb.yaml", "\n".join(lines))


def test_an_alias_inside_its_own_anchor():
    assert "*a has no anchor above it" in refused("loop.yaml", "schema: 1\nname: &a [*a]\n")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting(opening):
    assert "nested more than 64 deep" in refused("deep.yaml", "schema: 1\nname:\n  " + opening * 5000)


def test_a_huge_file():
    assert "is larger than 2 MiB" in refused("huge.yaml", b"# " + b"x" * (3 * 2**20))


def test_a_line_of_a_megabyte():
    message = refused("long.yaml", GOOD + "name: " + "x" * 1_000_000 + "\n")
    assert "cannot be the name of a scenario" in message
    assert max(map(len, message.split("\n"))) < 200


def test_very_many_keys():
    message = refused("many.yaml", GOOD + "".join(f"key{i}: 1\n" for i in range(20_000)))
    assert "20000 errors, 19950 of them not shown" in message


def test_a_number_of_a_million_digits():
    assert "seed" in refused("digits.yaml", GOOD + "seed: " + "9" * 1_000_000)


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"\x1f\x8b\x08\x00rubbish", "schema: 1".encode("utf-16")],
)
def test_binary(content):
    assert "is not" in refused("binary.yaml", content)


@pytest.mark.parametrize("count", [10**12, 10**100, 5_000_001])
def test_too_many_clients(count):
    message = refused("crowd.yaml", GOOD.replace("count: 10", f"count: {count}"))
    assert f"{count:,} clients in total are more than the 5,000,000" in message


def test_too_many_clients_in_several_groups():
    text = GOOD.replace("clients: {web:", "clients: {a: {count: 3000000, workload: {kind: poisson, rate: 1/s}}, web:")
    assert "6,000,000 clients in total" in refused("crowds.yaml", text.replace("count: 10", "count: 3000000"))


@pytest.mark.parametrize("duration", ["inf", ".inf", "-1s", "0s", "1e400s", "1e308d", "never", "999999d"])
def test_impossible_durations(duration):
    assert "duration" in refused("time.yaml", GOOD.replace("60s", duration))


def test_extends_in_a_circle_of_three(tmp_path):
    for here, there in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{here}.yaml").write_text(f"extends: {there}.yaml\n")
    with pytest.raises(ScenarioError, match=r"in a circle: a\.yaml -> b\.yaml -> c\.yaml -> a\.yaml"):
        Scenario.load("a.yaml")


def test_a_long_chain_of_extends(tmp_path):
    for i in range(60):
        (tmp_path / f"s{i}.yaml").write_text(f"extends: s{i + 1}.yaml\n")
    with pytest.raises(ScenarioError, match="more than 20 files extend each other"):
        Scenario.load("s0.yaml")


@pytest.mark.parametrize("target", ["../outside.yaml", "/etc/passwd", "sub/../../outside.yaml", "link.yaml"])
def test_extends_outside_of_the_folder(tmp_path, target):
    (tmp_path / "outside.yaml").write_text(GOOD)
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (inside / "s.yaml").write_text(f"extends: {target}\n")
    with pytest.raises(ScenarioError, match="extends leaves the folder of the scenario"):
        Scenario.load(inside / "s.yaml")


def test_a_folder_and_nothing(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ScenarioError, match=r"folder.yaml: is a folder"):
        Scenario.load("folder.yaml")
    with pytest.raises(ScenarioError, match=r"qwertz.yaml: no such file"):
        Scenario.load("qwertz.yaml")
    with pytest.raises(ScenarioError, match=r"did you mean the bundled reference"):
        Scenario.load("refrence")
