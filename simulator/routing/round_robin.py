"""Each request to the edge after the one before: a load balancer's rotation, one for each client group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.rotation import rotation

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("round_robin")
class RoundRobin(Router):
    """The next healthy edge in turn, by weight where edges have weights. All clients of a group share the rotation."""

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self._rotation = rotation(self.directory)

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (the same for everybody)
        """The next edge."""
        return self._rotation.next()

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The next edge that was not the one just tried."""
        edge = self._rotation.next()
        return self._rotation.next() if edge == tried else edge
