"""One writer per place, and what a killed one left is put back or taken away by the next."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from simulator.cli.main import run as simulate
from simulator.errors import FolderError
from simulator.experiment.studies.sweep_folder import load_sweep
from simulator.results.folder import check_target
from simulator.results.loading import load_run
from simulator.results.places import in_use, locked
from tests.experiment.studies.fakes import TINY
from tests.processes import environment

RUN = "run tiny.yaml --replications 2 -j 1 -o out -q"
SWEEP = "sweep tiny.yaml -p edges.pop.l1.capacity=5,20 -j 1 -q"


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    """The working directory, which holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(TINY))


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize(
    ("second", "place"),
    [
        (RUN, "out"),
        (f"{RUN} --force", "out"),
        (f"{SWEEP} -o out", "out"),
        (f"{SWEEP} --resume out", "out"),
        ("find edges.pop.count --until hit_ratio.l1>=1% tiny.yaml -o out", "out"),
        ("run tiny.yaml -j 1 --resume out -q", "out"),
    ],
)
def test_a_second_process_at_a_place_is_told(second, place, capsys):
    """The first is a process of its own that has the place; the second finds the place as it was when it is gone."""
    code = f"""
        import sys
        from pathlib import Path
        from simulator.results.places import locked
        with locked(Path({place!r})):
            print("mine", flush=True)
            sys.stdin.read()
    """
    first = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert first.stdout.readline() == "mine\n"
        assert in_use(Path(place))
        assert simulate(second.split()) == 2
        assert f"being written by another run (process {first.pid})" in capsys.readouterr().err
    finally:
        first.communicate("")
    assert names() == ["tiny.yaml"]


def test_two_runs_at_one_place_lose_neither_result():
    """Both at once, as two shells would: one has the place, and the other is told so or finds it occupied."""
    command = [sys.executable, "-m", "simulator", *RUN.split()]
    both = [subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], errors
    assert "being written by another run" in "".join(errors) or "holds an earlier result" in "".join(errors)
    assert [r.replication for r in load_run("out").replications] == [0, 1]
    assert names() == ["out", "tiny.yaml"]


def test_a_place_that_nobody_has_is_free_again():
    with locked(Path("out")):
        pass
    assert not in_use(Path("out"))
    assert names() == ["tiny.yaml"]


def test_a_study_killed_before_its_first_manifest_is_gone_on_with():
    Path("out").mkdir()
    Path("out/scenario.yaml").write_text("schema: 1\n")
    Path(f"out/.manifest.json.{os.getpid()}.tmp").write_text("{")
    assert simulate(f"{SWEEP} --resume out".split()) == 0
    assert load_sweep("out").status == "complete"
    assert not [name for name in names("out") if name.startswith(".")]


@pytest.mark.parametrize("path", ["edges.pop.l1.capacty", "edges.pop.l1.policy"])
def test_a_mistyped_path_of_find_leaves_the_place_free(path, capsys):
    find = "find {} --until hit_ratio.l1>=50% --between 7..8 --replications 2 tiny.yaml -j 1 -o new/out -q"
    assert simulate(find.format(path).split()) == 2, capsys.readouterr().err
    assert names() == ["tiny.yaml"]
    assert simulate(find.format("edges.pop.l1.capacity").split()) in (0, 4, 99)
    assert load_sweep("new/out").status == "complete"


def test_a_search_that_ended_before_its_first_value_blocks_no_other():
    """A folder with the manifest of an interrupted search and no cell holds no work."""
    assert simulate(f"{SWEEP} -o out".split()) == 0
    shutil.rmtree("out/cells")
    for name in names("out"):
        if name not in ("manifest.json", "scenario.yaml") and Path("out", name).is_file():
            Path("out", name).unlink()
    shutil.rmtree("out/figures", ignore_errors=True)
    assert simulate(f"{SWEEP} -o out".split()) == 0
    assert load_sweep("out").status == "complete"


def test_an_earlier_result_that_stepped_aside_is_put_back():
    """Killed between the two renames without a whole new one: the next command finds the old at its place."""
    assert simulate(RUN.split()) == 0
    was = Path("out/manifest.json").read_bytes()
    Path("out").rename(".out.99999999.old")
    assert simulate(RUN.split()) == 2  # it is there again, and not overwritten unasked
    assert Path("out/manifest.json").read_bytes() == was
    Path("out").rename(".out.99999999.old")
    assert simulate(["run", "tiny.yaml", "--replications", "3", "-j", "1", "-q", "--resume", "out", "-o", "out"]) == 0
    assert len(load_run("out").replications) == 3
    assert names() == ["out", "tiny.yaml"]


def test_the_whole_new_result_takes_its_place_where_the_rename_was_cut():
    assert simulate(RUN.split()) == 0
    assert simulate(["run", "tiny.yaml", "--replications", "3", "-j", "1", "-o", "new", "-q"]) == 0
    Path("out").rename(".out.99999999.old")
    Path("new").rename(".out.99999999.tmp")
    with locked(Path("out")), pytest.raises(FolderError, match="earlier result"):
        check_target(Path("out"))
    assert len(load_run("out").replications) == 3
    assert names() == ["out", "tiny.yaml"]


def test_what_a_killed_drawing_left_is_taken_away_by_the_next():
    """Pages and figures as well: of a run, and (whatever was drawn) of a study that is gone on with."""
    assert simulate(RUN.split()) == 0
    figure = next(Path("out/figures").glob("*.svg"))
    for left in (Path("out/.report.html.99999999.tmp"), figure.with_name(f".{figure.name}.99999999.tmp")):
        left.write_text("<")
    assert simulate(["report", "out", "-q"]) == 0
    assert simulate(f"{SWEEP} -o study".split()) == 0
    Path("study/figures/.curve.svg.99999999.tmp").write_text("<")
    assert simulate(f"{SWEEP} --resume study".split()) == 0
    assert not list(Path().rglob(".*"))
