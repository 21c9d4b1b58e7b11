"""Hedged requests: an attempt without an answer gets a twin at another edge, and the first good answer counts.

(J. Dean and L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013.) Only lookups and reads of locks are hedged, once
per attempt; a hedge is an excursion, is no retry, and has no hedge. An ok answer ends both, and what it ends besides
itself is cancelled: nobody is told how that ended. A failure waits for the twin, and the attempt fails when both have.

May import: timers, the way to the edges, the budget of retries. Does not know which other edge; routing does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.clients.hedge_timers import HedgeTimers
from simulator.messages import Attempt, Outcome

if TYPE_CHECKING:
    from simulator.clients.books import Books
    from simulator.clients.direct import Direct
    from simulator.clients.retries import Retries
    from simulator.engine.kernel import Kernel

CANCELLED: Final = int(Outcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class HedgePolicy:
    """How long an attempt waits for its answer before it gets a twin, seconds; and whether what lost is cancelled."""

    after_s: float
    cancel: bool = True


class Hedging:
    """The hedges of one group.

    An attempt that waits is in `waiting`; one that has a twin is in `_twins`, with its twin, until both are over.
    `_unheard` are those whose answer can never come, where no timeout tells their client.
    """

    __slots__ = (
        "_books", "_cancels", "_clock", "_direct", "_retries", "_twins", "_unheard", "cancelled", "counted", "waiting",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, policy: HedgePolicy, direct: Direct, retries: Retries, books: Books) -> None:
        self._clock = kernel.clock
        self._direct = direct
        self._retries = retries
        self._books = books
        self._cancels = policy.cancel
        self._twins: dict[Attempt, Attempt] = {}
        self._unheard: dict[Attempt, None] = {}
        self.waiting = HedgeTimers(kernel, policy.after_s, self._hedge)
        direct.hedge_timers = self.waiting
        self.counted = 0  # hedges sent for requests of the window
        self.cancelled = 0  # attempts

    def request_of(self, attempt: Attempt) -> Attempt:
        """One and the same attempt for a pair of twins: that of the two which was sent first."""
        twin = self._twins.get(attempt)
        return attempt if twin is None or attempt.sent_s <= twin.sent_s else twin

    def _hedge(self, attempt: Attempt) -> None:
        """No answer so far: send a twin, where there is another edge and the budget pays."""
        edge = self._direct.other(attempt)
        if edge < 0 or not self._retries.pay():
            if attempt in self._unheard:
                del self._unheard[attempt]
                attempt.caller.unanswered(attempt)
            return
        twin = Attempt(
            attempt.caller, attempt.client, attempt.session, attempt.operation, attempt.intended_s, attempt.tries
        )
        twin.sent_s = self._clock.now
        self._twins[attempt], self._twins[twin] = twin, attempt
        self.counted += self._books.hedged(attempt)
        self._direct.send_twin(twin, edge)

    def answered(self, attempt: Attempt) -> None:
        """An attempt was answered well: nothing waits for its twin any more."""
        twin = self._part(attempt)
        if twin is None:
            return
        if not attempt.tries and twin.sent_s < attempt.sent_s:
            self._books.waited_for_twin(attempt, attempt.sent_s - twin.sent_s)
        if not twin.done:
            twin.done = True
            self.cancelled += 1
            if self._cancels:
                twin.outcome = CANCELLED  # by this its edge knows
            self._direct.drop(twin)

    def failed(self, attempt: Attempt) -> bool:
        """An attempt has ended without success; True where its request is not to be tried again for that.

        It is waited for the twin, or the twin's answer can never come.
        """
        twin = self._twins.get(attempt)
        if twin is not None and not twin.done and twin not in self._unheard:
            return True
        self._part(attempt)
        if twin is None or twin.done:
            return False
        twin.caller.unanswered(twin)
        return True

    def unheard(self, attempt: Attempt) -> bool:
        """The answer of an attempt can never come, and no timeout tells; whether its request may be answered yet."""
        if attempt in self.waiting:
            self._unheard[attempt] = None
            return True
        twin = self._twins.get(attempt)
        if twin is None:
            return False
        if not twin.done and twin not in self._unheard:
            self._unheard[attempt] = None
            return True
        twin.done = True
        self._part(attempt)
        return False

    def _part(self, attempt: Attempt) -> Attempt | None:
        """An attempt is over, and its twin, if it has one, with it; that twin."""
        self.waiting.over(attempt)
        self._unheard.pop(attempt, None)
        twin = self._twins.pop(attempt, None)
        if twin is not None:
            del self._twins[twin]
            self._unheard.pop(twin, None)
        return twin
