"""The books of one group: how its requests ended, and what the recorder wants to know of those that count.

A request counts if it was due in the measured window. May import: the vocabulary of requests. Does not decide anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.engine.columns import FloatColumn, IntColumn
from simulator.messages import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import Session, SessionId
    from simulator.clients.ledger import Ledger
    from simulator.messages import Attempt

OK: Final = int(Outcome.OK)  # a plain integer: enums cost in the hot path


class Books:
    """Requests that ended, and the sessions that they were of.

    The recorder empties the columns once a window: of answered requests that count, `latencies_s` and `codes`
    (edge * 8 + tier); of failed ones `failed_latencies_s` and `failed_due_s`, when they were due; `warm_latencies_s` of
    those that do not count. `failed` has the number of failed requests by (outcome, whether they count). Sessions
    count that had requests in the window.
    """

    __slots__ = (
        "_begin_s", "_edge_sites", "_end_s", "_replaced", "codes", "counted_denied",
        "counted_retries", "crossed", "denied", "failed", "failed_due_s", "failed_latencies_s", "latencies_s",
        "ledger", "ok", "retry_sum_s", "sessions_counted", "sessions_failed", "warm_latencies_s",
    )  # fmt: skip

    def __init__(self, begin_s: float, end_s: float, edge_sites: Sequence[str | None]) -> None:
        self._begin_s, self._end_s = begin_s, end_s  # the measured window
        self._edge_sites = list(edge_sites)
        self._replaced: dict[SessionId, Session] = {}  # opened in place of an expired one -> the first of the chain
        self.latencies_s, self.codes = FloatColumn(), IntColumn()
        self.warm_latencies_s = FloatColumn()
        self.failed_latencies_s, self.failed_due_s = FloatColumn(), FloatColumn()
        self.failed: dict[tuple[int, bool], int] = {}
        self.ledger: Ledger | None = None  # where requests are told apart by when they were due
        self.ok = self.denied = self.counted_denied = self.counted_retries = self.crossed = 0
        self.sessions_counted = self.sessions_failed = 0
        self.retry_sum_s = 0.0

    @property
    def ended(self) -> int:
        """Requests that ended: ok, denied or failed."""
        return self.ok + self.denied + sum(self.failed.values())

    def answered(self, attempt: Attempt, now_s: float) -> None:
        """A request is answered, ok or denied."""
        edge, intended_s = attempt.edge, attempt.intended_s
        counted = intended_s >= self._begin_s
        if attempt.outcome == OK:
            self.ok += 1
        else:
            self.denied += 1
            self.counted_denied += counted
        if not counted:
            self.warm_latencies_s.append(now_s - intended_s)
            return
        self.latencies_s.append(now_s - intended_s)
        self.codes.append(edge * 8 + attempt.tier)
        if self.ledger is not None:
            self.ledger.answered(attempt)
        if not attempt.session.tally:
            self._count_session(attempt.session, failed=False)
        if attempt.tries:
            self.counted_retries += attempt.tries
            self.retry_sum_s += attempt.sent_s - intended_s
        if self._edge_sites[edge] != attempt.client.near_site:
            self.crossed += 1

    def gave_up(self, attempt: Attempt, outcome: int, now_s: float) -> None:
        """A request failed, and its client knows."""
        if attempt.intended_s >= self._begin_s:
            self.failed_latencies_s.append(now_s - attempt.intended_s)
        self.no_answer(attempt, outcome)

    def no_answer(self, attempt: Attempt, outcome: int) -> None:
        """A request failed; its client may never know."""
        counted = attempt.intended_s >= self._begin_s
        key = (outcome, counted)
        self.failed[key] = self.failed.get(key, 0) + 1
        if counted:
            self.counted_retries += attempt.tries
            self.failed_due_s.append(attempt.intended_s)
            if self.ledger is not None:
                self.ledger.failed(attempt, outcome)
            self._count_session(attempt.session, failed=True)

    # -- hedges ---------------------------------------------------------------------------------------
    def hedged(self, attempt: Attempt) -> bool:
        """An attempt got a twin; whether that counts."""
        counted = attempt.intended_s >= self._begin_s
        if counted and self.ledger is not None:
            self.ledger.hedged(attempt)
        return counted

    def waited_for_twin(self, attempt: Attempt, waited_s: float) -> None:
        """A request was answered by the twin of its first attempt, which was sent so much later."""
        if attempt.intended_s >= self._begin_s:
            self.retry_sum_s += waited_s

    # -- sessions -------------------------------------------------------------------------------------
    def not_established(self, attempt: Attempt) -> None:
        """A session could not be established."""
        if self._begin_s <= attempt.intended_s < self._end_s:
            self._count_session(attempt.session, failed=True)

    def replace(self, expired: Session, successor: Session) -> None:
        """A session is opened in place of an expired one: for the books it is the same."""
        self._replaced[successor.session_id] = self._replaced.get(expired.session_id, expired)

    def _count_session(self, session: Session, *, failed: bool) -> None:
        session.tally |= 1
        first = self._replaced.get(session.session_id, session)
        if not first.tally & 2:
            first.tally |= 2
            self.sessions_counted += 1
        if failed and not first.tally & 4:
            first.tally |= 4
            self.sessions_failed += 1

    def dissolve(self) -> None:
        """The world is over: let sessions go."""
        self._replaced.clear()
