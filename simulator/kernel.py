"""The clock: a SimPy environment with one cheap way to call a function later.

Control (SAM loop, heartbeats, lease ticks, faults) runs as ordinary SimPy processes. Requests do not: a message
is one heap entry that calls a function with one argument, without an `Event` and its callback list. Both kinds
share one heap and one clock, so `process`, `timeout`, `event`, `run(until=...)` and `step` work as SimPy
documents them.

At equal times the order is: faults, then ticks (and every plain SimPy timeout), then messages in the order in
which they were scheduled.

May import: simpy. Does not model: real time, cancelling (guard with a token in the argument instead).
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

import simpy
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT, Event

_BAND = 1 << 60  # width of one priority band: more events than any run can have
_STOP, _TICK = URGENT - 1, NORMAL


class Kernel(simpy.Environment):
    """A SimPy environment whose heap holds `(time_s, order, function, argument)`.

    `now` is the simulated time in seconds.
    """

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__()
        self._queue: list[tuple[float, int, Callable[[Any], None], Any]] = []  # type: ignore[assignment]  # ours
        self._order = count()
        self._stops = 0
        # The request loop pushes by itself what it knows to be due later than now; see `call_at`.
        self.queue = self._queue
        self.order = self._order

    now: float = 0.0  # a plain attribute shadows the property of the base class, which would cost a call

    @property
    def _now(self) -> float:
        return self.now

    @_now.setter
    def _now(self, time_s: float) -> None:
        self.now = time_s

    # -- the cheap path -------------------------------------------------------------------------------
    def call_at(self, time_s: float, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` at `time_s`, after all faults and ticks of that instant.

        Raises:
            ValueError: `time_s` is in the past or not a number.
        """
        if not time_s >= self.now:
            raise ValueError(f"time runs backwards: {time_s!r} s is before {self.now!r} s")
        heappush(self._queue, (time_s, next(self._order), function, argument))

    def call_in(self, delay_s: float, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` after `delay_s` seconds (as `call_at`)."""
        self.call_at(self.now + delay_s, function, argument)

    # -- absolute times for processes -----------------------------------------------------------------
    def tick_at(self, time_s: float) -> Event:
        """An event at exactly `time_s`, before the messages of that instant: `yield kernel.tick_at(n * d)`."""
        return self._event_at(time_s, _TICK)

    def fault_at(self, time_s: float) -> Event:
        """An event at exactly `time_s`, before the ticks and messages of that instant."""
        return self._event_at(time_s, URGENT)

    def _event_at(self, time_s: float, priority: int) -> Event:
        if not time_s >= self.now:
            raise ValueError(f"time runs backwards: {time_s!r} s is before {self.now!r} s")
        event = Event(self)
        event._ok = True
        event._value = None
        self._push(time_s, priority, event)
        return event

    # -- SimPy's own interface ------------------------------------------------------------------------
    def _push(self, time_s: float, priority: int, event: Event) -> None:
        order = (priority - 2) * _BAND + next(self._order)
        heappush(self._queue, (time_s, order, _process, event))

    def schedule(self, event: Event, priority: int = NORMAL, delay: float = 0) -> None:
        """Schedule a SimPy event (as `simpy.Environment.schedule`)."""
        self._push(self.now + delay, priority, event)

    def step(self) -> None:
        """Process the next event.

        Raises:
            EmptySchedule: nothing is scheduled.
        """
        if not self._queue:
            raise EmptySchedule
        self.now, _, function, argument = heappop(self._queue)
        function(argument)

    def settle(self) -> None:
        """Process what is urgent now (processes that begin, faults), so that what is done next comes after it."""
        queue = self._queue
        while queue and queue[0][0] <= self.now and queue[0][1] < (NORMAL - 2) * _BAND:
            self.step()

    def run(self, until: float | Event | None = None) -> Any:
        """Run until nothing is left, until an event is processed, or up to (not including) a time.

        Raises:
            ValueError: the time is not after now.
            RuntimeError: nothing is left to do and the event has not happened.
        """
        if isinstance(until, Event):
            if until.callbacks is None:
                return until.value
            until.callbacks.append(StopSimulation.callback)
        elif until is not None:
            if until <= self.now:
                raise ValueError(f"until ({until}) must be greater than the current simulation time")
            heappush(self._queue, (float(until), (_STOP - 2) * _BAND + next(self._order), _stop, self))
        queue, pop = self._queue, heappop
        try:
            while queue:
                self.now, _, function, argument = pop(queue)
                function(argument)
        except StopSimulation as stop:
            return stop.args[0]
        if isinstance(until, Event):
            raise RuntimeError(f"no scheduled events left but the awaited event did not happen: {until}")
        return None

    @property
    def events_processed(self) -> int:
        """How many events have been taken from the heap (by any path) so far; stops of `run` are none."""
        scheduled = int(repr(self._order)[len("count(") : -1])
        return scheduled - len(self._queue) - self._stops


def _stop(kernel: Kernel) -> None:
    """End `run(until=time)`; however often a run is interrupted, its events and their order are the same."""
    kernel._stops += 1
    raise StopSimulation(None)


def _process(event: Event) -> None:
    """Run the callbacks of a SimPy event, as `simpy.Environment.step` does."""
    callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
    try:
        for callback in callbacks:
            callback(event)
    except StopSimulation:
        event.callbacks = callbacks[callbacks.index(callback) + 1 :]
        event.env._push(event.env.now, _STOP, event)  # type: ignore[attr-defined]  # our kernel
        raise
    if not event._ok and not hasattr(event, "_defused"):
        error = type(event._value)(*event._value.args)
        error.__cause__ = event._value
        raise error
