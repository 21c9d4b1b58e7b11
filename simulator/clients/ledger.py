"""When each counted request was due and what became of it, where somebody wants to tell them apart by that.

Columns that the recorder empties once a window, as those of a group. May import: columns, the vocabulary of requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.engine.columns import FloatColumn, IntColumn

if TYPE_CHECKING:
    from simulator.messages import Attempt


class Ledger:
    """One row for each request that ended: of those answered in the order of the group's latencies.

    `due_s` in seconds, `retries`, and `outcomes` (an `Outcome`); the columns of those that failed likewise.
    `hedged_due_s` has a row for each hedge that was sent: when its request was due.
    """

    __slots__ = ("due_s", "failed_due_s", "failed_outcomes", "failed_retries", "hedged_due_s", "outcomes", "retries")

    def __init__(self) -> None:
        self.due_s, self.retries, self.outcomes = FloatColumn(), IntColumn(), IntColumn()
        self.failed_due_s, self.failed_retries, self.failed_outcomes = FloatColumn(), IntColumn(), IntColumn()
        self.hedged_due_s = FloatColumn()

    def answered(self, attempt: Attempt) -> None:
        """A request was answered, ok or denied."""
        self.due_s.append(attempt.intended_s)
        self.retries.append(attempt.tries + attempt.retried)
        self.outcomes.append(attempt.outcome)

    def failed(self, attempt: Attempt, outcome: int) -> None:
        """A request failed."""
        self.failed_due_s.append(attempt.intended_s)
        self.failed_retries.append(attempt.tries + attempt.retried)
        self.failed_outcomes.append(outcome)

    def hedged(self, attempt: Attempt) -> None:
        """An attempt got a twin."""
        self.hedged_due_s.append(attempt.intended_s)
