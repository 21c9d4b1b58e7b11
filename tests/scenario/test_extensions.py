"""Members of families from a user's own file: in YAML, in the JSON Schema, in errors and in `list` like built-ins.

The registries belong to the process, so everything here runs in processes of its own.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = """\
schema: 1
duration: 60s
extensions: [my_policies.py]
clients: {web: {count: 10, workload: {kind: metronome, every: {exponential: 1s}}}}
edges: {pop: {count: 2, l1: {policy: my_lru, capacity: 5}}}
network: {default: {loss: {every_other: {}}}}
faults:
  - {at: 5s, for: 5s, flood: pop-1}
"""


@pytest.fixture
def folder(tmp_path):
    shutil.copy(Path(__file__).with_name("my_policies.py"), tmp_path)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    return tmp_path


def simulator(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "simulator", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_they_are_valid_and_print_like_the_others(folder):
    done = simulator(folder, "config", "s.yaml")
    assert done.returncode == 0, done.stderr
    assert "workload: {kind: metronome, every: {exponential: 1s}}" in done.stdout
    assert "policy: my_lru" in done.stdout
    assert "flood: pop-1" in done.stdout


def test_list_shows_them(folder):
    words = simulator(folder, "list", "s.yaml").stdout
    for line in ("my_lru", "metronome", "every_other", "flood"):
        assert f"  {line}" in words
    assert "water comes in" in words
    assert "metronome" not in simulator(folder, "list").stdout


def test_the_json_schema_knows_them(folder):
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    schema = json.loads(simulator(folder, "schema", "s.yaml").stdout)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(SCENARIO))
    assert not jsonschema.Draft202012Validator(json.loads(simulator(folder, "schema").stdout)).is_valid(
        yaml.safe_load(SCENARIO)
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: metronome", "kind: metronom", "did you mean metronome?"),
        ("my_lru", "my_lur", "did you mean my_lru?"),
        ("flood: pop-1", "floot: pop-1", "did you mean flood?"),
        ("flood: pop-1", "flood: pop-9", "'pop-9' matches no actor"),
        ("every: {exponential: 1s}", "evry: 1s", "did you mean every?"),
        ("my_policies.py", "nowhere.py", "the extension 'nowhere.py': no such file or directory"),
        ("my_policies.py", "s.yaml", "the extension 's.yaml' is not a Python file"),
        ("my_policies.py", "broken.py", "the extension 'broken.py' fails: ZeroDivisionError: division by zero"),
    ],
)
def test_errors(folder, old, new, message):
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "s.yaml").write_text(SCENARIO.replace(old, new))
    done = simulator(folder, "validate", "s.yaml")
    assert done.returncode == 2
    assert message in done.stderr
    assert "s.yaml:" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_process_can_unpickle_the_scenario(folder):
    code = (
        "import pickle, subprocess, sys; from simulator import Scenario; s = Scenario.load('s.yaml');"
        "t = 'import pickle, sys; s = pickle.load(sys.stdin.buffer); print(s.content_hash())';"
        "o = subprocess.run([sys.executable, '-c', t], input=pickle.dumps(s), capture_output=True, check=True).stdout;"
        "assert o.decode().strip() == s.content_hash()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)


def test_an_entry_point_of_an_installed_package(folder):
    package = folder / "site"
    (package / "mine-1.0.dist-info").mkdir(parents=True)
    (package / "mine-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (package / "mine-1.0.dist-info" / "entry_points.txt").write_text("[simulator.workloads]\nall = my_policies\n")
    shutil.move(folder / "my_policies.py", package)
    (folder / "s.yaml").write_text(SCENARIO.replace("extensions: [my_policies.py]\n", ""))
    code = "import sys; sys.path.insert(0, 'site'); from simulator import Scenario; Scenario.load('s.yaml')"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
