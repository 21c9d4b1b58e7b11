"""How a balancer finds the edge of a request: by the routing policy, as it stands, and what is booked of that.

Policies, cookies and beliefs are the balancer's: edges are as far as they are from it, and weights reach it from the
SAM without waiting for an answer. May import: routing's contract. Does not send anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import Operation

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.agents.session import Session
    from simulator.clients.group import ClientGroup
    from simulator.health.passive import Passive
    from simulator.messages import Attempt
    from simulator.routing.base import Router
    from simulator.server.balancer import Balancer

ESTABLISH: Final = int(Operation.ESTABLISH)


class Guide:
    """The policy of one balancer, with a router for each client group (several may share one)."""

    __slots__ = ("balancer", "passive", "routers")

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.passive: Passive | None = None  # where tries tell about the health of edges
        self.routers: dict[str, Router] = {}  # by the name of the client group

    def router(self, client: Client) -> Router:
        """The router for a client, which sees edges from where this balancer stands."""
        balancer = self.balancer
        if client.trips is not balancer.trips:
            client.trips = balancer.trips
            client.expected_rtt_s = balancer.expected_rtt_s
            client.near_site = balancer.near_site
        return self.routers[client.group.name]

    def choose(self, attempt: Attempt) -> int:
        """The edge of a client's attempt; -1 where none is believed healthy."""
        client, session = attempt.client, attempt.session
        router = self.router(client)
        if attempt.operation == ESTABLISH:
            return router.assign(client, -1)
        group = client.group
        if group.manager is not None:
            session.client_weight = session.published_weight
        edge: int = router.choose(client, session)
        last = session.last_edge
        first = not attempt.tries or last < 0
        if edge >= 0 and edge != session.edge:
            if first and last >= 0:  # the first request of a session moves it nowhere, wherever it was established
                group.left += 1
            if last >= 0:
                self._flow(group, session, edge, router.moves)
            if router.moves:
                session.stand_at(edge)
        if first:
            group.routed += 1
            if edge != last:
                group.first_stops += last < 0 or edge < 0
                group.turns += last >= 0 and edge >= 0
        if edge >= 0:
            session.last_edge = edge
        return edge

    def other(self, attempt: Attempt, tried: int) -> int:
        """The edge of a retry: another one, or the same where there is no other; -1 where none is believed healthy."""
        client, session = attempt.client, attempt.session
        router = self.router(client)
        if attempt.operation == ESTABLISH:
            return router.or_same(router.assign(client, tried), tried)
        edge: int = router.retry(client, session, tried)
        if router.retry_moves and edge >= 0 and edge != session.edge:
            self._flow(client.group, session, edge, True)
            session.stand_at(edge)
        return edge

    @staticmethod
    def _flow(group: ClientGroup, session: Session, edge: int, moves: bool) -> None:
        """A request goes to another edge than its session's current one, which may move there."""
        if group.flows is not None:
            group.flows[session.edge * len(group.edges) + edge] += 1
        if moves:
            group.note_move(session, edge)

    def retried(self, attempt: Attempt) -> None:
        """A try of an attempt failed, and another follows: one more attempt that ended, for metrics and the SAM."""
        if attempt.operation == ESTABLISH:
            return
        attempt.retried += 1
        group = attempt.client.group
        if attempt.intended_s >= group.warmup_s:
            group.counted_retries += 1
        manager = group.manager
        if manager is not None:
            manager.report(attempt.session.slot, -1.0)
            if manager.by_edge:
                manager.report_edge(attempt.edge)
            manager.report_retry(attempt.session.slot)

    def heard_nothing(self, one: Attempt) -> None:
        """An edge did not answer a try, or its host did with a reset: the SAM hears of it where it wants to."""
        manager = one.client.group.manager
        if manager is not None and manager.client_reports:
            manager.report_silence(one.edge)

    def ended(self, one: Attempt, outcome: int) -> None:
        """A try ended with an outcome: passive health checks hear of it."""
        if self.passive is not None:
            self.passive.ended(one.edge, one.sent_s, outcome, self.balancer.clock.now)

    def sent(self, edge: int, now: float) -> None:
        """A try was sent to an edge."""
        if self.passive is not None:
            self.passive.sent(edge, now)
