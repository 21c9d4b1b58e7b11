"""The plays of a search heard as one: how much of all that it will play is done, by its own guess of what is ahead.

A search plays a value, looks, and plays the next. To whoever listens it is a single play whose length becomes known as
it goes. May import the runner's types.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.play.job import Failure, Item, Listener
from simulator.play.listening import tell_planned


class OneSearch:
    """The listener of each play of a search; passes on to the listener of the whole.

    Args:
        ear: hears of the search.
        ahead: how many values are still to be played, the present one among them.
    """

    def __init__(self, ear: Listener, ahead: Callable[[], int]) -> None:
        self._ear, self._ahead = ear, ahead
        self._done = self._per_value = 0
        self._begun = False

    def started(self, items: int, duration_s: float) -> None:
        """A value is about to be played."""
        self._per_value = max(self._per_value, items)
        planned = self._done + items + self._per_value * max(0, self._ahead() - 1)
        if self._begun:
            tell_planned(self._ear, planned)
        else:
            self._begun = True
            self._ear.started(planned, duration_s)

    def advanced(self, item: Item, sim_s: float, requests: int) -> None:
        """Pass on."""
        self._ear.advanced(item, sim_s, requests)

    def finished(self, item: Item, requests: int) -> None:
        """Count, and pass on."""
        self._done += 1
        self._ear.finished(item, requests)

    def failed(self, failure: Failure) -> None:
        """Count, and pass on."""
        self._done += 1
        self._ear.failed(failure)

    def stopped(self) -> None:
        """A value is done; the search is not."""

    def over(self) -> None:
        """Nothing more is coming."""
        if self._begun:
            self._begun = False
            tell_planned(self._ear, self._done)
            self._ear.stopped()
