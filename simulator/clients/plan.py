"""When the sessions of a group open and close: the clients' own clock, on which no model decision has any effect.

May import: kernel, workloads' contract, the group. Does not model: establishment, when a session opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.clients.group import ClientGroup
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.workloads import Source

INFINITY: Final = float("inf")


class SessionPlan:
    """Opens and closes the sessions of one group. All times in seconds."""

    source: Source
    length_s: Sampler
    pause_s: Sampler
    start_s: Sampler
    gap_s: Sampler

    def __init__(self, kernel: Kernel, group: ClientGroup, end_s: float) -> None:
        self.kernel = kernel
        self.group = group
        self.end_s = end_s
        self._arrived = 0

    def begin(self, population: int) -> None:
        """A fixed population: each client opens its first session after its start."""
        for index in range(population):
            start_s = self.start_s.next()
            if start_s <= 0.0:
                self._open(index)
            elif start_s < self.end_s:
                self.kernel.call_at(start_s, self._open, index)

    def _open(self, index: int) -> None:
        self.open_now(index)
        self.source.opened(index)
        drawn_s = self.length_s.next()
        closes_s = self.kernel.now + drawn_s
        if closes_s < INFINITY:
            self.kernel.call_at(closes_s, self._close, index)

    def _close(self, index: int) -> None:
        self.source.closed(index)
        self.close_now(index)
        opens_s = self.kernel.now + self.pause_s.next()
        if opens_s < self.end_s:
            self.kernel.call_at(opens_s, self._open, index)

    # -- open sessions: each by a new client -----------------------------------------------------------
    def open_stream(self) -> None:
        """Sessions that arrive on their own: arm the first."""
        self.kernel.call_in(self.gap_s.next(), self._next)

    def _next(self, _: None) -> None:
        if self.kernel.now >= self.end_s:
            return
        index = self._arrived
        self._arrived += 1
        self.group.client(index)
        self._open_once(index)
        self.kernel.call_in(self.gap_s.next(), self._next)

    def _open_once(self, index: int) -> None:
        self.open_now(index)
        self.source.opened(index)
        closes_s = self.kernel.now + self.length_s.next()
        if closes_s < INFINITY:
            self.kernel.call_at(closes_s, self._close_once, index)

    def _close_once(self, index: int) -> None:
        self.source.closed(index)
        self.close_now(index)

    # -- what traces call themselves --------------------------------------------------------------------
    def open_now(self, index: int) -> None:
        """A session of client `index` begins."""
        self.group.open_session(index)

    def close_now(self, index: int) -> None:
        """The session of client `index` ends."""
        self.group.close_session(index)
