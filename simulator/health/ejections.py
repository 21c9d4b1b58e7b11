"""Ejections: who is out for how long, how many may be at a time, and how an edge returns.

The k-th ejection of an edge lasts min(k * ejection, max_ejection); k falls by one with each interval that the edge was
in service throughout. No more than a share of the edges of one scope are out at a time, but for one. Where returns are
half open, one request is let through when the time is over: its answer brings the edge back, its failure ejects it
again; one of which nothing is heard for as long as a first ejection lets the next one through.

May import: belief, the clock. Does not know what an edge is ejected for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Final

from simulator.metrics.events import EJECTED, RETURNED

if TYPE_CHECKING:
    from simulator.engine.clock import Clock
    from simulator.engine.event_log import EventLog
    from simulator.health.belief import Belief
    from simulator.server.edge import EdgeNode

IN_SERVICE: Final = 0
EJECTED_NOW: Final = 1
HALF_OPEN: Final = 2  # the next request that is sent is on trial
ON_TRIAL: Final = 3
GOOD: Final = 1
BAD: Final = 2
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class EjectionPolicy:
    """Times in seconds; `most` is a share, 0..1."""

    first_s: float
    longest_s: float
    most: float
    half_open: bool = False


def _nothing(edge: int) -> None:
    """Nobody counts anything."""


class Ejections:
    """The ejections of one world. Edges by index.

    Args:
        policy: how long, how many.
        scopes: edges that are counted together.
        edges: of the world, to see which of them exist.
    """

    def __init__(
        self,
        policy: EjectionPolicy,
        scopes: Sequence[Sequence[int]],
        edges: Sequence[EdgeNode],
        clock: Clock,
        belief: Belief,
        log: EventLog,
    ) -> None:
        self._policy = policy
        self._scope_of = {edge: list(members) for members in scopes for edge in members}
        self._edges = edges
        self._clock = clock
        self._belief = belief
        self._log = log
        n = len(edges)
        self.out = [IN_SERVICE] * n
        self.ejected_s = [-1.0] * n  # when each was ejected last
        self.since_s = [0.0] * n  # since when each is in service, where it is
        self.times = [0] * n  # k
        self.began: list[tuple[float, int]] = []  # all of them: when, and which edge
        self.on_change: Callable[[int], None] = _nothing
        self._trial_s = [0.0] * n
        self._turn = [0] * n  # of each, so that a timer knows whether it is still meant

    def eject(self, edge: int, reason: str, now: float) -> bool:
        """Eject an edge for `reason`, unless too many are out; whether it is."""
        if self.out[edge] in (EJECTED_NOW, ON_TRIAL) or not self._may_go(edge):
            return False
        self._eject(edge, reason, now)
        return True

    def _eject(self, edge: int, reason: str, now: float) -> None:
        self.times[edge] += 1
        lasts_s = min(self.times[edge] * self._policy.first_s, self._policy.longest_s)
        self.began.append((now, edge))
        self.ejected_s[edge] = now
        self._become(edge, EJECTED_NOW)
        self.on_change(edge)
        self._log.add(EJECTED, self._edges[edge].name, reason=reason, for_s=lasts_s, times=self.times[edge])
        self._belief.set_ejected(edge, True)
        self._clock.call_at(now + lasts_s, self._over, (edge, self._turn[edge]))

    def _may_go(self, edge: int) -> bool:
        members = [one for one in self._scope_of[edge] if self._edges[one].exists]
        most = max(1, floor(self._policy.most * len(members) + _ROUNDING))
        failed = self._belief.failed  # they would be out anyway
        others = (one for one in members if one != edge and not failed[one])
        return sum(self.out[one] in (EJECTED_NOW, ON_TRIAL) for one in others) < most

    def _become(self, edge: int, state: int) -> None:
        self.out[edge] = state
        self._turn[edge] += 1

    # -- returns --------------------------------------------------------------------------------------
    def _over(self, due: tuple[int, int]) -> None:
        """The time of an ejection is over."""
        edge, turn = due
        if turn != self._turn[edge]:
            return
        if self._policy.half_open:
            self._let_one_through(edge)
        else:
            self._return(edge)

    def _let_one_through(self, edge: int) -> None:
        self._become(edge, HALF_OPEN)
        self._belief.set_ejected(edge, False)

    def _return(self, edge: int) -> None:
        now = self._clock.now
        self._become(edge, IN_SERVICE)
        self.since_s[edge] = now
        self.on_change(edge)
        self._log.add(RETURNED, self._edges[edge].name, after_s=now - self.ejected_s[edge])
        self._belief.set_ejected(edge, False)

    def sent(self, edge: int, now: float) -> None:
        """An attempt is sent to an edge that is not in service: where one is let through, this is it."""
        if self.out[edge] == HALF_OPEN:
            self._become(edge, ON_TRIAL)
            self._trial_s[edge] = now
            self._belief.set_ejected(edge, True)
            self._clock.call_at(now + self._policy.first_s, self._unheard, (edge, self._turn[edge]))

    def _unheard(self, due: tuple[int, int]) -> None:
        """Nothing was heard of the one that was let through."""
        edge, turn = due
        if turn == self._turn[edge]:
            self._let_one_through(edge)

    def judge(self, edge: int, sent_s: float, speaks: int, now: float) -> None:
        """An attempt at an edge that is not in service has ended, well (1), badly (2) or neither (0)."""
        if self.out[edge] != ON_TRIAL or sent_s != self._trial_s[edge]:
            return
        if speaks == GOOD:
            self._return(edge)
        elif speaks == BAD and self._may_go(edge):
            self._eject(edge, "trial", now)
        elif speaks == BAD:
            self._return(edge)
        else:
            self._let_one_through(edge)

    def leave(self, edge: int) -> None:
        """An edge is gone: one that comes in its place has no past."""
        self._become(edge, IN_SERVICE)
        self.times[edge] = 0
        self.since_s[edge] = self._clock.now
        self.on_change(edge)

    def forgive(self, began_s: float) -> None:
        """An interval is over that began at `began_s`: k of each edge falls that was in service throughout."""
        for edge, times in enumerate(self.times):
            if times and self.out[edge] == IN_SERVICE and self.since_s[edge] <= began_s:
                self.times[edge] = times - 1
