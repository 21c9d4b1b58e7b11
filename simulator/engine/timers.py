"""Timers of one constant length, for things that are nearly always done before they expire.

May import: kernel. A timer that is not needed costs no event: all of one length expire in the order in which
they were set, so one pending event for the oldest live one is enough. What is done is let go at once (`over`): a
timer that waits for the rare message that was lost keeps none of those alive that were not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

from simulator.engine.clock import LAST
from simulator.engine.handler import Handler
from simulator.engine.kernel import Kernel

IDLE: Final = -1.0


class Timed:
    """What a timer may run for, one at a time: it knows when that is over, and its neighbours among those that wait."""

    __slots__ = ("deadline_s", "done", "earlier", "later")

    earlier: Timed
    later: Timed

    def __init__(self) -> None:
        self.deadline_s = IDLE
        self.done = False


T = TypeVar("T", bound=Timed)


class _Firing(Handler):
    """A timer may be over."""

    __slots__ = ("_timers",)

    def __init__(self, timers: Timers[Any]) -> None:
        self._timers = timers

    def call(self, argument: Any) -> None:  # noqa: ARG002
        """Look."""
        self._timers.fire()


class Timers(Generic[T]):
    """Calls `expired(item)` `delay_s` seconds after `add(item)`, unless `item.done` by then.

    With `last`, what arrives at that instant is in time. Items wait in a ring, the oldest after `_ring`, which is none.
    """

    __slots__ = ("_armed", "_band", "_clock", "_delay_s", "_expired", "_firing", "_ring")

    def __init__(self, kernel: Kernel, delay_s: float, expired: Callable[[T], None], last: bool = False) -> None:
        self._clock = kernel.clock
        self._delay_s = delay_s
        self._expired = expired
        self._band = LAST if last else 0
        self._ring = Timed()
        self._ring.earlier = self._ring.later = self._ring
        self._armed = False
        self._firing = _Firing(self)

    def __iter__(self) -> Iterator[Timed]:
        """What is waited for, done or not, the oldest first."""
        waiting: list[Timed] = []
        item = self._ring.later
        while item is not self._ring:
            waiting.append(item)
            item = item.later
        return iter(waiting)

    def add(self, item: Timed) -> None:
        """Start the timer of `item`, for which none runs."""
        item.deadline_s = deadline_s = self._clock.now + self._delay_s
        ring = self._ring
        last = ring.earlier
        item.earlier, item.later = last, ring
        last.later = ring.earlier = item
        if not self._armed:
            self._arm(deadline_s)

    def over(self, item: Timed) -> None:
        """`item` is done, or will be before its time: nothing waits for it any more."""
        if item.deadline_s < 0.0:
            return
        item.deadline_s = IDLE
        earlier, later = item.earlier, item.later
        earlier.later, later.earlier = later, earlier
        item.earlier = item.later = self._ring

    def _arm(self, deadline_s: float) -> None:
        self._armed = True
        self._clock.push(deadline_s, self._firing, None, self._band)

    def fire(self) -> None:
        """Expire what is due, and wait for the next."""
        now, ring, expired = self._clock.now, self._ring, self._expired
        due: list[Any] = []
        while ring.later is not ring and ring.later.deadline_s <= now:
            due.append(ring.later)
            self.over(ring.later)
        for item in due:
            if not item.done:
                expired(item)
        self._armed = False
        while ring.later is not ring and ring.later.done:
            self.over(ring.later)
        if ring.later is not ring:
            self._arm(ring.later.deadline_s)
