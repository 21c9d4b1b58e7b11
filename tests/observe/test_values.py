"""The value of a metric in a replication: percentiles and `within` from histograms, zeros that are not written."""

import math

import numpy as np
import pytest

from simulator.metrics.names import MetricUnavailableError
from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication
from simulator.observe.values import histogram_metrics, metric_value


def a_replication(**changes):
    fields = {
        "replication": 0, "seed": 1, "metrics": {}, "histograms": {}, "totals": {},
        "timeseries": {"t_s": [], "metric": [], "label": [], "value": []}, "events": [],
    }  # fmt: skip
    return Replication(**{**fields, **changes})


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
