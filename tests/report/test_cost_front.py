"""Costs beside what they buy: the columns of the table of variants, and the chart of the front."""

import random
import re

import pytest

from simulator import Scenario, run
from simulator.report.cost_front import cost_chart, promise_of
from simulator.report.figures import figures
from simulator.report.front_chart import Spot, front_chart, front_of
from simulator.report.html import document
from simulator.report.verdict import table_of

FLEET = {
    "schema": 1, "name": "fleet", "duration": "2s", "warmup": "500ms", "replications": 3,
    "clients": {"c": {"count": 20, "workload": {"kind": "poisson", "rate": "3/s"},
                      "session": {"length": "forever", "established": True}}},
    "edges": {"pop": {"count": 2, "service_time": {"exponential": "20ms"}, "l1": {"capacity": 10, "ttl": "2s"}}},
    "network": {"default": {"latency": "5ms"}},
    "variants": {"four": {"edges.pop.count": 4}, "eight": {"edges.pop.count": 8},
                 "far": {"network.default.latency": "90ms"}},
}  # fmt: skip
PRICE = {"edge_hour": 1.0}
THREE = (0.0, float("nan"), float("nan"))


@pytest.fixture(scope="module")
def priced():
    return run(Scenario.from_dict({**FLEET, "price": PRICE}))


def test_costs_are_columns_where_there_are_prices(priced):
    """Edges cost 1 an hour each and nothing else does: 2, 4 and 8."""
    table = table_of(priced)
    place = table.headings.index("cost per hour")
    assert [float(cells[place].text.split()[0]) for _, cells in table.rows] == [2.0, 4.0, 8.0, 2.0]
    assert "cost per million" in table.headings


def test_nothing_is_said_of_costs_without_prices():
    result = run(Scenario.from_dict({**FLEET, "replications": 2}))
    assert not [heading for heading in table_of(result).headings if "cost" in heading]
    assert cost_chart(result) == ""


def test_the_chart_is_on_the_page_and_leaves_other_worlds_out(priced):
    """Another network is another world: what it keeps is not for sale."""
    svg = cost_chart(priced)
    assert all(f">{name}<" in svg for name in ("as written", "four", "eight"))
    assert ">far<" not in svg
    assert 'id="variants_cost"' in document(priced, figures(priced))


def test_the_promise_is_the_expected_one():
    result = run(Scenario.from_dict({**FLEET, "replications": 1, "variants": {}, "expect": ["within[80ms] >= 1%"]}))
    assert promise_of(result) == "within[80ms]"


def test_the_front_is_what_no_other_beats():
    """Against the definition, for 50 clouds of 30 points with many equal coordinates."""
    rng = random.Random(7)
    for _ in range(50):
        cloud = [(float(rng.randint(0, 9)), float(rng.randint(0, 9))) for _ in range(30)]
        for (x, y), on in zip(cloud, front_of(cloud, (-1.0, 1.0)), strict=True):
            beaten = any((a < x and b >= y) or (a <= x and b > y) for a, b in cloud)
            assert on is not beaten


def test_the_chart_draws_a_cross_for_each_interval():
    spots = [
        Spot("a", (1.0, 0.9, 1.1), (0.5, 0.4, 0.6), front=True),
        Spot("<b>", (2.0, 1.9, 2.1), (0.4, 0.3, 0.5), front=False),
    ]
    svg = front_chart(spots, "cost.per_hour", "within[200ms]")
    assert len(re.findall("<circle", svg)) == 2
    assert "&lt;b&gt;" in svg
    assert "<b>" not in svg
    assert front_chart(spots[:1], "cost.per_hour", "within[200ms]") == ""
