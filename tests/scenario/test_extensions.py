"""Members of families from a user's own file: in YAML, in the JSON Schema, in errors and in `list` like built-ins.

The registries belong to the process, so everything here runs in processes of its own.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.folders import without_digests

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
        (
            "my_policies.py",
            "broken.py",
            "'broken.py' fails: ZeroDivisionError: division by zero (broken.py, line 1)",
        ),
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


@pytest.mark.parametrize("name", ["../out.py", "sub/../my_policies.py", "{tmp}/my_policies.py", "link.py", "c:/x.py",
                                  "way/out.py"])  # fmt: skip
def test_only_files_of_the_own_folder_run(tmp_path, name):
    """Nobody's code runs from a place that the scenario's folder does not hold."""
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "out.py").write_text("open('ran', 'w')\n")
    (folder / "link.py").symlink_to(tmp_path / "out.py")
    (folder / "way").symlink_to(tmp_path)
    shutil.copy(Path(__file__).with_name("my_policies.py"), folder)
    (folder / "s.yaml").write_text(SCENARIO.replace("my_policies.py", name.format(tmp=folder)))
    done = simulator(folder, "validate", "s.yaml")
    assert done.returncode == 2
    assert "lies outside the folder of the scenario" in done.stderr
    assert not (folder / "ran").exists()


def test_a_folder_below_is_inside(folder):
    (folder / "below").mkdir()
    shutil.move(folder / "my_policies.py", folder / "below")
    (folder / "s.yaml").write_text(SCENARIO.replace("my_policies.py", "below/my_policies.py"))
    assert simulator(folder, "validate", "s.yaml").returncode == 0
    assert not list(folder.rglob("__pycache__"))


PLAYED = """\
schema: 1
name: counted
duration: 3s
extensions: [code/counting.py]
clients: {web: {count: 3, workload: {kind: poisson, rate: 2/s}}}
edges: {pop: {count: 2, l1: {policy: counted_lru, capacity: 5}}}
variants: {small: {edges.pop.l1.capacity: 2}}
"""
COUNTING = """\
import os
from pathlib import Path
from simulator.caches import register
from simulator.caches.lru import LruCache
with Path(os.environ["RUNS"]).open("a") as file:
    file.write("ran\\n")
@register("counted_lru")
class Counted(LruCache):
    pass
"""


@pytest.fixture
def result(tmp_path, monkeypatch):
    """A result folder of a scenario with an extension, whose own folder is gone; and where runs are noted."""
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    (tmp_path / "mine" / "code").mkdir(parents=True)
    (tmp_path / "mine" / "s.yaml").write_text(PLAYED)
    (tmp_path / "mine" / "code" / "counting.py").write_text(COUNTING)
    done = simulator(tmp_path, "run", "mine/s.yaml", "-j", "1", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs").exists()
    shutil.rmtree(tmp_path / "mine")
    (tmp_path / "runs").unlink()
    return tmp_path


def test_reading_a_result_folder_runs_nothing(result):
    for arguments in (
        ["show", "out"], ["show", "out", "--json"], ["report", "out"], ["compare", "out"],
        ["compare", "out", "out/variants/small"], ["reproduce", "out"], ["compare", "out", "--control"],
    ):  # fmt: skip
        done = simulator(result, *arguments)
        assert not (result / "runs").exists(), arguments
        assert done.returncode in (0, 2), (arguments, done.stderr)
    code = "from simulator import load_run; load_run('out').summary()"
    subprocess.run([sys.executable, "-c", code], cwd=result, check=True)
    assert not (result / "runs").exists()


def test_reproduce_asks_for_trust(result):
    done = simulator(result, "reproduce", "out")
    assert done.returncode == 2
    assert done.stderr == (
        "out brings code of its own (code/counting.py), which would run with all your rights: read it, and add "
        "--trust if you trust it\n"
    )
    trusted = simulator(result, "reproduce", "out", "--trust", "-j", "1")
    assert (trusted.returncode, trusted.stdout) == (0, "Reproduced: all 2 replications are identical.\n")
    assert (result / "runs").exists()
    for copy in (result / "out").rglob("counting.py"):
        copy.write_text(COUNTING + "# another\n")
    assert "counting.py is not what was written" in simulator(result, "reproduce", "out", "--trust").stderr
    for manifest in (result / "out").rglob("manifest.json"):
        without_digests(manifest.parent)
    assert "an extension or a default is another" in simulator(result, "reproduce", "out", "--trust").stdout


def test_control_of_a_folder_with_code_is_refused(result):
    done = simulator(result, "compare", "out", "--control")
    assert done.returncode == 2
    assert "which `compare` does not run: name the scenario instead" in done.stderr


def test_an_exception_of_a_users_part_is_told_with_its_line(tmp_path):
    source = "from simulator.routing import Router, register\n\n\n@register('lost')\nclass Lost(Router):\n"
    source += "    def choose(self, client, session):\n        return self.way\n"
    (tmp_path / "lost.py").write_text(source)
    (tmp_path / "s.yaml").write_text(
        "schema: 1\nduration: 5s\nextensions: [lost.py]\nedges: {pop: {count: 1}}\nrouting: {policy: lost}\n"
        "clients: {web: {count: 5, workload: {kind: poisson, rate: 1/s}}}\n"
    )
    done = simulator(tmp_path, "run", "s.yaml")
    assert done.returncode == 3
    assert "'Lost' object has no attribute 'way' (lost.py, line 7)" in " ".join((done.stdout + done.stderr).split())
