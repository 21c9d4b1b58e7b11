"""Metric names: every name of the language resolves, mistyped ones are errors with the nearest."""

import math

import numpy as np
import pytest

from simulator.metrics.catalogue import CATALOGUE
from simulator.metrics.events import fault_spans
from simulator.metrics.names import MetricUnavailableError, UnknownMetricError, parse_metric
from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication
from simulator.observe.values import histogram_metrics, metric_value

NAMES = [
    "hit_ratio.l1", "hit_ratio.l2", "hit_ratio.total", "delayed_hit_ratio.l1", "misses.l1.rate",
    "stale_reads.rate", "latency.mean", "latency.p50", "latency.p90", "latency.p95", "latency.p99",
    "latency.p999", "latency.failed.mean", "network_latency.mean", "availability", "requests.rate",
    "attempts.per_request", "goodput", "edge.wait.mean", "edge.wait.probability", "edge.wait.p95",
    "edge.sojourn.mean", "edge.sojourn.p50", "edge.sojourn.p95", "edge.sojourn.p99", "edge.utilisation",
    "edge.in_system.mean", "edge.refused_ratio", "edge.imbalance", "link.loss_ratio",
    "link.loss_burst.mean", "link.wait.mean", "client.loss_ratio", "client.bandwidth", "session.bytes.rate",
    "core.requests.rate", "core.utilisation", "storage.reads.rate", "storage.writes.rate", "renewals.rate",
    "renewal_batches.rate", "renewal_batch.size.mean", "renewal_messages_saved_ratio", "lease.lapses.rate",
    "stickiness.mean", "stickiness.p05", "stickiness.p50", "stickiness.p95", "left_ratio",
    "crossed_site_ratio", "migrations.rate", "stay_length.mean", "failover.detection.mean",
    "failover.detection.max", "failover.recovery.mean", "failover.recovery.max", "failover.sessions_moved",
    "node.availability", "failures.ratio[timeout]", "misses.l1.rate[migrated]", "hit_ratio.l1[pop-tokyo-1]",
    "within[200ms]", "within[1.5s][europe]", "latency.p42", "latency.p99.5", "latency.p9999",
    "latency.p99[l1]",
]  # fmt: skip


def a_replication(**changes):
    fields = {
        "replication": 0, "seed": 1, "metrics": {}, "histograms": {}, "totals": {},
        "timeseries": {"t_s": [], "metric": [], "label": [], "value": []}, "events": [],
    }  # fmt: skip
    return Replication(**{**fields, **changes})


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_language_is_known(name):
    assert parse_metric(name).unit in {"s", "ratio", "1/s", "B", "B/s", "1"}


def test_every_entry_describes_itself():
    for name, metric in CATALOGUE.items():
        assert metric.name == name
        assert metric.description[0].isalnum()
        assert not metric.description.endswith(".")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hit_ratio.l3", "hit_ratio.l1"),
        ("hitratio.l1", "hit_ratio.l1"),
        ("latencyp99", "latency.p99"),
        ("p99", "latency.p99"),
        ("withn[200ms]", "within[200ms]"),
        ("core.request.rate", "core.requests.rate"),
        ("availabilty", "availability"),
    ],
)
def test_a_mistyped_name_names_the_one_that_was_meant(typed, meant):
    with pytest.raises(UnknownMetricError) as error:
        parse_metric(typed)
    assert meant in str(error.value)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("within", "within what"),
        ("within[20]", "20ms or 20s"),
        ("within[0s]", "above 0"),
        ("latency.p0", "between 0 and 100"),
        ("latency.p100", "between 0 and 100"),
        ("latency.p101", "between 0 and 100"),
        ("edge.imbalance[pop-1]", "not given by label"),
        ("hit_ratio.l1[a][b]", "one label"),
        ("", "unknown metric"),
        ("hit_ratio.l1[", "unknown metric"),
    ],
)
def test_a_name_out_of_form_says_what_is_wrong(typed, says):
    with pytest.raises(UnknownMetricError) as error:
        parse_metric(typed)
    assert says in str(error.value)


