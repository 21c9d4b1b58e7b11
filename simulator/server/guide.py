"""How a balancer finds the edge of a request: by the routing policy, as it stands, and what is booked of that.

Policies, cookies and beliefs are the balancer's: edges are as far as they are from it, and weights reach it from the
SAM without waiting for an answer. May import: routing's contract, the SAM. Does not send anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import Operation

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.agents.trips import RoundTrips
    from simulator.engine.clock import Clock
    from simulator.messages import Attempt, AttemptObserver
    from simulator.routing.base import Router
    from simulator.routing.moves import Moves
    from simulator.sam.manager import StickinessManager
    from simulator.server.tally import Tally

GAIN: Final = 0.125  # of the moving averages of a balancer's round trips
ESTABLISH: Final = int(Operation.ESTABLISH)


class Guide:
    """The policy of one balancer, with a router for each client group (several may share one).

    Edges are as far as they are from the balancer: `trips` are its round trips to them, `expected_rtt_s` what these
    should take (seconds, by edge), `near_site` where the nearest edge stands.

    `routers`, `moves` (all balancers' of a group) and `tallies` are by the number of the client group.
    """

    __slots__ = (
        "_clock", "expected_rtt_s", "manager", "moves", "near_site", "passive", "routers", "tallies", "trips",
    )  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        trips: RoundTrips,
        expected_rtt_s: list[float],
        near_site: str | None,
        manager: StickinessManager | None,
        tallies: list[Tally],
    ) -> None:
        self._clock = clock
        self.trips = trips
        self.expected_rtt_s = expected_rtt_s
        self.near_site = near_site
        self.manager = manager
        self.passive: AttemptObserver | None = None  # where tries tell about the health of edges
        self.routers: list[Router] = []
        self.moves: list[Moves] = []
        self.tallies = tallies

    def serve(self, router: Router, moves: Moves) -> None:
        """Route for one client group more, and count its moves there."""
        self.routers.append(router)
        self.moves.append(moves)

    def router(self, client: Client) -> Router:
        """The router for a client, which sees edges from where this balancer stands."""
        if client.trips is not self.trips:
            client.trips = self.trips
            client.expected_rtt_s = self.expected_rtt_s
            client.near_site = self.near_site
        return self.routers[client.group.number]

    def choose(self, attempt: Attempt) -> int:
        """The edge of a client's attempt; -1 where none is believed healthy."""
        client, session = attempt.client, attempt.session
        router = self.router(client)
        if attempt.operation == ESTABLISH:
            return router.assign(client, -1)
        if self.manager is not None:
            session.client_weight = session.published_weight
        edge: int = router.choose(client, session)
        first = not attempt.tries or session.last_edge < 0
        self.moves[client.group.number].go(session, edge, router.moves, first)
        return edge

    def other(self, attempt: Attempt, tried: int) -> int:
        """The edge of a retry: another one, or the same where there is no other; -1 where none is believed healthy."""
        client, session = attempt.client, attempt.session
        router = self.router(client)
        if attempt.operation == ESTABLISH:
            return router.or_same(router.assign(client, tried), tried)
        edge: int = router.retry(client, session, tried)
        if router.retry_moves and edge >= 0 and edge != session.edge:
            self.moves[client.group.number].move(session, edge)
        return edge

    def retried(self, attempt: Attempt) -> None:
        """A try of an attempt failed, and another follows: one more attempt that ended, for metrics and the SAM."""
        if attempt.operation == ESTABLISH:
            return
        attempt.retried += 1
        self.tallies[attempt.client.group.number].retry(attempt.intended_s)
        manager = self.manager
        if manager is not None:
            manager.report(attempt.session.slot, -1.0)
            if manager.by_edge:
                manager.report_edge(attempt.edge)
            manager.report_retry(attempt.session.slot)

    def heard_nothing(self, one: Attempt) -> None:
        """An edge did not answer a try, or its host did with a reset: the SAM hears of it where it wants to."""
        manager = self.manager
        if manager is not None and manager.client_reports:
            manager.report_silence(one.edge)

    def answered(self, edge: int, rtt_s: float) -> None:
        """A try was answered after so many seconds on the way."""
        self.trips.note(edge, rtt_s, GAIN)

    def ended(self, one: Attempt, outcome: int) -> None:
        """A try ended with an outcome: passive health checks hear of it."""
        if self.passive is not None:
            self.passive.ended(one.edge, one.sent_s, outcome, self._clock.now)

    def sent(self, edge: int, now: float) -> None:
        """A try was sent to an edge."""
        if self.passive is not None:
            self.passive.sent(edge, now)
