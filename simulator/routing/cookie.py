"""What load balancers do: stay with the edge that a session first got, while its cookie is good.

A cookie is void when it is older than `duration` (since it was given, or with `refresh: request` since its last
request), or was not used for `idle`; then `assign` says which edge sets another. What becomes of it when its edge is
believed failed is `on_down`: `reassign` gives another cookie, `return` makes excursions until the edge is believed
healthy again, `strict` asks no other edge. What a retry does while the edge is not is `on_failed_attempt`: an
`excursion`, after which the cookie stands; `reassign`; or `stay`, at the same edge.

May import: the base. Does not model: cookies that clients lose or refuse, or that are shared by sessions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@register("cookie")
class Cookie(Router):
    """Session affinity by cookie."""

    uses_rtt = True
    keeps_edge = True
    moves_vary = True
    retry_moves = False

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        settings = context.settings
        self.duration_s = settings.duration
        self.idle_s = settings.idle
        self.renews = settings.refresh == "request"
        self.on_down = settings.on_down
        self.on_failed_attempt = settings.on_failed_attempt
        self.keeps_drained = self.on_down != "reassign"  # a cookie that is not given up is served to the end
        self.now = context.now
        self._assign = (context.assigning or context.nearest).pick

    def assign(self, client: Client, current: int) -> int:
        """The edge that gives a session its cookie."""
        return self._assign(client, current)

    def choose(self, client: Client, session: Session) -> int:
        """The cookie's edge, or a new one's; -1 where it is strict, and its edge believed failed."""
        now = self.now()
        last_used_s, session.last_used_s = session.last_used_s, now
        self.moves = True
        if now - session.started_s < self.duration_s and now - last_used_s < self.idle_s:
            home = session.edge
            if self.serves(home):
                if self.renews:
                    session.started_s = now
                return home
            if self.on_down == "strict":
                return -1
            if self.on_down == "return":
                self.moves = False
                return self.assign(client, home)
        session.started_s = now
        return self.assign(client, -1)

    def retry(self, client: Client, session: Session, tried: int) -> int:
        """The same edge, an excursion, or the edge of a new cookie."""
        home = session.edge
        serves = self.serves(home)
        if self.on_down == "strict":
            return home if serves else -1
        if serves and self.on_failed_attempt == "stay":
            return home
        self.retry_moves = (self.on_failed_attempt if serves else self.on_down) == "reassign"
        if not self.retry_moves:
            return self.or_same(self.leave(client, tried), tried)
        edge = self.or_same(self.assign(client, tried), tried)
        if edge >= 0 and edge != home:
            session.started_s = self.now()
        return edge

    def hedge(self, client: Client, session: Session, tried: int) -> int:
        """Another edge, without another cookie; where it is strict the same."""
        if self.on_down == "strict":
            return session.edge if self.serves(session.edge) else -1
        return self.leave(client, tried)

    def serves(self, edge: int) -> bool:
        """Whether a cookie that names this edge is good for it now."""
        directory = self.directory
        if directory.stays[edge]:
            return True
        return self.keeps_drained and directory.believed[edge] and directory.exists[edge]
