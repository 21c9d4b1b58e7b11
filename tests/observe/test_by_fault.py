"""Metrics by named fault are of exactly the requests that were due while it was on."""

from __future__ import annotations

import csv
import math

import pytest

from simulator.metrics.expectations import parse_expectation
from simulator.metrics.names import MetricUnavailableError, UnknownMetricError, parse_metric
from simulator.observe.values import metric_value
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

LOG = {"kind": "trace", "file": "log.csv", "format": "csv"}


def world(tmp_path, times_s, **change):
    """One client whose requests are due at these times, one edge 10 ms away, timeouts after 1 s, no retries."""
    with (tmp_path / "log.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["t_s", "client", "op"], *([t, "c", "lookup"] for t in times_s)])
    scenario = {
        "name": "w", "duration": "60s", "warmup": "10s",
        "clients": {"u": {"workload": LOG, "retry": {"timeout": "1s", "max": 0}}},
        "edges": {"e": {"count": 1, "service_time": "0ms", "l1": {"ttl": "never"}}},
        "cores": {"core": {"service_time": "0ms"}}, "storage": {"read": "0ms", "write": "0ms"},
        "leases": "off", "sam": "off", "routing": {"policy": "nearest"}, "network": {"default": {"latency": "10ms"}},
    }  # fmt: skip
    return run_replication(Scenario.from_dict(scenario | change, base_dir=tmp_path), seed=1, replication=0)


FAULTS = [
    {"name": "dead", "at": "20s", "for": "10s", "crash": "e-1"},
    {"name": "both", "at": "25s", "for": "15s", "degrade": {"from": "u", "to": "e-1", "add_latency": "100ms"}},
    {"at": "50s", "for": "2s", "slow": "e-1", "factor": 2},
]


def test_a_request_counts_for_every_fault_that_is_on_when_it_is_due(tmp_path):
    """Due in `dead` [20, 30): 20.0 and 25.0, 29.5; in `both` [25, 40): 25.0, 29.5, 30.0, 39.0; at 51 a nameless one
    is on. A request of the warm-up and one that is due exactly at an end count for nothing of it."""
    due_s = [5.0, 12.0, 19.9, 20.0, 25.0, 29.5, 30.0, 39.0, 40.0, 51.0, 55.0]
    found = world(tmp_path, due_s, faults=FAULTS)
    totals = {name: found.totals[f"requests[fault:{name}]"] for name in ("dead", "both", "none")}
    assert totals == {"dead": 3, "both": 4, "none": 4}
    assert found.metrics["failures.ratio[fault:dead]"] == 1.0
    assert found.metrics["failures.ratio[fault:both]"] == 0.5
    assert found.metrics["failures.ratio[fault:none]"] == 0.0
    assert found.metrics["availability[fault:both]"] == 0.5
    assert found.metrics["failures.ratio[crashed][fault:both]"] == 0.5
    assert metric_value(found, "within[50ms][fault:none]") == 1.0
    assert metric_value(found, "within[50ms][fault:both]") == 0.0  # those that were answered took longer
    assert metric_value(found, "within[200ms][fault:both]") == 0.5
    mean_s = (0.140 + 0.120) / 2  # the edge is cold after its crash: the first one asks the core
    assert found.metrics["latency.mean[fault:both]"] == pytest.approx(mean_s, abs=1e-9)
    assert found.metrics["goodput[fault:both]"] == pytest.approx(2 / 15)
    assert found.metrics["goodput[fault:none]"] == pytest.approx(4 / (50 - 20 - 2))
    assert metric_value(found, "latency.p50[fault:both][u]") == metric_value(found, "latency.p50[u][fault:both]")
    assert metric_value(found, "availability[fault:both][u]") == 0.5


def test_repeats_are_together_and_what_nothing_was_due_in_is_unknown(tmp_path):
    faults = [
        {"name": "night", "at": "12s", "for": "5s", "every": "20s", "crash": "e-1"},
        {"name": "never", "at": "57s", "for": "1s", "crash": "e-1"},
    ]
    found = world(tmp_path, [11.0, 13.0, 33.0, 53.0, 54.0], faults=faults)
    assert found.totals["requests[fault:night]"] == 4
    assert found.metrics["failures.ratio[fault:night]"] == 1.0
    assert math.isnan(metric_value(found, "within[1s][fault:never]"))


def test_random_and_rolling_faults_are_on_while_a_target_is(tmp_path):
    faults = [{"name": "deploy", "at": "20s", "rolling_restart": "e-*", "drain": "2s", "down": "2s", "pause": "4s"}]
    edges = {"e": {"count": 2, "service_time": "0ms"}}  # on in [20, 24) and [28, 32)
    found = world(tmp_path, [19.0, 20.0, 23.9, 24.0, 27.9, 28.0, 31.9, 32.0], faults=faults, edges=edges)
    assert found.totals["requests[fault:deploy]"] == 4


def test_without_a_name_nothing_is_kept(tmp_path):
    found = world(tmp_path, [11.0, 12.0], faults=[{"at": "12s", "crash": "e-1"}])
    assert not [name for name in (*found.metrics, *found.histograms, *found.totals) if "fault:" in name]
    with pytest.raises(MetricUnavailableError, match="no fault of this run has a name"):
        metric_value(found, "availability[fault:none]")


def test_names_of_metrics_by_fault():
    parsed = parse_metric("within[200ms][fault:region-loss][europe]")
    assert (parsed.argument, parsed.label, parsed.fault) == (0.2, "europe", "region-loss")
    assert parse_expectation("within[200ms][fault:region-loss] >= 99%").metric.fault == "region-loss"
    with pytest.raises(UnknownMetricError, match="is not given by fault"):
        parse_metric("hit_ratio.l1[fault:sick]")
    with pytest.raises(UnknownMetricError, match="one fault at most"):
        parse_metric("availability[fault:a][fault:b]")
    with pytest.raises(UnknownMetricError, match="one label at most"):
        parse_metric("availability[a][b][fault:c]")


def test_sites_of_clients_are_labels_where_there_are_several():
    scenario = {
        "name": "w", "duration": "30s",
        "sites": {"near": {"lat": 0, "lon": 0}, "far": {"lat": 0, "lon": 60}},
        "clients": {
            name: {"count": 20, "site": site, "workload": {"kind": "poisson", "rate": "1/s"},
                   "session": {"established": True}}
            for name, site in (("a", "near"), ("b", "far"), ("c", "far"))
        },
        "edges": {"e": {"at": {"near": 2}}}, "network": {"geo": {}},
        "faults": [{"name": "sick", "at": "10s", "for": "10s", "slow": "e-near-1", "factor": 3}],
    }  # fmt: skip
    found = run_replication(Scenario.from_dict(scenario), seed=1, replication=0)
    totals = found.totals
    assert totals["requests[far]"] == totals["requests[b]"] + totals["requests[c]"]
    sick = [totals[f"requests[{label}][fault:sick]"] for label in ("far", "b", "c")]
    assert sick[0] == sick[1] + sick[2] > 0
    assert found.metrics["latency.mean[far]"] > found.metrics["latency.mean[near]"]
    assert metric_value(found, "within[200ms][far][fault:sick]") <= metric_value(
        found, "within[200ms][near][fault:sick]"
    )


# -- how many users noticed -------------------------------------------------------------------------------
def users(**change):
    base = {
        "name": "w", "duration": "60s", "warmup": "10s",
        "clients": {
            "u": {"count": 3000, "workload": {"kind": "poisson", "rate": "0.2/s"},
                  "session": {"length": "forever", "established": True}}
        },
        "edges": {"e": {"count": 1, "workers": "unlimited", "service_time": "0ms", "l1": {"ttl": "never"}}},
        "leases": "off", "sam": "off", "routing": {"policy": "nearest"}, "network": {"default": {"latency": "0ms"}},
    }  # fmt: skip
    return run_replication(Scenario.from_dict(base | change), seed=1, replication=0).metrics


def test_the_share_of_users_who_notice_an_outage():
    """Of 3,000 clients with .2/s those notice that send in 5 s: 1 - e^-1 = .632; six deviations are .053."""
    metrics = users(faults=[{"at": "30s", "for": "5s", "error": "e-1"}])
    assert metrics["sessions.failed_ratio"] == pytest.approx(1 - math.exp(-1), abs=0.053)
    assert metrics["failures.ratio"] == pytest.approx(0.1, abs=0.01)
    assert metrics["sessions.failed_ratio[u]"] == metrics["sessions.failed_ratio"]


def test_an_outage_in_the_warm_up_is_noticed_by_nobody_of_the_window():
    assert users(faults=[{"at": "0s", "for": "5s", "error": "e-1"}])["sessions.failed_ratio"] == 0.0


def test_a_session_that_cannot_be_established_has_failed():
    """Sessions that come at 5/s and last for an instant send nothing: those of 20 of 50 s fail to be established."""
    clients = {
        "u": {"workload": {"kind": "poisson", "rate": "0.000001/s"},
              "session": {"arrivals": "5/s", "length": {"exponential": "1s"}}}
    }  # fmt: skip
    metrics = users(clients=clients, faults=[{"at": "20s", "for": "20s", "error": "e-1"}])
    assert metrics["sessions.failed_ratio"] == 1.0  # of those that count, which are those alone
