"""Which of a scenario and its variants may win, and on what: other worlds and survivors do not compete.

May import the comparison and metrics. A variant that changes the faults or the network is another world, not a better
design. Latency is that of requests that succeeded, so a row that fails clearly more requests than another (by more than
0.1 points, and more than twice as many) is no contestant on it: what it failed is left out of its percentiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.experiment.comparing.comparison import Comparison, Lead, compare
from simulator.metrics.expectations import parse_expectation
from simulator.metrics.names import MetricUnavailableError, parse_metric
from simulator.observe.result import Replication
from simulator.results.summary import estimate

if TYPE_CHECKING:
    from simulator.results.result import Result

AS_WRITTEN: Final = "as written"
_WORLD: Final = ("faults", "network")
FAILED: Final = ("failures.ratio", "failures.faults.ratio")
_CLEARLY: Final = 0.001  # of the requests
_TIMES: Final = 2.0
_EQUAL: Final = 0.01  # a smaller relative difference of latency is not worth a word


@dataclass(frozen=True, slots=True)
class Contest:
    """The rows that compete.

    Attributes:
        comparison: of the contestants; what matters most comes first in its metrics.
        first: the metrics that decide which is named: those that were asked for, or failures where they differ clearly.
        elsewhere: the variants that are another world.
        survivors: latency metric -> the row with the best figure, where it leaves out what that row failed.
    """

    comparison: Comparison
    first: tuple[str, ...]
    elsewhere: tuple[str, ...]
    survivors: Mapping[str, str]


def contest_of(result: Result, metrics: Sequence[str]) -> Contest:
    """The contest of a result on the given metrics, the last of which is that of failures."""
    elsewhere = elsewhere_of(result)
    rows = {AS_WRITTEN: result.replications}
    rows |= {name: part.replications for name, part in result.variants.items() if name not in elsewhere}
    behind = _failing_more(rows)
    first = tuple(_asked(result, metrics)) or ((metrics[-1], "within[200ms]") if behind else ())
    comparison = compare(rows, list(dict.fromkeys([*first, *metrics])))
    estimates, leads = dict(comparison.estimates), dict(comparison.leads)
    survivors: dict[str, str] = {}
    for metric in comparison.metrics:
        if not behind or not parse_metric(metric).base.startswith("latency."):
            continue
        seeming = leads.pop(metric, None)
        fair = compare({row: played for row, played in rows.items() if row not in behind}, [metric])
        leads.update(fair.leads)
        goal = min(fair.estimates.values(), default=None)
        if seeming and seeming.best in behind and goal and estimates[seeming.best, metric] < (1.0 - _EQUAL) * goal:
            survivors[metric] = seeming.best
        for row in behind:
            estimates.pop((row, metric), None)
    ordered: dict[str, Lead] = {metric: leads[metric] for metric in comparison.metrics if metric in leads}
    return Contest(replace(comparison, estimates=estimates, leads=ordered), first, elsewhere, survivors)


def elsewhere_of(result: Result) -> tuple[str, ...]:
    """The variants that set a value of the faults or of the network."""
    written = result.facts.resolved.get("variants") or {}
    return tuple(
        name for name in result.variants if any(path.split(".")[0] in _WORLD for path in written.get(name) or {})
    )


def _asked(result: Result, metrics: Sequence[str]) -> list[str]:
    """Those of the metrics that the scenario has expectations on, in their order."""
    names = [parse_expectation(text).metric.name for text in result.facts.expect]
    failed = ("availability", *FAILED)
    return [name for name in (metrics[-1] if n in failed else n for n in names) if name in metrics]


def _failing_more(rows: Mapping[str, Sequence[Replication]]) -> set[str]:
    """The rows that fail clearly more requests than another one."""
    found: set[str] = set()
    for metric in FAILED:
        shares: dict[str, float] = {}
        for row, replications in rows.items():
            try:
                shares[row] = float(estimate(replications, metric))
            except MetricUnavailableError:
                continue
        least = min(shares.values(), default=0.0)
        found |= {row for row, share in shares.items() if share > least + _CLEARLY and share > _TIMES * least}
    return found
