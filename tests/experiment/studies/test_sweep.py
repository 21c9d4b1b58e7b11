"""Sweeps: every cell accounted for whatever happens, equal results however they are played, resuming."""

import json
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from simulator import Scenario, load_run, load_sweep, sweep
from simulator.errors import FolderError
from simulator.experiment.studies.asked import executor_for
from simulator.experiment.studies.cells import Cells
from simulator.experiment.studies.design import axis_from_text, combine
from simulator.experiment.studies.sweep import plan_folder, plan_sweep, play_plan
from simulator.metrics.names import UnknownMetricError
from simulator.report.sweep_tables import render
from simulator.scenario.errors import ScenarioError
from tests.experiment.studies.fakes import BAD, TINY
from tests.processes import environment

FAKES = "tests.experiment.studies.fakes"
CAPACITY = "edges.pop.l1.capacity"


@pytest.fixture
def tiny():
    return Scenario.from_dict(TINY)


def tree_of(folder):
    return sorted(p.name for p in (Path(folder) / "cells").iterdir())


def test_the_same_numbers_however_many_processes(tiny):
    grid = {CAPACITY: [5, 20], "edges.pop.l1.ttl": ["1s", "never"]}
    one, two = (sweep(tiny, grid, jobs=jobs, replications=2) for jobs in (1, 2))
    assert [one[n].fingerprints for n in range(1, 5)] == [two[n].fingerprints for n in range(1, 5)]
    pd.testing.assert_frame_equal(one.index, two.index)


def test_a_cell_is_the_run_of_its_scenario(tiny):
    from simulator import run

    swept = sweep(tiny, {CAPACITY: [5, 20]}, replications=2)
    alone = run(tiny.with_overrides({CAPACITY: 20}), replications=2)
    assert swept[2].fingerprints == alone.fingerprints


@pytest.fixture
def validated(monkeypatch):
    """Notes each time that a scenario is checked."""
    from simulator.scenario import validating

    noted = []
    check = validating._validated
    monkeypatch.setattr(validating, "_validated", lambda *given: noted.append(1) or check(*given))
    return noted


@pytest.mark.interpreted
def test_a_cell_is_checked_once_for_all_its_replications(tiny, tmp_path, validated):
    before = len(validated)
    sweep(tiny.with_overrides({"replications": 3}), {CAPACITY: [5, 20, 40]}, path=tmp_path / "out")
    assert len(validated) - before == 1 + 3  # with its replications, and each cell


@pytest.mark.interpreted
def test_more_cells_than_are_kept_at_hand_are_checked_again_and_play_the_same(tiny, monkeypatch, validated):
    grid = {CAPACITY: [5, 20, 40, 80]}
    every = sweep(tiny, grid)
    monkeypatch.setattr("simulator.experiment.studies.cells._AT_HAND", 2)
    before = len(validated)
    assert [r.fingerprints for r in map(sweep(tiny, grid).__getitem__, range(1, 5))] == [
        r.fingerprints for r in map(every.__getitem__, range(1, 5))
    ]
    assert len(validated) - before == 4 + 3  # the first is at hand, and the last until the second takes its place


def test_what_travels_to_another_machine_is_no_scenario_at_hand(tiny):
    cells = Cells.of(tiny)
    (cell,) = cells.add(combine([axis_from_text(f"{CAPACITY}=5")]))
    there = pickle.loads(pickle.dumps(cells))
    assert not there._made
    assert there[cell.name] == cells[cell.name]


def test_more_room_hits_more_and_ranks_first(tiny):
    """LRU is a stack algorithm: on the same arrivals more room never hits less (Mattson 1970)."""
    result = sweep(tiny, {CAPACITY: [2, 8, 32]}, replications=2, metrics=["hit_ratio.l1"])
    assert [r.outcome.cell.texts[CAPACITY] for r in result.best()] == ["32", "8", "2"]
    assert [o.cell.number for o in result.pareto()] == [3]


def test_a_killed_worker_costs_its_own_cell_and_is_named(tiny, tmp_path):
    capacities = [*range(1, 21)]
    assert BAD in capacities
    result = sweep(tiny, {CAPACITY: capacities}, jobs=2, path=tmp_path / "out", function=f"{FAKES}:dies")
    assert len(result) == 20
    assert [o.cell.texts[CAPACITY] for o in result if o.status != "complete"] == [str(BAD)]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert len(manifest["cells"]) == 20
    assert manifest["status"] == "incomplete"
    text = render(result)
    assert "19 of 20 cells are complete" in text
    assert f"l1.capacity={BAD}: replication 0: its worker process" in text
    assert "SIGKILL" in text
    assert max(map(len, text.splitlines())) <= 80
    again = sweep(tiny, {CAPACITY: capacities}, path=tmp_path / "out", resume=True)
    assert again.status == "complete"
    assert sum(o.reused for o in again) == 19


