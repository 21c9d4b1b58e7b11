"""Prices times what was used: by hand for a small world, and what is at another site."""

from __future__ import annotations

import math

import pytest

from simulator import Scenario, run
from simulator.scenario.errors import ScenarioError

PRICE = {
    "edge_hour": 0.10, "core_hour": 0.40, "million_storage_reads": 0.25, "million_storage_writes": 1.25,
    "gb_between_sites": 20.0, "gb_to_clients": 5.0,
}  # fmt: skip
WORLD = {
    "duration": "100s", "warmup": "10s", "sam": "off", "leases": "off",
    "routing": {"policy": "nearest"},
    "sites": {"here": {"lat": 50, "lon": 8}, "there": {"lat": 35, "lon": 139}},
    "clients": {
        "web": {
            "count": 20, "site": "here", "workload": {"kind": "poisson", "rate": "2/s"}, "response_size": "4000B",
            "session": {"established": True},
        }
    },
    "edges": {"pop": {"at": {"here": 3}, "l1": {"ttl": "0ms"}, "coalesce": False}},
    "cores": {"core": {"count": 1, "site": "there", "standby": True, "l2": {"ttl": "0ms"}}}, "price": PRICE,
}  # fmt: skip


def played(**change):
    return run(Scenario.from_dict({**WORLD, **change}))


def test_the_bill_of_a_small_world():
    """No tier keeps anything: a question and a record over the ocean and a read of storage for each request."""
    result = played()
    rate = result["lookups.l1.rate"].mean
    record_and_question = 128 + 1024  # bytes: control messages as they are sized by default
    expected = {
        "edges": 3 * 0.10, "cores": 2 * 0.40, "reads": 0.25 * rate * 3600 / 1e6, "writes": 0.0,
        "between_sites": 20.0 * rate * 3600 * record_and_question / 1e9,
        "to_clients": 5.0 * result["goodput"].mean * 3600 * 4000 / 1e9,
    }  # fmt: skip
    for part, amount in expected.items():
        assert result[f"cost.per_hour[{part}]"].mean == pytest.approx(amount, rel=0.002), part
    whole = result["cost.per_hour"].mean
    assert whole == pytest.approx(sum(expected.values()), rel=0.002)
    requests = result["requests.rate"].mean
    assert result["cost.per_million_requests"].mean == pytest.approx(whole / 3600 / requests * 1e6)


def test_what_has_no_price_costs_nothing_and_what_stays_at_its_site_neither():
    result = played(
        price={"core_hour": 1.0, "gb_between_sites": 20.0}, cores={"core": {"site": "here", "standby": False}}
    )
    assert result["cost.per_hour"].mean == pytest.approx(1.0)


def test_without_prices_there_is_no_cost():
    scenario = Scenario.from_dict({key: value for key, value in WORLD.items() if key != "price"})
    assert not any(name.startswith("cost.") for name in run(scenario).estimates)


@pytest.mark.parametrize("value", [-1, "5 EUR", math.inf])
def test_a_price_is_a_plain_number(value):
    with pytest.raises(ScenarioError, match=r"price\.core_hour"):
        Scenario.from_dict({**WORLD, "price": {"core_hour": value}})
