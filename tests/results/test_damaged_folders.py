"""Whatever is done to the bytes of a folder: it is refused with the file's name, or nothing has changed."""

import contextlib
import io
import itertools
import json
import random
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import run as simulate
from simulator.cli.show import command as show
from simulator.errors import FolderError
from simulator.experiment.api import run
from simulator.results.places import locked
from tests.experiment.studies.fakes import TINY
from tests.results.fakes import PLAY, FakeScenario

SUITE = {"schema": 1, "replications": {"first": 2, "most": 2},
         "checks": {"tiny": {"scenario": "../tiny.yaml", "metrics": {"hit_ratio.l1": "1points"}}}}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with a run (and a variant), a sweep and a suite with its baseline, all as they were written."""
    home = tmp_path_factory.mktemp("whole")
    with contextlib.chdir(home):
        variants = {"small": {"edges.pop.l1.capacity": 5}}
        Path("tiny.yaml").write_text(yaml.safe_dump({**TINY, "variants": variants}))
        Path("suite").mkdir()
        Path("suite/suite.yaml").write_text(yaml.safe_dump(SUITE))
        for argv in (
            "run tiny.yaml --replications 2 -j 1 -o run",
            "sweep tiny.yaml -p edges.pop.l1.capacity=5,20 -j 1 -o sweep",
            "check suite -j 1 --update-baseline --reason first",
        ):
            assert spoken(argv)[0] == 0, argv
    return home


def spoken(argv):
    """Exit code, stdout and stderr of a command, which raises nothing."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = simulate(argv.split())
    return code, out.getvalue(), err.getvalue()


def page(folder):
    return (Path(folder) / "report.html").read_bytes()


def numbers():
    """What a run that went on with another holds, less how long it took."""
    summary = json.loads(Path("new/summary.json").read_text())
    return {key: value for key, value in summary.items() if key != "run"}


COMMANDS = {
    # the command, what it reads, what it reports beside its output
    "show": ("show run -v", "run", None),
    "show a sweep": ("show sweep --json", "sweep", None),
    "compare": ("compare run run:small", "run", None),
    "report": ("report run", "run", lambda: page("run")),
    "report a sweep": ("report sweep", "sweep", lambda: page("sweep")),
    "reproduce": ("reproduce run -j 1 --progress none", "run", None),
    "resume": ("run tiny.yaml --replications 2 -j 1 -q --resume run -o new", "run", numbers),
    "resume a sweep": ("sweep tiny.yaml -p edges.pop.l1.capacity=5,20 -j 1 --json --resume sweep", "sweep", None),
}
DATA = (".json", ".parquet", ".yaml")


def flipped(rng, file):
    """Flip one random bit of a file; its place."""
    data = bytearray(file.read_bytes())
    place = rng.randrange(len(data))
    data[place] ^= 1 << rng.randrange(8)
    file.write_bytes(data)
    return place


@pytest.mark.parametrize("flips", [24, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_flipped_bit_is_silent_or_a_traceback(flips, whole, tmp_path, monkeypatch):
    """Of all commands that read a folder, in turn; a cell that is damaged may be played again, which gives the same."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, "home")
    monkeypatch.chdir("home")
    rng, silent, expected = random.Random(7), [], {}

    def reported(argv, extra):
        code, out, err = spoken(argv)
        told = extra() if extra is not None and code == 0 else None
        return code, out, err, told

    for name, (argv, source, extra) in itertools.islice(itertools.cycle(COMMANDS.items()), flips):
        if name not in expected:
            expected[name] = reported(argv, extra)
            assert expected[name][0] == 0, expected[name]
            _restore(whole, source)
        file = rng.choice(sorted(p for p in Path(source).rglob("*") if p.suffix in DATA))
        place = flipped(rng, file)
        code, out, err, told = reported(argv, extra)
        refused = code == 2 and file.name in err and "Traceback" not in err
        same = (code, out, told) == (0, expected[name][1], expected[name][3])
        if not refused and not same:
            silent.append((name, str(file), place, code, err))
        _restore(whole, source)
    assert silent == []


def _restore(whole, source):
    shutil.rmtree(source)
    shutil.copytree(whole / source, source)
    shutil.rmtree("new", ignore_errors=True)


@pytest.mark.parametrize("flips", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_no_flipped_bit_of_a_baseline_is_a_traceback(flips, whole, tmp_path, monkeypatch):
    """(Whether a number in it is the one that was accepted is for git to know, which keeps it.)"""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, "home")
    monkeypatch.chdir("home")
    file, rng, wrong = Path("suite/tiny.json"), random.Random(7), []
    before = file.read_bytes()
    for _ in range(flips):
        place = flipped(rng, file)
        code, _, err = spoken("check suite -j 1 --progress none")
        file.write_bytes(before)
        if code not in (0, 2, 4, 99) or "Traceback" in err or (code == 2 and file.name not in err):
            wrong.append((place, code, err))
    assert wrong == []


def test_another_schema_is_said(tmp_path):
    path = run(FakeScenario(), function=PLAY).save(tmp_path / "out", report=False)
    manifest = path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 7', 1))
    done = CliRunner().invoke(show, [str(path)])
    assert done.exit_code == 2
    assert "has schema 7" in done.output


def test_a_second_writer_of_a_place_is_told(tmp_path, monkeypatch):
    from simulator.results import places

    with locked(tmp_path / "out"):
        monkeypatch.setattr(places.threading, "get_ident", lambda: -1)
        with pytest.raises(FolderError, match="being written by another run"), locked(tmp_path / "out"):
            pass
