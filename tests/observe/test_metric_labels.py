"""Every metric is given for all that its catalogue entry promises: groups, edges, tiers, causes, cores, links, hops."""

import pytest

from simulator import Scenario, run
from simulator.metrics.catalogue import CATALOGUE
from simulator.metrics.labels import CAUSE_LABELS, COST_PARTS, HOPS, TIERS

WORLD = {
    "duration": "30s",
    "warmup": "2s",
    "sites": {"here": {"lat": 0, "lon": 0}, "there": {"lat": 0, "lon": 1}},
    "clients": {
        "near": {
            "count": 30,
            "site": "here",
            "workload": {"kind": "poisson", "rate": "2/s"},
            "operations": {"lookup": "95%", "update": "5%"},
            "retry": {"timeout": "1s", "max": 1},
            "hedge": {"after": "995ms"},
        },
        "far": {
            "count": 10,
            "site": "there",
            "workload": {"kind": "poisson", "rate": "1/s"},
            "retry": {"timeout": "1s", "max": 1},
            "hedge": {"after": "995ms"},
        },
    },
    "edges": {"pop": {"count": 3, "service_time": {"exponential": "5ms"}, "l1": {"ttl": "2s"}}},
    "network": {"default": {"latency": "5ms", "loss": "2%"}},
    "price": {"edge_hour": 0.1},
    "faults": [
        {"name": "dead", "at": "10s", "for": "5s", "crash": "pop-1"},
        {"at": "27s", "for": "1s", "crash": "pop-2", "connections": "reset"},
        {"at": "20s", "for": "2s", "crash": "core-1"},
    ],
}
LABELS = {
    "group": ("near", "far"),
    "site": ("here", "there"),
    "fault": ("fault:dead", "fault:none"),
    "edge": ("pop-1", "pop-2", "pop-3"),
    "tier": ("l1", "l2"),
    "cause": (),  # of failures and of misses: below
    "core": ("core-1",),
    "link": ("client>edge", "edge>core"),
    "hop": HOPS,
    "part": COST_PARTS,
    "balancer": ("lb-1", "lb-2"),
}


@pytest.fixture(scope="module")
def result():
    return run(Scenario.from_dict(WORLD))


@pytest.fixture(scope="module")
def watched():
    return run(Scenario.from_dict(WORLD | {"health": {"active": {}, "passive": {}}}))


@pytest.fixture(scope="module")
def balanced():
    """The same with balancers, which put other links in the place of those between clients and edges."""
    clients = {name: {k: v for k, v in group.items() if k != "hedge"} for name, group in WORLD["clients"].items()}
    return run(Scenario.from_dict(WORLD | {"clients": clients, "balancers": {"lb": {"count": 2, "workers": 2}}}))


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=CATALOGUE)
def test_a_metric_is_given_for_all_its_labels(result, watched, balanced, metric):
    if metric.name.startswith(("health.", "ejections.")):
        result = watched
    if metric.name.startswith("balancer."):
        result = balanced
    name = metric.name if metric.name != "within" else "within[200ms]"
    names = [f"{name}[{label}]" for family in metric.labels for label in LABELS[family]]
    if "cause" in metric.labels:
        names += [f"{name}[{cause}]" for cause in CAUSE_LABELS[name]]
    for labelled in names or [name]:
        assert result[labelled].unit == metric.unit
        assert metric.name == "within" or not metric.labels or labelled in result.estimates, labelled


def test_groups_make_up_the_whole(result):
    total = result["misses.l1.rate"]
    parts = result["misses.l1.rate[near]"] + result["misses.l1.rate[far]"]
    assert 0.8 * total < parts <= total * (1.0 + 1e-12)  # a group's misses are those of its ok requests
    weights = result["stickiness.mean[near]"], result["stickiness.mean[far]"]
    assert min(weights) <= result["stickiness.mean"] <= max(weights)
    for group in ("near", "far"):
        shares = [result[f"{part}_ratio.l1[{group}]"] for part in ("hit", "delayed_hit", "miss")]
        assert sum(shares) == pytest.approx(1.0)


def test_percentiles_of_edges_hold_the_one_of_all(result):
    for family in ("edge.wait", "edge.sojourn"):
        edges = [result[f"{family}.p95[pop-{i}]"] for i in (1, 2, 3)]
        assert min(edges) <= result[f"{family}.p95"] <= max(edges)
        assert sum(result.histogram(f"{family}[pop-{i}]").count for i in (1, 2, 3)) == result.histogram(family).count


def test_tiers_are_those_of_requests():
    from simulator.messages import Tier

    assert tuple(tier.name.lower() for tier in Tier) == TIERS
