"""Markov-modulated Poisson arrivals: bursts. Each client has a phase of its own that switches at random.

In phase j a client sends at `rates[j]` and leaves for the next phase (the last is followed by the first) at
`switching[j]`; phases start in the stationary law (proportional to 1 / switching) and go on between sessions.
Theory: Fischer and Meier-Hellstern, "The Markov-modulated Poisson process cookbook", 1993.

May import: numpy, pydantic, units, its siblings. Does not model: phases common to several clients (see
diurnal, spike).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from simulator.units import PositiveRate, Rate
from simulator.workloads.base import FloatArray, Source, SourceContext, WorkloadSpec
from simulator.workloads.draws import KeyedDraws
from simulator.workloads.individual import Agent, Individual
from simulator.workloads.profile import AreaClock

_SOJOURNS = 16  # phases drawn at a time


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
    """The path of one client's phases as a rate profile, drawn as far as it is asked for, up to `end_s`."""

    __slots__ = ("_areas", "_end_s", "_levels", "_sojourns", "_starts", "_until")

    def __init__(self, sojourns: Iterator[tuple[float, float]], start_s: float, end_s: float) -> None:
        """Make the path from (length in s, rate per s) of each phase; areas count from `start_s`."""
        self._sojourns = sojourns
        length_s, level = next(sojourns)
        self._starts, self._areas, self._levels = [start_s], [0.0], [level]
        self._until = start_s + length_s
        self._end_s = end_s

    def _extend(self) -> None:
        length_s, level = next(self._sojourns)
        self._areas.append(self._areas[-1] + (self._until - self._starts[-1]) * self._levels[-1])
        self._starts.append(self._until)
        self._levels.append(level)
        self._until += length_s

    def integral(self, time_s: float) -> float:
        """Expected arrivals from the start of the path."""
        while self._until < time_s:
            self._extend()
        k = bisect_right(self._starts, time_s) - 1
        return self._areas[k] + (time_s - self._starts[k]) * self._levels[k]

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """When the expected number of arrivals reaches each value; infinity if not before `end_s`."""
        furthest = float(area_s[-1])
        while self._until < self._end_s and furthest >= self.integral(self._until):
            self._extend()
        areas, levels = np.asarray(self._areas), np.asarray(self._levels)
        k = np.searchsorted(areas, area_s, side="right") - 1
        over_s = np.full(len(area_s), np.inf)
        np.divide(area_s - areas[k], levels[k], out=over_s, where=levels[k] > 0)
        times: FloatArray = np.asarray(self._starts)[k] + over_s
        return times

    def forget(self, before_s: float) -> None:
        """Drop the phases that ended before."""
        passed = bisect_right(self._starts, before_s) - 1
        if passed > 0:
            del self._starts[:passed], self._areas[:passed], self._levels[:passed]


class MmppAgents(Individual):
    """One phase path and one pending event for each client."""

    __slots__ = ("_levels", "_phases", "_share", "_stay_s")

    def __init__(self, context: SourceContext, spec: Mmpp) -> None:
        super().__init__(context)
        self._phases = KeyedDraws(context.rng("phases"))
        self._levels = spec.rates
        self._stay_s = [1 / rate for rate in spec.switching]
        self._share = np.cumsum(spec.stationary())

    def _sojourns(self, client: int) -> Iterator[tuple[float, float]]:
        """(length in s, rate per s) of one phase after the other, from a stationary start."""
        start = int(np.searchsorted(self._share, self._phases.at(client, 0, 0).random(), side="right"))
        phase, block = min(start, len(self._levels) - 1), 1
        while True:
            for length in self._phases.at(client, 0, block).standard_exponential(_SOJOURNS).tolist():
                yield length * self._stay_s[phase], self._levels[phase]
                phase = (phase + 1) % len(self._levels)
            block += 1

    def _new(self, client: int) -> Agent:
        now_s = self._kernel.now
        path = PhasePath(self._sojourns(client), now_s, self._end_s)
        return Agent(client, AreaClock(path, now_s, self._factor))

    def _next_areas(self, agent: Agent, size: int) -> FloatArray:
        gaps = self._draws.at(agent.client, 0, agent.block).standard_exponential(size)
        areas = agent.total + np.cumsum(gaps)
        agent.total = float(areas[-1])
        return areas
