"""How far a series went in a fault, where that stands out from the time before it (a minute, or ten windows).

Series are read over spans: windows merged until there are 50 requests, since fewer say nothing. A change stands out by
more than a twentieth, and by so many standard deviations of its spans that chance seldom takes the worst of as many
spans so far. Times are those of the spans.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.metrics.events import FAULT_BEGIN
from simulator.report.series import Floats, mean_of, series, window_of

if TYPE_CHECKING:
    from simulator.results.result import Result

BEFORE_S: Final = 60.0
_AFTER_S: Final = 10.0  # what a fault does is looked for until so long after its end
SIGMAS: Final = 3.0
_ENOUGH: Final = 50.0  # requests in a span
SPANS: Final = 5  # so many before a fault say how much they differ by chance
_NOTABLE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Swing:
    """A series before a fault and at its worst: values, and when the worst window began."""

    before: float
    worst: float
    at_s: float


def change_of(
    result: Result, span: tuple[float, float, str], metric: str, label: str = "", *, up: bool
) -> Swing | None:
    """How far a series rose (`up`) or fell in a fault, or None where that does not stand out."""
    before_s, near_s = around(result, span)
    _, past = spans_of(result, metric, label, *before_s)
    times, near = spans_of(result, metric, label, *near_s)
    if past.size < SPANS or not near.size:
        return None
    sign = 1.0 if up else -1.0
    place = int(np.argmax(sign * near))
    before, worst = float(past.mean()), float(near[place])
    deviation = float(past.std(ddof=1))
    if metric.endswith(".rate"):
        deviation = max(deviation, near.size / (near_s[1] - near_s[0]))  # one event a span is nothing
    stands_out = max(_sigmas(near.size) * deviation, _NOTABLE * abs(before), 1e-9)
    return Swing(before, worst, float(times[place])) if sign * (worst - before) > stands_out else None


def spans_of(result: Result, metric: str, label: str, begin: float, end: float) -> tuple[Floats, Floats]:
    """A series from `begin` to `end` (s) over spans of at least 50 requests: when they began, and their means.

    A span is as many windows as it takes (those without a value left out); what is left at the end is dropped.
    """
    times, values = series(result, metric, label)
    every, sent = series(result, "requests.rate")
    if not times.size or not every.size:
        return np.empty(0), np.empty(0)
    if not same_faults(result):
        values, sent = values[:1], sent[:1]
    width, mean = window_of(result), mean_of(values)
    inside = (times >= begin - 1e-9) & (times + width <= end + 1e-9) & np.isfinite(mean)
    times, mean = times[inside], mean[inside]
    place = np.minimum(np.searchsorted(every, times), every.size - 1)
    requests = np.where(every[place] == times, np.nansum(sent, axis=0)[place] * width, 0.0)
    bounds = _bounds(requests)
    starts, stop = bounds[:-1], bounds[-1]
    if not starts:
        return np.empty(0), np.empty(0)
    weights = np.ones_like(mean) if metric.endswith(".rate") else requests  # ratios and latencies are of requests
    sums, of = (np.add.reduceat(terms[:stop], starts) for terms in (mean * weights, weights))
    return times[starts], sums / of


def _bounds(requests: Floats) -> list[int]:
    """Where spans of enough requests begin, and where the last one ends."""
    if requests.size and requests.min() >= _ENOUGH:
        return list(range(requests.size + 1))
    total, bounds = np.cumsum(requests), [0]
    while True:
        reached = float(total[bounds[-1] - 1]) if bounds[-1] else 0.0
        stop = int(np.searchsorted(total, reached + _ENOUGH - 1e-6)) + 1
        if stop > requests.size:
            return bounds
        bounds.append(stop)


def around(result: Result, span: tuple[float, float, str]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The time before a fault, and that in which its effect is looked for: (begin, end) in seconds."""
    begin, end, _ = span
    width = window_of(result)
    before_s = max(BEFORE_S, 10.0 * width)
    first_window = math.floor(begin / width + 1e-9) * width if width else begin
    return (
        (max(result.facts.warmup_s, begin - before_s), begin),
        (first_window, min(end + max(_AFTER_S, width), result.facts.duration_s)),
    )


def _sigmas(spans: int) -> float:
    """How many standard deviations the worst of so many spans must be away: 3 for one, 4.1 for 60, 5 for an hour."""
    return -NormalDist().inv_cdf(NormalDist().cdf(-SIGMAS) / spans)


def same_faults(result: Result) -> bool:
    """Whether faults begin at the same times in every replication (scripted ones do)."""
    begun = [[(e["t_s"], e["target"]) for e in r.events if e["kind"] == FAULT_BEGIN] for r in result.replications]
    return all(one == begun[0] for one in begun)
