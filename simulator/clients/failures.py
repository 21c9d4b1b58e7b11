"""What becomes of an attempt that failed: its twin is waited for, it is tried again, or its request fails.

May import: retries, hedges, sessions, the ways to the service. Does not model: which other edge a retry goes to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import Attempt, Operation, Outcome

if TYPE_CHECKING:
    from simulator.clients.endings import Endings
    from simulator.clients.hedging import Hedging
    from simulator.clients.reports import Reports
    from simulator.clients.retries import Retries
    from simulator.clients.routes import Routes
    from simulator.clients.sessions import Sessions
    from simulator.engine.clock import Clock

SESSION_EXPIRED: Final = int(Outcome.SESSION_EXPIRED)
ACQUIRE: Final = int(Operation.ACQUIRE)
ESTABLISH: Final = int(Operation.ESTABLISH)


class Failures:
    """The failed attempts of one group. A retry begins on the clock, and goes the way that the first attempt went."""

    __slots__ = ("_clock", "_endings", "_hedging", "_reports", "_retries", "_routes", "_sessions")

    def __init__(
        self,
        clock: Clock,
        routes: Routes,
        sessions: Sessions,
        retries: Retries,
        hedging: Hedging | None,
        reports: Reports | None,
        endings: Endings,
    ) -> None:
        self._clock = clock
        self._routes = routes
        self._sessions = sessions
        self._retries = retries
        self._hedging = hedging
        self._reports = reports
        self._endings = endings

    def attempt_failed(self, attempt: Attempt, outcome: int, rtt_s: float = -1.0) -> None:
        """An attempt ended without success, after a round trip (below 0: without one)."""
        if attempt.operation != ESTABLISH and self._reports is not None:
            self._reports.failed(attempt, rtt_s)
        if self._hedging is not None and self._hedging.failed(attempt):
            if self._reports is not None:
                self._reports.left_to_twin(attempt)
            return
        if outcome == SESSION_EXPIRED:
            self._sessions.expire(attempt.session)
        if self._retries.granted(attempt.tries, outcome):
            if outcome == SESSION_EXPIRED:
                self._retry(attempt)
            else:
                self._clock.call_at(self._clock.now + self._retries.wait_s(attempt.tries), self._retry, attempt)
        elif attempt.operation == ESTABLISH:
            self.not_established(attempt, outcome, True)
        else:
            self._endings.failed(attempt, outcome, True)

    def not_established(self, attempt: Attempt, outcome: int, heard: bool) -> None:
        """A session is not established: the requests that waited for it fail; `heard`: their client knows it."""
        for waiting in self._sessions.not_established(attempt):
            if not waiting.done:
                waiting.done = True
                self._endings.failed(waiting, outcome, heard)

    def _retry(self, failed: Attempt) -> None:
        session = failed.session
        while session.successor is not None:
            session = session.successor
        again = Attempt(
            failed.caller, failed.client, session, failed.operation, failed.intended_s, failed.tries + 1
        )  # fmt: skip
        again.retried = failed.retried
        if failed.operation == ESTABLISH:
            self._routes.establish_again(failed, again)
            return
        if session is not failed.session:
            failed.session.outstanding -= 1
            session.outstanding += 1
        if ACQUIRE <= failed.operation < ESTABLISH:
            again.lock, again.token = getattr(failed, "lock", (0, 0)), getattr(failed, "token", 0)
        if not session.established:
            self._sessions.wait(again)
        elif session is not failed.session:
            self._routes.first(again)
        else:
            self._routes.again(failed, again)
