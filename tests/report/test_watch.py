"""The replay: what the page is told is what the folder holds, in numbers and in words."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from simulator.cli.main import cli
from simulator.experiment.api import run
from simulator.geography.coast import land
from simulator.geography.geo import great_circle_m
from simulator.report.offline import as_json, policy
from simulator.report.watch.dots import HOPS, NOWHERE, dots_of
from simulator.report.watch.homes import homes_of
from simulator.report.watch.playback import NothingToPlayError, playback
from simulator.report.watch.scene import MOST_EDGES, scene_of
from simulator.report.watch.spans import Span, spans_of
from simulator.results.loading import load_run
from simulator.scenario.schema import Scenario
from tests.experiment.studies.fakes import TINY
from tests.report import fakes as reports_fakes
from tests.report.watch_fakes import SMALL

pytestmark = pytest.mark.interpreted  # of pages: no compiled module has a part in it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with a trace, and a variant."""
    result = run(Scenario.from_dict(SMALL), trace=1.0)
    return result.save(tmp_path_factory.mktemp("watch") / "run", report=False)


@pytest.fixture(scope="module")
def result(folder):
    return load_run(folder)


@pytest.fixture(scope="module")
def play(result):
    return playback(result)


def numbers(packed, kind):
    return np.frombuffer(base64.b64decode(packed), dtype=kind)


