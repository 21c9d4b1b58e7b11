"""The commands about the language: what they print, where, and their exit status."""

import io
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from simulator.cli.main import COMMANDS, run
from simulator.engine import clock
from tests.processes import environment


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def simulator(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**more),
    )


def test_a_child_process_runs_what_is_tested():
    """The compiled package where that is installed; a second copy on the way there would be tested in its stead."""
    kind = "interpreted" if str(clock.__file__).endswith(".py") else "compiled"
    assert kind in simulator("--version").stdout


def test_help_is_light():
    """None of the heavy imports, which are what takes time; `python -m benchmarks` records how long it takes."""
    assert simulator("--help").returncode == 0
    code = (
        "import sys; from simulator.cli.main import run; run(['--help']);"
        "heavy = {'pandas', 'matplotlib', 'scipy', 'pyarrow', 'numpy', 'pydantic', 'yaml', 'rich'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment())


def test_help_of_every_command_is_light():
    code = (
        "import sys; from simulator.cli.main import COMMANDS, run, cli\n"
        "for name in cli.list_commands(None): assert run([name, '-h']) == 0, name\n"
        "heavy = {'pandas', 'matplotlib', 'scipy', 'pyarrow'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment())


def test_only_commands_that_exist_are_offered(capsys):
    assert run(["-h"]) == 0
    shown = capsys.readouterr().out
    for name, (module, _) in COMMANDS.items():
        exists = find_spec(f"simulator.cli.{module}") is not None
        assert (f"\n  {name} " in shown) == exists


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["validat"], "There is no command 'validat'. Did you mean 'validate'?"),
        (["qqq"], "There is no command 'qqq'. `simulator --help` lists the commands."),
        (["config"], "Missing argument 'SCENARIO'"),
        (["config", "--orgin", "reference"], "No such option"),
        (["config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["config", "reference", "--set", "sede=1"], "did you mean seed?"),
    ],
)
def test_bad_usage_is_2(arguments, message, capsys):
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""


def test_validate(capsys):
    Path("bad.yaml").write_text("schema: 1\nduration: 5\n")
    assert run(["validate", "reference"]) == 0
    told = "reference: ok\n  round trips: 20.921ms between any two, as network.default has it\n"
    told += "  about 400,000 requests in 20s\n"  # 5,000 clients, 4/s each
    assert capsys.readouterr().out == told
    assert run(["validate", "-q", "reference"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["validate", "bad.yaml", "reference"]) == 2
    output = capsys.readouterr()
    assert output.out == told
    assert "bad.yaml:2:11: duration: 5 what?" in output.err


def test_validate_reads_standard_input(capsys, monkeypatch):
    def given(text):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return run(["validate", "-"])

    Path("mine.yaml").write_text("extends: reference\n")
    assert given("extends: mine.yaml\nduration: 10s\n") == 0
    assert "about 200,000 requests in 10s" in capsys.readouterr().out
    assert given("schema: 1\nduration: 5\n") == 2
    assert "<stdin>:2:11: duration: 5 what?" in capsys.readouterr().err
    assert given("") == 2
    monkeypatch.setattr("sys.stdin", None)  # it was closed
    assert run(["validate", "-"]) == 2


def test_config_prints_a_scenario_that_loads(capsys):
    assert run(["config", "scenarios/reference.yaml", "--set", "seed=5"]) == 0
    Path("again.yaml").write_text(capsys.readouterr().out)
    assert run(["config", "again.yaml"]) == 0
    assert capsys.readouterr().out == Path("again.yaml").read_text()
    assert "seed: 5\n" in Path("again.yaml").read_text()


def test_config_origin(capsys):
    assert run(["config", "reference", "--origin", "--set", "seed=5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("seed: 5 ") and line.endswith("# --set seed=5") for line in lines)
    assert any(line.strip().startswith("capacity: 5000") and line.endswith("reference.yaml:23") for line in lines)
    assert any(line.strip().startswith("lock_delay: 15s") and line.endswith("# default") for line in lines)


def test_schema(capsys):
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/draft/2020-12")


def test_init_writes_a_valid_scenario_and_overwrites_nothing(capsys):
    assert run(["init", "mine"]) == 0
    assert run(["validate", "mine/scenario.yaml"]) == 0
    before = Path("mine/scenario.yaml").read_bytes()
    assert run(["init", "mine"]) == 2
    assert "is there already, and is not overwritten" in capsys.readouterr().err
    assert Path("mine/scenario.yaml").read_bytes() == before
    Path("other").mkdir()
    Path("other/scenario.schema.json").write_text("mine")
    assert run(["init", "other"]) == 2
    assert not Path("other/scenario.yaml").exists()


def test_list_names_everything(capsys):
    assert run(["list"]) == 0
    shown = capsys.readouterr().out
    for title in ("Bundled scenarios", "Routing policies", "Cache policies", "Workloads", "Faults", "Distributions"):
        assert title in shown
    for name in ("reference", "adaptive", "lru", "poisson", "gilbert_elliott", "rolling_restart", "hyperexponential"):
        assert f"\n  {name} " in shown
    assert max(map(len, shown.splitlines())) < 160


def test_list_metrics(capsys):
    assert run(["list", "metrics"]) == 0
    shown = capsys.readouterr().out
    for name in ("hit_ratio.l1", "within[D]", "failover.recovery.max"):
        assert f"\n  {name} " in shown
    assert "Bundled" not in shown


def test_no_color(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["list", "--no-color"]) == 0
    assert "\x1b[" not in capsys.readouterr().out


def test_a_closed_pipe_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m simulator schema | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_an_interrupt_is_130(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("simulator.scenario.loading.load", interrupt)
    assert run(["validate", "reference"]) == 130


def test_a_bug_is_1_with_its_traceback(monkeypatch, capsys):
    def bug(*_):
        raise RuntimeError("oops")

    monkeypatch.setattr("simulator.scenario.loading.load", bug)
    assert run(["validate", "reference"]) == 1
    assert "RuntimeError: oops" in capsys.readouterr().err
