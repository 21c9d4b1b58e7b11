"""`--until METRIC:±0.5%`: replications until the interval is as narrow as wanted, and no longer.

May import the experiment's modules. Replication r is the same whether or not one stops early, so a run that
was stopped and one with as many replications asked for are equal. Each round plans the next from the variance
seen (half-width falls with the root of n), at most doubling. Stopping at the first narrow interval makes it a
little too narrow (Chow & Robbins 1965: coverage is right in the limit), hence at least `AT_LEAST` of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.experiment import api
from simulator.metrics.margins import Margin, parse_metric_margin
from simulator.metrics.names import MetricUnavailableError, ParsedMetric
from simulator.play.job import REPLICATION_FUNCTION, Listener
from simulator.play.warmup import with_found_warmup

if TYPE_CHECKING:
    from simulator.results.result import Result
    from simulator.scenario.schema import Scenario

AT_LEAST: Final = 5
AT_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Target:
    """A metric and the half-width that its 95 % interval shall have."""

    metric: ParsedMetric
    margin: Margin

    def __str__(self) -> str:
        return f"{self.metric.name} ± {self.margin}"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What sequential stopping came to.

    Attributes:
        result: the result with all replications played.
        missing: targets whose interval is still too wide, each with its reason.
    """

    result: Result
    missing: tuple[str, ...]


def parse_target(text: str) -> Target:
    """`hit_ratio.l1:±0.5%`. Raises ValueError (MarginError, UnknownMetricError)."""
    metric, margin = parse_metric_margin(text, "--until")
    if margin.amount <= 0.0:
        from simulator.metrics.margins import MarginError

        raise MarginError(f"`{text}`: an interval has some width: write for example {metric.name}:±0.5%")
    return Target(metric, margin)


def run_until(
    scenario: Scenario,
    targets: Sequence[Target],
    *,
    at_most: int = AT_MOST,
    jobs: int = 1,
    variants: bool = True,
    trace: float | None = None,
    progress: Callable[[], Listener] | None = None,
    say: Callable[[str], None] | None = None,
    function: str = REPLICATION_FUNCTION,
) -> Stopped:
    """Play until every target holds, for the scenario and each of its variants, or `at_most` is reached.

    Raises what `api.run` raises, and MetricUnavailableError where the scenario gives no such metric.
    """
    automatic = isinstance(scenario.warmup, str)
    scenario = with_found_warmup(scenario, function)
    count = min(max(AT_LEAST, scenario.replications), at_most)
    result: Result | None = None
    while True:
        result = api.run(
            scenario, replications=count, jobs=jobs, variants=variants, trace=trace,
            progress=progress() if progress is not None else None, resume=result, function=function,
        )  # fmt: skip
        wanted, missing = _judge(result, targets)
        if not missing or count >= at_most or result.status != "complete":
            break
        count = min(at_most, max(count + 1, min(2 * count, wanted)))
        if say is not None:
            say(f"{missing[0]}: going on to {count} replications")
    if automatic:
        for part in (result, *result.variants.values()):
            part.facts = replace(part.facts, warmup_found=True)
    return Stopped(result, tuple(missing))


def _judge(result: Result, targets: Sequence[Target]) -> tuple[int, list[str]]:
    """The replications that the widest interval asks for, and what is missing."""
    wanted, missing = 0, []
    for name, part in (("", result), *result.variants.items()):
        for target in targets:
            try:
                found = part[target.metric.name]
            except MetricUnavailableError:
                if part.replications:
                    raise
                missing.append(f"{target}: nothing was finished")
                continue
            goal = target.margin.of(found.mean)
            half = found.half_width
            if half <= goal:
                continue
            where = f"{name}: " if name else ""
            reached = _reached(half, found.mean, target.margin)
            missing.append(f"{where}{target} asked for, ± {reached} reached with {found.n} replications")
            known = math.isfinite(half) and goal > 0.0
            wanted = max(wanted, math.ceil(found.n * (half / goal) ** 2 * 1.05) if known else 2 * found.n)
    return wanted, missing


def _reached(half: float, mean: float, margin: Margin) -> str:
    if not math.isfinite(half):
        return "no interval"
    if margin.relative:
        return f"{100.0 * half / abs(mean):.2g}%" if mean else "no share of zero"
    return f"{half * 100:.2g} points" if margin.text.endswith(("point", "points")) else f"{half:.3g} (SI)"
