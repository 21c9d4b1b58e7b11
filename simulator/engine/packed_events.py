"""The future event list of compiled runs: a heap of plain numbers, side by side in memory.

A heap entry is a time, an order and the number of a slot; its handler and its argument lie still in that slot, so that
keeping the order moves numbers only and makes no objects. Four entries below each (a 4-ary heap) make it half as high
as a binary one, and the four are neighbours in memory (LaMarca, Ladner, "The influence of caches on the performance of
heaps", ACM JEA 1, 1996). Interpreted, this would be slower than the standard library's heap, which
`simulator.engine.plain_events` is. May import: librt, handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from librt.vecs import append, vec
from mypy_extensions import i64

from simulator.engine.handler import Handler

ARITY: Final = 4
"""How many entries are below one in the heap."""
LOG_ARITY: Final[i64] = 2
NOBODY: Final = Handler()  # of a slot that has never been used
Entry = tuple[float, int, Handler, Any]


class PackedEvents:
    """What is to come, `(time_s, order, handler, argument)`, the next first: by time, then by order.

    `_slots` has the slots of the entries, and after them those that are free.
    """

    __slots__ = ("_arguments", "_handlers", "_length", "_orders", "_slots", "_times_s")

    def __init__(self) -> None:
        self._length: i64 = 0
        self._times_s = vec[float]()
        self._orders = vec[i64]()
        self._slots = vec[i64]()
        self._handlers = vec[Handler]()  # by slot, as the next
        self._arguments: list[Any] = []

    def __len__(self) -> int:
        return int(self._length)

    def __bool__(self) -> bool:
        return self._length > 0

    def push(self, time_s: float, order: i64, handler: Handler, argument: Any) -> None:
        """One more entry; no two have the same order."""
        place = self._length
        if place == len(self._times_s):
            self._make_room()
        self._length = place + 1
        slot = self._slots[place]
        self._handlers[slot] = handler
        self._arguments[int(slot)] = argument
        times_s, orders, slots = self._times_s, self._orders, self._slots
        while place > 0:
            above = (place - 1) >> LOG_ARITY
            above_s = times_s[above]
            if above_s < time_s or (above_s == time_s and orders[above] < order):
                break
            times_s[place] = above_s
            orders[place] = orders[above]
            slots[place] = slots[above]
            place = above
        times_s[place] = time_s
        orders[place] = order
        slots[place] = slot

    def pop(self) -> Entry:
        """Take the next entry; there is one."""
        times_s, orders, slots = self._times_s, self._orders, self._slots
        first_s, first_order, first_slot = times_s[0], orders[0], slots[0]
        self._length = last = self._length - 1
        self._sink(times_s[last], orders[last], slots[last])
        slots[last] = first_slot
        argument = self._arguments[int(first_slot)]
        self._arguments[int(first_slot)] = None
        return first_s, int(first_order), self._handlers[first_slot], argument

    def _sink(self, time_s: float, order: i64, slot: i64) -> None:
        """Put an entry where the first one was, and then as far down as it belongs."""
        times_s, orders, slots, length = self._times_s, self._orders, self._slots, self._length
        place: i64 = 0
        below: i64 = 1
        while below < length:
            least, least_s = below, times_s[below]
            end = below + ARITY
            end = min(end, length)
            other = below + 1
            while other < end:
                other_s = times_s[other]
                if other_s < least_s or (other_s == least_s and orders[other] < orders[least]):
                    least, least_s = other, other_s
                other += 1
            if time_s < least_s or (time_s == least_s and order < orders[least]):
                break
            times_s[place] = least_s
            orders[place] = orders[least]
            slots[place] = slots[least]
            place = least
            below = ARITY * place + 1
        times_s[place] = time_s
        orders[place] = order
        slots[place] = slot

    def _make_room(self) -> None:
        """One slot more."""
        self._times_s = append(self._times_s, 0.0)
        self._orders = append(self._orders, 0)
        self._slots = append(self._slots, len(self._slots))
        self._handlers = append(self._handlers, NOBODY)
        self._arguments.append(None)

    def entry(self, place: int) -> Entry:
        """The entry at a place from 0 on: those at `ARITY * place + 1` and the `ARITY - 1` after it come later."""
        slot = self._slots[place]
        return self._times_s[place], int(self._orders[place]), self._handlers[slot], self._arguments[int(slot)]

    def entries(self) -> list[Entry]:
        """All entries, in the order of their places."""
        return [self.entry(place) for place in range(len(self))]

    def take(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Take out the entries that are wanted, the next first."""
        left: list[Entry] = []
        taken: list[Entry] = []
        while self._length:
            entry = self.pop()
            (taken if wanted(entry) else left).append(entry)
        for entry in left:
            push_entry(self, entry)
        return taken


def push_entry(events: PackedEvents, entry: Entry) -> None:
    """Add an entry; no two have the same order."""
    time_s, order, handler, argument = entry
    events.push(time_s, order, handler, argument)


def pop_entry(events: PackedEvents) -> Entry:
    """Take the next entry; there is one."""
    return events.pop()
