"""Real arrivals with one part put in place as the fit has it: what that assumption alone does to a metric.

Each function takes the sessions of the real second part and returns (time in s, client) of all requests.

May import: numpy, its siblings. Does not model: two parts at once; what parts do together is left over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.fitting.cut import Cut, Floats
from simulator.fitting.fitted import Fitted
from simulator.fitting.rates import Likelihood

Arrivals = tuple[Floats, NDArray[np.int64]]
Swap = Callable[[Fitted, Cut, np.random.Generator], Arrivals]


def amount(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """As many requests as the fit expects: real ones left out, or repeated within a second of themselves."""
    expected = int(rng.poisson(fit.mean_rate * real.span_s))
    number = len(real.time_s)
    kept = rng.permutation(number)[:expected]
    more = rng.integers(number, size=max(expected - number, 0))
    time_s = np.concatenate([real.time_s[kept], (real.time_s[more] + rng.random(len(more))).clip(0, real.span_s)])
    return time_s, real.client[np.concatenate([kept, more])]


def who(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """The real times, dealt to clients in proportion to rates drawn from the fitted law."""
    count = fit.count or len(real.clients)
    law = fit.rates
    if law.law == "zipf":
        rates = np.arange(1, count + 1, dtype=np.float64) ** -law.spread
    else:
        points, weights = _law(fit)
        rates = rng.choice(points, size=count, p=weights)
    return real.time_s, rng.choice(count, size=len(real.time_s), p=rates / rates.sum())


def times(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """The real clients and numbers of requests, at times as a Poisson process has them."""
    del fit
    return rng.random(len(real.time_s)) * real.span_s, real.client


def within(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """The real sessions, each with its first and last request and their number; times between them as fitted."""
    number = _numbers(real)
    session = np.repeat(np.arange(len(number)), number)
    size = len(real.time_s)
    if fit.bursty and fit.bursts is not None:
        b = fit.bursts
        silences = rng.geometric(b.rate / (b.rate + b.off_rate), size) - 1
        gaps = rng.gamma(silences + 1.0, 1 / (b.rate + b.off_rate))
        gaps += rng.gamma(np.maximum(silences, 1e-9), 1 / b.on_rate)
    else:
        gaps = rng.standard_exponential(size)
    gaps[real.first] = 0.0
    walked = np.cumsum(gaps)
    since = walked - walked[real.first][session]
    whole = np.maximum.reduceat(since, real.starts)
    share = np.divide(since, whole[session], out=np.zeros(size), where=whole[session] > 0)
    return real.time_s[real.first][session] + share * _spans(real)[session], real.client


def lengths(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """The real starts and numbers of requests, over lengths drawn from the fitted law."""
    number = _numbers(real)
    drawn_s = rng.exponential(fit.session_length_s, len(number))
    if fit.length is not None and fit.length.law != "exponential":
        drawn_s = fit.length.draw(rng, len(number))
    covered = np.where(number > 1, rng.beta(np.maximum(number - 1, 1), 2.0), 0.0)
    stretch = np.divide(drawn_s * covered, _spans(real), out=np.zeros(len(number)), where=_spans(real) > 0)
    session = np.cumsum(real.first) - 1
    start_s = real.time_s[real.first][session]
    return start_s + (real.time_s - start_s) * stretch[session], real.client


def numbers(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """The real starts and lengths, with numbers of requests by rates drawn from the fitted law."""
    number, span_s = _numbers(real), _spans(real)
    if fit.bursty and fit.bursts is not None:
        rates = np.full(len(number), fit.bursts.mean_rate)
    else:
        points, weights = _law(fit)
        seen = weights * points / (points + fit.rates.end_rate)
        rates = rng.choice(points, size=len(number), p=seen / seen.sum())
    whole_s = np.where(number > 1, span_s * (number + 1) / np.maximum(number - 1, 1), 0.0)
    whole_s = np.where(number > 1, whole_s, rng.exponential(fit.session_length_s, len(number)))
    more = rng.poisson(np.minimum(rates * whole_s, 1e6))
    session = np.repeat(np.arange(len(number)), more)
    starts_s, client = real.time_s[real.first], real.client[real.first]
    later_s = starts_s[session] + rng.random(len(session)) * whole_s[session]
    return np.concatenate([starts_s, later_s]), np.concatenate([client, client[session]])


def starts(fit: Fitted, real: Cut, rng: np.random.Generator) -> Arrivals:
    """The real sessions, begun at the fitted rate and evenly over time, each by a client of its own."""
    at = real.starts
    share = len(fit.cut.starts) / fit.cut.span_s
    chosen = rng.integers(len(at), size=max(int(rng.poisson(share * real.span_s)), 1))
    number = _numbers(real)[chosen]
    session = np.repeat(np.arange(len(chosen)), number)
    place = np.arange(len(session)) - np.repeat(np.cumsum(number) - number, number)
    source = at[chosen][session] + place
    begun_s = rng.random(len(chosen)) * real.span_s
    return begun_s[session] + real.time_s[source] - real.time_s[at[chosen]][session], session


ALWAYS: Final[dict[str, Swap]] = {
    "how much is asked": amount, "rates between clients": who, "times (a constant Poisson stream)": times,
}  # fmt: skip
SESSIONS: Final[dict[str, Swap]] = {
    "when and how many sessions begin": starts, "session lengths": lengths, "rates between clients": numbers,
    "times within a session": within,
}  # fmt: skip


def _law(fit: Fitted) -> tuple[Floats, Floats]:
    law = next(one for one in fit.laws if one.law != "zipf")
    points, weights = Likelihood(fit.cut, law.law, sessions=law.end_rate > 0).points(law.mean, law.spread)
    share = np.exp(weights)
    return points, share / share.sum()


def _numbers(real: Cut) -> NDArray[np.int64]:
    """Requests of each session."""
    return np.diff(np.append(real.starts, len(real.time_s)))


def _spans(real: Cut) -> Floats:
    """Time from the first to the last request of each session."""
    last = np.append(real.starts[1:], len(real.time_s)) - 1
    spans: Floats = real.time_s[last] - real.time_s[real.starts]
    return spans