def told(page):
    """What a written page plays."""
    return json.loads(re.search(r'id="data-play">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)[1])


def in_folder(result, metric, label=""):
    frame = result.timeseries
    return frame[(frame.metric == metric) & (frame.label == label)]


@pytest.mark.parametrize("metric", ["requests.rate", "failures.rate", "hit_ratio.l1", "latency.p99", "stickiness.mean"])
def test_series_are_those_of_the_folder(result, play, metric):
    rows = in_folder(result, metric)
    played = numbers(play["series"][metric], "<f4")
    windows = np.round(rows.t_s / play["windows"]["step_s"]).astype(int)
    assert played[windows] == pytest.approx(rows.value.to_numpy(), rel=1e-6, nan_ok=True)
    assert play["windows"] == {"count": 30, "step_s": 1.0, "together": 1}


def test_every_edge_has_its_own_series(result, play):
    names = [play["nodes"][row["node"]]["name"] for row in play["edges"]["rows"]]
    assert names == ["pop-frankfurt-1", "pop-frankfurt-2", "pop-london-1"]
    for name, row in zip(names, play["edges"]["rows"], strict=True):
        for kind, metric in (("load", "edge.load"), ("in_system", "edge.in_system"), ("hits", "hit_ratio.l1")):
            expected = in_folder(result, metric, name).value.to_numpy()
            assert numbers(row[kind], "<f4") == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_weights_are_counts_of_sessions_by_weight(result, play):
    sessions = sum(numbers(row, "<f4") for row in play["weights"]["rows"])
    frame = result.timeseries
    expected = frame[frame.metric == "stickiness.sessions"].groupby("t_s").value.sum()
    assert sessions[np.round(expected.index).astype(int)] == pytest.approx(expected.to_numpy())


def test_every_traced_request_is_a_dot_where_there_is_room(result, play):
    requests, trace = result.requests.sort_values("t_s", kind="stable"), play["trace"]
    failed = ~requests.outcome.isin(["ok", "denied"])
    assert failed.sum() > 0  # the crash: 5 s of some 20 requests/s at an edge that is down
    assert (trace["seen"], trace["failed"]) == (len(requests), failed.sum())
    assert trace["drawn"] == [(~failed).sum(), failed.sum()]
    assert numbers(trace["t"], "<f4") == pytest.approx(requests.t_s.to_numpy(), rel=1e-6)
    assert numbers(trace["latency"], "<f4") == pytest.approx(requests.latency_s.to_numpy(), rel=1e-6)
    kinds = np.array(trace["kinds"], dtype=object)[numbers(trace["kind"], "u1")]
    assert list(kinds) == list(np.where(failed, requests.outcome, requests.tier))
    nodes = np.array([node["name"] for node in play["nodes"]], dtype=object)
    assert list(nodes[numbers(trace["edge"], "<u2")]) == list(requests.edge)
    assert set(nodes[numbers(trace["client"], "<u2")]) == {"eu-west"}
    wait = numbers(trace["edge_wait"], "u1") / 255.0 * requests.latency_s.to_numpy()
    assert wait == pytest.approx(requests.edge_wait_s.to_numpy(), abs=1.0 / 255.0)


def test_a_sample_of_the_answered_and_all_failures_where_there_are_too_many():
    n = 5000
    rng = np.random.default_rng(7)
    outcome = np.where(np.arange(n) % 50 == 0, "timeout", "ok").astype(object)
    requests = {
        "t_s": rng.uniform(0.0, 100.0, n), "latency_s": np.full(n, 0.1), "outcome": outcome,
        "tier": np.where(outcome == "ok", "l1", "").astype(object), "client": ["a-b-1"] * n,
        "edge": np.array(["pop-1"] * (n - 1) + [""], dtype=object), "tries": np.zeros(n, dtype=int),
        **{hop: np.full(n, 0.02) for hop in HOPS},
    }  # fmt: skip
    scene = scene_of({"clients": {"a-b": {"count": 1}}, "edges": {"pop": {"count": 1}}})
    found = dots_of(requests, scene, {}, most=(1000, 400))
    assert (found["answered"], found["failed"], found["drawn"]) == (4900, 100, [1000, 100])
    t = numbers(found["t"], "<f4")
    assert np.all(np.diff(t) >= 0.0)
    # a uniform draw of 1000 of 4900: 500 of them before 50 s, with a standard deviation of at most 16
    assert abs((t < 50.0).sum() - 550) < 5 * 16
    assert set(numbers(found["edge"], "<u2")) <= {1, NOWHERE}
    assert dots_of(requests, scene, {}, most=(1000, 400)) == found


def test_moves_and_flows_are_those_of_the_folder(result, play):
    events = result.events
    moved = events[events.kind == "sessions.moved"].iloc[0]
    (move,) = play["moves"]
    names = [node["name"] for node in play["nodes"]]
    assert (move["t_s"], names[move["node"]]) == (moved.t_s, "pop-frankfurt-1")
    assert {names[node]: count for node, count in move["to"]} == moved.detail["to"]
    assert [(flow["begin"], flow["end"]) for flow in play["flows"]] == [(5.0, 15.0), (15.0, 20.0), (20.0, 30.0)]
    assert all(names[source] == "eu-west" for flow in play["flows"] for source, _, _ in flow["rates"])


def test_beats_tell_what_happened_with_its_numbers(result, play):
    beats = {beat["kind"]: beat for beat in play["beats"]}
    found = result.events.set_index("kind")
    assert beats["fault.begin"]["t_s"] == 15.0
    assert beats["fault.begin"]["title"] == "pop-frankfurt-1 crashes"
    assert beats["detected"]["t_s"] == found.loc["detected"].t_s
    assert f"{found.loc['detected'].detail['after_s']:.2f} s after the crash" in beats["detected"]["text"]
    assert f"{found.loc['sessions.moved'].detail['sessions']} sessions of" in beats["sessions.moved"]["title"]
    assert "60 clients, 3 edges and 1 core" in beats["start"]["text"]
    assert play["beats"][0]["kind"] == "start"
    assert play["beats"][-1]["kind"] == "end"
    assert [beat["t_s"] for beat in play["beats"]] == sorted(beat["t_s"] for beat in play["beats"])
    stops = {beat["kind"] for beat in play["beats"] if beat["stop"]}
    assert {"fault.begin", "detected", "sessions.moved", "fault.end"} <= stops
    assert not stops & {"start", "warm", "end"}


def test_the_cost_of_a_fault_is_told_where_it_stands_out():
    """The made-up series: p99 .9 s at 41 s (before: .1), failures 5/s from 40 to 44 s (before: none)."""
    beats = playback(reports_fakes.result())["beats"]
    worst = {beat["title"]: beat for beat in beats if beat["kind"] == "worst"}
    slowest = worst["The slowest moment"]
    assert slowest["t_s"] == 42.0  # the window from 41 s is over
    assert "900 ms" in slowest["text"] or "891 ms" in slowest["text"]
    assert "100 ms" in slowest["text"]
    assert "Failures reach 5.00 /s; before the fault there were none." in worst["Failures peak"]["text"]
    calm = playback(reports_fakes.result(events=[]))["beats"]
    assert [beat["kind"] for beat in calm] == ["start", "warm", "end"]


def test_events_of_one_instant_are_one_beat():
    events = [
        {"t_s": 40.0, "kind": "fault.begin", "target": f"pop-{n}", "detail": {"fault": "slow", "factor": 3.0}}
        for n in (1, 2)
    ]
    (beat,) = [b for b in playback(reports_fakes.result(events=events))["beats"] if b["kind"] == "fault.begin"]
    assert beat["title"] == "pop-1 and pop-2 become slow"
    assert beat["text"] == "Service there takes 3 times as long."


def test_every_kind_of_event_has_words():
    kinds = [
        ("fault.begin", {"fault": "crash"}), ("fault.begin", {"fault": "error", "ratio": 0.5}),
        ("fault.begin", {"fault": "a user's own"}), ("fault.end", {"fault": "partition"}), ("recovered", {}),
        ("detected", {"false_alarm": True}), ("detected", {"by": "checks", "after_s": 2.0}), ("returned", {}),
        ("ejected", {"reason": "success_rate", "for_s": 30.0}), ("healthy", {"joined": True}),
        ("panic.begin", {"healthy": 1, "of": 4}), ("panic.end", {"healthy": 3, "of": 4}),
        ("sessions.moved", {"sessions": 0, "to": {}}), ("takeover", {"after_s": 3.0}),
        ("invariant", {"message": "two owners"}),
    ]  # fmt: skip
    events = [
        {"t_s": 10.0 + k, "kind": kind, "target": "pop-1", "detail": detail} for k, (kind, detail) in enumerate(kinds)
    ]
    beats = playback(reports_fakes.result(events=events))["beats"]
    words = [
        f"{beat['title']}. {beat['text']}" for beat in beats if beat["kind"] not in ("start", "warm", "end", "worst")
    ]
    assert len(words) == len(kinds)
    assert "50.0 % of the requests there fail." in words[1]
    assert "A false alarm at pop-1" in words[5]
    assert "By health checks, 2.00 s after the crash." in words[6]
    assert "Only 1 of 4 edges are believed healthy" in words[10]
    assert "No session of pop-1 has to move" in words[12]
    assert "two owners" in words[14]


def test_spans_say_what_was_down_and_what_was_believed():
    events = [
        *reports_fakes.CORE,
        {"t_s": 70.0, "kind": "ejected", "target": "pop-2", "detail": {}},
        {"t_s": 75.0, "kind": "returned", "target": "pop-2", "detail": {}},
        {"t_s": 80.0, "kind": "fault.begin", "target": "pop-9", "detail": {"fault": "add"}},
        {"t_s": 80.0, "kind": "fault.end", "target": "pop-9", "detail": {"fault": "add"}},
        {"t_s": 90.0, "kind": "fault.begin", "target": "pop-1", "detail": {"fault": "crash"}},
    ]  # fmt: skip
    assert spans_of(events, 100.0, ["pop-9"]) == [
        Span(0.0, 80.0, "absent", "pop-9"),
        Span(40.0, 60.0, "crash", "core-1"),
        Span(43.0, 60.0, "believed failed", "core-1"),
        Span(46.0, 60.0, "standby serves", "core-1"),
        Span(70.0, 75.0, "ejected", "pop-2"),
        Span(90.0, 100.0, "crash", "pop-1"),
    ]


def test_long_runs_put_windows_together(monkeypatch):
    """100 windows in 20 of 5: rates are means, ratios weighted by requests (the same in all), latencies the worst."""
    monkeypatch.setattr("simulator.report.watch.playback.MOST_WINDOWS", 20)
    play = playback(reports_fakes.result())
    assert play["windows"] == {"count": 20, "step_s": 5.0, "together": 5}
    failures = numbers(play["series"]["failures.rate"], "<f4")
    assert failures[8] == pytest.approx(4 * 5.0 / 5)  # 40..43 s of 40..44 s
    assert failures[:8] == pytest.approx(np.zeros(8))
    assert numbers(play["series"]["latency.p99"], "<f4")[8] == pytest.approx(0.9, rel=0.011)
    hits = [reports_fakes.value_at("hit_ratio.l1", t) for t in range(5)]
    by = [reports_fakes.value_at("requests.rate", t) for t in range(5)]
    assert numbers(play["series"]["hit_ratio.l1"], "<f4")[0] == pytest.approx(np.average(hits, weights=by), rel=1e-6)


def test_a_scene_without_places_and_one_with_too_many_edges():
    bare = scene_of({"clients": {"a": {"count": 3}}, "edges": {"e": {"count": 2}}, "cores": {"c": {}}, "sam": "off"})
    assert bare.sites == {}
    assert [(node.role, node.name) for node in bare.nodes] == [
        ("client", "a"), ("edge", "e-1"), ("edge", "e-2"), ("core", "c-1"),
    ]  # fmt: skip
    many = scene_of({"edges": {"pop": {"at": {"oslo": MOST_EDGES, "rome": 2}}}})
    assert [(node.name, node.count) for node in many.nodes] == [("pop at oslo", MOST_EDGES), ("pop at rome", 2)]
    assert many.places["pop-rome-2"] == many.places["pop at rome"]


def test_edges_that_join_later_are_known_by_what_was_recorded():
    resolved = {
        "sites": {"oslo": {"lat": 59.9, "lon": 10.8}}, "edges": {"pop": {"at": {"oslo": 1}}, "b": {"count": 1}},
        "faults": [{"at": "5s", "add": {"edges": "b", "site": "oslo", "count": 1}}],
    }  # fmt: skip
    scene = scene_of(resolved, ["pop-oslo-1", "pop-oslo-2", "b-2"])
    assert [(n.name, n.site, n.later) for n in scene.nodes if n.later] == [
        ("b-2", "oslo", True),
        ("pop-oslo-2", "oslo", True),
    ]
    assert scene.count("edge") == 2


def test_the_replication_that_is_asked_for_is_played():
    two = reports_fakes.result(count=2)
    assert playback(two, number=1)["replication"] == 1
    with pytest.raises(NothingToPlayError, match="there is no replication 2: the folder has 0, 1"):
        playback(two, number=2)
    with pytest.raises(NothingToPlayError, match="the folder has none"):
        playback(dataclasses.replace(two, replications=[]))


def test_what_a_scenario_says_cannot_become_html():
    hostile = reports_fakes.result(name="</script><script>alert(1)</script>", question="<img src=x onerror=alert(1)>")
    from simulator.report.watch.page import render

    page = render(playback(hostile, rerun="<b>run</b>"))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>run" not in page
    assert as_json({"a": "</script>", "b": float("nan")}) == '{"a":"\\u003c/script>","b":null}'


def test_the_policy_names_the_digests_of_script_and_style():
    told = policy("a", ["b"])
    # openssl dgst -sha256 -binary | base64 of "a" and of "b"
    assert "style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=';" in told
    assert "script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0=';" in told
    assert told.startswith("default-src 'none';")
    assert "script-src 'none';" in policy("a", [])


def test_coasts_are_small_and_where_they_should_be():
    """By the even-odd rule: cities are on land, on either side of 180 degrees too, oceans and the Caspian are not."""
    coast = land()
    rings = []
    for ring in coast["rings"]:
        points = np.cumsum(np.array(ring).reshape(-1, 2), axis=0) / coast["scale"]
        rings.append(points)

    def on_land(lat, lon):
        inside = False
        for turn in (-360.0, 0.0, 360.0):
            for points in rings:
                x, y = points[:, 0] + turn, points[:, 1]
                x1, y1 = np.roll(x, -1), np.roll(y, -1)
                crosses = (y > lat) != (y1 > lat)
                at = x[crosses] + (lat - y[crosses]) / (y1[crosses] - y[crosses]) * (x1[crosses] - x[crosses])
                inside ^= bool(np.count_nonzero(at > lon) % 2)
        return inside

    for lat, lon in (
        (50.1, 8.7),
        (36.2, 138.3),
        (-23.5, -46.6),
        (67.0, 177.0),
        (66.2, -173.0),
        (39.0, -98.0),
        (-25.0, 134.0),
    ):
        assert on_land(lat, lon), (lat, lon)
    for lat, lon in ((45.0, -35.0), (0.0, -150.0), (42.0, 50.5), (-40.0, 80.0), (57.0, 3.0)):
        assert not on_land(lat, lon), (lat, lon)
    assert len(json.dumps(coast)) < 80_000


# -- the command --------------------------------------------------------------------------------------------------
def invoke(*words):
    return CliRunner().invoke(cli, ["watch", *map(str, words)])


def test_watch_writes_the_page_into_the_folder(folder):
    done = invoke(folder)
    assert (done.exit_code, done.output) == (0, f"{folder}/watch.html\n")
    play = told(folder / "watch.html")
    assert play["variant"] == ""
    assert (folder / "watch.html").stat().st_size < 2_000_000
    load_run(folder)  # a page beside the data does not break what vouches for them


def test_a_variant_is_played_into_its_own_folder(folder):
    done = invoke(folder, "--variant", "nearest")
    assert done.output == f"{folder}/variants/nearest/watch.html\n"
    play = told(folder / "variants" / "nearest" / "watch.html")
    assert play["variant"] == "nearest"
    expected = load_run(folder / "variants" / "nearest").requests
    assert play["trace"]["seen"] == len(expected)
    assert invoke(folder / "variants" / "nearest").exit_code == 0
    assert told(folder / "variants" / "nearest" / "watch.html") == play | {
        "rerun": told(folder / "variants" / "nearest" / "watch.html")["rerun"]
    }


def test_without_a_trace_it_says_which_command_gives_one(tmp_path):
    calm = run(Scenario.from_dict({**SMALL, "duration": "8s", "faults": [], "variants": {}}))
    calm.argv = ["simulator", "run", "mine.yaml", "--seed", "3", "-o", "x", "--json"]
    folder = calm.save(tmp_path / "calm", report=False)
    done = invoke(folder)
    command = f"simulator run mine.yaml --seed 3 --trace -o {folder}-traced"
    assert done.exit_code == 0
    assert f"time series only. For single requests: {command}\n" in done.stderr
    page = (folder / "watch.html").read_text(encoding="utf-8")
    assert command in page
    assert told(folder / "watch.html")["trace"] is None


def test_the_command_for_a_trace_of_a_cell_plays_that_cell(tmp_path, monkeypatch):
    """Its scenario.yaml is the sweep's: what the cell sets is in the resolved one. The numbers are the same."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(TINY))
    sweep = CliRunner().invoke(cli, ["sweep", "tiny.yaml", "-p", "edges.pop.l1.ttl=300ms", "-j", "1", "-o", "out"])
    assert sweep.exit_code == 0
    (cell,) = Path("out/cells").iterdir()
    command = shlex.split(invoke(cell).stderr.rpartition("For single requests: ")[2])
    assert command[:2] == ["simulator", "run"]
    assert CliRunner().invoke(cli, [*command[1:], "-j", "1"]).exit_code == 0
    traced = load_run("tiny-traced")
    assert traced.fingerprints == load_run(cell).fingerprints
    assert traced.requests is not None


def test_another_file_may_be_named(folder, tmp_path):
    assert invoke(folder, "-o", tmp_path / "mine.html", "-q").output == ""
    assert told(tmp_path / "mine.html")["name"] == "small"
    assert invoke(folder, "-o", tmp_path / "no" / "mine.html").exit_code != 0


@pytest.mark.parametrize(("words", "message"), [
    (["nowhere"], "nowhere: no such folder"),
    (["empty"], "empty is no result folder: it has no manifest.json"),
    (["run", "--variant", "nearst"], "there is no variant 'nearst': did you mean 'nearest'?"),
    (["run", "--replication", "3"], "there is no replication 3: the folder has 0"),
])  # fmt: skip
def test_what_cannot_be_played_is_one_message(folder, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "run").symlink_to(folder)
    done = invoke(*words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output


def test_clients_are_drawn_where_the_run_put_them():
    """Without last mile, jitter and sizes a request's network time is its way there and back, and nothing else."""
    world = {
        **TINY,
        "sites": {"here": {"lat": 52.0, "lon": 13.0}, "there": {"lat": 48.0, "lon": 2.0}},
        "clients": {"far": {**TINY["clients"]["c"], "site": "here", "spread": "700km"}},
        "edges": {"pop": {"at": {"there": 1}, "l1": {"ttl": "never"}}},
        "network": {"geo": {"inflation": 1.0, "last_mile": "0ms"}},
    }
    one = run(Scenario.from_dict(world), trace=1.0)
    homes = homes_of(one.facts.resolved, one.replications[0].seed, 0)["far"]
    assert len(homes) == 20
    requests = one.replications[0].requests
    for client, network_s in zip(requests["client"], requests["network_s"], strict=True):
        lat, lon = homes[int(client.rpartition("-")[2]) - 1]
        way_m = float(great_circle_m(lat, lon, 48.0, 2.0))
        assert network_s == pytest.approx(2.0 * way_m / 2e8, rel=1e-6)
    assert len({round(lat, 6) for lat, _ in homes}) == 20
