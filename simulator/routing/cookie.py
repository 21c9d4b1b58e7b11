"""What load balancers do: stay with the edge that the client first got, while its cookie is good.

The cookie is void when its edge is believed failed, when it is older than `duration`, or when it was not used for
`idle`; then the nearest edge sets another. A retry elsewhere is an excursion: the cookie stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register

if TYPE_CHECKING:
    from simulator.nodes.client import Client
    from simulator.nodes.session import Session


@register("cookie")
class Cookie(Router):
    """Session affinity by cookie."""

    uses_rtt = True
    keeps_edge = True
    retry_moves = False

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.duration_s = context.settings.duration
        self.idle_s = context.settings.idle
        self.now = context.now

    def choose(self, client: Client, session: Session) -> int:
        """The cookie's edge, or a new one's."""
        now = self.now()
        last_used_s, session.last_used_s = session.last_used_s, now
        good = now - session.started_s < self.duration_s and now - last_used_s < self.idle_s
        if good and self.directory.stays[session.edge]:
            return session.edge
        session.started_s = now
        return self.nearest(client, -1)
