"""How request rates differ between clients, and how long sessions last: one likelihood for both.

A client sends at its own rate r while a session is open, and a session ends at rate mu (exponential lengths): after
each request either the next one comes first, with density r exp(-(r + mu) t), or the end. Sessions begin at rate nu;
one that ends before its first request is not in the log, and neither is a client without any. The rate is integrated
out over a law between clients (gamma, lognormal, or the same for all; for clients always there Zipf's, too): an
empirical Bayes mixture (Robbins, "An empirical Bayes approach to statistics", 1956; the gamma case without sessions is
the zero-truncated negative binomial). The law is chosen by Akaike's criterion, and so is whether there are sessions at
all, or clients that are always there.

May import: numpy, scipy, the cut. Does not model: bursts within a session (see bursts).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.sparse import csr_array

from simulator.fitting.cut import Clients, Cut, Floats

LAWS: Final = ("constant", "gamma", "lognormal", "zipf")
MOST_CLIENTS: Final = 1_000
"""More clients than this are sampled for the likelihood (with a fixed seed)."""
_MOST_POINTS: Final = 800
_MOST_LEVELS: Final = 60
_ENOUGH: Final = 10  # requests that tell a client's rate
_TINY: Final = 1e-300


@dataclass(frozen=True)
class Rates:
    """One law, fitted. Rates are requests per second of one client with an open session."""

    law: str
    mean: float
    spread: float
    """The coefficient of variation; of Zipf's law the exponent; 0 for the same rate."""
    end_rate: float
    """1 / mean session length (per second); 0: sessions never end."""
    start_rate: float
    """Sessions that a client begins per second; 0: it has one for ever."""
    seen: float
    """The share of clients that a log of this span shows."""
    log_likelihood: float
    parameters: int
    at: tuple[float, ...]
    """Logarithms of what was fitted."""
    covariance: tuple[tuple[float, ...], ...]
    """Of `at`, by the curvature of the likelihood."""

    @property
    def aic(self) -> float:
        """Akaike's criterion; less is better."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def cv(self) -> float:
        """Standard deviation over mean of the clients' rates; NaN for Zipf's law, whose clients are a list."""
        return math.nan if self.law == "zipf" else self.spread


class Likelihood:
    """Of one cut log under one law, with or without sessions."""

    def __init__(self, cut: Cut, law: str, *, sessions: bool) -> None:
        self.law, self.sessions = law, sessions
        self.span_s, self.gap_s, self.windows = cut.span_s, cut.gap_s, len(cut.lengths_s)
        clients = cut.clients
        self.population = len(clients)
        if len(clients) > MOST_CLIENTS:
            chosen = np.random.default_rng(1).choice(len(clients), MOST_CLIENTS, replace=False)
            clients = clients.take(np.sort(chosen))
        rows = np.column_stack([clients.requests, clients.sessions, clients.inside_s, clients.ended, clients.silent_s])
        rows, self.times = np.unique(rows, axis=0, return_counts=True)
        self.clients = Clients(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4:])
        self.silences = _levels(self.clients.silent_s)
        self.scale = self.population / float(self.times.sum())
        self.total = float(cut.clients.requests.sum())
        self.busiest = self._busiest(cut.clients)
        self.begin = [math.log(0.7)] if law == "zipf" else self._begin(cut.clients)

    def _busiest(self, c: Clients) -> float:
        """The highest rate of a client that has enough requests to tell; per second."""
        if not self.sessions:
            return float(c.requests.max()) / self.span_s
        gaps = c.requests - c.sessions
        told = (gaps >= _ENOUGH) & (c.inside_s > 0)
        return float((gaps[told] / c.inside_s[told]).max(initial=0.0))

    def _begin(self, all_clients: Clients) -> list[float]:
        """Where the search begins: moments."""
        c, n = all_clients, float(all_clients.requests.sum())
        if not self.sessions:
            return [math.log(n / len(c) / self.span_s), *self._spread()]
        gaps, inside_s = n - float(c.sessions.sum()), max(float(c.inside_s.sum()), self.span_s * 1e-6)
        number = float(c.sessions.sum())
        rate = max(gaps, 1.0) / inside_s
        end = min(max(number / inside_s, 1 / self.span_s), rate)
        start = number / len(c) / self.span_s
        return [math.log(rate), *self._spread(), math.log(end), math.log(start)]

    def _spread(self) -> list[float]:
        return [] if self.law == "constant" else [0.0]

    def read(self, at: Floats) -> tuple[float, float, float, float]:
        """Mean, spread, end rate, start rate."""
        values = np.exp(np.clip(at, -60, 60)).tolist()
        if self.law == "zipf":
            return self.total / self.population / self.span_s, values[0], 0.0, 0.0
        spread = 0.0 if self.law == "constant" else values[1]
        end, start = values[-2:] if self.sessions else (0.0, 0.0)
        return values[0], spread, end, start

    def points(self, mean: float, spread: float) -> tuple[Floats, Floats]:
        """Rates and logarithms of their weights, each of shape (points,)."""
        if self.law == "constant":
            return np.array([mean]), np.zeros(1)
        if self.law == "zipf":
            rank = _ranks(self.population)
            share = np.arange(1, self.population + 1, dtype=np.float64) ** -spread
            rates = mean * self.population / share.sum() * rank[0] ** -spread
            return rates, np.log(rank[1] / self.population)
        x = self._grid(mean)
        if self.law == "gamma":
            shape = spread**-2
            density = shape * (x + math.log(shape / mean)) - np.exp(x) * shape / mean
        else:
            sigma2 = math.log1p(spread**2)
            density = -((x - math.log(mean) + sigma2 / 2) ** 2) / (2 * sigma2)
        weights = density + np.log(np.gradient(x))
        return np.exp(x), weights - float(_log_sum(weights))

    def _grid(self, mean: float) -> Floats:
        """Logarithms of rates, as close as the busiest client's likelihood is narrow, wider where nobody can tell."""
        longest_s = max(float(self.clients.inside_s.max()), self.gap_s if self.sessions else self.span_s)
        longest_s = min(longest_s, self.span_s)
        finest = max(0.7 / math.sqrt(float(self.clients.requests.max())), 0.02)
        at, points = math.log(mean) - 60, list[float]()
        top = math.log(max(mean * 300, 2 * self.busiest))
        while at < top and len(points) < _MOST_POINTS:
            points.append(at)
            at += min(max(0.7 / math.sqrt(math.exp(at) * longest_s + 1e-9), finest), 0.5)
        return np.array(points)

    def value(self, at: Floats) -> float:
        """The log-likelihood of all clients."""
        mean, spread, end, start = self.read(at)
        rates, weights = self.points(mean, spread)
        each = _log_sum(self.given(self.clients, rates, end, start) + weights)
        seen = self.seen(rates, weights, end, start)
        return float(self.times @ each - self.times.sum() * math.log(max(seen, _TINY))) * self.scale

    def seen(self, rates: Floats, weights: Floats, end: float, start: float) -> float:
        """The share of clients that show up."""
        return float(np.exp(weights) @ self.shown(rates, end, start))

    def _seen_by(self, mean: float, spread: float, end: float, start: float) -> float:
        """The same by the parameters of the law."""
        return max(self.seen(*self.points(mean, spread), end, start), _TINY)

    def shown(self, rates: Floats, end: float, start: float) -> Floats:
        """Chance that a client shows up, at each rate; shape (points,)."""
        expected = rates * self.span_s
        if self.sessions:
            expected = start * (self.span_s + self.windows / end) * rates / (rates + end)
        chance: Floats = -np.expm1(-expected)
        return chance

    def given(self, c: Clients, rates: Floats, end: float, start: float) -> Floats:
        """Log-likelihood of each client at each rate, shape (clients, points)."""
        log_rate = np.log(rates)[None, :]
        if not self.sessions:
            alone: Floats = c.requests[:, None] * log_rate - self.span_s * rates[None, :]
            return alone
        either = rates + end
        first = rates / either
        first_s = self.span_s + self.windows / end
        found: Floats = (
            (c.requests - c.sessions)[:, None] * log_rate
            - c.inside_s[:, None] * either[None, :]
            + c.sessions[:, None] * (math.log(start) + np.log(first))[None, :]
            - (start * first_s * first)[None, :]
            + c.ended[:, None] * np.log(end / either + first * np.exp(-either * self.gap_s))[None, :]
        )
        silences_s, many = self.silences if c is self.clients else _levels(c.silent_s)
        open_still = np.log(end / either[None, :] + first[None, :] * np.exp(-either[None, :] * silences_s[:, None]))
        found += many @ open_still
        return found

    def best(self, near: Rates | None = None) -> Rates:
        """The law at the maximum; the search begins `near` another law that was fitted to the same."""
        if near is not None and self.law != "zipf":
            self.begin = list(near.at) if self.law != "constant" else [near.at[0], *near.at[2:]]
        limits = [(one - 12, one + 12) for one in self.begin]
        if self.law == "zipf":
            limits = [(math.log(0.02), math.log(5.0))]
        elif self.law != "constant":
            limits[1] = (math.log(0.02), math.log(20.0))

        def minus(at: Floats) -> float:
            value = self.value(at)
            return -value if math.isfinite(value) else 1e300

        found = minimize(minus, np.array(self.begin), method="L-BFGS-B", bounds=limits, options={"maxiter": 120})
        at = np.asarray(found.x, dtype=np.float64)
        mean, spread, end, start = self.read(at)
        rates, weights = self.points(mean, spread)
        covariance = _inverse(_curvature(minus, at))
        return Rates(
            self.law, mean, spread, end, start, self.seen(rates, weights, end, start), -float(found.fun), len(at),
            tuple(at.tolist()), tuple(map(tuple, covariance.tolist())),
        )  # fmt: skip

    def matched(self, rates: Rates) -> Rates:
        """The same law with its mean such that all clients together ask as often as the log says.

        A likelihood weighs what it can tell of each client, and where no law fits well (a few robots, bursts) its
        maximum may be far from the log's own rate.
        """
        if rates.end_rate == 0:
            return rates

        def shown(by: float) -> float:
            points, weights = self.points(rates.mean * math.exp(by), rates.spread)
            return self.seen(points, weights, rates.end_rate, rates.start_rate)

        def excess(by: float) -> float:
            open_clients = self.population / max(shown(by), _TINY) * rates.start_rate / rates.end_rate
            return math.log(open_clients * rates.mean * self.span_s / self.total) + by

        if not excess(-3.0) < 0 < excess(3.0):
            return rates
        by = float(brentq(excess, -3.0, 3.0, xtol=1e-6))
        at = (rates.at[0] + by, *rates.at[1:])
        return replace(rates, mean=rates.mean * math.exp(by), seen=shown(by), at=at)

    def moved(self, rates: Rates, rng: np.random.Generator) -> Rates:
        """The same law with parameters drawn from what the log leaves open."""
        at = rng.multivariate_normal(rates.at, np.array(rates.covariance), method="eigh")
        mean, spread, end, start = self.read(at)
        # relative to the law itself, whose own share is not this one where lengths are not exponential
        more = self._seen_by(mean, spread, end, start) / self._seen_by(*self.read(np.array(rates.at)))
        return Rates(
            self.law, mean, spread, end, start, min(rates.seen * more, 1.0), rates.log_likelihood, rates.parameters,
            tuple(at.tolist()), rates.covariance,
        )  # fmt: skip


