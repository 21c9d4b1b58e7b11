"""Each request to the edge after the one before: a load balancer's rotation, one for each client group.

Where edges have weights, the rotation is NGINX's smooth weighted round robin: each edge gains its weight at every turn,
the richest one is taken, and pays what all gained together. With weights 5, 1, 1 that is a a b a c a a.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.directory import Directory
from simulator.routing.weights import Weights

if TYPE_CHECKING:
    from simulator.nodes.client import Client
    from simulator.nodes.session import Session


class Smooth:
    """The next edge in turn, by weight."""

    def __init__(self, directory: Directory, weights: Weights) -> None:
        self._directory = directory
        self._weights = weights
        self._credit = [0.0] * directory.size

    def next(self) -> int:
        """The healthy edge with the most credit, the first of those that have as much; -1 where none is healthy."""
        best, total = -1, 0.0
        credit = self._credit
        for edge in self._directory.healthy:
            weight = self._weights.of(edge)
            total += weight
            credit[edge] += weight
            if best < 0 or credit[edge] > credit[best]:
                best = edge
        if best >= 0:
            credit[best] -= total
        return best


@register("round_robin")
class RoundRobin(Router):
    """The next healthy edge in turn.

    All clients of a group share the rotation, which begins at the first edge. An edge that fails is passed over, and
    comes again in its old place.
    """

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self._last = -1
        self._place = -1  # of the last edge among the healthy ones
        self._version = self.directory.version
        weights = self.directory.weights
        self._smooth = None if weights is None else Smooth(self.directory, weights)

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (the same for everybody)
        """The next edge."""
        directory = self.directory
        if self._smooth is not None:
            return self._smooth.next()
        healthy = directory.healthy
        if self._version != directory.version:
            self._version = directory.version
            self._place = bisect_right(healthy, self._last) - 1
        place = self._place + 1
        if place >= len(healthy):
            if not healthy:
                return -1
            place = 0
        self._place = place
        self._last = healthy[place]
        return self._last

    def retry(self, client: Client, session: Session, tried: int) -> int:
        """The next edge that was not the one just tried."""
        edge = self.choose(client, session)
        return self.choose(client, session) if edge == tried else edge
