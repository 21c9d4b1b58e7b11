"""sweep, find and sensitivity as people and scripts meet them: streams, exit codes, how to go on."""

import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import cli
from simulator.report.format import show_column
from tests.experiment.studies.fakes import TINY
from tests.processes import environment


@pytest.fixture
def simulate(monkeypatch, tmp_path):
    """Invoke a command in a folder that holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(TINY))

    def invoke(text):
        argv = shlex.split(text)
        monkeypatch.setattr("sys.argv", ["simulator", *argv])
        return CliRunner().invoke(cli, argv)

    return invoke


SWEEP = "sweep tiny.yaml -p edges.pop.l1.capacity=5,20"


def test_a_sweep_prints_the_best_cells_and_where_they_are(simulate):
    done = simulate(f"{SWEEP} -j 1 -o out")
    assert done.exit_code == 0, done.output
    assert "Best cells by hit_ratio.l1 (higher is better)" in done.stdout
    assert "Results: out/" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    again = simulate("show out")
    assert done.stdout.startswith(again.stdout)
    Path("out/report.html").unlink()
    assert simulate("report out").exit_code == 0
    assert Path("out/report.html").is_file()
    as_json = simulate("show out --json")
    assert [cell["values"] for cell in json.loads(as_json.stdout)["cells"]] == [
        {"edges.pop.l1.capacity": 5}, {"edges.pop.l1.capacity": 20},
    ]  # fmt: skip


def test_a_dry_run_runs_nothing(simulate):
    done = simulate(f"{SWEEP} --dry-run")
    assert done.exit_code == 0
    assert "2 cells (grid), 2 replications of 2 s to simulate; nothing was run" in done.stdout
    assert not Path("results").exists()


def test_results_go_to_results_by_default(simulate):
    assert simulate(f"{SWEEP} -j 1").exit_code == 0
    assert len(list(Path("results/tiny").glob("sweep-*/index.parquet"))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sweep tiny.yaml", "nothing to sweep"),
        ("sweep tiny.yaml -p edges.pop.l1.tll=1s", "did you mean edges.pop.l1.ttl?"),
        ("sweep tiny.yaml -p edges.pop.l1.ttl=1", "write 1ms or 1s"),
        (f"{SWEEP} -m hit_rate.l1", "did you mean hit_ratio.l1"),
        (f"{SWEEP} --zip --lhs 5", "give one of them"),
        (f"{SWEEP} --resume nowhere", "no such folder"),
        (f"{SWEEP} --scheduler tcp://x:1 -j 2", "give one of them"),
        ("find tiny.yaml --until 'hit_ratio.l1 >= 1%' edges.pop.count", "the path comes first"),
        ("find edges.pop.count --until 'hit_rate.l1 >= 1%' tiny.yaml", "did you mean hit_ratio.l1"),
        ("find edges.pop.count --until 'hit_ratio.l1 = 1%' tiny.yaml", "write >= or <="),
        ("find edges.pop.count --until 'hit_ratio.l1 >= 1%' --between 5 tiny.yaml", "LOW..HIGH"),
        ("sensitivity tiny.yaml --by 2s", "--by 2s"),
        ("sensitivity tiny.yaml --only x.*", "matches --only"),
    ],
)
def test_mistakes_are_exit_2_with_one_message(simulate, text, message):
    done = simulate(text)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stdout == ""
    assert not Path("results").exists()


FIND = "find edges.pop.l1.capacity --until 'hit_ratio.l1 >= 50%' tiny.yaml -j 1"


def test_find_answers(simulate):
    done = simulate(f"{FIND} --between 7..14 --replications 3 -o out")
    assert done.exit_code in (0, 4), done.output
    assert "is the smallest value with hit_ratio.l1 >= 50%" in done.stdout
    assert Path("out/figures/curve.svg").is_file()
    page = Path("out/report.html").read_text()
    Path("out/report.html").unlink()
    assert simulate("report out").exit_code == 0
    assert Path("out/report.html").read_text() == page
    assert done.stdout.startswith(simulate("show out").stdout)
    assert done.stdout.partition(".\n")[0].replace(">=", "&gt;=") in page
    none = simulate(f"{FIND} --between 1..2 --replications 2 --json -q")
    assert none.exit_code == 99
    assert json.loads(none.stdout)["answer"] is None


def test_sensitivity_draws_a_tornado(simulate):
    done = simulate("sensitivity tiny.yaml --only edges.* -j 1 -o out --replications 2")
    assert done.exit_code == 0, done.output
    assert "edges.pop.l1.capacity" in done.stdout
    assert Path("out/figures/tornado-hit_ratio.l1.svg").is_file()
    page = Path("out/report.html").read_text()
    Path("out/report.html").unlink()
    assert simulate("report out").exit_code == 0
    assert Path("out/report.html").read_text() == page
    assert done.stdout.startswith(simulate("show out").stdout)


def test_ctrl_c_says_how_to_go_on_and_that_works(simulate, tmp_path):
    """The real program, interrupted as a terminal does it (SIGINT to the whole group)."""
    argv = shlex.split("sweep tiny.yaml -p edges.pop.l1.capacity=1..40:40 --set duration=10s -j 2 -o out")
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", *argv], cwd=tmp_path, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and len(list(tmp_path.glob("out/cells/l1*/manifest.json"))) < 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Interrupted: the numbers are of what was finished." in out
    line = err.rpartition("To go on: ")[2].strip()
    assert line.startswith("simulator sweep tiny.yaml")
    assert line.endswith("--resume out")
    dry = simulate(line.removeprefix("simulator ") + " --dry-run")
    assert dry.exit_code == 0
    assert " cells are finished and are not run again" in dry.stdout


def test_a_sweep_says_which_columns_it_left_out_and_honours_columns(simulate, monkeypatch):
    metrics = ["hit_ratio.l1", "latency.p99", "availability", "core.requests.rate", "storage.reads.rate"]
    asked = " ".join(f"-m {metric}" for metric in metrics)
    monkeypatch.delenv("COLUMNS", raising=False)
    narrow = simulate(f"sweep tiny.yaml -p edges.pop.l1.capacity=5,10 -j 1 -o out --replications 2 {asked}").stdout
    table, told = narrow.partition("Best cells by")[2].split("Not shown in 80 columns: ")
    told, needed = " ".join(told.split(")")[0].split()).split(" (COLUMNS=")
    heading = table.splitlines()[1].split()
    assert told
    assert [name for name in metrics if name in heading] + told.split(", ") == metrics
    monkeypatch.setenv("COLUMNS", needed.split()[0])
    wide = simulate("show out").stdout
    assert "Not shown" not in wide
    assert all(metric in wide.partition("Best cells by")[2].splitlines()[1] for metric in metrics)


def test_a_column_of_a_sweep_has_one_unit_and_one_precision():
    values = [(0.98765, 0.004), (12.3456, 0.5), (123.456, math.nan)]
    assert show_column([(v / 1e3, h / 1e3) for v, h in values], "s") == ["1.0 ms ± 0.004", "12.3 ms ± 0.5", "123.5 ms"]
    assert show_column([(0.5, 0.01), (math.nan, math.nan)], "ratio") == ["50.0 % ± 1.0", "–"]
