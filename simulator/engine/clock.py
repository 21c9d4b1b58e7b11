"""The clock that nodes hold: what time it is, and one cheap way to call a function later.

Apart from the SimPy environment (simulator.engine.kernel) because nodes need no more, millions of times a second:
a plain object of three fields, which a compiler can make a struct. May import: errors.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

from simulator.errors import StandstillError

_push: Final = heappush  # a compiler reads a constant faster than a name of a module
_pop: Final = heappop
LAST: Final = 1 << 60
"""The band of what comes after the messages of its instant; a band is wider than any run has events."""


class Clock:
    """The simulated time and the heap of what is to come, `(time_s, order, function, argument)`.

    Those who know that what they schedule is not due before now `push` it; everybody else uses `call_at`.
    """

    __slots__ = ("now", "order", "patience", "queue")

    def __init__(self) -> None:
        self.now = 0.0
        self.queue: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self.order = 0  # of the next entry
        self.patience = 1_000_000  # events at one instant that are no standstill yet

    def push(self, time_s: float, function: Callable[[Any], None], argument: Any, band: int = 0) -> None:
        """Call `function(argument)` at `time_s`, which is not in the past: nobody checks.

        At equal times entries of a lower `band` come first, of one band in the order of their pushes.
        """
        order = self.order
        self.order = order + 1
        _push(self.queue, (time_s, band + order, function, argument))

    def call_at(self, time_s: float, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` at `time_s`, after all faults and ticks of that instant.

        Raises:
            ValueError: `time_s` is in the past or not a number.
        """
        if not time_s >= self.now:
            raise ValueError(f"time runs backwards: {time_s!r} s is before {self.now!r} s")
        self.push(time_s, function, argument)

    def call_in(self, delay_s: float, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` after `delay_s` seconds (as `call_at`)."""
        self.call_at(self.now + delay_s, function, argument)

    def run(self) -> None:
        """Take one entry after the other until none is left, or until a function raises.

        Raises:
            StandstillError: time does not go on, however much is done.
        """
        queue, pop = self.queue, _pop
        while queue:
            began_s = self.now
            for _ in range(self.patience):
                self.now, _, function, argument = pop(queue)
                function(argument)
                if not queue:
                    return
            if self.now == began_s:
                raise StandstillError(f"{self.patience} events at {began_s!r} s, and still more are due then")
