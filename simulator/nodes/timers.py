"""Timers of one constant length, for things that are nearly always done before they expire.

May import: kernel. A timer that is not needed costs no event: all of one length expire in the order in which
they were set, so one pending event for the oldest live one is enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from simulator.kernel import Kernel


class Finishable(Protocol):
    """Anything that knows that it is done."""

    done: bool


T = TypeVar("T", bound=Finishable)


class Timers(Generic[T]):
    """Calls `expired(item)` `delay_s` seconds after `add(item)`, unless `item.done` by then."""

    __slots__ = ("_armed", "_clock", "_delay_s", "_expired", "_queue")

    def __init__(self, kernel: Kernel, delay_s: float, expired: Callable[[T], None]) -> None:
        self._clock = kernel.clock
        self._delay_s = delay_s
        self._expired = expired
        self._queue: deque[tuple[float, T]] = deque()
        self._armed = False

    def add(self, item: T) -> None:
        """Start the timer of `item`."""
        queue = self._queue
        while queue and queue[0][1].done:
            queue.popleft()
        queue.append((self._clock.now + self._delay_s, item))
        if not self._armed:
            self._armed = True
            self._clock.call_at(queue[0][0], self._fire)

    def _fire(self, _: None) -> None:
        queue, now = self._queue, self._clock.now
        while queue:
            deadline_s, item = queue[0]
            if item.done:
                queue.popleft()
            elif deadline_s > now:
                self._clock.call_at(deadline_s, self._fire)
                return
            else:
                queue.popleft()
                self._expired(item)
        self._armed = False
