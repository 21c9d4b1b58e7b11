"""Each request to any healthy edge, each as likely as its weight says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.leaving import any_other

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("random")
class RandomEdge(Router):
    """Uniformly at random."""

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.any = any_other(context.directory, context.uniform)

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (each request anew)
        """Any edge."""
        return self.any.pick(client, -1)

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """Any other edge."""
        edge = self.any.pick(client, tried)
        if edge >= 0:
            return edge
        return tried if self.directory.open[tried] else -1
