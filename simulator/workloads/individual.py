"""Sources with one process and one pending event for each open client.

Every client has an own sequence of draws (see draws), so neither the order in which clients are served nor
the length of other clients' sessions shifts it. Arrival times are laid out in small numpy blocks.

May import: numpy, distributions, its siblings. Does not model: the superposed kinds' common stream.
"""

from __future__ import annotations

from operator import length_hint

import numpy as np

from simulator.laws.distributions import Distribution
from simulator.workloads.base import FloatArray, Source, SourceContext
from simulator.workloads.draws import KeyedDraws
from simulator.workloads.profile import FLAT, AreaClock, Profile

FIRST_BLOCK, DOUBLINGS = 16, 2


class Agent:
    """The process of one client. Its pending event is valid at `due_s` only (-1: the client is closed)."""

    __slots__ = ("areas", "block", "client", "clock", "due_s", "rate", "session", "times", "total")

    def __init__(self, client: int, clock: AreaClock, session: int = 0) -> None:
        self.client = client
        self.clock = clock
        self.session = session
        self.block = 0  # blocks drawn so far
        self.total = 0.0  # area (or number) of the last arrival laid out
        self.rate = 1.0
        self.areas: FloatArray = np.empty(0)
        self.times = iter([0.0][:0])
        self.due_s = -1.0


class Individual(Source):
    """Base of the kinds whose open clients each keep a pending event."""

    __slots__ = (
        "_agents", "_call_at", "_draws", "_emit", "_end_s", "_factor", "_fire", "_forgets", "_kernel",
    )  # fmt: skip

    def __init__(self, context: SourceContext) -> None:
        self._kernel, self._call_at, self._emit = context.kernel, context.kernel.call_at, context.emit
        self._end_s = context.end_s
        self._draws = KeyedDraws(context.rng("gaps"))
        self._forgets = context.population is None  # client numbers grow for ever and come once
        self._agents: dict[int, Agent] = {}
        self._factor = 1.0
        self._fire = self._arrive  # bound once

    # -- what a kind decides --------------------------------------------------------------------------
    def _new(self, client: int) -> Agent:
        """The process of a client at its first session, beginning now."""
        raise NotImplementedError

    def _again(self, agent: Agent) -> Agent:
        """The process at a later session; by default it went on unseen: its past is skipped."""
        return agent

    def _next_areas(self, agent: Agent, size: int) -> FloatArray:
        """Areas of the next `size` arrivals."""
        raise NotImplementedError

    # -- what the model tells -------------------------------------------------------------------------
    def opened(self, client: int) -> None:
        """Start the client's process, or take it up again."""
        agent = self._agents.get(client)
        if agent is None:
            agent = self._new(client)
        elif agent.due_s >= 0:
            return
        else:
            agent = self._again(agent)
        self._agents[client] = agent
        self._resume(agent)

    def closed(self, client: int) -> None:
        """Make the pending event void."""
        agent = self._agents.get(client)
        if agent is not None:
            agent.due_s = -1.0
            if self._forgets:
                del self._agents[client]

    def set_factor(self, factor: float) -> None:
        """Move every client's pending arrival; none is drawn again."""
        self._factor = factor
        now_s = self._kernel.now
        for agent in self._agents.values():
            agent.clock.set_factor(now_s, factor)
            if agent.due_s >= 0:
                self._resume(agent, pending=True)

    # -- the mechanism --------------------------------------------------------------------------------
    def _resume(self, agent: Agent, *, pending: bool = False) -> None:
        """Lay the rest of the block out anew and arm the first arrival of it that lies ahead."""
        now_s = self._kernel.now
        if len(agent.areas):
            agent.areas = agent.areas[-1 - length_hint(agent.times) :]
            agent.times = iter(agent.clock.times(agent.areas, now_s if pending else 0.0).tolist())
        passed_s = now_s
        while True:
            due_s = next(agent.times, None)
            if due_s is None:
                due_s = self._refill(agent, passed_s)
            if due_s >= now_s:
                break
            passed_s = due_s
        self._arm(agent, due_s)

    def _refill(self, agent: Agent, passed_s: float) -> float:
        """Lay out the next block, which follows an arrival at `passed_s`; returns its first time."""
        agent.areas = self._next_areas(agent, FIRST_BLOCK << min(agent.block, DOUBLINGS))
        agent.block += 1
        agent.clock.profile.forget(passed_s)
        agent.times = iter(self._times(agent, passed_s).tolist())
        return next(agent.times)

    def _times(self, agent: Agent, passed_s: float) -> FloatArray:
        """When the arrivals of the block that was just laid out are due, after one at `passed_s`."""
        return agent.clock.times(agent.areas, passed_s)

    def _arm(self, agent: Agent, due_s: float) -> None:
        agent.due_s = due_s
        if due_s < self._end_s:
            self._call_at(due_s, self._fire, agent)

    def _arrive(self, agent: Agent) -> None:
        now_s = self._kernel.now
        if agent.due_s != now_s:
            return  # closed meanwhile, or moved by a change of factor
        due_s = next(agent.times, None)
        if due_s is None:
            due_s = self._refill(agent, now_s)
        agent.due_s = due_s
        if due_s < self._end_s:
            self._call_at(due_s, self._fire, agent)
        self._emit(agent.client)