def test_an_exception_costs_its_own_cell(tiny):
    result = sweep(tiny, {CAPACITY: [5, BAD, 20]}, function=f"{FAKES}:raises")
    assert [o.status for o in result] == ["complete", "incomplete", "complete"]
    assert result.outcomes[1].failures == ["replication 0: RuntimeError: the tape is torn"]


def test_a_full_disk_costs_the_cells_that_do_not_fit(tiny, tmp_path, monkeypatch):
    from simulator.experiment.studies import study

    def full(result, path, **options):
        if f"capacity={BAD}." in path.name:
            raise FolderError(f"could not write {path}: the disk is full", 3)
        return save(result, path, **options)

    save = study.save
    monkeypatch.setattr(study, "save", full)
    result = sweep(tiny, {CAPACITY: [5, BAD, 20]}, path=tmp_path / "out")
    assert [o.status for o in result] == ["complete", "incomplete", "complete"]
    assert "the disk is full" in result.outcomes[1].failures[0]
    monkeypatch.undo()
    assert sweep(tiny, {CAPACITY: [5, BAD, 20]}, path=tmp_path / "out", resume=True).status == "complete"


def test_ctrl_c_keeps_what_was_finished(tiny, tmp_path):
    result = sweep(tiny, {CAPACITY: [5, BAD, 20]}, path=tmp_path / "out", function=f"{FAKES}:interrupts")
    assert result.interrupted
    assert [o.status for o in result] == ["complete", "not run", "not run"]
    assert "2 cells were not run" in render(result)
    loaded = load_sweep(tmp_path / "out")
    assert loaded.interrupted
    assert loaded.table["hit_ratio.l1"].notna().tolist() == [True, False, False]


def test_a_killed_sweep_loses_no_finished_cell(tmp_path):
    """kill -9 of the whole program: what was finished is readable and is not run again."""
    code = (
        "from simulator import Scenario, sweep; from tests.experiment.studies.fakes import TINY\n"
        f"sweep(Scenario.from_dict(TINY), {{'{CAPACITY}': list(range(1, 30))}}, path='out',"
        " function='tests.experiment.studies.fakes:slow')"
    )
    env = environment(Path(__file__).parent)
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=env)
    out = tmp_path / "out"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and len(list(out.glob("cells/l1*/manifest.json"))) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    loaded = load_sweep(out)
    done = [o.cell.name for o in loaded if o.status == "complete"]
    assert len(loaded) == 29
    assert len(done) >= 2
    assert loaded.status == "interrupted"
    scenario = Scenario.from_dict(TINY)
    plan = plan_sweep(scenario, combine([axis_from_text(f"{CAPACITY}=1..29:29")]))
    plan_folder(plan, out, resume=True)
    assert list(plan.resumption.finished) == done


def test_resume_says_why_cells_run(tiny, tmp_path):
    grid = {CAPACITY: [5, 20]}
    sweep(tiny, grid, path=tmp_path / "out")

    def reasons(scenario, axis):
        plan = plan_sweep(scenario, combine([axis_from_text(f"{CAPACITY}={axis}")]))
        plan_folder(plan, tmp_path / "out", resume=True)
        return len(plan.resumption.finished), sorted(plan.resumption.reasons.values())

    assert reasons(tiny, "5,20") == (2, [])
    assert reasons(tiny, "5,20,30") == (2, ["not there yet"])
    assert reasons(tiny.with_overrides({"question": "Another?"}), "5,20") == (2, [])
    assert reasons(tiny.with_overrides({"seed": 9}), "5") == (0, ["seed was 1, is 9"])
    slower = tiny.with_overrides({"edges.pop.service_time": "3ms"})
    assert reasons(slower, "5") == (0, ["edges.pop.service_time was 2ms, is 3ms"])
    more = tiny.with_overrides({"replications": 3})
    assert reasons(more, "5") == (0, ["1 of 3 replications are there"])
    shutil.rmtree(tmp_path / "out/cells" / tree_of(tmp_path / "out")[0])
    assert reasons(tiny, "5,20") == (1, ["not there yet"])
    (tmp_path / "out/cells" / tree_of(tmp_path / "out")[0] / "summary.json").write_text("{")
    assert "summary.json is not what was written" in reasons(tiny, "5,20")[1][-1] + reasons(tiny, "5,20")[1][0]


