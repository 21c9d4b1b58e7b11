"""Metric names: every name of the language resolves, mistyped ones are errors with the nearest."""

import pytest

from simulator.metrics.catalogue import CATALOGUE
from simulator.metrics.names import UnknownMetricError, parse_metric

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
