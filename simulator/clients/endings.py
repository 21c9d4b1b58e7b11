"""What follows the end of a request: it is booked, an observer sees it, its session and the workload go on.

May import: the books, sessions, the workloads' contract. Does not decide how a request ends.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.clients.books import Books
    from simulator.clients.sessions import Sessions
    from simulator.engine.clock import Clock
    from simulator.messages import Attempt


class Endings:
    """The ends of one group's requests.

    `watch` sees the last attempt of each and when it ended (NaN where no client knows of it); `source_ended` gets the
    index of a client that knows, and may issue its next request at once.
    """

    __slots__ = ("_books", "_clock", "_sessions", "source_ended", "watch")

    def __init__(self, clock: Clock, books: Books, sessions: Sessions) -> None:
        self._clock = clock
        self._books = books
        self._sessions = sessions
        self.source_ended: Callable[[int], None] | None = None
        self.watch: Callable[[Attempt, float], None] | None = None

    def answered(self, attempt: Attempt) -> None:
        """A request is answered, ok or denied."""
        now = self._clock.now
        self._books.answered(attempt, now)
        if self.watch is not None:
            self.watch(attempt, now)
        self._sessions.request_over(attempt.session)
        if self.source_ended is not None:
            self.source_ended(attempt.client.index)

    def failed(self, attempt: Attempt, outcome: int, heard: bool) -> None:
        """A request failed; `heard`: its client knows it, and goes on."""
        now = self._clock.now
        self._books.gave_up(attempt, outcome, now)
        self._over(attempt, outcome, now)
        if heard and self.source_ended is not None:
            self.source_ended(attempt.client.index)

    def unanswered(self, attempt: Attempt, outcome: int) -> None:
        """A request failed that will never be answered, nor given up: a closed loop stays stuck, as it would."""
        self._books.no_answer(attempt, outcome)
        self._over(attempt, outcome, math.nan)

    def _over(self, attempt: Attempt, outcome: int, now: float) -> None:
        attempt.outcome = outcome
        if self.watch is not None:
            self.watch(attempt, now)
        self._sessions.request_over(attempt.session)
