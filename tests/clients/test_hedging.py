"""Hedged requests: an attempt without an answer gets a twin at another edge, and the first good answer counts.

Services and links take constant times where nothing else is said, so that what is expected is exact.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.scenario.schema import Scenario
from tests.worlds import FREE, Play, merged, played

TWO = merged(
    FREE,
    {
        "duration": "100s", "edges": {"e": {"count": 2, "workers": "unlimited", "service_time": "60ms"}},
        "clients": {"u": {"count": 10, "workload": {"kind": "poisson", "rate": "1/s"}, "hedge": {"after": "50ms"}}},
        "routing": {"policy": "nearest"},
        "network": {"links": [{"from": "e-2", "to": "u-*", "latency": "1ms"}]},
    },
)  # fmt: skip
"""All clients are nearest to e-1; a hedge goes to e-2, whose answers take 1 ms."""


def hedged(**change):
    return played(merged(TWO, change)).metrics


def slow(edge="e-1", factor=10):
    return [{"at": "0s", "slow": edge, "factor": factor}]


def erring(edge, after):
    return {"at": "0s", "error": edge, "after": after}


def test_the_first_answer_ends_both_and_what_had_begun_is_wasted():
    """The first is answered after 60 ms; the twin's service, begun at 50 ms, goes on for nothing."""
    found = hedged()
    assert found["latency.mean"] == pytest.approx(0.06)
    assert found["hedges.ratio"] == found["hedges.ratio[u]"] == 1.0
    assert found["attempts.per_request"] == 2.0
    assert found["wasted_work.rate[e-2]"] == pytest.approx(found["requests.rate"], rel=0.01)
    assert found["wasted_work.rate[e-1]"] == 0.0
    assert found["availability"] == 1.0


def test_an_excursion_moves_no_session():
    found = hedged(faults=slow())
    assert found["latency.mean"] == pytest.approx(0.05 + 0.061)
    assert found["migrations.rate"] == found["left_ratio"] == 0.0


def test_an_answer_at_the_very_instant_is_in_time():
    found = hedged(edges={"e": {"service_time": "50ms"}})
    assert found["hedges.ratio"] == 0.0
    assert found["latency.mean"] == pytest.approx(0.05)


@pytest.mark.parametrize("after", ["never", "61ms"])
def test_what_is_answered_before_is_not_hedged(after):
    found = hedged(clients={"u": {"hedge": {"after": after}}})
    assert found.get("hedges.ratio", 0.0) == 0.0
    assert found["attempts.per_request"] == 1.0


def test_both_may_be_sent_at_once():
    found = hedged(clients={"u": {"hedge": {"after": "0s"}}}, faults=slow())
    assert found["hedges.ratio"] == 1.0
    assert found["latency.mean"] == pytest.approx(0.061)


def test_of_operations_that_change_something_none_is_hedged():
    found = hedged(clients={"u": {"operations": {"acquire": "50%", "release": "50%"}}})
    assert found["hedges.ratio"] == 0.0
    found = hedged(clients={"u": {"operations": {"read_lock": "100%"}}})
    assert found["hedges.ratio"] == 1.0


def test_without_another_healthy_edge_nothing_is_hedged():
    assert hedged(edges={"e": {"count": 1}}, network={"links": []})["hedges.ratio"] == 0.0
    known = {"faults": [{"at": "0s", "crash": "e-2"}], "sam": {"heartbeat": {"period": "1s", "misses": 1}}}
    assert hedged(warmup="5s", **known)["hedges.ratio"] == 0.0


def test_one_slow_edge_of_two_is_hidden():
    """Half of all requests go to an edge of 200 ms: with a hedge after 30 ms they take 30 + 10 ms."""
    change = {
        "routing": {"policy": "random"}, "edges": {"e": {"service_time": "10ms"}}, "faults": slow("e-2", 20),
        "clients": {"u": {"hedge": {"after": "30ms"}}}, "network": {"links": []},
    }  # fmt: skip
    found = hedged(**change)
    assert found["latency.p99"] == pytest.approx(0.04, rel=0.02)
    off = hedged(**merged(change, {"clients": {"u": {"hedge": "off"}}}))
    assert off["latency.p99"] == pytest.approx(0.2, rel=0.02)


