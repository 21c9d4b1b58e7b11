"""Reports of real, small runs: what is recorded for them adds up, and every kind of scenario can be drawn."""

from __future__ import annotations

import math
import re

import pytest

from simulator.experiment.api import run
from simulator.metrics.labels import HOPS
from simulator.report.flows import phases
from simulator.report.folders import redraw
from simulator.report.sections import sections
from simulator.report.series import series
from simulator.report.story import story
from simulator.report.written_faults import written_faults
from simulator.results.loading import load_run
from simulator.scenario.schema import Scenario


def scenario(**changes):
    base = {
        "schema": 1, "name": "small", "duration": "30s", "warmup": "5s", "seed": 3,
        "sites": ["frankfurt", "london"],
        "clients": {"eu": {
            "count": 60, "site": "frankfurt", "workload": {"kind": "poisson", "rate": "1/s"},
            "session": {"length": "forever", "established": True}, "retry": {"timeout": "300ms", "max": 2},
        }},
        "edges": {"pop": {"at": {"frankfurt": 2, "london": 1}, "service_time": "2ms", "l1": {"ttl": "5s"}}},
        "cores": {"core": {"count": 1, "site": "frankfurt"}},
        "network": {"default": {"latency": "5ms"}},
        "faults": [{"at": "15s", "for": "5s", "crash": "pop-frankfurt-1"}],
    }  # fmt: skip
    return Scenario.from_dict({**base, **changes})


@pytest.fixture(scope="module")
def crash():
    return run(scenario())


def test_hops_add_up_to_the_mean_latency(crash):
    """Each hop's sum is of the measured window, so what is in flight at its ends (some 1500 requests in 25 s at 15 ms,
    about one) may be told on one side only: 1 %."""
    calm = run(scenario(faults=[]))
    total = sum(float(calm[f"latency.hop.mean[{hop}]"]) for hop in HOPS)
    assert total == pytest.approx(float(calm["latency.mean"]), rel=0.01)
    assert float(calm["latency.hop.mean[edge_service]"]) == pytest.approx(0.002, rel=1e-6)
    assert float(calm["latency.hop.mean[client_link]"]) == pytest.approx(float(calm["network_latency.mean"]))
    assert float(calm["latency.hop.mean[retries]"]) == 0.0
    assert float(calm["latency.hop.mean[other]"]) < 0.1 * total
    assert float(crash["latency.hop.mean[retries]"]) > 0.0  # at least one timeout of 300 ms


def test_phases_begin_and_end_with_faults_and_lose_nothing(crash):
    moved, served = phases(crash, "moves.rate"), phases(crash, "served.rate")
    assert [(p.begin_s, p.end_s) for p in served] == [(5.0, 15.0), (15.0, 20.0), (20.0, 30.0)]
    assert [p.faults for p in served] == [(), (("crash", "pop-frankfurt-1"),), ()]
    count = sum(sum(p.rates.values()) * (p.end_s - p.begin_s) for p in moved)
    assert count == pytest.approx(float(crash["migrations.rate"]) * 25.0)
    answered = sum(sum(p.rates.values()) * (p.end_s - p.begin_s) for p in served)
    ok = crash.replications[0].totals["ok"]
    assert ok - 10 <= answered <= ok  # what was answered after the last window's end is not in a phase
    during = {target for _, target in served[1].rates}
    assert "pop-frankfurt-1" not in during or served[1].rates["eu", "pop-frankfurt-1"] < 2.0


def test_weights_by_window_are_those_of_all_open_sessions(crash):
    _, mean = series(crash, "stickiness.mean")
    total = 0.0
    for weight in ("20", "25", "30", "35", "40", "45", "50", "55", "60", "65", "70", "75"):
        times, values = series(crash, "stickiness.sessions", weight)
        total += float(values[:, times == 25.0].sum())
    assert total == 60.0
    assert 20.0 <= mean.min() <= mean.max() <= 75.0


def test_moves_of_the_manager_name_where_sessions_went(crash):
    (moved,) = [e for e in crash.replications[0].events if e["kind"] == "sessions.moved"]
    assert sum(moved["detail"]["to"].values()) == moved["detail"]["sessions"] > 0
    assert "pop-frankfurt-1" not in moved["detail"]["to"]
    assert "sessions were given another edge" in story(crash)[0][1]


