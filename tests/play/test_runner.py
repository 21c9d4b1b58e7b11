"""The runner: the same results whatever the jobs; a death or Ctrl-C costs only what it must."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from simulator.experiment.api import ResumeError, run
from simulator.play.job import Item
from simulator.play.runner import items_of
from tests.processes import environment
from tests.results.fakes import PLAY, FakeScenario

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VARIANTS = {"nearest": {"hit_ratio": 0.8}}


def numbers(result):
    plain = result.to_dict()
    for part in (plain, *plain["variants"].values()):
        part.pop("run")
    return json.dumps(plain)


def python(code, **kwargs):
    """Start a program of its own that can import the fakes."""
    env = environment(HERE)
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


def test_items_go_replication_by_replication():
    assert items_of(["", "b"], 2) == [Item(0, ""), Item(0, "b"), Item(1, ""), Item(1, "b")]
    assert items_of(["", "b"], 2, [Item(0, "b")]) == [Item(0, ""), Item(1, ""), Item(1, "b")]


def test_the_number_of_jobs_changes_no_number():
    scenario = FakeScenario(variants=VARIANTS, replications=4)
    one, two, many = (run(scenario, jobs=jobs, function=PLAY) for jobs in (1, 2, 7))
    assert numbers(one) == numbers(two) == numbers(many)
    assert one.fingerprints == two.fingerprints
    assert one.latency == two.latency


def test_variants_meet_common_random_numbers():
    """The fake draws from (seed, replication) alone: the difference of two variants is exact, .1."""
    result = run(FakeScenario(variants=VARIANTS), function=PLAY)
    a = result["hit_ratio.l1"].by_replication
    b = result.variants["nearest"]["hit_ratio.l1"].by_replication
    assert [y - x for x, y in zip(a, b, strict=True)] == pytest.approx([0.1] * 3)


def test_another_seed_gives_other_numbers():
    first, second = run(FakeScenario(), function=PLAY), run(FakeScenario(), seed=7, function=PLAY)
    assert set(first.fingerprints).isdisjoint(second.fingerprints)
    assert second.facts.seed == 7


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_costs_its_own_replication(jobs):
    result = run(FakeScenario(behaviour={1: "raise"}), jobs=jobs, function=PLAY)
    assert [r.replication for r in result.replications] == [0, 2]
    assert result.status == "incomplete"
    (failure,) = result.failures
    assert failure.item == Item(1, "")
    assert failure.kind == "raised"
    assert failure.message == "RuntimeError: the tape is torn"
    assert "fakes.py" in failure.trace


def test_a_killed_worker_costs_its_own_replication_and_is_named():
    variants = {"doomed": {"behaviour": {1: "die"}}}
    result = run(FakeScenario(variants=variants, replications=4), jobs=2, function=PLAY)
    assert len(result.replications) == 4
    assert [r.replication for r in result.variants["doomed"].replications] == [0, 2, 3]
    (failure,) = result.failures
    assert (failure.item, failure.kind) == (Item(1, "doomed"), "died")
    assert "SIGKILL" in failure.message
    assert str(failure.item) == "doomed, replication 1"


def test_every_worker_may_die():
    behaviour = dict.fromkeys(range(6), "die")
    result = run(FakeScenario(replications=6, behaviour=behaviour), jobs=2, function=PLAY)
    assert len(result.failures) == 6
    assert result.replications == []


def test_a_broken_invariant_is_told_apart():
    result = run(FakeScenario(behaviour={0: "invariant"}), function=PLAY)
    assert result.failures[0].kind == "invariant"
    assert "cache size 11" in result.invariants["violations"][0]["violation"]


def test_an_interrupt_keeps_what_was_finished():
    result = run(FakeScenario(behaviour={2: "interrupt"}), function=PLAY)
    assert result.interrupted
    assert result.status == "interrupted"
    assert [r.replication for r in result.replications] == [0, 1]


def test_ctrl_c_stops_the_workers_and_keeps_what_was_finished():
    program = python("""
        from tests.results.fakes import PLAY, FakeScenario
        from simulator.experiment.api import run
        print("ready", flush=True)
        r = run(FakeScenario(replications=6, behaviour={4: "slow", 5: "slow"}), jobs=2, function=PLAY)
        print(r.status, len(r.replications))
    """, start_new_session=True)  # fmt: skip
    assert program.stdout.readline() == "ready\n"
    time.sleep(1.0)
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the parent and to its workers
    out, err = program.communicate(timeout=20)
    assert (out, err) == ("interrupted 4\n", "")


def test_workers_end_with_their_parent(tmp_path):
    """kill -9 of the parent: its workers notice the broken pipe at their next word."""
    program = python(f"""
        from tests.results.fakes import PLAY, FakeScenario
        from simulator.experiment.api import run
        behaviour = {{0: "slow", 1: "slow"}}
        scenario = FakeScenario(replications=2, mark={str(tmp_path / "pids")!r}, behaviour=behaviour)
        run(scenario, jobs=2, function=PLAY)
    """, start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 15
    while len(_lines(tmp_path / "pids")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [int(line.split()[1]) for line in _lines(tmp_path / "pids")]
    assert len(workers) == 2
    program.kill()
    program.communicate()
    while any(map(_runs, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, workers))


def test_resuming_plays_only_what_is_missing(tmp_path):
    scenario = FakeScenario(replications=3, behaviour={2: "interrupt"})
    earlier = run(scenario, function=PLAY)
    mark = tmp_path / "played"
    whole = run(FakeScenario(replications=3, mark=str(mark)), resume=earlier, function=PLAY)
    assert [line.split()[0] for line in _lines(mark)] == ["2"]
    assert numbers(whole) == numbers(run(FakeScenario(replications=3), function=PLAY))


def test_resuming_may_add_replications(tmp_path):
    mark = tmp_path / "played"
    earlier = run(FakeScenario(replications=2), function=PLAY)
    more = run(FakeScenario(replications=5, mark=str(mark)), resume=earlier, function=PLAY)
    assert [line.split()[0] for line in _lines(mark)] == ["2", "3", "4"]
    assert more["hit_ratio.l1"].n == 5


def test_resuming_another_scenario_is_refused():
    earlier = run(FakeScenario(), function=PLAY)
    with pytest.raises(ResumeError, match="another"):
        run(FakeScenario(hit_ratio=0.5), resume=earlier, function=PLAY)
    with pytest.raises(ResumeError, match="another"):
        run(FakeScenario(), seed=1, resume=earlier, function=PLAY)


def test_a_mistyped_expectation_is_an_error_before_anything_is_played(tmp_path):
    scenario = FakeScenario(expect=("hit_ratio.ll >= 50%",), mark=str(tmp_path / "played"))
    with pytest.raises(ValueError, match="did you mean"):
        run(scenario, function=PLAY)
    assert not (tmp_path / "played").exists()


class Ear:
    def __init__(self):
        self.heard = []

    def started(self, items, duration_s):
        self.heard.append(("started", items, duration_s))

    def advanced(self, item, sim_s, requests):
        self.heard.append(("advanced", item.replication))

    def finished(self, item, requests):
        self.heard.append(("finished", item.replication, requests))

    def failed(self, failure):
        self.heard.append(("failed", failure.item.replication))

    def stopped(self):
        self.heard.append(("stopped",))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_listener_hears_of_every_item(jobs):
    ear = Ear()
    run(FakeScenario(behaviour={1: "raise"}), jobs=jobs, progress=ear, function=PLAY)
    assert ear.heard[0] == ("started", 3, 60.0)
    assert ear.heard[-1] == ("stopped",)
    assert sorted(h for h in ear.heard if h[0] in ("finished", "failed")) == [
        ("failed", 1), ("finished", 0, 2400), ("finished", 2, 2400),
    ]  # fmt: skip


def _lines(path):
    return path.read_text().splitlines() if path.exists() else []


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
