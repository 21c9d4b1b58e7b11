"""How long attempts wait for their answers before they get twins: timers beside those by which they are given up.

May import: timers. Does not know what becomes of an attempt whose time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.engine.kernel import Kernel
from simulator.engine.timers import Timed, Timers
from simulator.messages import Attempt


class _Waiting(Timed):
    """One attempt that waits."""

    __slots__ = ("attempt",)

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self.attempt = attempt


class HedgeTimers:
    """Calls `expired(attempt)` `delay_s` seconds after `add(attempt)`, unless it is done or `over` by then.

    An answer that arrives at that instant is in time.
    """

    __slots__ = ("_expired", "_timers", "_waiting")

    def __init__(self, kernel: Kernel, delay_s: float, expired: Callable[[Attempt], None]) -> None:
        self._expired = expired
        self._timers: Timers[_Waiting] = Timers(kernel, delay_s, self._over, last=True)
        self._waiting: dict[Attempt, _Waiting] = {}

    def __iter__(self) -> Iterator[Attempt]:
        """What waits, the oldest first."""
        return iter(list(self._waiting))

    def __contains__(self, attempt: Attempt) -> bool:
        """Whether it waits."""
        return attempt in self._waiting

    def add(self, attempt: Attempt) -> None:
        """An attempt begins to wait."""
        waiting = self._waiting[attempt] = _Waiting(attempt)
        self._timers.add(waiting)

    def over(self, attempt: Attempt) -> None:
        """It waits no more."""
        waiting = self._waiting.pop(attempt, None)
        if waiting is not None:
            self._timers.over(waiting)

    def _over(self, waiting: _Waiting) -> None:
        attempt = waiting.attempt
        del self._waiting[attempt]
        if not attempt.done:
            self._expired(attempt)
