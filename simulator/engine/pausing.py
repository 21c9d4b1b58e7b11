"""What waits while a node stands still: messages, timers that fell due, and what was in service.

At the end first come the timers, in the order in which they fell due, then the messages, in the order of their
arrival; service goes on with what was left of it. May import: the clock. Does not know what any of them does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.engine.clock import Clock
    from simulator.engine.handler import Handler

Held = tuple[Callable[[Any], Any], Any]


class Pausing:
    """One pause, from now on. `services` says of a handler that waits on the clock whether it ends a service here."""

    def __init__(self, clock: Clock, services: Callable[[Handler], bool]) -> None:
        self.since_s = clock.now
        self._clock = clock
        self._timers: list[Held] = []
        self._messages: list[Held] = []
        ends = clock.events.take(lambda entry: services(entry[2]))
        self._services = [(time_s - clock.now, handler, argument) for time_s, _, handler, argument in ends]

    def timer(self, function: Callable[[Any], Any], argument: Any) -> None:
        """A timer fell due: `function(argument)` is called at the end."""
        self._timers.append((function, argument))

    def message(self, function: Callable[[Any], Any], argument: Any) -> None:
        """A message has arrived: `function(argument)` is called at the end, after the timers."""
        self._messages.append((function, argument))

    def end(self) -> None:
        """It is over; the node knows that."""
        for left_s, handler, argument in self._services:
            self._clock.push(self._clock.now + left_s, handler, argument)
        self._services = []
        self._release()

    def lose(self) -> None:
        """The node has crashed, and knows it: what waits meets that."""
        services, self._services = self._services, []
        for _, handler, argument in services:
            handler.call(argument)
        self._release()

    def _release(self) -> None:
        held, self._timers, self._messages = [*self._timers, *self._messages], [], []
        for function, argument in held:
            function(argument)

    def things(self) -> Iterator[Any]:
        """What waits: requests, questions and answers."""
        for _, _, argument in self._services:
            yield argument
        for _, argument in (*self._timers, *self._messages):
            yield argument
