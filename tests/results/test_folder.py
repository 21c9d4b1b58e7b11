"""The result folder: whole or absent, readable, and kind to what is there already."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from simulator.errors import FolderError
from simulator.experiment.api import run
from simulator.results import folder as folders
from simulator.results.folder import default_path, save_somewhere
from simulator.results.loading import load_run, load_sweep
from simulator.scenario.schema import Scenario
from tests.processes import environment
from tests.results.fakes import PLAY, FakeScenario

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = {
    "manifest.json", "scenario.yaml", "scenario.resolved.yaml", "summary.json", "metrics.parquet",
    "timeseries.parquet", "latency.parquet", "events.parquet",
}  # fmt: skip


@pytest.fixture(scope="module")
def result():
    scenario = FakeScenario(variants={"nearest": {"hit_ratio": 0.8}}, expect=("hit_ratio.l1 >= 1%",))
    return run(scenario, function=PLAY)


def names(path):
    return sorted(p.name for p in path.iterdir())


def test_the_folder_holds_everything(result, tmp_path):
    path = result.save(tmp_path / "out")
    assert set(names(path)) == FILES | {"report.html", "figures", "variants"}
    assert set(names(path / "variants" / "nearest")) == FILES | {"report.html", "figures"}
    assert "variants_hit_ratio.svg" in names(path / "figures")
    assert (path / "scenario.yaml").read_text() == "schema: 1\nname: edge-crash\n"
    assert yaml.safe_load((path / "scenario.resolved.yaml").read_text())["name"] == "edge-crash"
    assert names(tmp_path) == ["out"]


def test_loading_gives_the_same_result(result, tmp_path):
    loaded = load_run(result.save(tmp_path / "out", report=False))
    assert loaded.to_dict() == result.to_dict()
    assert loaded.latency == result.latency
    assert loaded.fingerprints == result.fingerprints
    assert loaded.facts == result.facts
    assert loaded.timeseries.equals(result.timeseries)
    assert loaded.events.equals(result.events)
    assert loaded.variants["nearest"]["within[33ms]"] == result.variants["nearest"]["within[33ms]"]


def test_the_same_result_is_written_as_the_same_bytes(result, tmp_path):
    first, second = result.save(tmp_path / "a"), result.save(tmp_path / "b")
    for file in sorted(first.rglob("*")):
        if file.is_file() and file.name != "manifest.json":
            assert file.read_bytes() == (second / file.relative_to(first)).read_bytes(), file


def test_the_manifest_names_no_host_and_holds_what_reproducing_needs(result, tmp_path):
    manifest = json.loads((result.save(tmp_path / "out", report=False) / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert manifest["seed"] == 42
    assert manifest["fingerprints"] == result.fingerprints
    assert {"stickysim", "python", "numpy", "simpy"} <= set(manifest["versions"])
    assert os.uname().nodename not in json.dumps(manifest["platform"])
    assert [r["replication"] for r in manifest["replications"]] == [0, 1, 2]


def test_summary_json_keeps_to_its_schema(result, tmp_path):
    path = result.save(tmp_path / "out", report=False)
    text = (path / "summary.json").read_text()
    assert "NaN" not in text
    summary = json.loads(text)
    assert (summary["schema"], summary["name"], summary["replications"]) == (1, "edge-crash", 3)
    assert set(summary["run"]) == {"wall_s", "requests", "events", "requests_per_wall_s", "peak_rss_bytes"}
    assert summary["run"]["requests"] == 3 * 2400
    assert set(summary["variants"]) == {"nearest"}
    assert "hit_ratio.l1" in summary["variants"]["nearest"]["metrics"]
    assert summary["expectations"][0]["verdict"] == "met"
    assert summary["invariants"] == {"checked": 51, "violations": []}
    for name, entry in summary["metrics"].items():
        assert set(entry) == {"mean", "ci_low", "ci_high", "n", "unit", "per_replication"}, name
        assert len(entry["per_replication"]) == 3
    gap = summary["metrics"]["failover.recovery.mean"]
    assert (gap["n"], gap["per_replication"]) == (2, [8.0, None, 8.0])
    assert "within[200ms]" in summary["metrics"]


def test_one_replication_has_no_interval(tmp_path):
    entry = run(FakeScenario(), replications=1, function=PLAY).to_dict()["metrics"]["hit_ratio.l1"]
    assert entry["ci_low"] is None
    assert entry["ci_high"] is None
    assert entry["n"] == 1


def test_traced_requests_are_kept(tmp_path):
    traced = run(FakeScenario(), trace=1.0, function=PLAY)
    path = traced.save(tmp_path / "out", report=False)
    assert (path / "requests.parquet").is_file()
    assert load_run(path).requests.equals(traced.requests)


def test_an_interrupted_result_says_so_and_is_readable(tmp_path):
    result = run(FakeScenario(behaviour={1: "interrupt"}), function=PLAY)
    path = result.save(tmp_path / "out")
    assert json.loads((path / "manifest.json").read_text())["status"] == "interrupted"
    assert load_run(path).to_dict() == result.to_dict()


def test_a_result_with_nothing_finished_is_readable(tmp_path):
    result = run(FakeScenario(behaviour={0: "interrupt"}, expect=("hit_ratio.l1 >= 1%",)), function=PLAY)
    loaded = load_run(result.save(tmp_path / "out"))
    assert loaded.replications == []
    assert loaded.to_dict()["metrics"] == {}
    assert loaded.expectations[0].verdict == "undecided"
    assert "Interrupted" in loaded.summary()


def test_an_earlier_result_is_overwritten_only_by_force(result, tmp_path):
    path = result.save(tmp_path / "out", report=False)
    with pytest.raises(FolderError, match="--force"):
        result.save(path, report=False)
    (path / "report.html").write_text("old")
    result.save(path, force=True, report=False)
    assert "report.html" not in names(path)
    assert names(tmp_path) == ["out"]


def test_what_is_not_ours_is_never_overwritten(result, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("meow")
    with pytest.raises(FolderError, match="no result of ours"):
        result.save(tmp_path / "photos", force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="is a file"):
        result.save(tmp_path / "file", force=True)
    assert names(tmp_path / "photos") == ["cat.jpg"]


def test_an_empty_folder_is_filled(result, tmp_path):
    (tmp_path / "out").mkdir()
    result.save(tmp_path / "out", report=False)
    assert "summary.json" in names(tmp_path / "out")


def test_a_full_disk_leaves_nothing_half_and_loses_nothing(result, tmp_path, monkeypatch):
    """The first disk is full for everything; what was finished goes to the temporary folder."""
    real = folders.write_columns
    place = tmp_path / "full" / "out"
    monkeypatch.setattr(folders.tempfile, "gettempdir", lambda: str(tmp_path / "spare"))

    def write(folder, replications):
        if "full" in folder.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(folder, replications)

    monkeypatch.setattr(folders, "write_columns", write)
    with pytest.raises(FolderError, match="the disk is full") as error:
        result.save(place)
    assert error.value.exit_code == 3
    assert not (tmp_path / "full").exists()
    kept, problem = save_somewhere(result, place)
    assert kept.parent == tmp_path / "spare"
    assert "the disk is full" in problem
    assert load_run(kept).fingerprints == result.fingerprints


def test_kill_9_in_the_middle_leaves_no_half_folder(result, tmp_path):
    """Killed while a variant is written: nothing new is there, the old is whole, the next write tidies."""
    earlier = result.save(tmp_path / "earlier", report=False)
    code = f"""
        import os, signal, sys
        from tests.results.fakes import PLAY, FakeScenario
        from simulator.results import folder
        from simulator.experiment.api import run

        def write(path, replications, real=folder.write_columns):
            if "variants" in path.parts:
                os.kill(os.getpid(), signal.SIGKILL)
            real(path, replications)

        folder.write_columns = write
        result = run(FakeScenario(variants={{"a": {{}}}}), function=PLAY)
        result.save({str(tmp_path)!r} + "/" + sys.argv[1], force=True)
    """
    env = environment(HERE)
    for name in ("new", "earlier"):
        command = [sys.executable, "-c", textwrap.dedent(code), name]
        assert subprocess.run(command, env=env, check=False).returncode == -signal.SIGKILL
    assert sorted(n for n in names(tmp_path) if not n.startswith(".")) == ["earlier"]
    assert load_run(earlier).to_dict() == result.to_dict()
    left = [n for n in names(tmp_path) if n.startswith(".")]
    assert len([n for n in left if n.endswith(".tmp")]) == 2
    result.save(tmp_path / "new", report=False)
    result.save(tmp_path / "earlier", force=True, report=False)
    assert names(tmp_path) == ["earlier", "new"]


def test_a_folder_without_permission_is_refused_before_any_work(tmp_path, monkeypatch):
    def refuse(dir):  # noqa: A002 - the name that tempfile gives it
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr(folders.tempfile, "TemporaryFile", refuse)
    with pytest.raises(FolderError, match=r"cannot write to .*Permission denied") as error:
        folders.check_target(tmp_path / "out")
    assert error.value.exit_code == 2


def test_broken_and_missing_folders_are_errors_that_say_so(result, tmp_path):
    with pytest.raises(FolderError, match="no such folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(FolderError, match="no result folder"):
        load_run(tmp_path)
    path = result.save(tmp_path / "out", report=False)
    with pytest.raises(FolderError, match="results inside: out"):
        load_run(tmp_path)
    (path / "metrics.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(FolderError, match=r"metrics\.parquet is not what was written"):
        load_run(path)
    (path / "manifest.json").write_text("{}")
    with pytest.raises(FolderError, match=r"manifest\.json is not of a run"):
        load_run(path)


def test_the_default_place_tells_scenario_time_and_hash(result, tmp_path):
    path = default_path(result.facts, tmp_path)
    assert path.parent == tmp_path / "edge-crash"
    assert path.name.endswith(f"Z-{result.facts.scenario_hash[:8]}")
    path.mkdir(parents=True)
    assert default_path(result.facts, tmp_path) != path


@pytest.mark.parametrize("name", ["../../evil", "a/b", "..", "löw & <b>", "$x$ 100%"])
def test_odd_names_stay_inside_the_folder(name, tmp_path):
    result = run(FakeScenario(name=name, variants={name: {"hit_ratio": 0.8}}), function=PLAY)
    path = result.save(tmp_path / "in" / "out", report="<" in name)
    assert default_path(result.facts, tmp_path).parent.parent == tmp_path
    assert list(load_run(path).variants) == [name]
    assert names(tmp_path) == ["in"]
    if "<" in name:
        assert "<b>" not in (path / "report.html").read_text()


def test_a_sweep_is_every_result_inside(result, tmp_path):
    for name in ("b", "a"):
        result.save(tmp_path / name, report=False)
    assert list(load_sweep(tmp_path)) == ["a", "b"]
    with pytest.raises(FolderError, match="no result folders"):
        load_sweep(tmp_path / "a")


def test_the_scenario_is_kept_to_the_byte(tmp_path):
    file = ROOT / "scenarios" / "quickstart.yaml"
    scenario = Scenario.load(file, {"duration": "61s", "clients.europe.count": 10})
    path = run(scenario, variants=False).save(tmp_path / "out", report=False)
    assert (path / "scenario.yaml").read_bytes() == file.read_bytes()
