"""`simulator check` and `reproduce` as people, CI and pytest meet them; real simulations of a second."""

import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import cli, run
from simulator.experiment.api import run as play
from simulator.scenario.schema import Scenario
from tests.experiment.checking.fakes import SCENARIO, SUITE, write
from tests.folders import without_digests
from tests.processes import environment

pytest_plugins = ["pytester"]
SMALL = SCENARIO | {"duration": "4s", "warmup": "1s"}
FEW = SUITE | {"replications": {"first": 3, "most": 6}}
QUIET = ["--progress", "none", "-j", "1"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a suite and its baseline, and the same with a smaller L1."""
    folder = tmp_path_factory.mktemp("check")
    path = write(folder / "good", SMALL, FEW)
    done = check(str(path), "--update-baseline", "--reason", "first")
    assert done.exit_code == 0, done.output
    shutil.copytree(folder / "good", folder / "bad")
    worse = yaml.safe_load((folder / "good" / "shop.yaml").read_text())
    worse["edges"]["pop"]["l1"]["capacity"] = 250
    (folder / "bad" / "shop.yaml").write_text(yaml.safe_dump(worse))
    return folder


def check(*arguments):
    return CliRunner().invoke(cli, ["check", *arguments, *QUIET])


def test_nothing_moved(made):
    done = check(str(made / "good"))
    assert done.exit_code == 0
    assert done.stdout.startswith("PASS  shop: identical (3 replications)")


def test_a_failure_says_what_moved_and_how_to_accept_it(made, tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = check(str(made / "bad"), "--junit", str(tmp_path / "j" / "junit.xml"), "--github")
    assert done.exit_code == 99
    assert "changed: edges.pop.l1.capacity 300 -> 250" in done.stdout
    command = f"simulator check {made / 'bad' / 'suite.yaml'} --only shop --update-baseline --reason WHY"
    assert command in done.stdout
    assert "::error file=" in done.stdout
    assert "**FAIL**" in summary.read_text()
    assert command in summary.read_text()
    tree = ET.parse(tmp_path / "j" / "junit.xml").getroot()
    assert (tree.get("tests"), tree.get("failures"), tree.get("errors")) == ("1", "1", "0")
    assert command in tree.find(".//failure").text


def test_the_printed_command_accepts_the_change(made, tmp_path):
    shutil.copytree(made / "bad", tmp_path / "suite")
    path = str(tmp_path / "suite" / "suite.yaml")
    assert check(path, "--only", "shop", "--update-baseline", "--reason", "WHY").exit_code == 0
    assert check(path).exit_code == 0


def test_another_seed_is_not_identical_but_no_failure(made):
    done = check(str(made / "good"), "--seed", "77")
    assert "identical" not in done.stdout
    assert done.exit_code in (0, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch.yaml"], "no such file"),
        (["{good}", "--only", "shp"], "did you mean shop"),
        (["{good}", "--update-baseline"], "--reason"),
        (["{good}", "--reason", "x"], "--update-baseline"),
        (["{good}", "--against", "main"], "git:REF"),
        (["{good}", "--against", "git:main"], "git"),
    ],
)
def test_bad_usage_is_one_clear_message(made, arguments, words, capsys):
    code = run(["check", *(a.replace("{good}", str(made / "good" / "suite.yaml")) for a in arguments), *QUIET])
    told = capsys.readouterr().err
    assert code == 2
    assert words in told
    assert "Traceback" not in told


def git(folder, *arguments):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_against_a_revision_of_ones_own_repository(made, tmp_path):
    repository = tmp_path / "repo"
    shutil.copytree(made / "good", repository / "sim")
    git(repository, "init")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "good")
    path = str(repository / "sim" / "suite.yaml")
    assert "identical" in check(path, "--against", "git:HEAD").stdout
    shutil.copy(made / "bad" / "shop.yaml", repository / "sim" / "shop.yaml")
    done = check(path, "--against", "git:HEAD")
    assert done.exit_code == 99, done.output
    assert "against git:HEAD" in done.stdout
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1
    assert check(path, "--against", "git:nowhere").exit_code == 2


def test_reproduce(tmp_path, made):
    scenario = Scenario.load(made / "good" / "shop.yaml", ["replications=2", "duration=3s"])
    play(scenario).save(tmp_path / "run", report=False)
    done = CliRunner().invoke(cli, ["reproduce", str(tmp_path / "run"), *QUIET])
    assert (done.exit_code, done.stdout) == (0, "Reproduced: all 2 replications are identical.\n")

    def edit(content):
        content["replications"][1]["fingerprint"] = "0" * 64
        content["versions"]["numpy"] = "1.0"

    without_digests(tmp_path / "run", edit)
    done = CliRunner().invoke(cli, ["reproduce", str(tmp_path / "run"), *QUIET])
    assert done.exit_code == 99
    assert "differs: replication 1" in done.stdout
    assert "numpy 1.0 -> " in done.stdout
    assert CliRunner().invoke(cli, ["reproduce", str(tmp_path), *QUIET]).exit_code == 2


def test_the_pytest_plugin(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    pytester.makefile(".yaml", shop=yaml.safe_dump(SMALL))
    pytester.makepyfile(
        """
        def test_hits(simulator_check):
            simulator_check("shop.yaml", {"hit_ratio.l1": "0.3points"}, replications=3)
        """
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugin = ["-p", "simulator.cli.pytest_plugin"]
    first = pytester.runpytest_subprocess(*plugin)
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(["*pytest '*::test_hits' --simulator-update-baseline WHY*"])
    pytester.runpytest_subprocess(*plugin, "--simulator-update-baseline", "first").assert_outcomes(passed=1)
    assert len(list(pytester.path.glob("baselines/*.test_hits.json"))) == 1
    pytester.runpytest_subprocess(*plugin).assert_outcomes(passed=1)
    smaller = yaml.safe_dump(SMALL).replace("capacity: 300", "capacity: 250")
    (pytester.path / "shop.yaml").write_text(smaller)
    worse = pytester.runpytest_subprocess(*plugin)
    worse.assert_outcomes(failed=1)
    worse.stdout.fnmatch_lines(["*changed: edges.pop.l1.capacity 300 -> 250*"])


def test_the_plugin_is_registered_under_its_name():
    declared = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text())
    assert declared["project"]["entry-points"]["pytest11"] == {"simulator": "simulator.cli.pytest_plugin"}


def test_importing_the_plugin_imports_nothing_heavy():
    code = (
        "import sys, pytest; before = set(sys.modules); import simulator.cli.pytest_plugin; "
        "print([m for m in set(sys.modules) - before if m.split('.')[0] in ('numpy', 'pandas', 'scipy', 'pydantic')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
