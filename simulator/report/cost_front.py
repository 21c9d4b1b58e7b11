"""What variants cost against what they keep: one point per variant, for runs with a `price:`.

May import the result's estimates, the contest and the front chart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.metrics.expectations import parse_expectation
from simulator.metrics.names import MetricUnavailableError
from simulator.report.contest import AS_WRITTEN, elsewhere_of
from simulator.report.front_chart import Spot, Three, front_chart, front_of
from simulator.results.summary import Estimate, estimate

if TYPE_CHECKING:
    from simulator.results.result import Result

COSTS: Final = ("cost.per_hour", "cost.per_million_requests")
_USUAL: Final = "within[200ms]"
CAPTION: Final = (
    "Crosses: 95 % intervals. Coloured and joined: by the means no other costs less and answers more in time "
    "(Pareto front); where crosses overlap it may be chance."
)


def priced(result: Result) -> list[str]:
    """The metrics of cost that the run gives: none without prices."""
    return [name for name in COSTS if name in result.estimates]


def promise_of(result: Result) -> str:
    """The share in time that the scenario expects something of, else the usual one."""
    asked = [parse_expectation(text).metric for text in result.facts.expect]
    return next((metric.name for metric in asked if metric.base == "within"), _USUAL)


def cost_chart(result: Result) -> str:
    """The chart; "" without variants, or without prices. Variants that are another world are not drawn."""
    if not result.variants or COSTS[0] not in result.estimates:
        return ""
    promise, worlds = promise_of(result), elsewhere_of(result)
    rows = {AS_WRITTEN: result, **{name: part for name, part in result.variants.items() if name not in worlds}}
    found: dict[str, tuple[Three, Three]] = {}
    for name, part in rows.items():
        cost, kept = part.estimates.get(COSTS[0]), _kept(part, promise)
        if cost is not None and kept is not None:
            found[name] = (_three(cost), _three(kept))
    if len(found) < 2:
        return ""
    front = front_of([(cost[0], kept[0]) for cost, kept in found.values()], (-1.0, 1.0))
    spots = [Spot(name, *pair, on) for (name, pair), on in zip(found.items(), front, strict=True)]
    return front_chart(spots, COSTS[0], promise)


def _kept(part: Result, promise: str) -> Estimate | None:
    try:
        return estimate(part.replications, promise) if part.replications else None
    except MetricUnavailableError:
        return None


def _three(one: Estimate) -> Three:
    return float(one), one.low, one.high
