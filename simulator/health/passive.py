"""Passive checks: what the attempts of all clients tell about each edge, counted where they end.

A failure is an attempt that got no answer in time, was reset, refused, or answered with an error; an ok or denied
answer ends a row of failures. Expired sessions, and attempts that were cancelled or found no edge, say nothing. What
was sent before an edge's ejection says nothing of it afterwards. May import: nothing but its ejections. In the path of
every attempt: plain integers, no enums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import AttemptObserver

if TYPE_CHECKING:
    from simulator.health.ejections import Ejections

GOOD: Final = 1
BAD: Final = 2
NEITHER: Final = 0
SPEAKS: Final = (
    GOOD,  # ok
    BAD,  # timeout
    BAD,  # refused
    BAD,  # crashed
    NEITHER,  # session_expired
    GOOD,  # denied
    NEITHER,  # unroutable
    BAD,  # error
    BAD,  # reset
    NEITHER,  # cancelled
)  # by outcome
ANSWERED: Final = (True, False, True, False, True, True, False, True, False, False)  # by outcome


class Passive(AttemptObserver):
    """Counts of one world. Edges by index.

    Args:
        edges: how many there are.
        consecutive: so many failures in a row eject an edge; 0: never.
        window_s: above 0, failures count that are not older than this, in a row or not.
        compares: whether anybody will ask for the counts of an interval.
        ejections: what is done about it.
    """

    __slots__ = (
        "_compares", "_consecutive", "_ejections", "_failed_s", "_run", "_window_s", "answered", "bad", "good",
        "response_sum_s",
    )  # fmt: skip

    def __init__(self, edges: int, consecutive: int, window_s: float, compares: bool, ejections: Ejections) -> None:
        self._consecutive = consecutive
        self._window_s = window_s
        self._compares = compares
        self._ejections = ejections
        self._run = [0] * edges
        self._failed_s: list[list[float]] = [[] for _ in range(edges)]  # of the window, the last few of them
        self.good = [0] * edges  # in this interval
        self.bad = [0] * edges
        self.answered = [0] * edges
        self.response_sum_s = [0.0] * edges
        ejections.on_change = self.forget

    def sent(self, edge: int, now: float) -> None:
        """An attempt is sent to an edge."""
        if self._ejections.out[edge]:
            self._ejections.sent(edge, now)

    def ended(self, edge: int, sent_s: float, outcome: int, now: float) -> None:
        """An attempt at an edge, sent at `sent_s`, has ended with an `Outcome`."""
        speaks = SPEAKS[outcome]
        ejections = self._ejections
        if ejections.out[edge]:
            ejections.judge(edge, sent_s, speaks, now)
            return
        if speaks == NEITHER or sent_s <= ejections.ejected_s[edge]:
            return
        if self._compares:
            if ANSWERED[outcome]:
                self.answered[edge] += 1
                self.response_sum_s[edge] += now - sent_s
            if speaks == GOOD:
                self.good[edge] += 1
            else:
                self.bad[edge] += 1
        if self._consecutive:
            if speaks == BAD:
                self._count(edge, now)
            elif self._run[edge]:
                self._run[edge] = 0

    def _count(self, edge: int, now: float) -> None:
        """One failure more."""
        if self._window_s <= 0.0:
            self._run[edge] += 1
            if self._run[edge] >= self._consecutive:
                self._ejections.eject(edge, "consecutive", now)
            return
        recent = self._failed_s[edge]
        recent.append(now)
        if len(recent) > self._consecutive:
            del recent[0]
        if len(recent) == self._consecutive and now - recent[0] < self._window_s:
            self._ejections.eject(edge, "consecutive", now)

    def forget(self, edge: int) -> None:
        """An edge is ejected, returns or is another one: counts start at 0."""
        self._run[edge] = self.good[edge] = self.bad[edge] = self.answered[edge] = 0
        self.response_sum_s[edge] = 0.0
        self._failed_s[edge].clear()

    def forget_interval(self) -> None:
        """An interval is over."""
        for edge in range(len(self.good)):
            self.good[edge] = self.bad[edge] = self.answered[edge] = 0
            self.response_sum_s[edge] = 0.0

    def idle(self) -> bool:
        """Whether nothing has been counted in this interval."""
        return not (any(self.good) or any(self.bad))