def test_more_replications_are_added_to_those_there(tiny, tmp_path):
    grid = {CAPACITY: [5]}
    first = sweep(tiny, grid, path=tmp_path / "out")[1].fingerprints
    topped = sweep(tiny, grid, path=tmp_path / "out", resume=True, replications=3)
    assert topped[1].fingerprints[:1] == first
    assert topped[1].fingerprints == sweep(tiny, grid, replications=3)[1].fingerprints


def test_the_folder(tiny, tmp_path):
    result = sweep(tiny, {CAPACITY: [5, 20], "edges.pop.l1.ttl": ["1s", "2s"]}, path=tmp_path / "out",
                   metrics=["within[20ms]", "hit_ratio.l1"])  # fmt: skip
    out = tmp_path / "out"
    index = pd.read_parquet(out / "index.parquet")
    assert set(index["cell"]) == set(tree_of(out))
    assert index[CAPACITY].dtype == "int64"
    assert set(index["edges.pop.l1.ttl:si"]) == {1.0, 2.0}
    row = index[(index["number"] == 4) & (index["metric"] == "hit_ratio.l1")].iloc[0]
    cell = load_run(out / "cells" / row["cell"])
    assert row["mean"] == cell["hit_ratio.l1"]
    figures = {p.stem for p in (out / "figures").iterdir()}
    assert figures >= {"within-20ms-map", "hit-ratio-l1-map", "hit-ratio-l1-effects", "pareto"}
    page = (out / "report.html").read_text()
    assert page.count("<svg") >= 4
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    loaded = load_sweep(out)
    assert loaded.summary() == result.summary()
    assert "<table" in loaded._repr_html_()
    assert str(tmp_path) not in loaded._repr_html_()


def test_auto_warmup_is_found_for_each_cell(tmp_path):
    scenario = Scenario.from_dict({**TINY, "warmup": "auto", "duration": "20s", "replications": 2})
    result = sweep(scenario, {CAPACITY: [5, 20]}, jobs=2, path=tmp_path / "out")
    assert result.status == "complete"
    assert load_run(result.outcomes[0].path).facts.warmup_found
    again = sweep(scenario, {CAPACITY: [5, 20]}, path=tmp_path / "out", resume=True)
    assert all(o.reused for o in again)


def test_variants_are_an_axis(tmp_path):
    scenario = Scenario.from_dict({**TINY, "variants": {"cookie": {"routing.policy": "cookie"}}})
    result = sweep(scenario, {CAPACITY: [5]}, variants=True)
    assert [o.cell.texts["variant"] for o in result] == ["as written", "cookie"]
    assert result[2].facts.resolved["routing"]["policy"] == "cookie"
    with pytest.raises(ScenarioError, match=r"cookie sets routing\.policy too"):
        sweep(scenario, {"routing.policy": ["nearest"]}, variants=True)


def test_mistakes_are_told_before_anything_runs(tiny, tmp_path):
    with pytest.raises(ScenarioError, match=r"did you mean edges\.pop\.l1\.ttl"):
        sweep(tiny, {"edges.pop.l1.tll": ["1s"]}, path=tmp_path / "out")
    with pytest.raises(UnknownMetricError, match="did you mean hit_ratio"):
        sweep(tiny, {CAPACITY: [5]}, metrics=["hit_rate.l1"], path=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "cat.jpg").write_text("meow")
    with pytest.raises(FolderError, match="not empty"):
        sweep(tiny, {CAPACITY: [5]}, path=tmp_path)


def test_the_sweep_section_is_used(tmp_path):
    scenario = Scenario.from_dict({**TINY, "sweep": {CAPACITY: [5, 20], "edges.pop.l1.ttl": ["1s"]}})
    assert [tuple(o.cell.texts.values()) for o in sweep(scenario)] == [("5", "1s"), ("20", "1s")]


def test_a_worker_process_for_one_job_protects_this_one(tiny):
    plan = plan_sweep(tiny, combine([axis_from_text(f"{CAPACITY}=5,{BAD}")]))
    result = play_plan(plan, executor_for(1, isolate=True), function=f"{FAKES}:dies")
    assert [o.status for o in result] == ["complete", "incomplete"]
