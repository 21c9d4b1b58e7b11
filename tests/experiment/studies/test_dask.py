"""Cells on a real Dask cluster on loopback: a scheduler, two workers, one of which is killed on the way."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Scenario, sweep
from simulator.errors import SchedulerError
from simulator.experiment.studies.dask_executor import cluster
from simulator.play.job import Silence
from tests.experiment.studies.fakes import TINY
from tests.processes import environment

pytest.importorskip("distributed", reason="the extra [dask] is not installed")

FAKES = "tests.experiment.studies.fakes"
CAPACITY = "edges.pop.l1.capacity"


@pytest.fixture
def processes():
    """Start processes of Dask; all are killed in the end."""
    started = []

    def start(*arguments):
        code = "import sys; from distributed.cli.dask_{0} import main; main(sys.argv[2:])"
        process = subprocess.Popen(
            [sys.executable, "-c", code.format(arguments[0]), "-", *arguments[1:], "--host", "127.0.0.1"],
            env=environment(Path(__file__).parent), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def scheduler(start):
    """Start a scheduler at a port of its own choice; the process and its address."""
    process = start("scheduler", "--port", "0", "--no-dashboard")
    for line in process.stderr:
        if "Scheduler at:" in line:
            return process, line.split()[-1]
    raise AssertionError("the scheduler did not start")


def test_a_cluster_plays_the_same_cells_though_a_worker_is_killed(processes, tmp_path):
    _, address = scheduler(processes)
    workers = [
        processes("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", f"w{n}")
        for n in range(2)
    ]

    class Killer(Silence):
        heard = 0

        def finished(self, item, requests):
            self.heard += 1
            if self.heard == 3:
                workers[0].send_signal(signal.SIGKILL)

    grid = {CAPACITY: list(range(1, 11))}
    scenario = Scenario.from_dict(TINY)
    there = sweep(
        scenario,
        grid,
        scheduler=address,
        path=tmp_path / "out",
        function=f"{FAKES}:slow",
        progress=Killer(),
    )
    here = sweep(scenario, grid)
    assert there.status == "complete"
    assert workers[0].poll() is not None
    assert [there[n].fingerprints for n in range(1, 11)] == [here[n].fingerprints for n in range(1, 11)]


@pytest.mark.slow
def test_a_lost_scheduler_is_told_and_what_was_done_is_kept(processes, tmp_path):
    start, address = scheduler(processes)
    processes("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    class Killer(Silence):
        def finished(self, item, requests):
            start.send_signal(signal.SIGKILL)

    result = sweep(
        Scenario.from_dict(TINY), {CAPACITY: [1, 2, 3, 4]}, scheduler=address, path=tmp_path / "out",
        function=f"{FAKES}:slow", progress=Killer(),
    )  # fmt: skip
    done = [o for o in result if o.status == "complete"]
    lost = [o for o in result if o.status == "incomplete"]
    assert 1 <= len(done) < 4
    assert len(done) + len(lost) == 4
    assert "scheduler is gone" in lost[0].failures[0]


@pytest.mark.parametrize("address", ["10.0.0.5:8786", "tcp://", "http://x:1"])
def test_what_is_no_address_is_told(address):
    with pytest.raises(SchedulerError, match=r"write for example tcp://"):
        cluster(address)


def test_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError, match=r"pip install 'stickysim\[dask\]'"):
        cluster("tcp://127.0.0.1:1")