@pytest.mark.parametrize(
    ("rate", "requests_seen"),
    [("4/s", True), ("2/min", False)],  # of 20 sessions there: 80 requests a second, and 10 until the end
)
def test_whether_a_recovery_that_did_not_come_was_seen(rate, requests_seen):
    """Clients keep to an edge that stays down and is not believed dead: no request of theirs hits, to the end."""
    clients = {"eu": {
        "count": 60, "site": "frankfurt", "workload": {"kind": "poisson", "rate": rate},
        "session": {"length": "forever", "established": True}, "retry": {"timeout": "300ms", "max": 0},
    }}  # fmt: skip
    made = run(scenario(
        clients=clients, routing={"policy": "cookie"}, sam={"model": "published", "heartbeat": {"period": "1h"}},
        faults=[{"at": "15s", "crash": "pop-frankfurt-1"}],
    ))  # fmt: skip
    (begin,) = [e for e in made.replications[0].events if e["kind"] == "fault.begin"]
    assert (begin["detail"]["judged"] > 0) == requests_seen
    assert any("did not come back" in sentence for sentence in story(made)[0]) == requests_seen


KINDS = {
    "cookie": {"routing": {"policy": "cookie"}},
    "nothing but requests": {"sam": "off", "leases": "off", "routing": {"policy": "nearest"}, "faults": []},
    "no sites": {
        "sites": [], "faults": [{"at": "10s", "for": "2s", "slow": "pop-2", "factor": 5}],
        "clients": {"eu": {"count": 20, "workload": {"kind": "poisson", "rate": "2/s"}}},
        "edges": {"pop": {"count": 4}}, "cores": {"core": {"count": 2}},
    },
    "seventy edges": {"edges": {"pop": {"at": {"frankfurt": 35, "london": 35}}}, "faults": []},
    "twenty edges": {"edges": {"pop": {"at": {"frankfurt": 10, "london": 10}}}},
    "locks, invalidation, a held worker": {
        "coherence": "invalidate",
        "clients": {"eu": {
            "count": 30, "site": "london", "workload": {"kind": "poisson", "rate": "1/s"},
            "operations": {"lookup": "60%", "read_lock": "20%", "acquire": "10%", "release": "10%"},
        }},
        "edges": {"pop": {"at": {"frankfurt": 2, "london": 1}, "hold_worker_on_miss": True}},
    },
    "nobody comes": {"clients": {"eu": {
        "count": 1, "site": "london", "workload": {"kind": "poisson", "rate": "1/h"},
    }}},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_scenario_has_a_report(kind, tmp_path):
    result = run(
        scenario(**{"duration": "20s", "faults": [{"at": "10s", "for": "5s", "crash": "pop-*-1"}], **KINDS[kind]})
    )
    path = result.save(tmp_path / "out")
    page = (path / "report.html").read_text()
    assert len(page) < 400_000
    assert not re.search(r'(?:points|[xy]|width|height|d)="[^"]*(?:nan|inf)', page)
    before = page
    assert redraw(load_run(path)).read_text().replace("\r", "") == before
    for figure in (path / "figures").iterdir():
        assert "nan" not in re.sub(r"[a-z-]*nan[a-z]+", "", figure.read_text())


def test_the_fragment_for_notebooks_is_small(crash):
    text = crash._repr_html_()
    assert len(text) < 12_000
    assert "What happened" in text
    assert not math.isnan(float(crash["latency.mean"]))


def test_faults_and_sites_have_a_table_each():
    """One row for each named fault and for none, one for each site; each says how many requests it is of."""
    world = {
        "duration": "40s",
        "sites": {"here": {"lat": 0, "lon": 0}, "there": {"lat": 0, "lon": 30}},
        "clients": {
            name: {"count": 20, "site": name, "workload": {"kind": "poisson", "rate": "1/s"}}
            for name in ("here", "there")
        },
        "edges": {"pop": {"at": {"here": 1, "there": 1}}},
        "faults": [
            {"name": "loss", "at": "10s", "for": "5s", "lose": "there"},
            {"name": "deploy", "at": "20s", "rolling_restart": "pop-*", "drain": "1s", "down": "1s"},
        ],
    }
    world["clients"] = {f"people-{name}": group for name, group in world["clients"].items()}
    result = run(Scenario.from_dict(world))
    found = {section.title.partition(":")[0]: section.rows for section in sections(result)}
    assert [row.label for row in found["By fault"]] == ["loss", "deploy", "no fault"]
    assert [row.label for row in found["By site of the clients"]] == ["here", "there"]
    totals = result.replications[0].totals
    parts = [totals[f"requests[fault:{name}]"] for name in ("loss", "deploy", "none")]
    assert sum(parts) == totals["requests"]  # they do not overlap
    names = [fault.name for fault in written_faults(result)]
    assert names == ["loss", "deploy"]
