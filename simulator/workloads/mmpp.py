"""Markov-modulated Poisson arrivals: bursts. Each client has a phase of its own that switches at random.

In phase j a client sends at `rates[j]` and leaves for the next phase (the last is followed by the first) at
`switching[j]`; phases start in the stationary law (proportional to 1 / switching) and go on between sessions.
Theory: Fischer and Meier-Hellstern, "The Markov-modulated Poisson process cookbook", 1993.

May import: numpy, pydantic, units, its siblings. Does not model: phases common to several clients (see
diurnal, spike).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from simulator.units import PositiveRate, Rate
from simulator.workloads.base import FloatArray, Source, SourceContext, WorkloadSpec, register
from simulator.workloads.draws import KeyedDraws
from simulator.workloads.individual import DOUBLINGS, FIRST_BLOCK, Agent, Individual
from simulator.workloads.profile import AreaClock

_SOJOURNS = 16  # phases drawn at a time
_MOST_DOUBLINGS = 6  # of arrivals laid out at a time


@register
class Mmpp(WorkloadSpec):
    """`{kind: mmpp, rates: [20/s, 120/s], switching: [0.5/s, 1/s]}`."""

    kind: Literal["mmpp"]
    rates: tuple[Rate, ...] = Field(min_length=2, max_length=64)
    """Requests per second of one client in each phase."""
    switching: tuple[PositiveRate, ...] = Field(min_length=2, max_length=64)
    """Rate of leaving each phase."""

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if len(self.rates) != len(self.switching):
            found = f"{len(self.rates)} rates and {len(self.switching)} switching rates"
            raise ValueError(f"mmpp has {found}: give one of each for a phase")
        return self

    def stationary(self) -> FloatArray:
        """Share of time in each phase, shape (phases,)."""
        stay = 1 / np.asarray(self.switching)
        share: FloatArray = stay / stay.sum()
        return share

    def mean_rate(self) -> float:
        """Mean requests per second of one client."""
        return float(self.stationary() @ np.asarray(self.rates))

    def build(self, context: SourceContext) -> Source:
        """One process for each open client."""
        return MmppAgents(context, self)


class PhasePath:
    """The path of one client's phases as a rate profile, drawn as far as it is asked for, up to `end_s`.

    Lists, not arrays: a short session asks for a few phases only, and an array costs more than it holds.
    """

    __slots__ = ("_areas", "_blocks", "_end_s", "_levels", "_starts")

    def __init__(self, blocks: Iterator[tuple[list[float], list[float]]], start_s: float, end_s: float) -> None:
        """Make the path from phases, some at a time: (length in s, rate per s) of each; areas count from `start_s`."""
        self._blocks = blocks
        self._starts = [start_s]  # of the phases, and the end of the last
        self._areas = [0.0]  # expected arrivals until then
        self._levels: list[float] = []
        self._end_s = end_s
        self._draw()

    def _draw(self) -> None:
        """Some more phases."""
        lengths, levels = next(self._blocks)
        until_s, area = self._starts[-1], self._areas[-1]
        for length, level in zip(lengths, levels, strict=True):
            since_s, until_s = until_s, until_s + length
            area += (until_s - since_s) * level
            self._starts.append(until_s)
            self._areas.append(area)
        self._levels += levels

    def integral(self, time_s: float) -> float:
        """Expected arrivals from the start of the path."""
        while self._starts[-1] < time_s:
            self._draw()
        k = min(bisect_right(self._starts, time_s) - 1, len(self._levels) - 1)
        return self._areas[k] + (time_s - self._starts[k]) * self._levels[k]

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """When the expected number of arrivals reaches each value; infinity if not before `end_s`."""
        wanted: list[float] = area_s.tolist()
        while self._starts[-1] < self._end_s and self._areas[-1] <= wanted[-1]:
            self._draw()
        areas, starts, levels = self._areas, self._starts, self._levels
        times = []
        for area in wanted:
            k = bisect_right(areas, area, 0, len(levels)) - 1
            level = levels[k]
            times.append(starts[k] + (area - areas[k]) / level if level > 0 else math.inf)
        return np.array(times)

    def forget(self, before_s: float) -> None:
        """Drop the phases that ended before."""
        passed = min(bisect_right(self._starts, before_s) - 1, len(self._levels) - 1)
        if passed >= _SOJOURNS:
            del self._starts[:passed], self._areas[:passed], self._levels[:passed]


class Bursting(Agent):
    """The process of a client that has phases."""

    __slots__ = ("ahead", "drawn")

    def __init__(self, client: int, clock: AreaClock) -> None:
        super().__init__(client, clock)
        self.ahead: FloatArray = np.empty(0)  # areas that are drawn and not laid out
        self.drawn = 0  # blocks of them


class MmppAgents(Individual):
    """One phase path and one pending event for each client."""

    __slots__ = ("_levels", "_phases", "_share", "_stay_s")

    def __init__(self, context: SourceContext, spec: Mmpp) -> None:
        super().__init__(context)
        self._phases = KeyedDraws(context.rng("phases"))
        n = len(spec.rates)
        around = [(k + np.arange(_SOJOURNS)) % n for k in range(n)]
        self._levels = [np.asarray(spec.rates)[one].tolist() for one in around]  # of a block that begins with a phase
        self._stay_s = [1 / np.asarray(spec.switching)[one] for one in around]
        self._share = np.cumsum(spec.stationary()).tolist()

    def _sojourns(self, client: int) -> Iterator[tuple[list[float], list[float]]]:
        """(lengths in s, rates per s) of one block of phases after the other, from a stationary start."""
        n = len(self._levels)
        start = bisect_right(self._share, self._phases.at(client, 0, 0).random())
        phase, block = min(start, n - 1), 1
        while True:
            lengths = self._phases.at(client, 0, block).standard_exponential(_SOJOURNS) * self._stay_s[phase]
            yield lengths.tolist(), self._levels[phase]
            phase = (phase + _SOJOURNS) % n
            block += 1

    def _new(self, client: int) -> Agent:
        now_s = self._kernel.now
        path = PhasePath(self._sojourns(client), now_s, self._end_s)
        return Bursting(client, AreaClock(path, now_s, self._factor))

    def _next_areas(self, agent: Agent, size: int) -> FloatArray:
        """One, two, four, ... of those that are drawn: phases are drawn as far as the last, and few are needed."""
        assert isinstance(agent, Bursting)
        if not len(agent.ahead):
            size = FIRST_BLOCK << min(agent.drawn, DOUBLINGS)
            gaps = self._draws.at(agent.client, 0, agent.drawn).standard_exponential(size)
            agent.ahead = agent.total + np.cumsum(gaps)
            agent.total = float(agent.ahead[-1])
            agent.drawn += 1
        some = 1 << min(agent.block, _MOST_DOUBLINGS)
        areas, agent.ahead = agent.ahead[:some], agent.ahead[some:]
        return areas
