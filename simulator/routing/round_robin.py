"""Each request to the edge after the one before: a load balancer's rotation, one for each client group."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register

if TYPE_CHECKING:
    from simulator.nodes.client import Client
    from simulator.nodes.session import Session


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

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (the same for everybody)
        """The next edge."""
        directory = self.directory
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
