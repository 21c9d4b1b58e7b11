"""The clock: a SimPy environment with one cheap way to call a function later.

Control (SAM loop, heartbeats, lease ticks, faults) runs as ordinary SimPy processes. Requests do not: a message
is one heap entry that calls a function with one argument, without an `Event` and its callback list. Both kinds
share one heap and one clock (simulator.engine.clock): `process`, `timeout`, `event`, `run(until=...)` and `step` work
as SimPy documents them.

At equal times the order is: faults, then ticks (and every plain SimPy timeout), then messages in the order in
which they were scheduled.

May import: simpy, the clock. Does not model: real time, cancelling (guard with a token in the argument instead).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import simpy
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, URGENT, Event

from simulator.engine.clock import LAST, Clock
from simulator.engine.handler import Calling
from simulator.engine.rest import Rest

_STOP, _LOOK, _TICK = URGENT - 2, URGENT - 1, NORMAL


class Kernel(simpy.Environment):
    """A SimPy environment over a `Clock`.

    `now` is the simulated time in seconds; `clock` is what nodes hold; `rest` lets ticks be passed over.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__()
        self._stops = 0
        self.rest = Rest(self.clock)
        self.call_at = self.clock.call_at
        self.call_in = self.clock.call_in

    def call_last(self, time_s: float, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` at `time_s`, which is not in the past, after the messages of that instant."""
        self.clock.push_call(time_s, function, argument, LAST)

    @property
    def now(self) -> float:
        """The simulated time, seconds."""
        return self.clock.now

    @property
    def _now(self) -> float:
        return self.clock.now

    @_now.setter
    def _now(self, time_s: float) -> None:
        self.clock.now = float(time_s)

    # -- absolute times for processes -----------------------------------------------------------------
    def tick_at(self, time_s: float) -> Event:
        """An event at exactly `time_s`, before the messages of that instant: `yield kernel.tick_at(n * d)`."""
        return self._event_at(time_s, _TICK)

    def fault_at(self, time_s: float) -> Event:
        """An event at exactly `time_s`, before the ticks and messages of that instant."""
        return self._event_at(time_s, URGENT)

    def look_at(self, time_s: float) -> Event:
        """An event at `time_s`, before all that happens at that instant: windows are half-open, [start, end)."""
        return self._event_at(time_s, _LOOK)

    def _event_at(self, time_s: float, priority: int) -> Event:
        if not time_s >= self.now:
            raise ValueError(f"time runs backwards: {time_s!r} s is before {self.now!r} s")
        event = Event(self)
        event._ok = True
        event._value = None
        self._push(time_s, priority, event)
        return event

    def peek(self) -> float:
        """When the next event is due, seconds; infinity if there is none."""
        events = self.clock.events
        return events.entry(0)[0] if events else math.inf

    # -- SimPy's own interface ------------------------------------------------------------------------
    def _push(self, time_s: float, priority: int, event: Event) -> None:
        self.clock.push(time_s, _PROCESS, event, (priority - 2) * LAST)

    def schedule(self, event: Event, priority: int = NORMAL, delay: float = 0) -> None:
        """Schedule a SimPy event (as `simpy.Environment.schedule`)."""
        self._push(self.now + delay, priority, event)

    def step(self) -> None:
        """Process the next event.

        Raises:
            EmptySchedule: nothing is scheduled.
        """
        if not self.clock.events:
            raise EmptySchedule
        self.clock.step()

    def settle(self) -> None:
        """Process what is urgent now (processes that begin, faults), so that what is done next comes after it."""
        events = self.clock.events
        while events:
            time_s, order, _, _ = events.entry(0)
            if time_s > self.now or order >= (NORMAL - 2) * LAST:
                return
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
            self.clock.push_call(float(until), _stop, self, (_STOP - 2) * LAST)
        try:
            self.clock.run()
        except StopSimulation as stop:
            return stop.args[0]
        if isinstance(until, Event):
            raise RuntimeError(f"no scheduled events left but the awaited event did not happen: {until}")
        return None

    @property
    def events_processed(self) -> int:
        """How many events have been taken from the heap (by any path) so far; stops of `run` are none."""
        return self.clock.order - len(self.clock.events) - self._stops


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


_PROCESS = Calling(_process)