def test_within_counts_failed_requests_as_not_within():
    """90 ok requests at 1..90 ms and 10 failures: 50 of 100 are answered within 50 ms."""
    latency = Histogram(np.arange(1, 91) / 1000.0)
    replication = a_replication(histograms={"latency": latency}, totals={"requests": 100, "ok": 90})
    assert metric_value(replication, "within[50.02ms]") == pytest.approx(0.50, abs=0.002)
    assert metric_value(replication, "within[10s]") == pytest.approx(0.90)


def test_within_by_label_uses_that_labels_requests():
    histograms = {"latency": Histogram([0.1] * 4), "latency[europe]": Histogram([0.1])}
    replication = a_replication(histograms=histograms, totals={"requests": 8, "requests[europe]": 4})
    assert metric_value(replication, "within[200ms][europe]") == 0.25
    with pytest.raises(MetricUnavailableError, match="did you mean europe"):
        metric_value(replication, "within[200ms][europa]")


def test_within_of_a_label_without_its_histogram_is_not_zero():
    """A group with ok requests whose latencies were not kept: an error, never a share of 0."""
    totals = {"requests": 8, "requests[europe]": 4, "ok[europe]": 3, "requests[asia]": 4, "ok[asia]": 0}
    replication = a_replication(histograms={"latency": Histogram([0.1] * 3)}, totals=totals)
    with pytest.raises(MetricUnavailableError):
        metric_value(replication, "within[200ms][europe]")
    assert metric_value(replication, "within[200ms][asia]") == 0.0


def test_within_of_no_requests_is_not_a_number_and_of_only_failures_zero():
    assert math.isnan(metric_value(a_replication(histograms={"latency": Histogram()}, totals={"requests": 0}),
                                   "within[1s]"))  # fmt: skip
    failed = a_replication(histograms={"latency": Histogram()}, totals={"requests": 5})
    assert metric_value(failed, "within[1s]") == 0.0


def test_any_percentile_comes_from_the_histogram():
    values = np.random.default_rng(2).exponential(size=20_000)
    replication = a_replication(histograms={"latency": Histogram(values), "latency[l1]": Histogram(values * 2)})
    expected = float(np.percentile(values, 97.5))
    assert metric_value(replication, "latency.p97.5") == pytest.approx(expected, rel=1e-3)
    assert metric_value(replication, "latency.p975[l1]") == pytest.approx(2 * expected, rel=1e-3)


def test_a_percentile_beyond_the_sample_is_not_a_number():
    """Of 500 values none is above the 99.9th percentile in any meaningful sense; half a value would be."""
    metrics = histogram_metrics("latency", Histogram(np.arange(1, 501) / 1000.0))
    assert math.isnan(metrics["latency.p999"])
    assert metrics["latency.p99"] == pytest.approx(0.495, rel=1e-2)


def test_a_cause_that_never_occurred_is_zero_and_an_unknown_one_an_error():
    replication = a_replication(metrics={"misses.l1.rate": 4.0, "misses.l1.rate[cold]": 4.0})
    assert metric_value(replication, "misses.l1.rate[migrated]") == 0.0
    with pytest.raises(MetricUnavailableError, match="no `moved` here"):
        metric_value(replication, "misses.l1.rate[moved]")


def test_a_part_that_is_off_gives_no_value():
    with pytest.raises(MetricUnavailableError, match="switched off"):
        metric_value(a_replication(), "renewals.rate")


def test_faults_pair_begin_and_end_by_target_and_kind():
    def event(t, kind, target, fault):
        return {"t_s": t, "kind": kind, "target": target, "detail": {"fault": fault}}

    events = [
        event(1.0, "fault.begin", "a", "crash"),
        event(2.0, "fault.begin", "a", "slow"),
        event(3.0, "fault.end", "a", "crash"),
        event(4.0, "fault.begin", "b", "crash"),
        event(5.0, "fault.end", "a", "slow"),
    ]
    assert fault_spans(events) == [(1.0, 3.0, "crash a"), (2.0, 5.0, "slow a"), (4.0, math.inf, "crash b")]
