"""The next arrivals of clients that stay: each keeps a rate drawn from what the log says of it.

Clients that are always there, or come back, are the same ones after the log; their rates are drawn from the posterior
law, given the requests of each, and those that the log did not show from what is left of the law.

May import: numpy, its siblings. Does not model: bursts, daily rhythms, clients that are new each time (the fitted
scenario plays those).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.fitting.cut import Floats
from simulator.fitting.fitted import Fitted
from simulator.fitting.rates import Likelihood, Rates
from simulator.fitting.swaps import Arrivals

_BLOCK = 500


def keeps_clients(fit: Fitted) -> bool:
    """Whether the clients of the log are those of the time after it."""
    return fit.windows is not None or (fit.kind != "new" and not fit.bursty and fit.rhythm is None)


def next_arrivals(
    fit: Fitted, law: Rates, likelihood: Likelihood, span_s: float, rng: np.random.Generator, *, known: bool = True
) -> Arrivals:
    """Requests over `span_s` seconds after the log, under `law` (the fitted one, or a draw around it).

    `known`: the clients keep the rates that the log says of them; otherwise they are drawn from the law anew.
    """
    rates = _rates(fit, law, likelihood, rng) if known else _anew(fit, law, likelihood, rng)
    return drawn(fit, law, rates, span_s, rng)


def next_in_windows(
    fit: Fitted, law: Rates, likelihood: Likelihood, lengths_s: Floats, rng: np.random.Generator
) -> Arrivals:
    """The same where only windows of these lengths are seen, back to back: what is open ends with each."""
    rates = _rates(fit, law, likelihood, rng) if fit.kind != "new" else _anew(fit, law, likelihood, rng)
    if law.end_rate == 0:
        return drawn(fit, law, rates, float(lengths_s.sum()), rng)
    asked = fit.cut.clients.requests  # busy clients also come more often, which the law does not have: keep the whole
    again = float(rng.choice(asked, len(asked)).sum()) / fit.cut.span_s  # what chance makes of it: a bootstrap
    law = replace(law, start_rate=again * law.end_rate / float(rates.sum()))
    before_s = np.cumsum(lengths_s) - lengths_s
    parts = [drawn(fit, law, rates, float(length_s), rng) for length_s in lengths_s]
    time_s = np.concatenate([start_s + part[0] for start_s, part in zip(before_s, parts, strict=True)])
    return time_s, np.concatenate([part[1] + number * len(rates) for number, part in enumerate(parts)])


def drawn(fit: Fitted, law: Rates, rates: Floats, span_s: float, rng: np.random.Generator) -> Arrivals:
    """Requests of clients with these rates over `span_s` seconds."""
    if law.end_rate == 0:
        number = rng.poisson(rates * span_s)
        return rng.random(int(number.sum())) * span_s, np.repeat(np.arange(len(rates)), number)
    length_s = 1 / law.end_rate
    sessions = rng.poisson(law.start_rate * (span_s + 20 * length_s), len(rates))
    client = np.repeat(np.arange(len(rates)), sessions)
    begins_s = rng.random(len(client)) * (span_s + 20 * length_s) - 20 * length_s
    lengths_s = rng.exponential(length_s, len(client))
    if fit.length is not None and fit.length.law != "exponential":
        lengths_s = fit.length.draw(rng, len(client)) * (length_s / fit.length.mean_s)
    ends_s = np.minimum(begins_s + lengths_s, span_s)
    begins_s = np.maximum(begins_s, 0.0)
    open_s = np.maximum(ends_s - begins_s, 0.0)
    number = rng.poisson(rates[client] * open_s)
    session = np.repeat(np.arange(len(client)), number)
    return begins_s[session] + rng.random(len(session)) * open_s[session], client[session]


def _rates(fit: Fitted, law: Rates, likelihood: Likelihood, rng: np.random.Generator) -> Floats:
    points, weights = likelihood.points(law.mean, law.spread)
    clients = fit.cut.clients
    drawn = []
    for first in range(0, len(clients), _BLOCK):
        some = clients.take(np.arange(first, min(first + _BLOCK, len(clients))))
        drawn.append(_one_each(points, likelihood.given(some, points, law.end_rate, law.start_rate) + weights, rng))
    hidden = weights + np.log1p(-np.minimum(likelihood.shown(points, law.end_rate, law.start_rate), 1 - 1e-12))
    unseen = int(rng.poisson(min(len(clients) * (1 / law.seen - 1), 1e6)))
    if unseen:
        share = np.exp(hidden - hidden.max())
        drawn.append(rng.choice(points, size=unseen, p=share / share.sum()))
    return np.concatenate(drawn)


def _anew(fit: Fitted, law: Rates, likelihood: Likelihood, rng: np.random.Generator) -> Floats:
    points, weights = likelihood.points(law.mean, law.spread)
    share = np.exp(weights)
    rates: Floats = rng.choice(points, size=round(len(fit.cut.clients) / law.seen), p=share / share.sum())
    return rates


def _one_each(points: Floats, logs: NDArray[np.float64], rng: np.random.Generator) -> Floats:
    """A point for each row, by weights whose logarithms are given."""
    chances = np.cumsum(np.exp(logs - logs.max(axis=1, keepdims=True)), axis=1)
    at = (chances < (rng.random(len(logs)) * chances[:, -1])[:, None]).sum(axis=1)
    picked: Floats = points[np.minimum(at, len(points) - 1)]
    return picked
