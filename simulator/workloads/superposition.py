"""All clients of a group as one Poisson process: one pending event, however many clients there are.

`Superposition` is the mechanism, apart from the contract of sources because every request passes through it.

The superposition of independent Poisson processes is a Poisson process of the summed rate whose arrivals
belong to client i with probability rate_i / sum, independently (Kingman, "Poisson processes", 1993). Arrivals
of a client without an open session are dropped: thinning, exact as well. Candidates are laid out in numpy
blocks from two streams (`gaps`, `clients`), whatever becomes of them.

May import: numpy, its siblings. Does not model: kinds whose clients have a memory (see individual).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.engine.columns import vector
from simulator.engine.handler import Handler
from simulator.workloads.profile import FLAT, AreaClock, Profile

if TYPE_CHECKING:
    from simulator.workloads.base import FloatArray, SourceContext

_FIRST_BLOCK: Final = 64
_LARGEST_BLOCK: Final = 4096


class _Arriving(Handler):
    """A candidate is due."""

    __slots__ = ("_source",)

    def __init__(self, source: Superposition) -> None:
        self._source = source

    def call(self, argument: Any) -> None:
        """It is."""
        self._source.arrive(argument)

    @property
    def owner(self) -> object:
        """The source."""
        return self._source


class Superposition:
    """Poisson arrivals of a fixed population, dealt in proportion to the clients' rates."""

    __slots__ = (
        "_area", "_areas", "_arriving", "_at", "_block", "_clock", "_due_s", "_edges", "_emit", "_end_s",
        "_from", "_gaps", "_kernel", "_last", "_open", "_picks", "_population", "_rng", "_ticks",
        "_times", "_total",
    )  # fmt: skip

    def __init__(self, context: SourceContext, rates: float | FloatArray, shape: Profile = FLAT) -> None:
        """Make the arrivals of one group.

        Args:
            context: its place; `population` is a number.
            rates: mean rate per second, of every client, or of each: shape (population,).
            shape: relative intensity over time.

        Raises:
            ValueError: there is no fixed population, or the rates are not finite.
        """
        population = context.population
        if population is None:
            raise ValueError("superposition needs a fixed population")
        self._kernel, self._emit = context.kernel, context.emit
        self._end_s = context.end_s
        self._population = population
        self._gaps, self._rng = context.rng("gaps"), context.rng("clients")
        self._clock = AreaClock(shape)
        self._open = bytearray(population)
        self._edges: FloatArray | None = None
        if isinstance(rates, np.ndarray):
            with np.errstate(over="ignore"):
                self._edges = np.cumsum(rates)
            self._total = float(self._edges[-1]) if population else 0.0
        else:
            self._total = rates * population
        if not math.isfinite(self._total):
            raise ValueError(f"clients {context.group}: their rates do not add up to a finite number")
        self._block = _FIRST_BLOCK
        self._area = 0.0  # of the last candidate laid out
        self._areas: FloatArray = np.empty(0)
        self._times = vector([])
        self._picks: list[int] = []
        self._last = -1  # index of the last candidate laid out
        self._from = 0  # the first candidate not passed yet
        self._at = 0  # the candidate whose event is pending
        self._due_s = -1.0
        self._arriving = _Arriving(self)
        self._ticks = context.kernel.clock

    def begin(self) -> None:
        """Lay out the first candidates."""
        if self._total > 0:
            self._refill()

    def opened(self, client: int) -> None:
        """Count `client` in, with a candidate of it that had been passed over before it is due."""
        self._open[client] = 1
        k, now_s = self._from, self._kernel.now
        while k < self._at:  # before the first are drawn there are none, as for all that are open from the start
            try:
                k = self._picks.index(client, k, self._at)
            except ValueError:
                return
            if self._times[k] >= now_s:
                self._arm(k)
                return
            k += 1

    def closed(self, client: int) -> None:
        """Count `client` out: its candidates are dropped."""
        self._open[client] = 0

    def set_factor(self, factor: float) -> None:
        """Move the candidates that are still to come; none is drawn again."""
        now_s = self._kernel.now
        self._clock.set_factor(now_s, factor)
        k = self._from
        while k <= self._last and self._times[k] < now_s:
            k += 1
        if k <= self._last:
            self._lay_out(self._areas[k:], self._picks[k:])

    def _refill(self) -> None:
        """Draw the next block of candidates."""
        size = self._block
        self._block = min(2 * size, _LARGEST_BLOCK)
        areas = self._area + np.cumsum(self._gaps.standard_exponential(size)) / self._total
        self._area = float(areas[-1])
        if self._edges is None:
            picks = self._rng.integers(self._population, size=size)
        else:
            picks = np.searchsorted(self._edges, self._rng.random(size) * self._total, side="right")
            np.minimum(picks, self._population - 1, out=picks)
        self._lay_out(areas, picks.tolist())

    def _lay_out(self, areas: FloatArray, picks: list[int]) -> None:
        self._areas, self._picks = areas, picks
        self._times = vector(self._clock.times(areas, self._kernel.now))
        self._last = len(picks) - 1
        self._seek(0)

    def _seek(self, k: int) -> None:
        """Arm the first candidate from index `k` whose client is open now, or else the last laid out."""
        self._from = k
        picks, is_open, last = self._picks, self._open, self._last
        while k < last and not is_open[picks[k]]:
            k += 1
        self._arm(k)

    def _arm(self, k: int) -> None:
        self._at = k
        due_s = self._due_s = self._times[k]
        if due_s < self._end_s:
            self._ticks.push(due_s, self._arriving, due_s)

    def arrive(self, due_s: float) -> None:
        """A candidate is due."""
        if due_s != self._due_s:
            return  # an event from before a change of factor or of the open clients
        k = self._at
        client = self._picks[k]
        if k >= self._last:
            self._refill()
        else:
            k += 1
            self._from = k
            if self._open[self._picks[k]]:  # `_seek` and `_arm`, inlined for the common case
                self._at = k
                due_s = self._due_s = self._times[k]
                if due_s < self._end_s:
                    self._ticks.push(due_s, self._arriving, due_s)
            else:
                self._seek(k)
        if self._open[client]:
            self._emit(client)
