"""Where retries go: of two edges one is dead and nobody knows; requests are sent at random, and time out there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.worlds import FREE, merged, played

DEAD = merged(
    FREE,
    {
        "duration": "100s", "warmup": "1s", "edges": {"e": {"count": 2}},
        "routing": {"policy": "random", "leave_to": "uniform"}, "faults": [{"at": "0s", "crash": "e-2"}],
        "clients": {"u": {"retry": {"timeout": "100ms", "max": 3, "backoff": "0ms"}}},
    },
)  # fmt: skip


def with_retries(to, seed=1, **more):
    return played(merged(DEAD, {"clients": {"u": {"retry": {"to": to, **more}}}}), seed)


@pytest.mark.parametrize(
    ("to", "failed", "mean_s"),
    [
        ("other", 0.0, 0.5 * 0.1),  # one timeout, then the edge that lives
        ("same", 0.5, 0.0),  # half never leave the dead one, and the others never met it
        ("other_last", 0.0, 0.5 * 0.3),  # the first and two retries time out (HAProxy's redispatch)
        ("any", 1 / 16, (1 / 4 * 0.1 + 1 / 8 * 0.2 + 1 / 16 * 0.3) / (15 / 16)),  # each one is drawn anew
    ],
)  # fmt: skip
def test_where_a_retry_goes(to, failed, mean_s):
    results = [with_retries(to, seed) for seed in range(4)]
    ratios = np.array([result.metrics["failures.ratio"] for result in results])
    means = np.array([result.metrics["latency.mean"] for result in results])
    assert abs(ratios.mean() - failed) <= 5 * math.sqrt(failed * (1 - failed) / 39_600)
    assert means.mean() == pytest.approx(mean_s, rel=0.04)


def test_the_last_retry_is_the_last_that_is_allowed():
    """With one retry it is the last, and goes elsewhere."""
    assert with_retries("other_last", max=1).metrics["failures.ratio"] == 0.0


@pytest.mark.parametrize(("to", "availability"), [("same", 0.0), ("other", 1.0), ("other_last", 1.0)])
def test_an_establishment_is_tried_again_likewise(to, availability):
    """The nearest edge is the dead one."""
    change = {
        "clients": {"u": {"session": {"established": False}, "retry": {"to": to}}}, "routing": {"policy": "nearest"},
        "network": {"links": [{"from": "u", "to": "e-1", "latency": "5ms"}]},
    }  # fmt: skip
    assert played(merged(DEAD, change)).metrics["availability"] == availability


@pytest.mark.parametrize(
    ("on", "failed"),
    [(None, 0.0), (["timeout"], 0.0), (["error", "refused"], 0.5), ([], 0.5), (["refused", "timeout"], 0.0)],
)
def test_outcomes_that_are_not_listed_are_not_retried(on, failed):
    """The dead edge's timeouts, of which each met the crash, are retried where timeouts are."""
    result = with_retries("other", **({} if on is None else {"on": on}))
    assert result.metrics["failures.ratio"] == pytest.approx(failed, abs=5 * math.sqrt(failed / 2 / 9_900))


def test_an_expired_session_is_always_established_anew():
    """Whatever `on` says: here nothing is retried but that."""
    change = {
        "duration": "120s", "leases": {"length": "5s", "renew_before": "2s", "idle_after": "5s"},
        "clients": {"u": {"count": 20, "workload": {"rate": "0.05/s"}, "retry": {"on": [], "timeout": "1s", "max": 1}}},
        "edges": {"e": {"count": 1}}, "faults": [], "routing": {"policy": "nearest"},
    }  # fmt: skip
    result = played(merged(DEAD, change))
    assert result.metrics["lease.expiries.rate"] > 0.0
    assert result.metrics["failures.ratio"] == 0.0
