"""`simulator compare` as people and scripts meet it."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import cli, run
from simulator.experiment.api import run as play
from simulator.experiment.comparing.compare import compare_rows
from simulator.report.compare_text import as_table
from simulator.scenario.schema import Scenario
from tests.experiment.comparing.fakes import SMALL_CACHE, row

SHORT = ["--set", "duration=5s", "--set", "warmup=1s", "--progress", "none", "-j", "1"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("compare") / "shop.yaml"
    path.write_text(yaml.safe_dump(SMALL_CACHE))
    return str(path)


def compare(*arguments):
    return CliRunner().invoke(cli, ["compare", *arguments])


def test_a_scenario_against_its_variants_fits_eighty_columns(file):
    done = compare(file, *SHORT, "--replications", "3", "--explain")
    assert done.exit_code == 0, done.output
    assert "larger, against as written" in done.stdout
    assert "why hit_ratio.l1" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_is_json_and_nothing_else(file):
    done = compare(file, f"{file}:larger", *SHORT, "--replications", "2", "--format", "json", "-m", "hit_ratio.l1")
    content = json.loads(done.stdout)
    assert [row["label"] for row in content["rows"]] == ["small-cache", "small-cache:larger"]
    change = content["changes"][0]
    assert change["paired"]
    assert change["difference"]["n"] == 2
    assert change["variance_saved"] == pytest.approx(1 - 1 / change["variance_ratio"])


def test_markdown_is_a_table(file):
    done = compare(file, *SHORT, "--replications", "2", "--format", "md")
    assert "| `hit_ratio.l1` |" in done.stdout


@pytest.mark.parametrize(("margin", "code"), [("10points", 0), ("0points", 99)])
def test_fail_on_decides_the_exit_code(file, margin, code):
    """The smaller cache is worse by 0.45 points in every replication; n = 3; fixed seed."""
    done = compare(f"{file}:larger", file, *SHORT, "--replications", "3", "--fail-on", f"hit_ratio.l1:{margin}")
    assert done.exit_code == code, done.output


def test_one_replication_leaves_a_gate_undecided(file):
    done = compare(f"{file}:larger", file, *SHORT, "--replications", "1", "--fail-on", "hit_ratio.l1:1points")
    assert done.exit_code == 4
    assert "One replication decides nothing" in done.stdout


def test_folders_are_compared_without_playing(file, tmp_path):
    scenario = Scenario.load(file, ["duration=5s", "warmup=1s"])
    play(scenario, replications=3).save(tmp_path / "a", report=False)
    play(scenario, replications=3, seed=5, variants=False).save(tmp_path / "b", report=False)
    done = compare(str(tmp_path / "a"), str(tmp_path / "a:larger"))
    assert "paired on the same arrivals" in done.stdout
    other = compare(str(tmp_path / "a"), str(tmp_path / "b"))
    assert "not paired" in other.stdout
    assert "#1 (a)" in other.stdout or "#2 (b)" in other.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{file}:largr", "{file}"], "did you mean larger"),
        (["{file}:larger"], "no variants to compare"),
        (["{file}", "-m", "hit_ratio.l9"], "did you mean hit_ratio.l2"),
        (["{file}", "--fail-on", "hit_ratio.l1"], "METRIC:MARGIN"),
        (["{file}", "--margin", "latency.p99:5"], "no margin"),
        (["{file}", "--control"], "--control"),
        (["nosuch.yaml", "{file}"], "no such file"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_message(file, arguments, words, capsys):
    code = run(["compare", *(a.replace("{file}", file) for a in arguments), *SHORT, "--replications", "1"])
    told = capsys.readouterr().err
    assert code == 2
    assert words in told
    assert "Traceback" not in told


def test_the_result_can_be_written_too(file, tmp_path):
    compare(file, *SHORT, "--replications", "1", "--format", "md", "-o", str(tmp_path / "out.md"))
    assert Path(tmp_path / "out.md").read_text().startswith("1 replication")


def test_a_page_is_written_for_a_name_that_ends_in_html(file, tmp_path):
    page = tmp_path / "out.html"
    done = compare(file, *SHORT, "--replications", "1", "-o", str(page))
    assert done.exit_code == 0, done.output
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_place_that_cannot_be_written_is_one_clear_message(file, tmp_path):
    done = compare(file, *SHORT, "--replications", "1", "-o", str(tmp_path / "no" / "out.html"))
    assert done.exit_code == 2
    assert "cannot write" in done.stderr


@pytest.mark.parametrize("length", [3, 34, 70])
def test_no_column_is_lost_whatever_the_length_of_names(length):
    """A longer name stands above its numbers; every number is there, below its heading."""
    name = "hit_ratio.l1[" + "x" * length + "]"
    compared = compare_rows([row("a", [0.5, 0.52, 0.54], name), row("b", [0.6, 0.61, 0.66], name)], [name])
    lines = as_table(compared, width=80).splitlines()
    place = next(k for k, line in enumerate(lines) if name in line)
    numbers = lines[place] if "%" in lines[place] else lines[place + 1]
    heading = next(line for line in lines if "before" in line)
    for word, value in (("before", "52.0 %"), ("after", "62 %")):
        assert numbers[: heading.index(word) + len(word)].endswith(value)
    assert "difference" in heading
    assert "+10 ± 4" in numbers
    assert max(map(len, lines)) <= max(80, len(name) + 1)
