"""Each request to the edge at which the fewest open sessions stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.leaving import least_sessions
from simulator.routing.weights import weighted

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("least_sessions")
class LeastSessionsEdge(Router):
    """The edge with the fewest other sessions; a session stays where it is among them, else ties at random."""

    counts_sessions = True

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.least = least_sessions(context.directory, context.uniform).pick

    def assign(self, client: Client, current: int) -> int:
        """The edge with the fewest sessions."""
        return self.least(client, current)

    def choose(self, client: Client, session: Session) -> int:
        """Its edge, unless another has fewer sessions without it."""
        home, directory = session.edge, self.directory
        if home < 0 or not directory.open[home]:
            return self.least(client, -1)
        directory.standing[home] -= 1  # it is no other
        edge = self.least(client, -1)
        stays = self._load(home) <= self._load(edge)
        directory.standing[home] += 1
        return home if stays else edge

    def _load(self, edge: int) -> float:
        directory = self.directory
        sessions = directory.standing[edge]
        return sessions if directory.weights is None else weighted(sessions, directory.weights.of(edge))

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The other edge with the fewest sessions."""
        return self.or_same(self.least(client, tried), tried)