class PoissonAgents(Individual):
    """Poisson processes of intensity rate_i * shape(t), for clients that come and go in any number."""

    __slots__ = ("_rate", "_rates", "_shape")

    def __init__(self, context: SourceContext, rate: Distribution, shape: Profile = FLAT) -> None:
        """Make the source; `rate` (per second) is drawn once per client."""
        super().__init__(context)
        self._rate, self._shape = rate, shape
        self._rates = KeyedDraws(context.rng("rates"))

    def _new(self, client: int) -> Agent:
        agent = Agent(client, AreaClock(self._shape, self._kernel.now, self._factor))
        constant = self._rate.is_constant
        agent.rate = self._rate.mean if constant else float(self._rate.sample(self._rates.at(client), 1)[0])
        return agent

    def _next_areas(self, agent: Agent, size: int) -> FloatArray:
        gaps = self._draws.at(agent.client, 0, agent.block).standard_exponential(size)
        if agent.rate <= 0:
            return np.full(size, np.inf)
        areas = agent.total + np.cumsum(gaps) / agent.rate
        agent.total = float(areas[-1])
        return areas


class RenewalAgents(Individual):
    """Ordinary renewal processes: a session begins with a whole gap, and each session begins anew."""

    __slots__ = ("_interarrival",)

    def __init__(self, context: SourceContext, interarrival: Distribution) -> None:
        """Make the source; `interarrival` is in seconds."""
        super().__init__(context)
        self._interarrival = interarrival

    def _new(self, client: int, session: int = 0) -> Agent:
        return Agent(client, AreaClock(FLAT, self._kernel.now, self._factor), session)

    def _again(self, agent: Agent) -> Agent:
        return self._new(agent.client, agent.session + 1)

    def _next_areas(self, agent: Agent, size: int) -> FloatArray:
        if self._interarrival.is_constant:
            numbers = agent.total + np.arange(1.0, size + 1)
            agent.total += size
            return np.multiply(self._interarrival.mean, numbers)
        rng = self._draws.at(agent.client, agent.session, agent.block)
        areas = agent.total + np.cumsum(self._interarrival.sample(rng, size))
        agent.total = float(areas[-1])
        return areas

    def _times(self, agent: Agent, passed_s: float) -> FloatArray:
        """A constant gap is added to each arrival's time, as a service time is: so the two meet exactly (D/D/1)."""
        if not self._interarrival.is_constant or self._factor != 1.0:
            return super()._times(agent, passed_s)
        gaps = np.full(len(agent.areas) + 1, self._interarrival.mean)
        gaps[0] = passed_s
        return np.add.accumulate(gaps)[1:]
