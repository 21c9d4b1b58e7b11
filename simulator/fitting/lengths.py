"""The law of session lengths: which of those that a scenario may name, by the likelihood of what a log shows.

A log shows of a session its first and last request, never its begin and end. Sessions begin evenly in time and last L;
a client asks at its rate r while one is open. Within a window of W seconds on record, with x seconds before the first
request and y after the last, the chance of what is seen is r**n exp(-r * overlap), summed over all places of begin and
end that fit, L known: with m = min(L, W) the overlap ends in

- exp(-rL) times how many places L - span may be dealt before and after (begun and ended on record),
- the integral of exp(-rz) from W - y to m (or from W - x): begun before the window, or ended after it,
- exp(-rW) (L - W): open all the time;

divided by the same for being seen at all. That is linear in the law of L, which lies on a grid, so laws are compared on
the same matrix; the law of r is that of `rates`. Chosen by Schwarz's criterion (BIC), as laws differ in parameters.

May import: numpy, scipy, its siblings. Does not model: bursts; sessions that a silence longer than the gap cuts in two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import special
from scipy.optimize import minimize

from simulator.fitting.cut import Cut, Floats
from simulator.fitting.rates import Likelihood, Rates, matched

_CELLS: Final = 120
_RATES: Final = 60
_MOST_SESSIONS: Final = 800
_LEAST_SESSIONS: Final = 100
_SCALES: Final = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)  # of the rates, in logarithms
_MOST_OF_A_WINDOW: Final = 0.5  # longer sessions are cut too often to tell how they end
_MOST_SPLIT: Final = 0.02  # share of gaps longer than the gap beyond which sessions are cut too often


def _exponential(at: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    mean = math.exp(at[0])
    return mean, lambda t: -np.expm1(-t / mean)


def _gamma(at: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    mean, shape = math.exp(at[0]), math.exp(-2 * at[1])
    return mean, lambda t: special.gammainc(shape, t * shape / mean)


def _lognormal(at: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    sigma = math.sqrt(math.log1p(math.exp(2 * at[1])))
    median_log = at[0] - sigma * sigma / 2
    return math.exp(at[0]), lambda t: special.ndtr((np.log(np.maximum(t, 1e-300)) - median_log) / sigma)


def _weibull(at: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    mean, shape = math.exp(at[0]), math.exp(-at[1])
    scale = mean / math.gamma(1 + 1 / shape)
    return mean, lambda t: -np.expm1(-((t / scale) ** shape))


def _pareto(at: Floats) -> tuple[float, Callable[[Floats], Floats]]:
    mean, alpha = math.exp(at[0]), 1 + math.exp(-at[1])
    least = mean * (alpha - 1) / alpha
    return mean, lambda t: 1 - (least / np.maximum(t, least)) ** alpha


LAWS: Final[dict[str, tuple[int, Callable[[Floats], tuple[float, Callable[[Floats], Floats]]]]]] = {
    "exponential": (1, _exponential), "gamma": (2, _gamma), "lognormal": (2, _lognormal), "weibull": (2, _weibull),
    "pareto": (2, _pareto),
}  # fmt: skip
"""Law -> how many parameters, and its mean and distribution function. The first parameter is the log of the mean."""


@dataclass(frozen=True)
class Lengths:
    """One law of session lengths, fitted."""

    law: str
    mean_s: float
    shape: float
    """CV of gamma and lognormal, shape of Weibull, alpha of Pareto; 1 for the exponential law."""
    rates_by: float
    """What the mean rate of clients has to be multiplied by under this law."""
    bic: float

    def as_scenario(self, time: Callable[[float], str], number: Callable[[float], float]) -> dict[str, object]:
        """As a scenario writes it."""
        mean_s, shape = self.mean_s, self.shape
        if self.law == "gamma":
            return {"gamma": {"mean": time(mean_s), "cv": number(shape)}}
        if self.law == "lognormal":
            sigma = math.sqrt(math.log1p(shape**2))
            return {"lognormal": {"median": time(mean_s * math.exp(-sigma * sigma / 2)), "sigma": number(sigma)}}
        if self.law == "weibull":
            return {"weibull": {"scale": time(mean_s / math.gamma(1 + 1 / shape)), "shape": number(shape)}}
        if self.law == "pareto":
            return {"pareto": {"min": time(mean_s * (shape - 1) / shape), "alpha": number(shape)}}
        return {"exponential": time(mean_s)}

    def survival(self, time_s: Floats) -> Floats:
        """Chance that a session is longer than each time; shape as given."""
        second = {"weibull": -math.log(self.shape), "pareto": -math.log(max(self.shape - 1, 1e-9))}
        at = np.array([math.log(self.mean_s), second.get(self.law, math.log(self.shape))])
        left: Floats = 1.0 - LAWS[self.law][1](at)[1](time_s)
        return left

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Lengths in seconds, shape (size,)."""
        mean_s, shape = self.mean_s, self.shape
        if self.law == "gamma":
            return rng.gamma(shape**-2, mean_s * shape**2, size)
        if self.law == "lognormal":
            sigma = math.sqrt(math.log1p(shape**2))
            return rng.lognormal(math.log(mean_s) - sigma * sigma / 2, sigma, size)
        if self.law == "weibull":
            return mean_s / math.gamma(1 + 1 / shape) * rng.weibull(shape, size)
        if self.law == "pareto":
            return mean_s * (shape - 1) / shape * (1 + rng.pareto(shape, size))
        return rng.exponential(mean_s, size)


