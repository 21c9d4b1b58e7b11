"""Time series by site, which stand for those of single edges where these are too many.

What sums over windows must give is what counters of single edges gave over the whole run.
"""

from __future__ import annotations

import math

import pytest

from simulator.observe.series import by_site
from tests import worlds
from tests.worlds import FREE, merged

AT = {"frankfurt": 40, "tokyo": 24, "london": 2}


@pytest.fixture(scope="module")
def many():
    change = {
        "duration": "30s", "warmup": "0s", "sites": [*AT], "edges": {"e": {"at": AT}},
        "clients": {"u": {"site": "frankfurt"}}, "cores": {"core": {"site": "london"}},
        "routing": {"policy": "round_robin"},
    }  # fmt: skip
    scenario = merged(FREE, change)
    del scenario["edges"]["e"]["count"]
    return worlds.played(scenario)


def series(result, metric: str) -> dict[str, list[float]]:
    """Label -> values."""
    found: dict[str, list[float]] = {}
    rows = result.timeseries
    for name, label, value in zip(rows["metric"], rows["label"], rows["value"], strict=True):
        if name == metric:
            found.setdefault(label, []).append(value)
    return found


def of_edges(result, metric: str, site: str) -> list[float]:
    return [result.metrics[f"{metric}[e-{site}-{number + 1}]"] for number in range(AT[site])]


def test_many_edges_have_series_by_site_and_none_of_their_own(many):
    assert series(many, "edge.load") == series(many, "edge.in_system") == {}
    load, most, ratio = (series(many, metric) for metric in ("site.load", "site.load.max", "site.hit_ratio.l1"))
    assert set(load) == set(most) == set(ratio) == set(AT)
    for site, edges in AT.items():
        assert len(load[site]) == 30
        assert math.fsum(load[site]) / 30 == pytest.approx(math.fsum(of_edges(many, "edge.load", site)))
        assert all(a / edges <= b <= a for a, b in zip(load[site], most[site], strict=True))
        assert math.fsum(most[site]) / 30 >= max(of_edges(many, "edge.load", site))
    each = [math.fsum(load[site]) / AT[site] for site in AT]  # requests per edge in 30 windows of a second
    assert max(each) - min(each) <= 1.0 + 1e-9  # round robin: no edge has two requests more than another


def test_the_hit_ratio_of_a_site_is_that_of_its_lookups(many):
    """All hits of a site are its ratios weighted with its lookups, which are its arrivals where all do nothing else."""
    load, ratio = series(many, "site.load"), series(many, "site.hit_ratio.l1")
    for site in AT:
        hits = math.fsum(a * b for a, b in zip(load[site], ratio[site], strict=True) if a)
        rates = of_edges(many, "hit_ratio.l1", site)
        lookups = of_edges(many, "lookups.l1.rate", site)
        assert hits / 30 == pytest.approx(math.fsum(a * b for a, b in zip(rates, lookups, strict=True)), rel=1e-9)


def test_who_is_served_is_told_by_site(many):
    """Without faults there is one phase, the run; its answers are all that were ok, and moves are not told."""
    served = series(many, "site.served.rate")
    assert set(served) == {f"u>{site}" for site in AT}
    assert 30 * math.fsum(rate for (rate,) in served.values()) == pytest.approx(many.totals["ok"])
    assert series(many, "served.rate") == series(many, "moves.rate") == {}


def test_few_edges_keep_their_own_series():
    few = worlds.played(merged(FREE, {"duration": "3s", "warmup": "0s", "edges": {"e": {"count": 3}}}))
    assert set(series(few, "edge.load")) == {"e-1", "e-2", "e-3"}
    assert series(few, "site.load") == {}


def test_edges_without_a_site_count_to_their_group():
    edges = [("a-1", "x"), ("b-1", None), ("a-2", "x"), ("b-2", None), ("c-y-1", "y")]
    assert by_site(edges) == {"x": [0, 2], "b": [1, 3], "y": [4]}
