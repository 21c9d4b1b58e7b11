"""The future event list of interpreted runs: the standard library's heap, of tuples.

As `simulator.engine.packed_events`, which takes its place where the engine is compiled. May import: handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

from simulator.engine.handler import Handler

Entry = tuple[float, int, Handler, Any]
ARITY = 2
"""How many entries are below one in the heap."""

push_entry, pop_entry = heappush, heappop


class PlainEvents(list[Entry]):
    """What is to come, `(time_s, order, handler, argument)`, the next first: by time, then by order.

    `push_entry(events, entry)` adds one, of which no two have the same order; `pop_entry(events)` takes the next.
    """

    __slots__ = ()

    def entry(self, place: int) -> Entry:
        """The entry at a place from 0 on: those at `ARITY * place + 1` and the `ARITY - 1` after it come later."""
        return self[place]

    def entries(self) -> list[Entry]:
        """All entries, in the order of their places."""
        return list(self)

    def take(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Take out the entries that are wanted, the next first."""
        taken = [entry for entry in self if wanted(entry)]
        if taken:
            self[:] = [entry for entry in self if not wanted(entry)]
            heapify(self)
        return sorted(taken)
