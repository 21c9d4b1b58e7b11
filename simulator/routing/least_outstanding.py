"""Each request to the least loaded edge, in the view that the scenario chose: join the shortest queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.leaving import least_loaded

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("least_outstanding")
class LeastOutstandingEdge(Router):
    """The least loaded edge; ties at random."""

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.least = least_loaded(context.directory, context.uniform, context.load).pick

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (each request anew)
        """The least loaded edge."""
        return self.least(client, -1)

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The least loaded other edge."""
        return self.or_same(self.least(client, tried), tried)
