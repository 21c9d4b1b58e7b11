"""Timers of one constant length, for things that are nearly always done before they expire.

May import: kernel. A timer that is not needed costs no event: all of one length expire in the order in which
they were set, so one pending event for the oldest live one is enough. What is done is let go at once (`over`): a
timer that waits for the rare message that was lost keeps none of those alive that were not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from simulator.engine.clock import LAST
from simulator.engine.kernel import Kernel


class Finishable(Protocol):
    """Anything that knows that it is done."""

    done: bool


T = TypeVar("T", bound=Finishable)


class Timers(Generic[T]):
    """Calls `expired(item)` `delay_s` seconds after `add(item)`, unless `item.done` by then.

    With `last`, what arrives at that instant is in time.
    """

    __slots__ = ("_armed", "_band", "_clock", "_deadlines_s", "_delay_s", "_expired")

    def __init__(self, kernel: Kernel, delay_s: float, expired: Callable[[T], None], last: bool = False) -> None:
        self._clock = kernel.clock
        self._delay_s = delay_s
        self._expired = expired
        self._band = LAST if last else 0
        # In order, as all have one length. A plain dict would look for its first item among all that were ever deleted.
        self._deadlines_s: OrderedDict[T, float] = OrderedDict()
        self._armed = False

    def __iter__(self) -> Iterator[T]:
        """What is waited for, done or not, the oldest first."""
        return iter(self._deadlines_s)

    def __contains__(self, item: T) -> bool:
        """Whether it is waited for."""
        return item in self._deadlines_s

    def add(self, item: T) -> None:
        """Start the timer of `item`."""
        deadline_s = self._clock.now + self._delay_s
        self._deadlines_s[item] = deadline_s
        if not self._armed:
            self._arm(deadline_s)

    def over(self, item: T) -> None:
        """`item` is done, or will be before its time: nothing waits for it any more."""
        if item in self._deadlines_s:
            del self._deadlines_s[item]

    def _arm(self, deadline_s: float) -> None:
        self._armed = True
        self._clock.push(deadline_s, self._fire, None, self._band)

    def _fire(self, _: None) -> None:
        now, deadlines_s = self._clock.now, self._deadlines_s
        due: list[T] = []
        for item, deadline_s in deadlines_s.items():
            if deadline_s > now:
                break
            due.append(item)
        for item in due:
            del deadlines_s[item]
        for item in due:
            if not item.done:
                self._expired(item)
        self._armed = False
        while deadlines_s:
            item, deadline_s = next(iter(deadlines_s.items()))
            if item.done:
                del deadlines_s[item]
            else:
                self._arm(deadline_s)
                return
