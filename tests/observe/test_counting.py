"""What is counted at the edges of things: during faults, of repeated questions, of requests that fail.

The worlds have no latency and no service time unless said: what is expected follows from the definitions alone.
"""

from __future__ import annotations

import math

import pytest

from tests import worlds
from tests.worlds import FREE, merged


def played(**change):
    return worlds.played(merged(FREE, change))


def waits(timeout, limit=0):
    return {"u": {"retry": {"timeout": timeout, "max": limit}}}


# -- failures during faults -------------------------------------------------------------------------------
@pytest.mark.parametrize("timeout", ["5s", "20s"])
@pytest.mark.parametrize("warmup", ["0s", "25s"])
def test_all_that_is_due_while_the_sole_edge_is_down_fails_in_the_fault(timeout, warmup):
    """However late it is given up, and though the warm-up ends in the middle of the fault."""
    fault = {"at": "20s", "for": "10s", "crash": "e-1"}
    result = played(clients=waits(timeout), edges={"e": {"count": 1}}, faults=[fault], warmup=warmup)
    assert result.metrics["failures.faults.ratio"] == 1.0


def test_overlapping_faults_are_one_time():
    faults = [{"at": "20s", "for": "10s", "crash": "e-1"}, {"at": "25s", "for": "15s", "slow": "e-1", "factor": 2}]
    result = played(clients=waits("1s"), edges={"e": {"count": 1}}, faults=faults)
    failed = result.totals["failed"]
    assert result.metrics["failures.faults.ratio"] == pytest.approx(0.5, abs=0.05)  # 10 s of the 20
    assert failed == pytest.approx(1000, abs=5 * math.sqrt(1000))


def test_without_a_timeout_what_a_crash_swallows_fails_in_it_too():
    result = played(edges={"e": {"count": 1}}, faults=[{"at": "20s", "for": "10s", "crash": "e-1"}])
    assert result.metrics["failures.faults.ratio"] == 1.0
    assert result.metrics["failures.ratio[crashed]"] == result.metrics["failures.ratio"] > 0.1


# -- lookups ----------------------------------------------------------------------------------------------
def test_a_question_that_is_repeated_is_one_lookup():
    """No cache at all, and a third of the answers of the core are lost: each lookup is a miss of both tiers, once."""
    result = played(
        edges={"e": {"count": 1, "l1": {"ttl": "0ms"}, "fetch_timeout": "10ms"}},
        cores={"core": {"l2": {"ttl": "0ms"}}},
        network={"links": [{"from": "core-*", "to": "e-*", "loss": "30%"}]},
    )  # fmt: skip
    metrics = result.metrics
    assert metrics["hit_ratio.total"] == metrics["hit_ratio.total[u]"] == 0.0
    assert metrics["misses.l2.rate"] == metrics["misses.l1.rate"] > 0.99 * metrics["lookups.l1.rate"]
    assert metrics["storage.reads.rate"] > 1.2 * metrics["misses.l2.rate"]  # but storage was read again and again


def test_a_lookup_that_is_never_answered_counts_as_storage():
    """All answers of the core are lost: only hits are answered without storage, and there are none."""
    metrics = played(clients=waits("1s"), network={"links": [{"from": "core-*", "to": "e-*", "loss": "100%"}]}).metrics
    assert (metrics["hit_ratio.total"], metrics["hit_ratio.l1"]) == (0.0, 0.0)


def test_lookups_of_requests_that_fail_are_lookups_of_their_group():
    groups = {
        name: merged(FREE["clients"]["u"], {"count": 50, "retry": {"timeout": timeout, "max": 0}})
        for name, timeout in (("hasty", "60ms"), ("calm", "10s"))
    }
    scenario = merged(
        FREE,
        {
            "duration": "120s", "edges": {"e": {"count": 1, "l1": {"ttl": "1s"}}},
            "cores": {"core": {"service_time": {"exponential": "60ms"}, "l2": {"ttl": "never"}}},
        },
    )  # fmt: skip
    scenario["clients"] = groups
    result = worlds.played(scenario, seed=3)
    hasty, calm = (result.metrics[f"hit_ratio.l1[{name}]"] for name in groups)
    assert result.metrics["failures.ratio[hasty]"] > 0.1
    assert hasty == pytest.approx(calm, abs=0.03)  # they meet the same cache


def test_session_expired_is_no_lookup_of_l2():
    """Leases run out between requests: each is answered SESSION_EXPIRED, and its session has nothing in L2 any more."""
    result = played(
        duration="300s",
        clients={"u": {"count": 20, "workload": {"rate": "0.02/s"}, "retry": {"timeout": "5s", "max": 3}}},
        leases={"length": "3s", "renew_before": "1s", "batch_every": "1s", "idle_after": "1s"},
    )
    metrics = result.metrics
    assert metrics["lease.expiries.rate"] > 0.1
    assert metrics["misses.l2.rate"] == metrics["storage.reads.rate"]


# -- causes -----------------------------------------------------------------------------------------------
def test_what_would_have_expired_is_ttl_expired_though_it_was_invalidated():
    """Rates: reads v = 1 and changes w = .2 per session, TTL T = 5 s.

    The expected rates are an independent calculation's, of 40 such sessions.
    """
    v, w, ttl = 1.0, 0.2, 5.0
    result = played(
        duration="1000s", warmup="50s", coherence="invalidate",
        clients={
            "u": {
                "count": 40, "workload": {"rate": f"{v + w}/s"},
                "operations": {"lookup": 0, "read_lock": v / (v + w), "acquire": w / (v + w), "release": 0},
                "locks": {"per_session": 1, "hold": "1ms"},
            }
        },
        edges={"e": {"count": 1, "l1": {"ttl": f"{ttl}s"}}},
    )  # fmt: skip
    assert result.metrics["misses.l1.rate[invalidated]"] == pytest.approx(5.209, rel=0.03)
    assert result.metrics["misses.l1.rate[ttl_expired]"] == pytest.approx(4.405, rel=0.03)


