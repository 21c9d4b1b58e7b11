"""Margins: what people write, and what it means for a metric."""

import pytest

from simulator.experiment.stopping import parse_target
from simulator.metrics.margins import MarginError, parse_margin, parse_metric_margin
from simulator.metrics.names import UnknownMetricError, parse_metric


@pytest.mark.parametrize(
    ("metric", "text", "mean", "margin"),
    [
        ("hit_ratio.l1", "0.5points", 0.7, 0.005),
        ("hit_ratio.l1", "0.5%", 0.7, 0.005),
        ("hit_ratio.l1", "0.5% relative", 0.7, 0.0035),
        ("hit_ratio.l1", "0.005", 0.7, 0.005),
        ("hit_ratio.l1", "±0.5pp", 0.7, 0.005),
        ("latency.p99", "5%", 0.2, 0.01),
        ("latency.p99", "5ms", 0.2, 0.005),
        ("core.requests.rate", "3/s", 100.0, 3.0),
        ("stickiness.mean", "2", 60.0, 2.0),
        ("client.bandwidth", "1kB/s", 5e4, 1000.0),
        ("latency.p99", "0", 0.2, 0.0),
    ],
)
def test_a_margin_means(metric, text, mean, margin):
    assert parse_margin(text, parse_metric(metric)).of(mean) == pytest.approx(margin)


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("latency.p99", "5"),
        ("latency.p99", "-5%"),
        ("latency.p99", "soon"),
        ("hit_ratio.l1", "5ms"),
        ("hit_ratio.l1", ""),
    ],
)
def test_what_is_no_margin_says_how_one_is_written(metric, text):
    with pytest.raises(MarginError, match=r"write|negative"):
        parse_margin(text, parse_metric(metric))


def test_a_metric_with_its_margin():
    metric, margin = parse_metric_margin("within[200ms]:0.1points")
    assert (metric.name, margin.amount) == ("within[200ms]", 0.001)
    with pytest.raises(UnknownMetricError, match=r"did you mean hit_ratio.l"):
        parse_metric_margin("hit_ratio.l:1%")
    with pytest.raises(MarginError, match="METRIC:MARGIN"):
        parse_metric_margin("hit_ratio.l1")


def test_an_interval_of_no_width_cannot_be_waited_for():
    assert str(parse_target("hit_ratio.l1:±0.5%")) == "hit_ratio.l1 ± 0.5 points"
    assert str(parse_target("hit_ratio.l1:±1%")) == "hit_ratio.l1 ± 1 point"
    with pytest.raises(MarginError, match="some width"):
        parse_target("hit_ratio.l1:0")
