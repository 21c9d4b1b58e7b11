"""Weighted routing by the SAM's weights: stay with probability weight / 100, else leave.

`after_leaving: stay` makes where a request went the current edge (a Markov chain); `return` makes it an excursion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.choosing import Choosing
from simulator.routing.staying import Staying

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("adaptive")
class Adaptive(Router):
    """Stay with the probability that the client was last told."""

    needs_manager = True
    keeps_edge = True

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.moves = self.retry_moves = context.settings.after_leaving == "stay"
        self._staying = Staying(context.directory, context.uniform, self.leave, self.fixed_weight(context))

    def fixed_weight(self, context: RoutingContext) -> float | None:  # noqa: ARG002 (for who derives from it)
        """A weight for all sessions, whatever they were told; None for what they were told."""
        return None

    def choose(self, client: Client, session: Session) -> int:
        """The current edge with probability weight / 100, else another healthy one; the first request stays."""
        return self._staying.choose(client, session)

    @property
    def choosing(self) -> Choosing:
        """The same, unless somebody has put another choice in its place."""
        own = getattr(self.choose, "__func__", None) is Adaptive.choose
        return self._staying if own else super().choosing
