"""Weighted routing by the SAM's weights: stay with probability weight / 100, else leave.

`after_leaving: stay` makes where a request went the current edge (a Markov chain); `return` makes it an excursion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register

if TYPE_CHECKING:
    from simulator.nodes.client import Client
    from simulator.nodes.session import Session


@register("adaptive")
class Adaptive(Router):
    """Stay with the probability that the client was last told."""

    needs_manager = True
    fixed: float | None = None  # a weight for all sessions, whatever they were told

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.moves = self.retry_moves = context.settings.after_leaving == "stay"
        self.uniform = context.uniform

    def choose(self, client: Client, session: Session) -> int:
        """The current edge with probability weight / 100, else another healthy one; the first request stays."""
        current = session.edge
        if self.directory.open[current]:
            if session.first:
                session.first = False
                return current
            weight = session.client_weight if self.fixed is None else self.fixed
            if self.uniform() * 100.0 < weight:
                return current
            other = self.leave(client, current)
            return current if other < 0 else other
        session.first = False
        return self.leave(client, current)
