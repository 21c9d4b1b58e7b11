"""The clock that nodes hold: what time it is, and one cheap way to call something later.

Apart from the SimPy environment (simulator.engine.kernel) because nodes need no more, millions of times a second:
a plain object of a few fields, which a compiler can make a struct. May import: errors, handlers, the event list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mypy_extensions import i64

from simulator.engine.compiled import COMPILED
from simulator.engine.handler import Calling, Handler
from simulator.errors import StandstillError

if COMPILED:
    from simulator.engine.packed_events import ARITY, pop_entry, push_entry
    from simulator.engine.packed_events import PackedEvents as FutureEvents
else:
    from simulator.engine.plain_events import ARITY, pop_entry, push_entry
    from simulator.engine.plain_events import PlainEvents as FutureEvents

__all__ = ["ARITY", "LAST", "Clock", "FutureEvents"]

LAST: Final = 1 << 60
"""The band of what comes after the messages of its instant; a band is wider than any run has events."""


class Clock:
    """The simulated time and the list of what is to come.

    Those who know that what they schedule is not due before now `push` it; everybody else uses `call_at`.
    """

    __slots__ = ("events", "now", "order", "patience")

    def __init__(self) -> None:
        self.now = 0.0
        self.events = FutureEvents()
        self.order: i64 = 0  # of the next entry
        self.patience = 1_000_000  # events at one instant that are no standstill yet

    def push(self, time_s: float, handler: Handler, argument: Any, band: i64 = 0) -> None:
        """Have `handler` called with `argument` at `time_s`, which is not in the past: nobody checks.

        At equal times entries of a lower `band` come first, of one band in the order of their pushes.
        """
        order = self.order
        self.order = order + 1
        push_entry(self.events, (time_s, band + order, handler, argument))

    def push_call(self, time_s: float, function: Callable[[Any], object], argument: Any, band: i64 = 0) -> None:
        """Call `function(argument)` at `time_s` (as `push`)."""
        self.push(time_s, Calling(function), argument, band)

    def call_at(self, time_s: float, function: Callable[[Any], object], argument: Any = None) -> None:
        """Call `function(argument)` at `time_s`, after all faults and ticks of that instant.

        Raises:
            ValueError: `time_s` is in the past or not a number.
        """
        if not time_s >= self.now:
            raise ValueError(f"time runs backwards: {time_s!r} s is before {self.now!r} s")
        self.push(time_s, Calling(function), argument)

    def call_in(self, delay_s: float, function: Callable[[Any], object], argument: Any = None) -> None:
        """Call `function(argument)` after `delay_s` seconds (as `call_at`)."""
        self.call_at(self.now + delay_s, function, argument)

    def step(self) -> None:
        """Take the next entry; there is one."""
        self.now, _, handler, argument = pop_entry(self.events)
        handler.call(argument)

    def run(self) -> None:
        """Take one entry after the other until none is left, or until a handler raises.

        Raises:
            StandstillError: time does not go on, however much is done.
        """
        events = self.events
        while events:
            began_s = self.now
            for _ in range(self.patience):
                self.now, _, handler, argument = pop_entry(events)
                handler.call(argument)
                if not events:
                    return
            if self.now == began_s:
                raise StandstillError(f"{self.patience} events at {began_s!r} s, and still more are due then")
