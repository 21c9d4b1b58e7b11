"""Replaying: sessions split by silence, time scaling, order, crowds; and the bundled log."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from simulator.workloads.trace import Trace, count_sessions

DATA = Path(__file__).parents[2] / "scenarios" / "data"
ROWS = [(0, "a"), (10, "b"), (30, "a"), (61, "a"), (70, "b"), (200, "a")]


def trace(folder: Path, rows=ROWS, **settings) -> Trace:
    text = "t_s,client\n" + "".join(f"{t},{c}\n" for t, c in rows)
    (folder / "t.csv").write_text(text)
    return Trace.model_validate({"kind": "trace", "file": "t.csv", "format": "csv"} | settings)


def test_sessions_split_where_silence_is_longer_than_the_gap(play, tmp_path):
    """Gap 30 s: a silence of exactly 30 s keeps the session, 31 s splits it. Exact."""
    heard = play(trace(tmp_path, inactivity_gap="30s"), None, 1000.0, base_dir=tmp_path)
    assert heard.events == [
        (0.0, "open", 0), (0.0, "request", 0, "lookup"),
        (10.0, "open", 1), (10.0, "request", 1, "lookup"),
        (30.0, "request", 0, "lookup"),
        (40.0, "close", 1),
        (60.0, "close", 0),
        (61.0, "open", 0), (61.0, "request", 0, "lookup"),
        (70.0, "open", 1), (70.0, "request", 1, "lookup"),
        (91.0, "close", 0), (100.0, "close", 1),
        (200.0, "open", 0), (200.0, "request", 0, "lookup"), (230.0, "close", 0),
    ]  # fmt: skip


def test_the_gap_is_measured_before_scaling(play, tmp_path):
    """time_scale 10: the same sessions, all times divided by 10. Exact."""
    slow = play(trace(tmp_path, inactivity_gap="30s"), None, 1000.0, base_dir=tmp_path).events
    fast = play(trace(tmp_path, inactivity_gap="30s", time_scale=10), None, 1000.0, base_dir=tmp_path).events
    assert fast == [(event[0] / 10, *event[1:]) for event in slow]


def test_never_closes(play, tmp_path):
    """inactivity_gap: never keeps one session a client, open to the end."""
    heard = play(trace(tmp_path, inactivity_gap="never"), None, 1000.0, base_dir=tmp_path)
    assert [event for event in heard.events if event[1] != "request"] == [(0.0, "open", 0), (10.0, "open", 1)]


def test_the_end_is_half_open(play, tmp_path):
    """A row at the end of the run is not played."""
    heard = play(trace(tmp_path), None, 61.0, base_dir=tmp_path)
    assert [time_s for time_s, _ in heard.arrivals] == [0, 10, 30]


def test_operations_and_ties_keep_file_order(play, tmp_path):
    (tmp_path / "t.csv").write_text("t_s,client,op\n1,b,acquire\n1,a,lookup\n1,b,release\n0,c,read_lock\n")
    spec = Trace(kind="trace", file="t.csv", format="csv")
    events = play(spec, None, 10.0, base_dir=tmp_path).events
    requests = [event[2:] for event in events if event[1] == "request"]
    assert requests == [(0, "read_lock"), (1, "acquire"), (2, "lookup"), (1, "release")]


@pytest.mark.parametrize("count", [4095, 4096, 4097, 10_000])
def test_block_borders(play, tmp_path, count):
    """Every row arrives once, at its time, whatever the length. Exact."""
    rows = [(k * 0.5, f"c{k % 7}") for k in range(count)]
    heard = play(trace(tmp_path, rows), None, 1e6, base_dir=tmp_path)
    assert [(time_s, client) for time_s, client in heard.arrivals] == [(t, k % 7) for k, (t, _) in enumerate(rows)]


def test_factor_plays_faster_and_zero_stops(play, tmp_path):
    """In [20, 30) four trace seconds pass in one: row 30 comes at 22.5, 61 at 61 - 30 = 31 + ...; exact."""
    script = [(20.0, lambda w: w.source.set_factor(4.0)), (30.0, lambda w: w.source.set_factor(1.0))]
    heard = play(trace(tmp_path), None, 1000.0, script=script, base_dir=tmp_path)
    assert heard.times.tolist() == [0, 10, 22.5, 31, 40, 170]
    script = [(20.0, lambda w: w.source.set_factor(0.0)), (50.0, lambda w: w.source.set_factor(1.0))]
    heard = play(trace(tmp_path), None, 1000.0, script=script, base_dir=tmp_path)
    assert heard.times.tolist() == [0, 10, 60, 91, 100, 230]


def test_a_path_may_be_absolute(play, tmp_path):
    spec = trace(tmp_path).model_copy(update={"file": str(tmp_path / "t.csv")})
    assert len(spec.load(Path("/nowhere")).time_s) == len(ROWS)


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_small_log", DATA / "make_small_log.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bundled_log_is_what_its_script_makes(maker, tmp_path, monkeypatch):
    with gzip.open(DATA / "small-access.log.gz") as packed:
        assert packed.read() == maker.make()
    target = tmp_path / "again.log.gz"
    monkeypatch.setattr("sys.argv", ["make_small_log.py", str(target)])
    maker.main()
    with gzip.open(target) as packed:
        assert packed.read() == maker.make()


def test_the_bundled_log_is_replayed_in_full(play, maker):
    """Every line is a request or reported; every request is played; sessions pair up."""
    spec = Trace(kind="trace", file="small-access.log.gz", format="clf", time_scale=60)
    data = spec.load(DATA)
    assert data.skipped == len(maker.BROKEN)
    assert len(data.names) == maker.HOSTS
    assert data.lines == len(maker.make().splitlines())
    assert data.out_of_order > 0
    assert all(name.rsplit(".", 1)[0] in maker.NETWORKS for name in data.names)
    heard = play(spec, None, 1e9, base_dir=DATA)
    assert len(heard.arrivals) == len(data.time_s)
    assert np.allclose(heard.times, data.time_s / 60)
    kinds = [event[1] for event in heard.events]
    assert kinds.count("open") == kinds.count("close") == count_sessions(data, 1800) > len(data.names)
    opened: set[int] = set()
    for event in heard.events:
        if event[1] == "open":
            assert event[2] not in opened
            opened.add(event[2])
        elif event[1] == "close":
            opened.remove(event[2])
        else:
            assert event[2] in opened
