"""Each request to the less loaded of two edges drawn at random (Mitzenmacher 2001; Vvedenskaya et al. 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.leaving import PowerOfTwo

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("power_of_two")
class PowerOfTwoEdge(Router):
    """The less loaded of two edges drawn at random, independently; ties at random."""

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.better = PowerOfTwo(context.directory, context.uniform, context.load).pick

    def choose(self, client: Client, session: Session) -> int:  # noqa: ARG002 (each request anew)
        """The better of two."""
        return self.better(client, -1)

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The better of two others."""
        return self.or_same(self.better(client, tried), tried)
