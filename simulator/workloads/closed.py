"""The closed loop: a client thinks, sends, waits for the end of its request, and thinks again.

A session begins with a think time, and a client has at most one request outstanding, so load falls when the
system slows down. This is the only kind whose arrivals depend on the model; its think times do not.

May import: the specs' field types, its siblings. Does not model: clients that give up (retries are the
client's own).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from simulator.laws.distributions import Distribution
from simulator.laws.fields import DurationDist
from simulator.workloads.base import Source, SourceContext, WorkloadSpec, register
from simulator.workloads.draws import KeyedDraws

_FIRST_BLOCK, _DOUBLINGS = 16, 2


@register
class Closed(WorkloadSpec):
    """`{kind: closed, think_time: DIST}`."""

    kind: Literal["closed"]
    think_time: DurationDist
    """Seconds between the end of a client's request and its next one."""

    def build(self, context: SourceContext) -> Source:
        """One loop for each open client."""
        return ClosedLoops(context, self.think_time)


class Loop:
    """One client: thinking until `due_s` (-1: it is not), or waiting for a request to end."""

    __slots__ = ("client", "due_s", "is_open", "left_s", "since_s", "thinks", "waits")

    def __init__(self, client: int) -> None:
        self.client = client
        self.is_open = False
        self.due_s = -1.0
        self.left_s = 0.0  # of the think time, at factor 1, counted from `since_s`
        self.since_s = 0.0
        self.waits = False
        self.thinks: Iterator[float] = iter(())


class ClosedLoops(Source):
    """Closed loops; a factor (a flash crowd) divides the think times."""

    __slots__ = ("_call_at", "_dist", "_draws", "_emit", "_end_s", "_factor", "_forgets", "_kernel", "_loops")

    def __init__(self, context: SourceContext, think_time: Distribution) -> None:
        """Make the source; `think_time` is in seconds."""
        self._kernel, self._call_at, self._emit = context.kernel, context.kernel.call_at, context.emit
        self._end_s = context.end_s
        self._dist = think_time
        self._draws = KeyedDraws(context.rng("thinks"))
        self._forgets = context.population is None  # client numbers grow for ever and come once
        self._loops: dict[int, Loop] = {}
        self._factor = 1.0

    def opened(self, client: int) -> None:
        """Begin to think; if the last session left a request outstanding, once that has ended."""
        loop = self._loops.get(client)
        if loop is None:
            loop = self._loops[client] = Loop(client)
            loop.thinks = self._think_times(client)
        if not loop.is_open:
            loop.is_open = True
            if not loop.waits:
                self._think(loop)

    def closed(self, client: int) -> None:
        """Stop: what the client was about to send is not sent."""
        loop = self._loops.get(client)
        if loop is not None:
            loop.is_open = False
            loop.due_s = -1.0
            if self._forgets:
                del self._loops[client]

    def ended(self, client: int) -> None:
        """Think again, if the session is still open."""
        loop = self._loops.get(client)
        if loop is not None and loop.waits:
            loop.waits = False
            if loop.is_open:
                self._think(loop)

    def set_factor(self, factor: float) -> None:
        """Stretch or shorten what is left of the think times under way."""
        now_s, former, self._factor = self._kernel.now, self._factor, factor
        for loop in self._loops.values():
            if loop.due_s >= 0:
                loop.left_s = max(loop.left_s - (now_s - loop.since_s) * former, 0.0)
                self._arm(loop)

    def _think_times(self, client: int) -> Iterator[float]:
        """The client's own sequence, the same in whatever order clients are served."""
        block = 0
        while True:
            rng = self._draws.at(client, 0, block)
            yield from self._dist.sample(rng, _FIRST_BLOCK << min(block, _DOUBLINGS)).tolist()
            block += 1

    def _think(self, loop: Loop) -> None:
        loop.left_s = next(loop.thinks)
        self._arm(loop)

    def _arm(self, loop: Loop) -> None:
        now_s = loop.since_s = self._kernel.now
        loop.due_s = now_s + loop.left_s / self._factor if self._factor > 0 else math.inf
        if loop.due_s < self._end_s:
            self._call_at(loop.due_s, self._send, loop)

    def _send(self, loop: Loop) -> None:
        if loop.due_s != self._kernel.now:
            return  # closed meanwhile, or moved by a change of factor
        loop.due_s = -1.0
        loop.waits = True
        self._emit(loop.client)
