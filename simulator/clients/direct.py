"""Clients that reach edges themselves: each chooses its edge by the routing policy, from what it knows.

May import: routing's contract, the health of edges, the edge. Does not model: what happens beyond the access link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.clients.routes import Routes
from simulator.messages import Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import Client
    from simulator.agents.policies import Sizes
    from simulator.clients.access import Access
    from simulator.clients.hedge_timers import HedgeTimers
    from simulator.clients.outstanding import Outstanding
    from simulator.clients.retries import Retries
    from simulator.engine.clock import Clock
    from simulator.engine.samplers import Sampler
    from simulator.messages import Attempt, AttemptObserver, Call
    from simulator.routing.base import Router
    from simulator.routing.moves import Moves
    from simulator.server.edge import EdgeNode

INFINITY: Final = float("inf")
READ_LOCK: Final = int(Operation.READ_LOCK)  # plain integers: enums cost in the hot path
TIMEOUT: Final = int(Outcome.TIMEOUT)
CANCELLED: Final = int(Outcome.CANCELLED)


class Direct(Routes):
    """The ways of one group's clients to the edges."""

    __slots__ = (
        "_access", "_choosing", "_clock", "_edges", "_metadata_bytes", "_moves", "_moves_sessions",
        "_request_bytes", "_retries", "_router", "_steady", "hedge_timers", "outstanding", "passive",
    )  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        access: Access,
        router: Router,
        edges: Sequence[EdgeNode],
        moves: Moves,
        retries: Retries,
        request_bytes: Sampler,
        sizes: Sizes,
    ) -> None:
        self._clock = clock
        self._access = access
        self._router = router
        self._choosing, self._moves_sessions = router.choosing, router.moves
        self._steady = not router.moves_vary
        self._edges = list(edges)
        self._moves = moves
        self._retries = retries
        self._request_bytes = request_bytes
        self._metadata_bytes = sizes.metadata
        self.outstanding: Outstanding | None = None  # where a policy wants to know loads
        self.passive: AttemptObserver | None = None  # where requests tell about the health of edges
        self.hedge_timers: HedgeTimers | None = None  # where attempts get twins

    # -- on their way ---------------------------------------------------------------------------------
    def first(self, attempt: Attempt) -> None:
        """Choose the edge of a request's first attempt and send it there."""
        session = attempt.session
        edge = self._choosing.choose(attempt.client, session)
        if edge == session.last_edge and edge == session.edge:
            self._moves.stay()
        else:
            self._moves.go(session, edge, self._moves_sessions if self._steady else self._router.moves, True)
        self._send(attempt, edge, self._request_bytes.next())

    def establish(self, attempt: Attempt) -> None:
        """Establish a session at the edge where the policy begins."""
        self._send(attempt, self._router.assign(attempt.client, -1), self._metadata_bytes)

    def establish_again(self, failed: Attempt, again: Attempt) -> None:
        """Try another edge, or the same, to establish a session."""
        edge = failed.edge
        if edge < 0 or not self._retries.at_same(again.tries):
            edge = self._router.assign(failed.client, self._retries.besides(edge))
            if edge < 0:  # there is no other
                edge = self._router.assign(failed.client, -1)
        self._send(again, edge, self._metadata_bytes)

    def again(self, failed: Attempt, again: Attempt) -> None:
        """Send a request once more, to another edge or the same."""
        session, edge = again.session, failed.edge
        if edge >= 0 and self._retries.at_same(again.tries):
            self._send(again, edge, self._request_bytes.next())
            return
        edge = self._router.retry(failed.client, session, self._retries.besides(edge))
        if self._router.retry_moves and edge >= 0 and edge != session.edge:
            self._moves.move(session, edge)
        self._send(again, edge, self._request_bytes.next())

    def other(self, attempt: Attempt) -> int:
        """Where the twin of an attempt goes; -1 for nowhere."""
        edge: int = self._router.hedge(attempt.client, attempt.session, attempt.edge)
        return edge

    def send_twin(self, twin: Attempt, edge: int) -> None:
        """Send the twin of an attempt, which moves its session nowhere and gets no twin."""
        self._send(twin, edge, self._request_bytes.next(), True)

    def _send(self, attempt: Attempt, edge: int, size_bytes: float, is_twin: bool = False) -> None:
        clock = self._clock
        attempt.sent_s = now = clock.now
        if edge < 0:
            attempt.caller.unroutable(attempt)
            return
        attempt.edge = edge
        attempt.up_s = delay_s = self._access.up(attempt, edge, size_bytes)
        if self.outstanding is not None:
            self.outstanding.sent(attempt)
        if self.passive is not None:
            self.passive.sent(edge, now)
        if delay_s < INFINITY:
            clock.push(now + delay_s, self._edges[edge].receiving, attempt)
        if self.hedge_timers is not None and attempt.operation <= READ_LOCK and not is_twin:
            self.hedge_timers.add(attempt)
        self._access.wait(attempt, delay_s)

    def tell(self, call: Call) -> None:
        """Send a message that needs no answer to the edge of its session."""
        edge = call.edge
        delay_s = self._access.small_up(call.session.client, edge)
        if delay_s < INFINITY:
            self._clock.call_at(self._clock.now + delay_s, self._edges[edge].receive_control, call)

    def probe(self, client: Client, edge: int) -> float:
        """Seconds until the echo of a small message to an edge is back; infinity if it does not come."""
        if self._edges[edge].down:
            return INFINITY
        there_s = self._access.small_up(client, edge)
        if there_s == INFINITY:
            return INFINITY
        return there_s + self._access.small_down(client, edge, self._clock.now + there_s)

    # -- what became of them --------------------------------------------------------------------------
    def answered(self, attempt: Attempt) -> int:
        """An edge, or its host with a reset, has answered."""
        if self.outstanding is not None:
            self.outstanding.over(attempt)
        if self.passive is not None:
            self.passive.ended(attempt.edge, attempt.sent_s, attempt.outcome, self._clock.now)
        return attempt.edge

    def silent(self, attempt: Attempt) -> None:
        """An edge has not answered in time."""
        self._over(attempt, TIMEOUT)

    def drop(self, attempt: Attempt) -> None:
        """Nobody waits for an attempt any more, and nobody knows how it would have ended.

        That says nothing of its edge, but it may have been the one on trial there.
        """
        self._access.over(attempt)
        self._over(attempt, CANCELLED)

    def _over(self, attempt: Attempt, outcome: int) -> None:
        if self.outstanding is not None:
            self.outstanding.over(attempt)
        if self.passive is not None:
            self.passive.ended(attempt.edge, attempt.sent_s, outcome, self._clock.now)

    def edge_restarted(self, edge: int, clients: list[Client]) -> None:
        """An edge has come back: nothing is outstanding there."""
        if self.outstanding is not None:
            self.outstanding.restarted(edge, clients)