def candidates(cut: Cut) -> list[Rates]:
    """Every law, the best first; with sessions if the gamma law says that there are any."""
    gamma, sessions = Likelihood(cut, "gamma", sessions=False).best(), False
    if len(cut.starts) > len(cut.clients) or cut.clients.ended.any():
        with_sessions = Likelihood(cut, "gamma", sessions=True).best()
        if with_sessions.aic < gamma.aic:
            gamma, sessions = with_sessions, True
    laws = [law for law in LAWS if law != "zipf" or not sessions]
    likelihoods = {law: Likelihood(cut, law, sessions=sessions) for law in laws}
    found = [gamma if law == "gamma" else one.best(gamma) for law, one in likelihoods.items()]
    return sorted(found, key=lambda one: one.aic)


def matched(cut: Cut, laws: list[Rates]) -> list[Rates]:
    """The same laws, each of which asks as often as the log says."""
    return [one if one.end_rate == 0 else Likelihood(cut, one.law, sessions=True).matched(one) for one in laws]


def _log_sum(logs: Floats) -> Floats:
    """log(sum(exp(...))) over the last axis; one value of each row is finite."""
    most = logs.max(axis=-1, keepdims=True)
    found: Floats = np.log(np.exp(logs - most).sum(axis=-1)) + most[..., 0]
    return found


