"""SIGINT, SIGTERM and SIGHUP at any moment: what was finished is in a whole folder; without a terminal too."""

import errno
import json
import os
import pty
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml

from simulator.experiment.studies.sweep_folder import load_sweep
from simulator.play.job import Failure, Item
from simulator.report.progress import LiveProgress, PlainProgress
from simulator.results.loading import load_run
from tests.experiment.studies.fakes import TINY
from tests.processes import environment

pytestmark = pytest.mark.interpreted  # of processes and files: no compiled module has a part in it

HERE = Path(__file__).parent
RUN = "run tiny.yaml --replications 2 -j 1 -o out"
SWEEP = "sweep tiny.yaml -p edges.pop.l1.capacity=5,20 -j 1 -o out"
FIND = "find edges.pop.l1.capacity --until hit_ratio.l1>=50% --between 7..9 --replications 2 tiny.yaml -j 1 -o out"
SENSITIVITY = "sensitivity tiny.yaml --only edges.*.capacity --replications 2 -j 1 -o out"


@pytest.fixture
def tiny(tmp_path):
    """A folder that holds tiny.yaml."""
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    return tmp_path


def signalled(folder, number, place, argv):
    """The finished process of a command that sends itself a signal whenever the function at `place` is called."""
    module, _, name = place.partition(":")
    code = f"""
        import importlib, os, sys
        from simulator.cli.main import run
        module = importlib.import_module({module!r})
        real = getattr(module, {name!r})

        def told(*arguments, **options):
            os.kill(os.getpid(), {int(number)})
            return real(*arguments, **options)

        setattr(module, {name!r}, told)
        sys.exit(run({argv.split()!r}))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize(
    ("number", "place"),
    [
        (signal.SIGTERM, "simulator.experiment.api:_result"),  # played, and nothing begun of the writing
        (signal.SIGHUP, "simulator.cli.run:_keep"),
        *((number, "simulator.results.folder:write_columns") for number in SIGNALS),  # in the middle of it
        (signal.SIGTERM, "simulator.results.folder:put_in_place"),
        (signal.SIGINT, "simulator.report.terminal:render"),  # printed when all is written
    ],
)
def test_a_signal_between_playing_and_the_end_loses_nothing_of_a_run(tiny, number, place):
    done = signalled(tiny, number, place, RUN)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "Results: out" in done.stdout
    assert [r.replication for r in load_run(tiny / "out").replications] == [0, 1]
    assert sorted(path.name for path in tiny.iterdir()) == ["out", "tiny.yaml"]


@pytest.mark.parametrize(
    ("number", "argv", "place"),
    [
        (signal.SIGTERM, SWEEP, "simulator.experiment.studies.sweep:result_of"),
        (signal.SIGTERM, SWEEP, "simulator.experiment.studies.sweep_index:write_index"),
        (signal.SIGHUP, SWEEP, "simulator.experiment.studies.sweep_index:write_index"),
        (signal.SIGTERM, FIND, "simulator.report.find_view:render"),
        (signal.SIGTERM, SENSITIVITY, "simulator.report.tornado:render"),
    ],
)
def test_a_signal_after_the_last_cell_loses_nothing_of_a_study(tiny, number, argv, place):
    done = signalled(tiny, number, place, argv)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    found = load_sweep(tiny / "out")
    assert found.outcomes
    kept = {path.name for path in (tiny / "out" / "cells").iterdir()}
    assert {outcome.cell.name for outcome in found if outcome.replications} == kept
    if not place.endswith("result_of"):  # it is also called before the first cell
        assert found.status == "complete"
        assert (tiny / "out" / "report.html").is_file()


@pytest.mark.parametrize("argv", [RUN, SWEEP, FIND, SENSITIVITY])
def test_a_study_is_written_before_it_is_printed(tiny, argv):
    """Printing fails as nothing of ours should: the folder is complete all the same."""
    views = {
        "run": "terminal",
        "sweep": "sweep_tables",
        "find": "find_view",
        "sensitivity": "tornado",
    }
    code = f"""
        import sys
        from simulator.cli.main import run
        import simulator.report.{views[argv.split()[0]]} as view

        def fail(*_arguments, **_options):
            raise RuntimeError("no terminal")

        view.render = fail
        sys.exit(run({argv.split()!r}))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=tiny, env=environment(), capture_output=True, timeout=120, check=False)
    assert done.returncode == 1
    assert json.loads((tiny / "out" / "manifest.json").read_text())["status"] == "complete"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_to_the_whole_group_keeps_what_was_finished(number, tmp_path):
    """As a terminal or a supervisor does it: workers ignore it, the parent ends them; no failure is told."""
    code = f"""
        from tests.results.fakes import PLAY, FakeScenario
        from simulator.experiment.api import run
        from simulator.play.signals import held_back
        scenario = FakeScenario(
            replications=6, mark={str(tmp_path / "pids")!r}, behaviour={{n: "slow" for n in (2, 3, 4, 5)}}
        )
        with held_back():
            result = run(scenario, jobs=2, function=PLAY)
        print(result.status, len(result.replications), len(result.failures))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment(HERE), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    begun = tmp_path / "pids"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not begun.is_file() or len(begun.read_text().splitlines()) < 4):
        time.sleep(0.02)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert out == "interrupted 2 0\n"
    for line in begun.read_text().splitlines():
        with pytest.raises(ProcessLookupError):
            os.kill(int(line.split()[1]), 0)


def test_a_terminal_that_is_closed_keeps_what_was_finished(tiny):
    """SIGHUP, and every write fails from then on: the live line, the summary, the last words."""
    child, master = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.chdir(tiny)
        os.environ.update(environment())
        argv = "sweep tiny.yaml -p edges.pop.l1.capacity=1..40:40 --set duration=10s -j 2 -o out --progress auto"
        os.execv(sys.executable, [sys.executable, "-m", "simulator", *argv.split()])
    os.set_blocking(master, False)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(tiny.glob("out/cells/l1*/manifest.json"))) < 2:
        try:
            os.read(master, 65536)
        except OSError:
            time.sleep(0.02)
    os.close(master)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    found = load_sweep(tiny / "out")
    assert found.status == "interrupted"
    assert sum(outcome.status == "complete" for outcome in found) >= 2
    assert not list((tiny / "out").glob(".*"))


class Gone:
    """A terminal that nobody is at any more."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def fileno(self):
        raise OSError(errno.EIO, "Input/output error")

    def flush(self):
        raise OSError(errno.EIO, "Input/output error")

    def write(self, _text):
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("kind", [LiveProgress, PlainProgress])
def test_a_terminal_that_has_gone_stops_no_progress(kind):
    before = sys.stdout, sys.stderr
    progress = kind(Gone())
    progress.started(2, 60.0)
    progress.advanced(Item(0, ""), 30.0, 100)
    progress.failed(Failure(Item(1, ""), "died", "its worker died"))
    progress.finished(Item(0, ""), 200)
    progress.stopped()
    assert (sys.stdout, sys.stderr) == before
