"""What comes back to the clients of one group: answers, news that there is none, and silence.

An answer is measured and reported first, whatever it says; then it ends the request, or is a failure. May import: what
clients do then. Does not model: the nodes that answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.engine.handler import Handler
from simulator.messages import Attempt, Caller, Operation, Outcome

if TYPE_CHECKING:
    from simulator.clients.access import Access
    from simulator.clients.endings import Endings
    from simulator.clients.failures import Failures
    from simulator.clients.hedging import Hedging
    from simulator.clients.locking import Locking
    from simulator.clients.measuring import Measuring
    from simulator.clients.reports import Reports
    from simulator.clients.routes import Routes
    from simulator.clients.sessions import Sessions
    from simulator.engine.clock import Clock

INFINITY: Final = float("inf")
OK: Final = int(Outcome.OK)  # plain integers: enums cost in the hot path
TIMEOUT: Final = int(Outcome.TIMEOUT)
CRASHED: Final = int(Outcome.CRASHED)
DENIED: Final = int(Outcome.DENIED)
RESET: Final = int(Outcome.RESET)
UNROUTABLE: Final = int(Outcome.UNROUTABLE)
ACQUIRE: Final = int(Operation.ACQUIRE)
ESTABLISH: Final = int(Operation.ESTABLISH)


class _Completing(Handler):
    """An answer reaches its client."""

    __slots__ = ("_answers",)

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def call(self, argument: Any) -> None:
        """It is there."""
        self._answers.complete(argument)


class Answers(Caller):
    """Where the answers to one group's attempts go."""

    __slots__ = (
        "_access", "_clock", "_completing", "_endings", "_failures", "_hedging", "_locking", "_measuring", "_reports",
        "_routes", "_sessions",
    )  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        access: Access,
        routes: Routes,
        measuring: Measuring,
        reports: Reports | None,
        hedging: Hedging | None,
        locking: Locking,
        sessions: Sessions,
        failures: Failures,
        endings: Endings,
    ) -> None:
        self._clock = clock
        self._access = access
        self._routes = routes
        self._measuring = measuring
        self._reports = reports
        self._hedging = hedging
        self._locking = locking
        self._sessions = sessions
        self._failures = failures
        self._endings = endings
        self._completing = _Completing(self)

    # -- what nodes may do ----------------------------------------------------------------------------
    def carry(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """An edge answers, or its host for it with a reset."""
        attempt.told_weight = attempt.session.published_weight
        attempt.size_bytes = size_bytes
        attempt.down_s = delay_s = self._access.down(attempt, node, size_bytes)
        if delay_s < INFINITY:
            self._clock.push(self._clock.now + delay_s, self._completing, attempt)
        else:
            self.unanswered(attempt)

    def pass_on(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """A balancer passes an edge's answer on."""
        attempt.size_bytes = size_bytes
        delay_s = self._access.down(attempt, node, size_bytes)
        attempt.down_s += delay_s
        if delay_s < INFINITY:
            self._clock.push(self._clock.now + delay_s, self._completing, attempt)
        else:
            self.unanswered(attempt)

    def tell(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """A balancer says itself, or its host for it with a reset, that there is no answer."""
        attempt.size_bytes = size_bytes
        delay_s = self._access.down(attempt, node, size_bytes)
        if delay_s < INFINITY:
            self._clock.push_call(self._clock.now + delay_s, self._told, attempt)
        else:
            self.unanswered(attempt)

    def gave_up(self, attempt: Attempt) -> bool:
        """Whether a client waits for this answer no more."""
        return attempt.done

    def unroutable(self, attempt: Attempt) -> None:
        """No edge is believed healthy: the attempt was not sent."""
        attempt.done = True
        self._failures.attempt_failed(attempt, UNROUTABLE)

    def unanswered(self, attempt: Attempt) -> None:
        """The answer can never come. With a timeout the client will notice; without, it learns nothing, for ever."""
        if self._access.timers is not None or attempt.done:
            return
        if self._hedging is not None and self._hedging.unheard(attempt):
            return
        attempt.done = True
        outcome = CRASHED if attempt.met_crash else TIMEOUT
        if attempt.operation == ESTABLISH:
            self._failures.not_established(attempt, outcome, False)
        else:
            self._endings.unanswered(attempt, outcome)

    # -- what reaches a client ------------------------------------------------------------------------
    def complete(self, attempt: Attempt) -> None:
        """An answer has reached the client."""
        if attempt.done:
            if attempt.outcome != RESET:
                self._measuring.note_late()
            self._locking.granted_late(attempt)
            return
        attempt.done = True
        self._access.over(attempt)
        rtt_s = attempt.up_s + attempt.down_s
        self._measuring.note_answer(attempt.client, self._routes.answered(attempt), rtt_s)
        outcome = attempt.outcome
        if outcome not in (OK, DENIED):
            self._answered_badly(attempt, outcome, rtt_s)
            return
        attempt.session.client_weight = attempt.told_weight
        if self._hedging is not None:
            self._hedging.answered(attempt)
        if attempt.operation >= ACQUIRE and outcome == OK and self._settle(attempt):
            return  # an establishment is no request
        if self._reports is not None:
            self._reports.answered(attempt, rtt_s)
        self._endings.answered(attempt)

    def _settle(self, attempt: Attempt) -> bool:
        """Draw the consequences of an answered lock operation or establishment; True for the latter."""
        if attempt.operation == ESTABLISH:
            self._sessions.established(attempt)
            return True
        if attempt.operation == ACQUIRE:
            self._locking.granted(attempt)
        return False

    def _answered_badly(self, attempt: Attempt, outcome: int, rtt_s: float) -> None:
        """The answer is that there is none: from the edge, or with a reset from its host, which knows no session."""
        if outcome != RESET:
            attempt.session.client_weight = attempt.told_weight
        elif self._reports is not None:
            self._reports.silent(attempt.edge)
        self._failures.attempt_failed(attempt, outcome, rtt_s)

    def _told(self, attempt: Attempt) -> None:
        """There is no answer, as a balancer or its host says."""
        if attempt.done:
            return
        attempt.done = True
        self._access.over(attempt)
        self._measuring.note_told(attempt.client)
        self._routes.told(attempt)
        self._failures.attempt_failed(attempt, attempt.outcome)

    def timed_out(self, attempt: Attempt) -> None:
        """A client has waited for an answer as long as it does."""
        attempt.done = True
        self._measuring.note_silence(attempt.client)
        if self._reports is not None:
            self._reports.silent(attempt.edge)
        self._routes.silent(attempt)
        self._failures.attempt_failed(attempt, CRASHED if attempt.met_crash else TIMEOUT)