def _levels(silent_s: Floats) -> tuple[Floats, csr_array]:
    """Silences, shape (levels,), and how many of each a client has, shape (clients, levels).

    Each is a level of its own up to 60 of them; more are put at the mean of their neighbours. The counts are sparse:
    most clients have one silence or none, and the threads of a dense product of this size only wait for each other.
    """
    row, column = np.nonzero(~np.isnan(silent_s))
    levels, at = np.unique(silent_s[row, column], return_inverse=True)
    if len(levels) > _MOST_LEVELS:
        group = np.arange(len(levels)) * _MOST_LEVELS // len(levels)
        levels, at = np.bincount(group, levels) / np.bincount(group), group[at]
    return levels, csr_array((np.ones(len(row)), (row, at)), shape=(len(silent_s), len(levels)))


def _ranks(population: int) -> tuple[Floats, Floats]:
    """Ranks and how many clients each stands for: all of the first 300, groups of neighbours beyond."""
    if population <= 300:
        return np.arange(1.0, population + 1), np.ones(population)
    edges = np.unique(np.round(np.geomspace(301, population + 1, 300)))
    tail, size = (edges[1:] + edges[:-1] - 1) / 2, np.diff(edges)
    return np.concatenate([np.arange(1.0, 301), tail]), np.concatenate([np.ones(300), size])


def _curvature(function: Callable[[Floats], float], at: Floats, step: float = 0.01) -> Floats:
    """Second derivatives by central differences, shape (parameters, parameters)."""
    size = len(at)
    hessian = np.zeros((size, size))
    unit = np.eye(size) * step
    for i in range(size):
        for j in range(i, size):
            a, b = unit[i], unit[j]
            change = function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b)
            hessian[i, j] = hessian[j, i] = change / (4 * step * step)
    return hessian


def _inverse(hessian: Floats) -> Floats:
    """Its inverse on the directions that curve as a minimum does; no more than a factor of e elsewhere."""
    values, vectors = np.linalg.eigh(hessian)
    kept = 1 / np.maximum(values, 1.0)
    inverse: Floats = (vectors * kept) @ vectors.T
    return inverse
