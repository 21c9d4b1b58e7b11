"""Logs inside a scenario: how long they are played, on which clock, what is refused, and what is said of every line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator import Scenario, ScenarioError, run
from simulator.cli.main import run as command
from simulator.logs import read_log
from simulator.workloads.trace import Trace, schedule, spread

LOGS = Path(__file__).parent / "samples"
BODY = {
    "duration": "trace",
    "clients": {"web": {"workload": {"kind": "trace", "file": "common.log"}}},
    "edges": {"pop": {"count": 2}},
}


def scenario(duration="trace", **workload):
    body = json.loads(json.dumps(BODY))
    body["duration"] = duration
    body["clients"]["web"]["workload"] |= workload
    return Scenario.from_dict(body, LOGS)


def stamp(second: float) -> str:
    return f"17/May/2015:{10 + int(second) // 3600}:{int(second) // 60 % 60:02}:{int(second) % 60:02} +0000"


def write_log(path: Path, seconds, host="192.0.2.7") -> Path:
    path.write_text("".join(f'{host} - - [{stamp(s)}] "GET / HTTP/1.1" 200 5\n' for s in seconds))
    return path


def two_groups(folder: Path, **each) -> Scenario:
    """One log begins 100 s before the other."""
    write_log(folder / "a.log", [0, 60], "192.0.2.1")
    write_log(folder / "b.log", [100, 150], "192.0.2.2")
    clients = {name: {"workload": {"kind": "trace", "file": f"{name}.log", **each.get(name, {})}} for name in "ab"}
    return Scenario.from_dict(BODY | {"clients": clients}, folder)


def arrivals_s(found: Scenario, group: str) -> list[float]:
    """When the requests of a group are due, read off a traced run."""
    columns = run(found, trace=1.0).replications[0].requests
    rows = zip(columns["client"], columns["t_s"], strict=True)
    return sorted(t_s for name, t_s in rows if name.startswith(f"{group}-"))


class TestDuration:
    def test_a_trace_is_played_to_a_second_after_its_last_line(self):
        """(last line - origin + 1 s) / time_scale, of 30 s in whole seconds."""
        assert scenario().duration == 31.0
        assert scenario(time_scale=10).duration == pytest.approx(3.1)
        assert scenario(file="haproxy.log").duration == pytest.approx(31.338, abs=1e-6)

    def test_it_reads_back_as_the_number_it_became(self):
        resolved = scenario().resolved()
        assert resolved["duration"] == "31s"
        assert Scenario.from_dict(resolved, "/").duration == 31.0

    def test_without_a_trace_it_is_refused(self):
        with pytest.raises(ScenarioError, match="no group of clients plays a trace"):
            Scenario.from_dict(
                BODY | {"clients": {"web": {"count": 1, "workload": {"kind": "poisson", "rate": "1/s"}}}}
            )

    def test_the_longest_of_several(self, tmp_path):
        assert two_groups(tmp_path).duration == 151.0
        assert two_groups(tmp_path, b={"origin": "file"}).duration == 61.0


class TestClock:
    def test_groups_keep_their_common_clock(self, tmp_path):
        found = two_groups(tmp_path)
        assert arrivals_s(found, "a") == [0, 60]
        assert arrivals_s(found, "b") == [100, 150]

    def test_each_from_its_own_start_where_that_is_asked_for(self, tmp_path):
        assert arrivals_s(two_groups(tmp_path, a={"origin": "file"}, b={"origin": "file"}), "b") == [0, 50]

    def test_a_time_that_is_given(self, tmp_path):
        """40 s after the start of the log: its first line is before that, and not played."""
        write_log(tmp_path / "a.log", [0, 60, 61])
        body = BODY | {
            "clients": {"a": {"workload": {"kind": "trace", "file": "a.log", "origin": "2015-05-17T10:00:40Z"}}}
        }
        found = Scenario.from_dict(body, tmp_path)
        assert found.duration == 22.0
        result = run(found)
        read = result.to_dict()["traces"]["a"]
        assert (read["played"], read["not_played"], read["after_the_end"]) == (2, 1, 0)
        assert result.replications[0].totals["requests"] == 2


class TestRefused:
    def test_most_lines_outside_the_run(self):
        """The log has 60 lines; exactly half of them, or fewer, may lie outside."""
        log = read_log(LOGS / "common.log")
        half_s = float(np.sort(log.time_s)[30])
        with pytest.raises(ScenarioError, match=r"of 60 requests lie outside the run.*\n.*duration: trace"):
            scenario(duration=f"{half_s - 1}s")
        assert scenario(duration=f"{half_s}s").duration == half_s or np.count_nonzero(log.time_s >= half_s) > 30

    def test_a_stray_date(self):
        """One line of the log is seven years older."""
        with pytest.raises(ScenarioError) as caught:
            scenario(file="stray.log")
        assert "1 of 60 lines is far from the others in time: line 21 (2019-03-04 09:30:15)" in str(caught.value)
        assert len(caught.value.issues) == 1
        mended = scenario(file="stray.log", origin="2026-03-04T09:30:07Z", duration="31s")
        assert run(mended).to_dict()["traces"]["web"]["not_played"] == 1

    @pytest.mark.parametrize(
        ("strays", "others", "refused"),
        [(10, 11, True), (11, 12, False), (10, 1000, True), (11, 1000, False), (20, 1980, True), (21, 1979, False),
         (2, 2, True), (3, 2, False)],
    )  # fmt: skip
    def test_how_many_lines_can_be_stray(self, tmp_path, strays, others, refused):
        """1 %, at least 10, at most half of the lines: 20 of 2,000; two of four."""
        write_log(tmp_path / "a.log", [0] * others + [7200 + 600 * k for k in range(strays)])
        body = BODY | {"clients": {"a": {"workload": {"kind": "trace", "file": "a.log"}}}}
        if refused:
            with pytest.raises(ScenarioError, match="far from the others in time"):
                Scenario.from_dict(body, tmp_path)
        else:
            assert Scenario.from_dict(body, tmp_path).duration > 7200

    def test_validate_finds_what_run_would(self, tmp_path):
        """A wrong header, told at the place of `file`."""
        (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
        body = BODY | {"duration": "5s", "clients": {"web": {"workload": {"kind": "trace", "file": "t.csv"}}}}
        with pytest.raises(ScenarioError) as caught:
            Scenario.from_dict(body, tmp_path)
        assert caught.value.issues[0].path == "clients.web.workload.file"
        assert "t.csv:1: looks like CSV with a, b" in str(caught.value)

    @pytest.mark.parametrize(
        ("workload", "words"),
        [
            ({"format": "elf"}, "unknown format 'elf'"),
            ({"format": "haproxxy"}, "did you mean haproxy"),
            ({"columns": {"time": "x"}}, "unknown role 'time'"),
            ({"columns": {"t": 0, "client": 1}}, "its number from 1"),
            ({"columns": {"t": "at"}}, "which is the client"),
            ({"columns": {"t": 1, "client": 2}, "format": "clf"}, "columns are of tables and JSON"),
            ({"origin": "yesterday"}, "not where time begins"),
            ({"client_key": "cookie"}, "client_key"),
            ({"file": []}, "no file is named"),
            ({"format": "%h %r"}, "has no time"),
            ({"bad_lines": "120%"}, "bad_lines"),
        ],
    )
    def test_settings_that_are_none(self, workload, words):
        with pytest.raises(ScenarioError) as caught:
            scenario(**workload)
        assert words in str(caught.value)

    def test_operations_beside_a_log_that_says_them(self):
        body = json.loads(json.dumps(BODY))
        body["clients"]["web"]["operations"] = {"lookup": "100%"}
        with pytest.raises(ScenarioError, match="it takes no operations"):
            Scenario.from_dict(body, LOGS)


class TestWithinSecond:
    def test_spread_keeps_seconds_and_the_order_of_each_client(self):
        rng = np.random.default_rng(1)
        times = np.sort(rng.integers(0, 50, 4000)).astype(float)
        client = rng.integers(0, 20, 4000)
        placed = spread(times, client, np.random.default_rng(2))
        assert np.array_equal(np.floor(placed), times)
        for one in range(20):
            assert np.all(np.diff(placed[client == one]) >= 0)
        parts = placed - times
        assert np.mean(parts) == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / 4000))  # four standard errors
        assert np.std(parts) == pytest.approx(np.sqrt(1 / 12), rel=0.03)

    def test_it_is_the_same_in_all_replications_and_another_under_another_seed(self):
        found = scenario(within_second="spread")
        sent = [run(found.with_overrides({"seed": seed, "replications": 2}), trace=1.0).replications for seed in (1, 2)]
        due = [[np.sort(np.asarray(r.requests["t_s"])) for r in replications] for replications in sent]
        assert np.array_equal(due[0][0], due[0][1])
        assert not np.array_equal(due[0][0], due[1][0])

    def test_a_log_that_tells_more_than_seconds_is_left_alone(self):
        together, apart = (run(scenario(file="haproxy.log", within_second=w)) for w in ("together", "spread"))
        assert together.replications[0].fingerprint == apart.replications[0].fingerprint


def test_the_account_is_complete_and_everywhere(tmp_path, monkeypatch, capsys):
    """60 lines; 40 of them within the 20 s that are played or not, counted here."""
    text = json.dumps(BODY | {"duration": "20s"}).replace("common.log", str(LOGS / "common.log"))
    (tmp_path / "s.yaml").write_text(text)
    log = read_log(LOGS / "common.log")
    played = int(np.count_nonzero(log.time_s < 20))

    monkeypatch.chdir(tmp_path)
    assert command(["run", "s.yaml", "-o", "out", "--json"]) == 0
    read = json.loads(capsys.readouterr().out)["traces"]["web"]
    assert read["format"] == "Common Log Format"
    assert (read["first"], read["last"]) == ("2026-03-04T09:30:07Z", "2026-03-04T09:30:37Z")
    assert (read["lines"], read["requests"], read["bad"], read["out_of_order"]) == (60, 60, 0, log.out_of_order)
    assert (read["played"], read["not_played"]) == (played, 60 - played)
    assert (read["clients"], read["sessions"]) == (13, len(np.unique(log.client[log.time_s < 20])))
    for words in (["-q", "run", "s.yaml", "-o", "out2"], ["show", "out"]):
        assert command(words) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert f"60 lines read, 0 bad, {log.out_of_order} out of order" in told
        assert f"played: {played} requests" in told
        assert f"not played: {60 - played}" in told
    assert f"played: {played} requests" in " ".join((tmp_path / "out" / "report.html").read_text().split())


def test_what_the_log_knows_stands_beside_the_model():
    """Written values win; with several groups the group is named."""
    result = run(scenario(file="combined_more.log"))
    measured = result.to_dict()["measured"]
    assert measured["hit_ratio.l1"] == pytest.approx(0.683333, abs=1e-6)
    assert measured["latency.mean"] == pytest.approx(0.0385)
    assert "Against reality" in result.summary()
    body = json.loads(json.dumps(BODY)) | {"measured": {"latency.mean": "5ms"}}
    body["clients"]["web"]["workload"]["file"] = "combined_more.log"
    body["clients"]["more"] = {"count": 1, "workload": {"kind": "poisson", "rate": "1/s"}}
    measured = run(Scenario.from_dict(body, LOGS)).to_dict()["measured"]
    assert measured["latency.mean"] == 0.005
    assert measured["hit_ratio.l1[web]"] == pytest.approx(0.683333, abs=1e-6)


def test_a_command_line_names_files_from_its_own_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "s.yaml").write_text(json.dumps(BODY))
    write_log(tmp_path / "mine.log", [0, 5])
    monkeypatch.chdir(tmp_path)
    assert command(["validate", "below/s.yaml", "--set", "clients.web.workload.file=mine.log"]) == 0
    assert "about 2 requests in 6s" in capsys.readouterr().out


def test_stdin_is_played_once_and_cannot_be_asked_for_again(tmp_path, monkeypatch, capsys):
    (tmp_path / "s.yaml").write_text(json.dumps(BODY))
    log = (LOGS / "common.log").read_bytes()

    named = ("s.yaml", "--set", "clients.web.workload.file=-")
    played = ("run", *named, "--replications", "2", "-j", "2", "-o", "out", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "simulator", *played], cwd=tmp_path, capture_output=True, input=log, check=False
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert (read["replications"], read["traces"]["web"]["played"]) == (2, 60)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["traces"]["web"]["sha256"] == hashlib.sha256(log).hexdigest()
    monkeypatch.chdir(tmp_path)
    for words in (
        ("reproduce", "out"),
        ("sweep", *named, "-p", "edges.pop.l1.ttl=1s,2s"),
        ("run", *named, "--resume", "out", "-o", "out"),
    ):
        assert command(words) == 2
        assert "stdin" in capsys.readouterr().err


def test_variants_and_replications_read_a_log_once(tmp_path, monkeypatch):
    import simulator.logs.reading as reading

    write_log(tmp_path / "once.log", [0, 5, 9])
    calls = []
    monkeypatch.setattr(reading, "_read", lambda *a, read=reading._read: calls.append(a) or read(*a))
    body = BODY | {
        "replications": 3,
        "clients": {"web": {"workload": {"kind": "trace", "file": "once.log"}}},
        "variants": {"cookie": {"routing.policy": "cookie"}},
    }
    run(Scenario.from_dict(body, tmp_path))
    assert len(calls) == 1


def test_operations_of_a_log_are_those_of_the_model():
    """What the model does not know is a lookup; a web log plays lookups."""
    spec = Trace.model_validate({"kind": "trace", "file": "common.log"})
    _, _, codes = schedule(spec.load(LOGS), 1800.0, 1.0)
    assert set(codes.tolist()) == {0, 8, 16}
