"""Markov-modulated Poisson arrivals: bursts. Each client has a phase of its own that switches at random.

In phase j a client sends at `rates[j]` and leaves for the next phase (the last is followed by the first) at
`switching[j]`; phases start in the stationary law (proportional to 1 / switching) and go on between sessions.
Theory: Fischer and Meier-Hellstern, "The Markov-modulated Poisson process cookbook", 1993.

May import: numpy, pydantic, units, its siblings. Does not model: phases common to several clients (see
diurnal, spike).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from simulator.units import PositiveRate, Rate
from simulator.workloads.base import FloatArray, Source, SourceContext, WorkloadSpec, register
from simulator.workloads.draws import KeyedDraws
from simulator.workloads.individual import Agent, Individual
from simulator.workloads.profile import AreaClock

_SOJOURNS = 16  # phases drawn at a time


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
    """The path of one client's phases as a rate profile, drawn as far as it is asked for, up to `end_s`."""

    __slots__ = ("_areas", "_blocks", "_end_s", "_levels", "_starts")

    def __init__(self, blocks: Iterator[tuple[FloatArray, FloatArray]], start_s: float, end_s: float) -> None:
        """Make the path from phases, some at a time: (length in s, rate per s) of each; areas count from `start_s`."""
        self._blocks = blocks
        lengths, self._levels = next(blocks)
        self._starts = np.cumsum(np.concatenate([[start_s], lengths]))  # of the phases, and the end of the last
        self._areas = np.cumsum(np.concatenate([[0.0], np.diff(self._starts) * self._levels]))  # expected until then
        self._end_s = end_s

    def _extend(self, reached: Callable[[float, float], bool]) -> None:
        """Draw phases until (end of the last in s, expected arrivals until then) is far enough."""
        starts, areas, levels = [self._starts], [self._areas], [self._levels]
        while not reached(starts[-1][-1], areas[-1][-1]):
            lengths, more = next(self._blocks)
            bounds = np.cumsum(np.concatenate([starts[-1][-1:], lengths]))
            starts.append(bounds[1:])
            areas.append(np.cumsum(np.concatenate([areas[-1][-1:], np.diff(bounds) * more]))[1:])
            levels.append(more)
        if len(levels) > 1:
            self._starts, self._areas = np.concatenate(starts), np.concatenate(areas)
            self._levels = np.concatenate(levels)

    def integral(self, time_s: float) -> float:
        """Expected arrivals from the start of the path."""
        self._extend(lambda until_s, _: until_s >= time_s)
        k = int(np.searchsorted(self._starts, time_s, side="right")) - 1
        k = min(k, len(self._levels) - 1)
        return float(self._areas[k] + (time_s - self._starts[k]) * self._levels[k])

    def inverse(self, area_s: FloatArray) -> FloatArray:
        """When the expected number of arrivals reaches each value; infinity if not before `end_s`."""
        furthest, end_s = float(area_s[-1]), self._end_s
        self._extend(lambda until_s, area: until_s >= end_s or area > furthest)
        areas, levels = self._areas[:-1], self._levels
        k = np.searchsorted(areas, area_s, side="right") - 1
        over_s = np.full(len(area_s), np.inf)
        np.divide(area_s - areas[k], levels[k], out=over_s, where=levels[k] > 0)
        times: FloatArray = self._starts[k] + over_s
        return times

    def forget(self, before_s: float) -> None:
        """Drop the phases that ended before."""
        passed = int(np.searchsorted(self._starts, before_s, side="right")) - 1
        passed = min(passed, len(self._levels) - 1)
        if passed > 0:
            self._starts, self._areas = self._starts[passed:], self._areas[passed:]
            self._levels = self._levels[passed:]


class MmppAgents(Individual):
    """One phase path and one pending event for each client."""

    __slots__ = ("_levels", "_phases", "_share", "_stay_s")

    def __init__(self, context: SourceContext, spec: Mmpp) -> None:
        super().__init__(context)
        self._phases = KeyedDraws(context.rng("phases"))
        self._levels = np.asarray(spec.rates)
        self._stay_s = 1 / np.asarray(spec.switching)
        self._share = np.cumsum(spec.stationary())

    def _sojourns(self, client: int) -> Iterator[tuple[FloatArray, FloatArray]]:
        """(lengths in s, rates per s) of one block of phases after the other, from a stationary start."""
        start = int(np.searchsorted(self._share, self._phases.at(client, 0, 0).random(), side="right"))
        phase, block, n = min(start, len(self._levels) - 1), 1, len(self._levels)
        while True:
            phases = (phase + np.arange(_SOJOURNS)) % n
            yield (
                self._phases.at(client, 0, block).standard_exponential(_SOJOURNS) * self._stay_s[phases],
                self._levels[phases],
            )
            phase = (phase + _SOJOURNS) % n
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
