"""What waits while a node stands still: messages, timers that fell due, and what was in service.

At the end first come the timers, in the order in which they fell due, then the messages, in the order of their
arrival; service goes on with what was left of it. May import: the clock. Does not know what any of them does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.engine.clock import Clock

Held = tuple[Callable[[Any], Any], Any]


class Pausing:
    """One pause, from now on. `services` says of a function that waits on the clock whether it ends a service here."""

    def __init__(self, clock: Clock, services: Callable[[Callable[[Any], Any]], bool]) -> None:
        self.since_s = clock.now
        self._clock = clock
        self._timers: list[Held] = []
        self._messages: list[Held] = []
        queue = clock.queue
        ends = [entry for entry in queue if services(entry[2])]
        if ends:
            queue[:] = [entry for entry in queue if not services(entry[2])]
            heapify(queue)
        self._services = [(entry[0] - clock.now, (entry[2], entry[3])) for entry in sorted(ends)]

    def timer(self, function: Callable[[Any], Any], argument: Any) -> None:
        """A timer fell due: `function(argument)` is called at the end."""
        self._timers.append((function, argument))

    def message(self, function: Callable[[Any], Any], argument: Any) -> None:
        """A message has arrived: `function(argument)` is called at the end, after the timers."""
        self._messages.append((function, argument))

    def end(self) -> None:
        """It is over; the node knows that."""
        for left_s, (function, argument) in self._services:
            self._clock.call_at(self._clock.now + left_s, function, argument)
        self._services = []
        self._release()

    def lose(self) -> None:
        """The node has crashed, and knows it: what waits meets that."""
        services, self._services = self._services, []
        for _, (function, argument) in services:
            function(argument)
        self._release()

    def _release(self) -> None:
        held, self._timers, self._messages = [*self._timers, *self._messages], [], []
        for function, argument in held:
            function(argument)

    def things(self) -> Iterator[Any]:
        """What waits: requests, questions and answers."""
        for _, (_, argument) in self._services:
            yield argument
        for _, argument in (*self._timers, *self._messages):
            yield argument