# -- failures -----------------------------------------------------------------------------------------
def test_a_failure_waits_for_the_twin():
    """e-1 errs after 80 ms, when the twin is under way: its answer comes at 50 + 61 ms, and nothing is tried again."""
    found = hedged(faults=[erring("e-1", "80ms")], clients={"u": {"retry": {"max": 2, "timeout": "1s"}}})
    assert found["availability"] == 1.0
    assert found["latency.mean"] == pytest.approx(0.111)
    assert found["attempts.per_request"] == 2.0


def test_a_failure_before_the_hedge_is_one_at_once():
    found = hedged(faults=[erring("e-1", "10ms")])
    assert found["failures.ratio[error]"] == 1.0
    assert found["hedges.ratio"] == 0.0
    assert found["latency.failed.mean"] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("first", "second", "timeout", "failed_s", "cause"),
    [
        ("80ms", "20ms", "1s", 0.08, "error"),  # the twin failed at 71 ms
        ("80ms", "40ms", "1s", 0.091, "error"),
        ("80ms", None, "100ms", 0.15, "crashed"),  # the twin has its timeout from its own send
        (None, "20ms", "100ms", 0.1, "crashed"),
    ],
)  # fmt: skip
def test_a_request_fails_with_the_later_outcome_when_both_have(first, second, timeout, failed_s, cause):
    faults = [
        {"at": "0s", "crash": edge} if after is None else erring(edge, after)
        for edge, after in (("e-1", first), ("e-2", second))
    ]
    found = hedged(faults=faults, clients={"u": {"retry": {"timeout": timeout}}})
    assert found[f"failures.ratio[{cause}]"] == 1.0
    assert found["latency.failed.mean"] == pytest.approx(failed_s)
    assert found["attempts.per_request"] == 2.0


def test_each_retry_may_be_hedged_once():
    """Two attempts at edges that err, each with a twin: four in all."""
    faults = [erring("e-*", "80ms")]
    found = hedged(faults=faults, clients={"u": {"retry": {"max": 1, "backoff": "0ms", "timeout": "1s"}}})
    assert found["failures.ratio"] == 1.0
    assert found["attempts.per_request"] == 4.0
    assert found["hedges.ratio"] == 2.0


def test_without_a_timeout_a_hedge_helps_what_was_lost():
    far = TWO["network"]["links"]
    lost = {"network": {"links": [*far, {"from": "u-*", "to": "e-1", "loss": "100%"}]}}
    found = hedged(**lost)
    assert found["availability"] == 1.0
    assert found["latency.mean"] == pytest.approx(0.05 + 0.061)
    both = hedged(network={"links": [*far, {"from": "u-*", "to": "e-*", "loss": "100%"}]})
    assert both["failures.ratio[timeout]"] == 1.0
    assert both["attempts.per_request"] == 2.0
    alone = hedged(edges={"e": {"count": 1}}, network={"links": [{"from": "u-*", "to": "e-1", "loss": "100%"}]})
    assert alone["failures.ratio[timeout]"] == 1.0
    erred = hedged(faults=[erring("e-2", "1ms")], **lost)
    assert erred["failures.ratio[timeout]"] == 1.0
    later = hedged(
        faults=[erring("e-1", "70ms")], network={"links": [*far, {"from": "u-*", "to": "e-2", "loss": "100%"}]}
    )
    assert later["failures.ratio[timeout]"] == 1.0


# -- the budget ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_a_hedge_takes_a_token_and_is_not_sent_without(share):
    """All want one: those that the bucket held, and the share of the requests, get it."""
    retry = {"budget": {"ratio": f"{share:.0%}", "burst": 5}}
    found = played(merged(TWO, {"clients": {"u": {"retry": retry}}}))
    requests = found.metrics["requests.rate"] * 100
    hedges = found.metrics["hedges.ratio"] * requests
    assert abs(hedges - share * requests - (5 if share else 0)) < 1.01


def test_retries_and_hedges_share_the_budget():
    """All edges err: each request takes a token for its hedge, and none is left for the retry after it."""
    retry = {"max": 1, "timeout": "1s", "backoff": "0ms", "budget": {"ratio": "50%", "burst": 10}}
    found = hedged(clients={"u": {"retry": retry}}, faults=[erring("e-*", "80ms")])
    assert found["attempts.per_request"] == pytest.approx(1.5, abs=0.012)


