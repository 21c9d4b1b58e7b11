"""The benchmarks work: the tiniest version of each peer and measure. Nothing here asserts a speed."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import sys

import pytest

from benchmarks import __main__ as program
from benchmarks import measures, peers, sweep_scaling
from benchmarks.peers import PEERS, system
from benchmarks.raw import heap_operations_per_s, simpy_events_per_s


@pytest.mark.filterwarnings("ignore")  # what a peer warns of is its own affair
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.module)
def test_a_peer_answers_the_requests_that_it_is_offered(peer):
    """2,000 requests/s for 2 s (AsyncFlow: 5 s at least), less what is under way; n = 4,000: 6 standard errors.

    AsyncFlow draws its number of users anew each second: four requests a user have four times the noise of requests.
    """
    if importlib.util.find_spec(peer.library) is None:
        pytest.skip(f"{peer.name} is not installed: {peer.install}")
    duration_s, noise = (5.0, 5.0) if peer.library == "asyncflow" else (2.0, 1.0)
    requests, cpu_s = importlib.import_module(f"benchmarks.peers.{peer.module}").play(duration_s)
    offered = system.CLIENTS * system.RATE_PER_S * duration_s
    under_way = 0.2 * system.CLIENTS * system.RATE_PER_S
    error = 6 * math.sqrt(noise * offered)
    assert offered - under_way - error <= requests <= offered + error
    assert cpu_s > 0


def test_the_peers_system_is_that_of_reference():
    """Same nodes, workers, times and rates; weight and misses are what the published rule and theory give.

    Misses: fixed TTL, sessions that follow, x = 4/s * 5 s, rho = (8 * 0.65 - 1) / 7 = 0.6.
    """
    from simulator import Scenario

    scenario = Scenario.load("reference", measures.LIKE_PEERS)
    client, edge, core = scenario.clients["client"], scenario.edges["edge"], scenario.cores["core"]
    assert (client.count, client.workload.rate.value) == (system.CLIENTS, system.RATE_PER_S)
    assert (edge.count, edge.workers, edge.l1.ttl.value) == (system.EDGES, system.EDGE_WORKERS, system.L1_TTL_S)
    assert (core.count, core.workers) == (system.CORES, system.CORE_WORKERS)
    assert edge.service_time.mean == core.service_time.mean == system.SERVICE_S
    assert scenario.storage.read.mean == system.STORAGE_READ_S
    latency = scenario.network.default.latency
    assert (latency.median, latency.sigma) == (pytest.approx(math.exp(system.LINK_MU)), system.LINK_SIGMA)
    hits_a_miss = 20 / 8 + 7 / 8 * 0.6 / 0.4 * (1 - math.exp(-0.4 * 20))
    assert pytest.approx(1 / (1 + hits_a_miss), abs=0.01) == system.MISS
    assert pytest.approx(math.exp(system.LINK_MU + system.LINK_SIGMA**2 / 2)) == system.LINK_MEAN_S


def test_a_peer_is_measured_in_a_process_of_its_own():
    answer = peers.measure(PEERS[0], 0.5)
    assert answer is not None
    assert answer["requests"] > 500
    assert answer["heap_per_s"] > 0


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setattr(peers, "OTHER_PYTHONS", ())
    absent = peers.Peer("absent", "absent", "no_such_library", "pip install absent", "", "")
    assert peers.measure(absent, 1.0, ["no-such-python"]) is None
    assert peers.interpreter_of(PEERS[0]) == sys.executable


def test_a_peer_that_does_not_work_says_so():
    broken = peers.Peer("broken", "no_such_module", "json", "", "", "")
    with pytest.raises(RuntimeError, match="broken does not work"):
        peers.measure(broken, 1.0)


def test_yardsticks_are_rates():
    assert heap_operations_per_s(1000) > 0
    assert simpy_events_per_s(1000) > 0


def test_measures_give_what_the_figure_draws(monkeypatch):
    monkeypatch.setattr(peers, "OTHER_PYTHONS", ())
    monkeypatch.setattr(measures, "PEERS", PEERS[:1])
    rows = measures.peers(1.5, 1, [])
    assert [row["name"] for row in rows[2:]] == [PEERS[0].name]
    assert rows[2]["times_everything_on"] > 0
    first = measures.by_edges((8, 4), 25_000, 1)["8"]
    assert (first["request"], first["event"]) == (1.0, 1.0)
    assert first["request_us"] > 0
    assert measures.memory(["duration=2500ms", "clients.client.count=100"])["requests"] > 500
    tiny = sweep_scaling.Scenario.from_dict(sweep_scaling.TINY)
    assert sweep_scaling.timed(tiny, {sweep_scaling.CAPACITY: [1, 2]}, 1) > 0


def test_only_what_is_asked_is_measured_and_kept(tmp_path, monkeypatch, capsys):
    out = tmp_path / "figures.json"
    out.write_text('{"extras": 1}')
    monkeypatch.setattr("sys.argv", ["benchmarks", "--only", "events_per_request", "--out", str(out)])
    program.main()
    figures = json.loads(out.read_text())
    assert figures["events_per_request"] == {"l1_hit": 4.0, "l2_answer": 7.0}
    assert figures["extras"] == 1
    assert set(figures["machine"]) == {"processor", "cores", "load_at_start", "python", "numpy", "compiled"}
    assert "figures.json" in capsys.readouterr().out


def test_the_page_on_scale_holds_the_newest_figures(monkeypatch):
    """Mend it with: python docs/figures/make_benchmarks.py."""
    monkeypatch.syspath_prepend(peers.ROOT / "docs" / "figures")
    drawing = importlib.import_module("make_benchmarks")
    page = (peers.ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    figures = json.loads(drawing.newest().read_text(encoding="utf-8"))
    assert drawing.with_tables(page, figures) == page
    assert "| events per L1 hit | 4 |" in page