@pytest.mark.parametrize(("down", "cause"), [("2s", "node_restart"), ("20s", "ttl_expired")])
def test_what_would_have_expired_is_ttl_expired_though_it_was_lost_in_a_crash(down, cause):
    """L1 holds for 15 s what was read at 0..20 s: after 2 s most would still be there, after 20 s nothing."""
    fault = {"at": "20s", "for": down, "crash": "e-1"}
    metrics = played(
        clients=waits("100ms"), edges={"e": {"count": 1, "l1": {"ttl": "15s"}}}, faults=[fault], duration="45s",
        warmup="20s",
    ).metrics  # fmt: skip
    lost = metrics["misses.l1.rate[node_restart]"]
    assert (lost > 0.0) == (cause == "node_restart")


# -- outcomes ---------------------------------------------------------------------------------------------
def test_what_a_crashed_core_lost_is_crashed():
    metrics = played(
        clients=waits("1s"), edges={"e": {"count": 1, "l1": {"ttl": "0ms"}}}, cores={"core": {"standby": False}},
        sam={"heartbeat": {"period": "1s", "misses": 3}}, faults=[{"at": "20s", "for": "20s", "crash": "core-1"}],
    ).metrics  # fmt: skip
    assert metrics["failures.ratio[crashed]"] == metrics["failures.ratio"] > 0.3


def test_a_denial_is_an_answer():
    """Releases without a hold are denied: nothing fails, and their latency is that of an answer."""
    result = played(
        clients={"u": {"operations": {"lookup": 0.5, "release": 0.5}}}, network={"default": {"latency": "5ms"}}
    )
    metrics, totals = result.metrics, result.totals
    assert metrics["availability"] == 1.0
    assert metrics["denied.ratio"] == pytest.approx(0.5, abs=0.05)
    assert totals["requests"] == totals["ok"] + totals["denied"]
    assert result.histograms["latency"].count == totals["requests"]


def test_goodput_is_what_arrives_in_the_window():
    """200/s are offered to a server of 100/s, and nobody gives up: 100/s arrive, in the summary as window by window."""
    result = played(
        warmup="20s", clients={"u": {"workload": {"rate": "2/s"}}},
        edges={"e": {"count": 1, "workers": 1, "queue": "unlimited", "service_time": "10ms"}},
    )  # fmt: skip
    assert result.metrics["goodput"] == pytest.approx(100.0, abs=0.1)


# -- the rest ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("latency", ["1ms", "100ms"])
def test_the_measured_bandwidth_is_that_of_the_link(latency):
    """10 Mbit/s are 1.25 MB/s, near and far."""
    metrics = played(network={"default": {"latency": latency, "bandwidth": "10Mbit/s"}}).metrics
    assert metrics["client.bandwidth"] == pytest.approx(1.25e6)


def test_stays_that_the_ends_cut_off_do_not_shorten_the_mean():
    """Stay with 90 %: 10 requests per stay, though each of 400 sessions sends but 15 in the window.

    6,000 requests, some 560 moves: a standard error of 4 %; a right count fails once in 10^6. Stays begun in the window
    would give 15 / 2.4 = 6.25.
    """
    metrics = played(
        duration="15s", clients={"u": {"count": 400}}, routing={"policy": "static", "weight": 90, "leave_to": "uniform"}
    ).metrics
    assert metrics["stay_length.mean"] == pytest.approx(10.0, rel=0.2)


def test_a_read_of_a_pool_that_another_session_changed_is_stale():
    """One lock of a pool that all change: a state in L1 is stale with the first change of anybody after it was read.

    100 sessions change the pool 10 times a second; an entry is read on average seconds after it was filled.
    """
    locks = {"per_session": 0, "shared_pool": 1, "mode": "shared", "hold": "1ms"}
    operations = {"lookup": 0, "read_lock": 0.9, "acquire": 0.1, "release": 0}
    metrics = played(
        clients={"u": {"operations": operations, "locks": locks}}
    ).metrics  # fmt: skip
    hits = metrics["hit_ratio.l1"] * metrics["lookups.l1.rate"]
    assert metrics["stale_reads.rate"] > 0.8 * hits


def test_leases_that_end_at_the_core_are_counted_when_they_end_whoever_asks():
    """20 sessions are used at most in their first second and idle after 1 s: each lease ends once, unrenewed."""
    result = played(
        duration="60s", clients={"u": {"count": 20, "workload": {"rate": "0.000001/s"}}},
        leases={"length": "10s", "renew_before": "2s", "batch_every": "1s", "idle_after": "1s"},
    )  # fmt: skip
    metrics = result.metrics
    assert metrics["lease.expiries.rate"] == pytest.approx(20 / 60)
    assert metrics["lease.expiries.rate[core-1]"] == metrics["lease.expiries.rate"]
    assert metrics["lease.lapses.rate[idle]"] == metrics["lease.lapses.rate"] == pytest.approx(20 / 60)
    series = result.timeseries
    rows = list(zip(series["metric"], series["label"], series["value"], strict=True))
    assert math.fsum(v for m, _, v in rows if m == "lease.expiries.rate") == pytest.approx(20)
    assert math.fsum(v for m, label, v in rows if (m, label) == ("lease.lapses.rate", "idle")) == pytest.approx(20)
