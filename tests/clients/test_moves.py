"""Who moves, when and how often: failed edges, hashing, cookies, drains, and what balancers know of load."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.laws.distributions import (
    Constant,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)  # fmt: skip
from simulator.laws.tails import tail_s
from tests import worlds
from tests.worlds import FREE, merged

WATCHED = merged(
    FREE,
    {
        "clients": {"u": {"retry": {"timeout": "1s", "max": 0}}}, "sam": {"heartbeat": {"period": "1s", "misses": 3}},
        "routing": {"policy": "static", "weight": 100},
    },
)  # fmt: skip


def played(seed=1, replication=0, **change):
    return worlds.played(merged(WATCHED, change), seed, replication)


def moved(result):
    """{failed edge: {where to: sessions}}."""
    return {e["target"]: e["detail"]["to"] for e in result.events if e["kind"] == "sessions.moved"}


@pytest.mark.parametrize("jitter", ["0ms", {"exponential": "5ms"}])
def test_edges_that_fail_at_one_instant_send_nobody_to_each_other(jitter):
    """Though with jitter their last heartbeats arrived at different times, and they are found one after the other."""
    network = {"links": [{"from": "e-*", "to": "sam", "jitter": jitter}]}
    result = played(faults=[{"at": "20.4s", "crash": ["e-1", "e-2"]}], network=network)
    to = moved(result)
    assert all(set(where) <= {"e-3"} for where in to.values())
    sessions = sum(sum(where.values()) for where in to.values())
    assert result.metrics["failover.sessions_moved"] == sessions == round(result.metrics["migrations.rate"] * 60)


def test_with_all_edges_down_nobody_is_moved():
    result = played(faults=[{"at": "20.4s", "for": "20s", "crash": "e-*"}])
    assert result.metrics["migrations.rate"] == 0.0
    assert result.metrics["failures.ratio"] > 0.3


def test_edges_that_are_drained_at_one_instant_send_nobody_to_each_other():
    """Each session of the two moves once, to the third, whether one line of the scenario drains them or two do."""
    apart = [{"at": "20s", "drain": "e-1"}, {"at": "20s", "drain": "e-2"}]
    for faults in (apart, [{"at": "20s", "drain": ["e-1", "e-2"]}]):
        result = played(faults=faults)
        to = moved(result)
        assert to["e-1"].keys() | to["e-2"].keys() == {"e-3"}
        assert sum(sum(where.values()) for where in to.values()) == round(result.metrics["migrations.rate"] * 60)


def test_a_drained_edge_is_the_last_resort():
    """The other two are down: what is believed healthy and drained is better than nothing, for new sessions too."""
    faults = [{"at": "5s", "drain": "e-3"}, {"at": "20.4s", "crash": ["e-1", "e-2"]}]
    clients = {"u": {"session": {"length": "2s", "pause": "1s", "established": False}}}
    result = played(faults=faults, clients=clients, warmup="30s")
    assert result.metrics["availability"] == 1.0


@pytest.mark.parametrize("policy", ["consistent_hash", "maglev"])
def test_hashing_moves_alone_and_once(policy):
    """1,000 sessions on ten edges: those of the one that dies move once each, and the SAM moves none of them first."""
    result = played(
        clients={"u": {"count": 1000, "retry": {"max": 1}}}, edges={"e": {"count": 10}},
        routing={"policy": policy}, faults=[{"at": "30.5s", "crash": "e-1"}],
    )  # fmt: skip
    migrations = result.metrics["migrations.rate"] * 60
    share = result.metrics["edge.load[e-1]"] * 2 / result.metrics["edge.load"]  # it served half of the time
    assert migrations == pytest.approx(1000 * share, rel=0.15)
    assert result.metrics["failover.sessions_moved"] == 0


def test_the_first_request_of_a_session_moves_nobody():
    """Established at the nearest edge; the ring says another: no edge was left, as none had served it."""
    result = played(routing={"policy": "consistent_hash"})
    assert (result.metrics["migrations.rate"], result.metrics["left_ratio"]) == (0.0, 0.0)


def test_replications_have_positions_of_their_own_unless_they_are_fixed():
    def load(replication, **routing):
        result = played(
            replication=replication, duration="10s",
            routing={"policy": "consistent_hash", "virtual_nodes": 1, **routing},
            clients={"u": {"count": 400}}, edges={"e": {"count": 10}},
        )  # fmt: skip
        return np.array([result.metrics[f"edge.load[e-{i + 1}]"] for i in range(10)])

    one, other = load(0), load(1)
    assert abs(one - other).max() > 10.0  # of 40/s on average
    one, other = load(0, hash_salt="fixed"), load(1, hash_salt="fixed")
    assert abs(one - other).max() < 6 * math.sqrt(40.0)


def test_a_cookie_that_is_given_at_failover_begins_its_own_duration():
    """Cookies of 70 s, given at 0; their edge is away from 20 to 25 s: the other keeps them from then for 70 s."""
    result = played(
        duration="120s", clients={"u": {"count": 200}}, edges={"e": {"count": 2}},
        routing={"policy": "cookie", "duration": "70s"},
        network={"default": {"latency": "1ms"}, "links": [{"from": "u", "to": "e-2", "latency": "5ms"}]},
        faults=[{"at": "20s", "for": "5s", "crash": "e-1"}],
    )  # fmt: skip
    per_session = result.metrics["edge.load[e-2]"] * 120 / 200
    assert per_session == pytest.approx(70.0, abs=3.0)


def test_a_budget_of_nothing_grants_no_retry():
    result = played(
        clients={"u": {"retry": {"timeout": "100ms", "max": 3, "backoff": "0ms", "budget": "0%"}}}, sam="off",
        network={"links": [{"from": "u", "to": "e-*", "loss": "50%"}]},
    )  # fmt: skip
    assert result.metrics["attempts.per_request"] == 1.0


@pytest.mark.parametrize(("budget", "retries"), [("0.000001%", 10), ({"ratio": "0.000001%", "burst": 37}, 37)])
def test_the_bucket_of_a_budget_lets_its_burst_through_and_then_nothing(budget, retries):
    """It starts full and is hardly filled, and every request fails."""
    result = played(
        clients={"u": {"retry": {"timeout": "100ms", "max": 3, "backoff": "0ms", "budget": budget}}}, sam="off",
        network={"links": [{"from": "u", "to": "e-*", "loss": "100%"}]},
    )  # fmt: skip
    requests = result.metrics["requests.rate"] * 60
    assert round((result.metrics["attempts.per_request"] - 1.0) * requests) == retries


def test_a_ratio_of_nothing_grants_none_whatever_its_burst():
    result = played(
        clients={"u": {"retry": {"timeout": "100ms", "max": 3, "budget": {"ratio": "0%", "burst": 50}}}}, sam="off",
        network={"links": [{"from": "u", "to": "e-*", "loss": "50%"}]},
    )  # fmt: skip
    assert result.metrics["attempts.per_request"] == 1.0


@pytest.mark.parametrize("edges", [4, 8])
def test_an_edge_that_swallows_requests_looks_busy(edges):
    """One of n is dead and nobody knows: failed share 1/(λτ + n) with each request to the least outstanding."""
    failed = [
        played(
            seed, duration="100s", warmup="10s", edges={"e": {"count": edges}}, sam="off",
            routing={"policy": "least_outstanding"}, faults=[{"at": "1s", "crash": f"e-{edges}"}],
        ).metrics["failures.ratio"]
        for seed in range(4)
    ]  # fmt: skip
    assert np.mean(failed) == pytest.approx(1 / (100 + edges), rel=0.03)


def test_a_restart_ends_what_was_outstanding():
    """Without a timeout an edge that was down for a while would look busy for ever."""
    result = played(
        clients={"u": {"retry": {"timeout": "never"}}}, sam="off", routing={"policy": "least_outstanding"},
        faults=[{"at": "1s", "for": "9s", "crash": "e-3"}], warmup="15s",
    )  # fmt: skip
    assert result.metrics["edge.load[e-3]"] == pytest.approx(100 / 3, rel=0.15)


@pytest.mark.parametrize(
    "law",
    [
        Exponential(0.01), Uniform(0.01, 0.03), Normal(0.02, 0.01, 0.0), Lognormal(0.02, 0.5), Gamma(0.02, 0.6),
        Erlang(3, 0.02), Hyperexponential((0.9, 0.1), (0.01, 0.1)), Pareto(0.01, 3.0), Weibull(0.02, 0.8),
    ],
)  # fmt: skip
def test_the_slack_is_the_99_99th_percentile_less_the_least(law):
    """Against 2 * 10^6 draws, 200 above it: their share has a standard error of 7 %; 5 of these fail once in 10^6."""
    draws = law.sample(np.random.default_rng(7), 2_000_000)
    least = getattr(law, "least", getattr(law, "low", 0.0))
    assert np.count_nonzero(draws > least + tail_s(law)) == pytest.approx(200, abs=5 * math.sqrt(200))


def test_no_slack_without_jitter():
    assert tail_s(Constant(0.05)) == 0.0
    values = Empirical("x.csv", np.array([0.01, 0.02, 0.03]), "0" * 64)
    assert tail_s(values) == pytest.approx(0.02, rel=0.001)


@pytest.mark.parametrize(("slack", "alarms"), [("auto", False), ("0ms", True)])
def test_jitter_within_the_slack_is_no_alarm(slack, alarms):
    """One miss, 5 ms of jitter: without slack every second beat is late for the limit that the one before it set."""
    result = played(
        sam={"heartbeat": {"period": "1s", "misses": 1, "slack": slack}},
        network={"links": [{"from": "e-*", "to": "sam", "jitter": {"exponential": "5ms"}}]},
    )
    found = [event for event in result.events if event["kind"] == "detected"]
    assert (len(found) > 20) if alarms else (len(found) <= 1)
