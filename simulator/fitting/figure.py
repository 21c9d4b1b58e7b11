"""What was fitted beside the log: rates between clients, gaps, sessions, hours of the day.

May import: matplotlib, numpy, its siblings. Fits nothing.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.fitting.cut import Floats
from simulator.fitting.fitted import Fitted
from simulator.fitting.predict import next_arrivals
from simulator.fitting.rates import Likelihood

_DATA, _FIT = "#1f5fa8", "#d1661f"


def draw(fit: Fitted) -> Figure:
    """Four axes: requests of a client, gaps within a session, starts of sessions, requests by hour of the day."""
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    (who, gaps), (starts, hours) = figure.subplots(2, 2)
    law = next(one for one in fit.laws if one.law != "zipf")
    likelihood = Likelihood(fit.cut, law.law, sessions=law.end_rate > 0)
    _requests(who, fit, likelihood)
    _gaps(gaps, fit, likelihood)
    begun_s = np.sort(fit.cut.time_s[fit.cut.first])
    starts.plot(begun_s / 3600, np.arange(1, len(begun_s) + 1), color=_DATA, label="log")
    starts.plot([0, fit.cut.span_s / 3600], [0, len(begun_s)], "--", color=_FIT, label="constant rate")
    starts.set(title="Sessions begun", xlabel="hours on record", ylabel="sessions")
    _hours(hours, fit)
    for axes in (who, gaps, starts, hours):
        axes.legend(frameon=False)
    figure.suptitle(f"{fit.log.name}: what was fitted beside the log")
    return figure


def _requests(axes: Axes, fit: Fitted, likelihood: Likelihood) -> None:
    """Requests of each client, by rank; the fit's are one draw of its law."""
    axes.loglog(*_ranked(fit.cut.clients.requests), ".", color=_DATA, label="log")
    law = fit.rates
    if law.law == "zipf":
        rank = np.arange(1, len(fit.cut.clients) + 1, dtype=np.float64)
        share = rank**-law.spread
        axes.loglog(rank, len(fit.log.time_s) * share / share.sum(), color=_FIT, label=f"Zipf {law.spread:.2f}")
    elif law.seen > 0.01:
        _, client = next_arrivals(fit, law, likelihood, fit.cut.span_s, np.random.default_rng(1), known=False)
        counts = np.bincount(client).astype(np.float64)
        axes.loglog(*_ranked(counts[counts > 0]), color=_FIT, label=f"{law.law}, CV {law.spread:.2f}")
    axes.set(title="Requests of a client", xlabel="rank", ylabel="requests")


def _gaps(axes: Axes, fit: Fitted, likelihood: Likelihood) -> None:
    """The share of gaps within sessions that are longer than x."""
    gaps_s = np.sort(fit.cut.gaps_s)
    gaps_s = gaps_s[gaps_s > 0]
    if len(gaps_s) > 1:
        axes.loglog(gaps_s, 1 - np.arange(len(gaps_s)) / len(gaps_s), color=_DATA, label="log")
        x = np.geomspace(gaps_s[0], gaps_s[-1], 200)
        law = next(one for one in fit.laws if one.law != "zipf")
        points, weights = likelihood.points(law.mean, law.spread)
        either = points + law.end_rate
        share = np.exp(weights) * points  # a client has gaps in proportion to its rate
        longer = np.exp(-x[:, None] * either[None, :]) @ (share / share.sum())
        axes.loglog(x, longer, "--", color=_FIT, label=f"{law.law}, Poisson")
        axes.set_ylim(0.5 / len(gaps_s), 1.5)
    axes.set(title="Gaps within a session", xlabel="s", ylabel="share that is longer")


def _hours(axes: Axes, fit: Fitted) -> None:
    """Requests by hour of the day, relative to the mean."""
    first_s = (fit.log.first_s or 0.0) + float(fit.log.time_s[0])
    of_day = (first_s + fit.log.time_s - fit.log.time_s[0]) % 86_400 / 3600
    counts = np.bincount(of_day.astype(int) % 24, minlength=24)
    axes.bar(np.arange(24) + 0.5, counts / counts.mean(), width=0.9, color=_DATA, label="log")
    hour = np.linspace(0, 24, 200)
    level = np.ones(200)
    if fit.rhythm is not None:
        turn = 2 * math.pi * (hour * 3600 - first_s + fit.rhythm.phase_s) / 86_400
        level = 1 + (fit.rhythm.peak - 1) * np.sin(turn)
    axes.plot(hour, level, color=_FIT, label="fitted" if fit.rhythm is not None else "constant")
    axes.set(title="Hour of the day (UTC where the log has dates)", xlabel="hour", ylabel="relative rate")


def _ranked(counts: Floats) -> tuple[Floats, Floats]:
    return np.arange(1.0, len(counts) + 1), np.sort(counts)[::-1]
