"""Expectations: taken apart with units, and judged on intervals."""

import math

import pytest

from simulator.metrics.expectations import ExpectationError, parse_expectation
from simulator.metrics.names import UnknownMetricError

NAN = math.nan


@pytest.mark.parametrize(
    ("text", "name", "op", "value", "each"),
    [
        ("within[200ms] >= 99.5%", "within[200ms]", ">=", 0.995, False),
        ("hit_ratio.l1>=0.55", "hit_ratio.l1", ">=", 0.55, False),
        ("latency.p99 < 120ms", "latency.p99", "<", 0.12, False),
        ("each(latency.p99[europe]) <= 1.5s", "latency.p99[europe]", "<=", 1.5, True),
        ("core.requests.rate <= 600/min", "core.requests.rate", "<=", 10.0, False),
        ("client.bandwidth > 1MB/s", "client.bandwidth", ">", 1e6, False),
        ("attempts.per_request <= 1.2", "attempts.per_request", "<=", 1.2, False),
        ("stickiness.mean > 60", "stickiness.mean", ">", 60.0, False),
        ("hedges.ratio <= 5%", "hedges.ratio", "<=", 0.05, False),
        ("hedges.ratio[europe] <= 1.5", "hedges.ratio[europe]", "<=", 1.5, False),  # retries are hedged too
    ],
)
def test_forms(text, name, op, value, each):
    found = parse_expectation(text)
    assert (found.metric.name, found.op, found.each) == (name, op, each)
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hit_ratio.l1", "METRIC >= VALUE"),
        ("hit_ratio.l1 >= 55", "55%"),
        ("latency.p99 <= 200", "200ms or 200s"),
        ("latency.p99 <= 5%", "latency.p99"),
        ("left_ratio == 5%", ">= or <="),
        ("left_ratio => 5%", "write >="),
        ("attempts.per_request < 1.2s", "plain number"),
        ("stickiness.mean > nan", "no number"),
    ],
)
def test_errors_say_what_would_be_right(text, says):
    with pytest.raises(ExpectationError) as error:
        parse_expectation(text)
    assert says in str(error.value)


def test_an_unknown_metric_is_an_error():
    with pytest.raises(UnknownMetricError, match=r"hit_ratio\.l1"):
        parse_expectation("hit_rate.l1 >= 50%")


@pytest.mark.parametrize(
    ("values", "low", "high", "verdict"),
    [
        ([0.60, 0.62], 0.56, 0.66, "met"),
        ([0.50, 0.52], 0.46, 0.54, "missed"),
        ([0.50, 0.60], 0.45, 0.65, "undecided"),
        ([0.56], NAN, NAN, "met"),
        ([0.54], NAN, NAN, "missed"),
        ([], NAN, NAN, "undecided"),
        ([0.9, NAN], 0.8, 0.99, "undecided"),
    ],
)
def test_judged_on_the_interval(values, low, high, verdict):
    assert parse_expectation("hit_ratio.l1 >= 55%").judge(values, low, high) == verdict


def test_each_is_judged_on_every_replication():
    each = parse_expectation("each(hit_ratio.l1) >= 55%")
    assert each.judge([0.56, 0.99], 0.4, 1.0) == "met"
    assert each.judge([0.54, 0.99], 0.7, 0.8) == "missed"


def test_exactly_at_a_strict_bound_is_not_met():
    assert parse_expectation("latency.p99 < 20ms").judge([0.02], NAN, NAN) == "missed"
    assert parse_expectation("latency.p99 <= 20ms").judge([0.02], NAN, NAN) == "met"