def lengths(cut: Cut, rates: Rates) -> tuple[Lengths, ...]:
    """Every law, the best first; empty where sessions never end, are few, or are cut too often (by gap or windows)."""
    starts = cut.starts
    if rates.end_rate == 0 or len(starts) < _LEAST_SESSIONS:
        return ()
    points, weights = _thinned(*Likelihood(cut, rates.law, sessions=True).points(rates.mean, rates.spread))
    asked = weights * points / points.mean()
    if float(asked @ np.exp(-points * cut.gap_s)) / float(asked.sum()) > _MOST_SPLIT:
        return ()
    seen = _Seen(cut, 1 / rates.end_rate)
    tables = [(by, *seen.table(points * math.exp(by), weights)) for by in _SCALES]
    found = [_best(law, 1 / rates.end_rate, seen, tables) for law in LAWS]
    found = sorted(found, key=lambda one: one.bic)
    if len(cut.lengths_s) > 1 and found[0].mean_s > _MOST_OF_A_WINDOW * float(cut.lengths_s.mean()):
        return ()
    return tuple(found)


def _thinned(points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Rates and shares, at most 60: those of neighbours together, at their mean; below a millionth none."""
    share = np.exp(weights)
    kept = share > 1e-6 * share.max()
    points, share = points[kept], share[kept] / share[kept].sum()
    group = np.arange(len(points)) * min(_RATES, len(points)) // len(points)
    total = np.bincount(group, share)
    return np.bincount(group, share * points) / total, total.astype(np.float64)


class _Seen:
    """What the log shows of some of its sessions; arrays of shape (sessions,), times in seconds."""

    def __init__(self, cut: Cut, usual_s: float) -> None:
        first = cut.starts
        last = np.append(first[1:], len(cut.time_s)) - 1
        number = (last - first + 1).astype(np.float64)
        begins_s = np.cumsum(cut.lengths_s) - cut.lengths_s
        window = cut.window[first]
        before_s = cut.time_s[first] - begins_s[window]
        after_s = begins_s[window] + cut.lengths_s[window] - cut.time_s[last]
        self.factor = 1.0
        if len(first) > _MOST_SESSIONS:
            chosen = np.sort(np.random.default_rng(1).choice(len(first), _MOST_SESSIONS, replace=False))
            self.factor = len(first) / _MOST_SESSIONS
            number, before_s, after_s = number[chosen], before_s[chosen], after_s[chosen]
            first, last = first[chosen], last[chosen]
        self.number, self.before_s, self.after_s = number, before_s, after_s
        self.span_s = cut.time_s[last] - cut.time_s[first]
        self.sessions = len(cut.starts)
        self.windows_s, self.windows = np.unique(np.round(cut.lengths_s, 3), return_counts=True)
        longest_s = max(float(self.span_s.max()), usual_s)
        self.edges_s = np.concatenate([[0.0], np.geomspace(usual_s / 100, longest_s * 20, _CELLS)])
        self.length_s = np.sqrt(np.maximum(self.edges_s[:-1], usual_s / 200) * self.edges_s[1:])

    def table(self, rates: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """What each length makes of each session, shape (sessions, cells).

        Up to a factor, whose logarithm is the second, shape (sessions,); the third is of being seen at all, (cells,).
        """
        n, x, y, span = (one[:, None] for one in (self.number, self.before_s, self.after_s, self.span_s))
        length, whole = self.length_s[None, :], x + y + span
        spare = length - span
        places = np.maximum(np.minimum(x, spare) - np.maximum(0.0, spare - y), 0.0)
        until, always = np.minimum(length, whole), np.maximum(length - whole, 0.0)
        top = (n[:, 0] * np.log(np.maximum(n[:, 0], 1e-9) / np.maximum(self.span_s, 1e-3))) - n[:, 0]
        top = np.where(self.number > 1, np.minimum(top, (n * np.log(rates)[None, :]).max(axis=1)), 0.0)
        table, shown = np.zeros((len(n), len(self.length_s))), np.zeros(len(self.length_s))
        for rate, weight in zip(rates.tolist(), weights.tolist(), strict=True):
            factor = weight * np.exp(np.minimum(n * math.log(rate) - rate * span - top[:, None], 600.0))
            each = places * np.exp(-rate * np.maximum(length - span, 0.0)) + always * np.exp(-rate * (x + y))
            for edge in (x, y):  # unseen: before the window, or after it
                some = np.exp(-rate * edge) - np.exp(-rate * np.maximum(until - span, edge))
                each = each + np.maximum(some, 0.0) / rate
            table += factor * each
            shown += weight * self._shown(rate)
        return table, top, shown

    def _shown(self, rate: float) -> Floats:
        """Sessions seen for each that begins per second; shape (cells,)."""
        length, whole = self.length_s[:, None], self.windows_s[None, :]
        most = np.minimum(length, whole)
        silent = -np.expm1(-rate * most)
        seen: Floats = (np.abs(whole - length) * silent + 2 * (most - silent / rate)) @ self.windows
        return seen

    def share(self, cdf: Callable[[Floats], Floats]) -> Floats:
        """Of lengths in each cell; what is longer than all is in the last."""
        below = cdf(self.edges_s)
        below[-1] = 1.0
        return np.diff(below)


Table = tuple[float, Floats, Floats, Floats]


def _best(law: str, usual_s: float, seen: _Seen, tables: list[Table]) -> Lengths:
    parameters, of = LAWS[law]

    def value(at: Floats, table: Table) -> float:
        share = seen.share(of(at)[1])
        each = table[1] @ share
        total = float(np.log(np.maximum(each, 1e-300)).sum() + table[2].sum())
        return -(total - len(each) * math.log(max(float(table[3] @ share), 1e-300))) * seen.factor

    found = []
    at = np.array([math.log(usual_s), 0.0][:parameters])
    limits = [(at[0] - 4, at[0] + 4), (-3.0, 1.5)][:parameters]
    for table in tables:
        best = minimize(value, at, args=(table,), method="L-BFGS-B", bounds=limits)
        found.append((float(best.fun), table[0], np.asarray(best.x)))
    values, scales = np.array([one[0] for one in found]), np.array([one[1] for one in found])
    least = int(values.argmin())
    best_value, by, at = found[least]
    if 0 < least < len(found) - 1:  # between the scales that were tried, by a parabola
        low, mid, high = values[least - 1 : least + 2]
        move = 0.5 * (low - high) / (low - 2 * mid + high)
        other = found[least + (1 if move > 0 else -1)][2]
        by, at = by + move * (scales[1] - scales[0]), at + abs(move) * (other - at)
        best_value = mid - 0.25 * (low - high) * move
    shape = 1.0
    if parameters == 2:
        shape = {"weibull": math.exp(-at[1]), "pareto": 1 + math.exp(-at[1])}.get(law, math.exp(at[1]))
    bic = 2 * best_value + (parameters + 1) * math.log(seen.sessions)
    return Lengths(law, math.exp(at[0]), shape, math.exp(by), bic)


def with_lengths(cut: Cut, laws: list[Rates], length: Lengths) -> list[Rates]:
    """Laws of rates as this law of lengths has them: sessions begin as often as the log's requests need."""
    if length.law == "exponential":
        return matched(cut, laws)
    found = []
    for one in laws:
        mean, end = one.mean * length.rates_by, 1 / length.mean_s
        start = float(cut.clients.requests.sum()) / cut.span_s * one.seen / len(cut.clients) * end / mean
        at = (math.log(mean), *one.at[1:-2], math.log(end), math.log(start))
        found.append(replace(one, mean=mean, end_rate=end, start_rate=start, at=at))
    return found
