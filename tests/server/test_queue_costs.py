"""What an edge does about its queue and its misses: shedding, and rebuilding what was fetched."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.worlds import FREE, merged, played

ONE = {"edges": {"e": {"count": 1}}}


def mean_of(metric, change, replications=8):
    """Mean of a metric and its standard error, over replications."""
    scenario = merged(merged(FREE, ONE), change)
    values = [played(scenario, seed=5, replication=number).metrics[metric] for number in range(replications)]
    return np.mean(values), np.std(values, ddof=1) / math.sqrt(replications)


def queue(rate, service_rate, **edge):
    service = {"exponential": f"{1000 / service_rate}ms"}
    return {
        "duration": "400s", "warmup": "20s", "clients": {"u": {"workload": {"rate": f"{rate / 100}/s"}}},
        "edges": {"e": {"workers": 1, "queue": "unlimited", "service_time": service, **edge}},
    }  # fmt: skip


@pytest.mark.parametrize(("rate", "wait_s"), [(80, 0.05), (120, 0.04)])
def test_an_mm1_that_sheds_refuses_who_would_wait_longer(rate, wait_s):
    """M/M/1 with patience tau (Barrer 1957): refused rho (1 - rho) E / (1 - rho^2 E), E = exp(-(mu - lambda) tau)."""
    mu, rho = 100.0, rate / 100.0
    e = math.exp(-(mu - rate) * wait_s)
    expected = rho * (1 - rho) * e / (1 - rho**2 * e)
    mean, error = mean_of("failures.ratio", queue(rate, mu, shed={"wait": f"{1000 * wait_s}ms"}))
    assert error < 0.03 * expected
    assert abs(mean - expected) < 5 * error


def test_a_shed_request_waited_for_just_so_long():
    """Each that is refused was refused at 50 ms, and nobody that was served waited longer."""
    result = played(merged(merged(FREE, ONE), queue(150, 100, shed={"wait": "50ms"})))
    refused = result.histograms["latency.failed"]
    assert (refused.min, refused.max) == pytest.approx((0.05, 0.05), rel=1e-9)
    assert result.histograms["edge.wait"].max <= 0.05


def test_establishments_are_not_shed():
    """They wait for a worker that is busy for 10 s, as long as it takes; requests do not."""
    change = {
        "duration": "30s",
        "clients": {"u": {"count": 5, "workload": {"rate": "1/s"}, "session": {"established": False}}},
        "edges": {"e": {"workers": 1, "queue": "unlimited", "service_time": "2s", "shed": {"wait": "1s"}}},
    }
    result = played(merged(merged(FREE, ONE), change))
    assert result.metrics["sessions.established.rate"] * 30 == pytest.approx(5)
    assert result.metrics["failures.ratio"] > 0.5


def test_a_miss_costs_its_rebuild():
    """Unlimited workers, sliding TTL, lambda T = 2, instant fetch: (1 - H) 40 ms, H = 1 - exp(-2)."""
    change = {
        "duration": "2000s", "warmup": "20s", "clients": {"u": {"count": 50, "workload": {"rate": "0.5/s"}}},
        "edges": {"e": {"l1": {"ttl": "4s", "ttl_mode": "sliding"}, "rebuild_time": "40ms"}},
    }  # fmt: skip
    mean, error = mean_of("latency.mean", change, 4)
    expected = math.exp(-2.0) * 0.040
    assert error < 0.01 * expected
    assert abs(mean - expected) < 0.02 * expected + 5 * error


def test_a_rebuild_takes_a_worker_and_waits_for_one():
    """Never in L1: each request costs its service and its rebuild, so 10 ms and 30 ms at 20/s fill 80 % of a worker.

    An M/G/1 would wait less in all than twice its queue; here only the utilisation is asserted, and a queue.
    """
    change = {
        "duration": "400s", "clients": {"u": {"workload": {"rate": "0.2/s"}}},
        "edges": {
            "e": {"workers": 1, "service_time": "10ms", "queue": "unlimited", "l1": {"ttl": "0ms"},
                  "rebuild_time": "30ms"}
        },
    }  # fmt: skip
    mean, error = mean_of("edge.utilisation", change, 4)
    assert abs(mean - 0.8) < 5 * error + 1e-6
    assert error < 0.01


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("coalesce", [True, False])
def test_a_crash_in_the_middle_of_rebuilds_loses_their_requests_and_nothing_else(held, coalesce):
    change = {
        "duration": "60s", "clients": {"u": {"workload": {"rate": "1/s"}, "retry": {"timeout": "1s", "max": 0}}},
        "edges": {
            "e": {"workers": 8, "service_time": "1ms", "l1": {"ttl": "2s"}, "rebuild_time": {"exponential": "50ms"},
                  "hold_worker_on_miss": held, "coalesce": coalesce, "queue": 100}
        },
        "faults": [{"at": "20s", "for": "5s", "crash": "e-1"}],
    }  # fmt: skip
    result = played(merged(merged(FREE, ONE), change))
    assert result.metrics["failures.ratio[crashed]"] > 0
    assert result.metrics["availability"] > 0.85
