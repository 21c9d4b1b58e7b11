"""run, show and report as people and scripts meet them: streams, exit codes, --json."""

import errno
import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli.main import cli
from simulator.cli.main import run as run_cli
from simulator.cli.report import command as report_command
from simulator.cli.run import command as run_command
from simulator.cli.show import command as show_command
from simulator.experiment import api
from simulator.experiment.api import run
from simulator.results import folder
from simulator.scenario.errors import ScenarioError
from simulator.scenario.schema import Scenario
from tests.results.fakes import PLAY, FakeScenario


@pytest.fixture
def simulate(monkeypatch, tmp_path):
    """Invoke `simulator run` on a fake scenario, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(scenario, *arguments):
        def load(source, overrides=()):
            if isinstance(scenario, Exception):
                raise scenario
            numbers = dict(text.split("=") for text in overrides)
            return scenario.with_overrides({name: int(value) for name, value in numbers.items()})

        def play(loaded, **options):
            return run(loaded, **options, function=PLAY)

        monkeypatch.setattr(Scenario, "load", load)
        monkeypatch.setattr(api, "run", play)
        monkeypatch.setattr("simulator.cli.run.warn_unused", lambda *_: None)  # a fake has no settings
        argv = ["edge-crash.yaml", *arguments]
        monkeypatch.setattr("sys.argv", ["simulator", "run", *argv])
        return CliRunner().invoke(run_command, argv)

    return invoke


def test_a_run_prints_the_summary_and_where_it_is(simulate):
    done = simulate(FakeScenario(), "-j", "1")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("edge-crash\nDoes adaptive")
    place = Path(done.stdout.rpartition("Results: ")[2].split(" (")[0])
    assert (place / "report.html").is_file()
    assert place.parts[:2] == ("results", "edge-crash")
    assert "3/3 replications" in done.stderr


def test_json_is_summary_json_and_nothing_else(simulate):
    done = simulate(FakeScenario(), "--json", "-o", "out", "--seed", "7")
    assert json.loads(done.stdout) == json.loads(Path("out/summary.json").read_text())
    assert json.loads(done.stdout)["seed"] == 7
    assert "Results: out/" in done.stderr


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expect": ("hit_ratio.l1 >= 1%",)}, 0),
        ({"expect": ("hit_ratio.l1 >= 99%",)}, 99),
        ({"expect": ("hit_ratio.l1 >= 69.7%", "hit_ratio.l1 >= 99%")}, 99),
        ({"expect": ("hit_ratio.l1 >= 69.7%",)}, 4),
        ({"behaviour": {1: "raise"}}, 3),
        ({"behaviour": {1: "raise"}, "expect": ("hit_ratio.l1 >= 99%",)}, 3),
        ({"behaviour": {1: "invariant"}}, 5),
        ({"behaviour": {1: "interrupt"}}, 130),
    ],
)
def test_exit_codes(simulate, changes, code):
    done = simulate(FakeScenario(**changes), "-j", "1", "-o", "out", "-q")
    assert done.exit_code == code, done.output
    assert json.loads(Path("out/summary.json").read_text())["schema"] == 1


def test_how_to_go_on_is_printed_and_works(simulate):
    done = simulate(FakeScenario(behaviour={1: "interrupt"}), "-j", "1", "-o", "out", "--seed", "9")
    assert done.exit_code == 130
    line = done.stderr.rpartition("To go on: ")[2].strip()
    assert line == "simulator run edge-crash.yaml -j 1 -o out --seed 9 --resume out"
    done = simulate(FakeScenario(), *shlex.split(line)[3:])
    assert done.exit_code == 0, done.output
    assert "3 replications" in done.stdout
    assert json.loads(Path("out/manifest.json").read_text())["status"] == "complete"


def test_a_bad_scenario_is_exit_2_on_stderr(simulate):
    done = simulate(ScenarioError("edge-crash.yaml:3:1: unknown key"))
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == "edge-crash.yaml:3:1: unknown key\n"


def test_an_occupied_folder_is_refused_before_anything_is_played(simulate, tmp_path):
    Path("out").mkdir()
    Path("out/cat.jpg").write_text("meow")
    done = simulate(FakeScenario(mark=str(tmp_path / "played")), "-o", "out")
    assert done.exit_code == 2
    assert "no result of ours" in done.stderr
    assert not (tmp_path / "played").exists()


def test_trace_records_everything_unless_the_scenario_samples(simulate):
    simulate(FakeScenario(), "--trace", "-o", "out")
    assert Path("out/requests.parquet").is_file()


def test_show_prints_the_same_again(simulate):
    done = simulate(FakeScenario(variants={"nearest": {"hit_ratio": 0.8}}), "-o", "out")
    again = CliRunner().invoke(show_command, ["out"])
    assert again.exit_code == 0
    assert done.stdout.startswith(again.stdout)
    as_json = CliRunner().invoke(show_command, ["out", "--json"])
    assert as_json.stdout == Path("out/summary.json").read_text()
    variant = CliRunner().invoke(show_command, ["out/variants/nearest", "-v"])
    assert "All metrics" in variant.stdout


def test_show_of_nothing_is_exit_2(tmp_path):
    done = CliRunner().invoke(show_command, [str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert "no such folder" in done.stderr


def test_report_draws_again(simulate):
    simulate(FakeScenario(), "-o", "out")
    before = Path("out/report.html").read_text()
    Path("out/report.html").unlink()
    done = CliRunner().invoke(report_command, ["out"])
    assert done.exit_code == 0
    assert Path("out/report.html").read_text() == before


def test_what_is_not_stored_where_it_should_be_is_no_success(simulate, monkeypatch, tmp_path):
    """The disk of -o is full: the numbers are printed and kept elsewhere, and a script that reads -o is warned."""
    real = folder.save

    def save(result, path, **options):
        if path == Path("out"):
            raise folder.FolderError("could not write out: the disk is full", 3)
        return real(result, path, **options)

    monkeypatch.setattr(folder, "save", save)
    monkeypatch.setattr(folder.tempfile, "gettempdir", lambda: str(tmp_path / "spare"))
    done = simulate(FakeScenario(), "-o", "out", "-j", "1")
    assert done.exit_code == 3
    assert "the disk is full" in done.stderr
    assert "spare" in done.stdout


def test_a_full_disk_is_no_bug(monkeypatch, capsys):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cli, "main", full)
    assert run_cli(["init", "x"]) == 2
    assert capsys.readouterr().err == "cannot write: no space left on device\n"