# -- what became of the other -------------------------------------------------------------------------
def standing(cancel):
    """e-2 stands still until nearly the end: hedges wait there unserved, and those answered meanwhile are over."""
    faults = [{"at": "0s", "for": "90s", "pause": "e-2"}]
    return played(merged(TWO, {"clients": {"u": {"hedge": {"cancel": cancel}}}, "faults": faults})).metrics


def test_a_cancelled_one_is_dropped_where_it_has_not_begun():
    kept, dropped = standing(cancel=False), standing(cancel=True)
    assert kept["hedges.ratio"] == dropped["hedges.ratio"] == 1.0
    assert kept["edge.load[e-2]"] == pytest.approx(kept["requests.rate"], rel=0.01)
    assert dropped["edge.load[e-2]"] == pytest.approx(0.1 * kept["edge.load[e-2]"], rel=0.2)


def waiting(cancel):
    """e-2 has one worker, and serves for 600 ms what is wanted ten times a second; what waits there after 100 s."""
    change = {
        "duration": "110s", "edges": {"e": {"service_time": "100ms"}, "s": {"count": 1, "service_time": "600ms"}},
        "clients": {"u": {"hedge": {"cancel": cancel}}},
        "network": {"links": [{"from": "s-1", "to": "u-*", "latency": "1ms"}]},
    }  # fmt: skip
    scenario = merged(TWO, merged(change, {"edges": {"e": {"count": 1}}}))
    world = Play(Scenario.from_dict(scenario)).until(100.0)
    return len(world.edges[1].waiting)


def test_queued_work_is_dropped_when_its_turn_comes():
    """At 10 requests/s and 1.67 services/s the queue holds 8.3 per second more, or what came during one service."""
    assert waiting(cancel=False) == pytest.approx(100 * (10 - 1 / 0.6), abs=5 * math.sqrt(1000))
    assert waiting(cancel=True) <= 25


def test_a_cancelled_one_is_outstanding_no_more():
    change = {"routing": {"policy": "least_outstanding"}, "duration": "20s", "faults": slow("e-*", 100)}
    play = Play(Scenario.from_dict(merged(TWO, change)))
    world = play.until(10.0)
    expected = [0, 0]
    for group in world.groups:
        for attempt in group.hedging._twins:
            expected[attempt.edge] += 1
    assert sum(expected) > 50
    waited = sum(1 for _ in world.groups[0].hedging.waiting)
    assert sum(world.directory.outstanding) == sum(expected) + waited


@pytest.mark.slow
def test_the_oracle():
    """Service Exp(m), unlimited workers, hedge after a (here both 100 ms).

    Until a the answer comes as without hedges; after that at rate 2/m: mean m (1 - e^-1) + e^-1 m/2, p99
    (m ln 100 + a)/2, and e^-1 are hedged. n = 20,000 requests: 5 standard errors, a false alarm in a million.
    """
    change = {
        "duration": "500s", "edges": {"e": {"service_time": {"exponential": "100ms"}}}, "network": {"links": []},
        "clients": {"u": {"count": 40, "hedge": {"after": "100ms"}}},
    }  # fmt: skip
    found = hedged(**change)
    share = math.exp(-1)
    n = 20_000
    assert found["hedges.ratio"] == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / n))
    assert found["latency.mean"] == pytest.approx(0.1 * (1 - share / 2), abs=5 * 0.07 / math.sqrt(n))
    p99_s = (0.1 * math.log(100) + 0.1) / 2
    assert found["latency.p99"] == pytest.approx(p99_s, abs=5 * np.sqrt(0.01 * 0.99 / n) / (0.01 * 2 / 0.1))


@pytest.mark.parametrize(
    ("cookie", "mean_s"),
    [
        ({}, 0.111),
        ({"on_failed_attempt": "reassign"}, 0.111),  # no attempt has failed
        ({"on_failed_attempt": "stay"}, 0.111),
        ({"on_down": "strict"}, 0.6),  # the twin is at the same edge
    ],
)
def test_a_hedge_gives_no_cookie(cookie, mean_s):
    """The cookie's edge takes 600 ms: all requests go on to be sent there first, and moved is none."""
    found = hedged(routing={"policy": "cookie", **cookie}, faults=slow())
    assert found["latency.mean"] == pytest.approx(mean_s)
    assert found["hedges.ratio"] == 1.0
    assert found["migrations.rate"] == found["left_ratio"] == 0.0
