"""Each request to the nearest edge: the lowest round-trip time that the client measured, or expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, register

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("nearest")
class NearestEdge(Router):
    """Always the nearest."""

    uses_rtt = True

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (each request anew)
        """The nearest edge."""
        return self.nearest(client, -1)

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The nearest other edge."""
        edge = self.nearest(client, tried)
        if edge >= 0:
            return edge
        return tried if self.directory.open[tried] else -1
