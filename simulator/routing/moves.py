"""Where the requests of one client group go, against the edges where their sessions are: stays, turns, moves, flows.

May import: sessions. Does not choose: whoever routes, a group's agents or its balancers, says here what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.routing.moves_back import MovesBack

if TYPE_CHECKING:
    from simulator.agents.client import Session
    from simulator.engine.clock import Clock


class Moves:
    """The moves of one group's sessions between `edges` edges; a move back is one within `window_s` seconds.

    `routed` counts requests that were routed; of these `first_stops` have none before them to compare with, `turns`
    went to another edge than the one before, and `left` to another than their session's current one. `migrations` are
    the changes of current edges. `flows[from * edges + to]` are the requests and sessions that left one edge for
    another, where somebody wants to know; `on_move` hears of each move before it is made.
    """

    __slots__ = (
        "_back", "_clock", "_edges", "first_stops", "flows", "left", "migrations", "on_move", "routed", "turns",
    )  # fmt: skip

    def __init__(self, clock: Clock, edges: int, window_s: float) -> None:
        self._clock = clock
        self._edges = edges
        self._back = MovesBack(edges, window_s)
        self.flows: list[int] | None = None
        self.on_move: Callable[[Session, int], None] | None = None
        self.routed = self.first_stops = self.turns = self.left = self.migrations = 0

    @property
    def moved_back(self) -> int:
        """Moves to an edge that the session had left a short time before."""
        return self._back.count()

    def stay(self) -> None:
        """A request goes where the one before went, and its session is."""
        self.routed += 1

    def go(self, session: Session, edge: int, moves: bool, first: bool) -> None:
        """A request goes to an edge, or to none (-1), where its session `moves` with it; `first`: it is no retry."""
        last = session.last_edge
        if first:
            self.routed += 1
        if edge != session.edge and edge >= 0:
            if last >= 0:  # the first request of a session moves it nowhere, wherever it was established
                if first:
                    self.left += 1
                self._flow(session, edge)
                if moves:
                    self._count_move(session, edge)
            if moves:
                session.stand_at(edge)
        if edge != last:
            if first:
                if last < 0 or edge < 0:
                    self.first_stops += 1
                else:
                    self.turns += 1
            if edge >= 0:
                session.last_edge = edge

    def move(self, session: Session, edge: int) -> None:
        """A session gets another current edge."""
        self._flow(session, edge)
        self._count_move(session, edge)
        session.stand_at(edge)

    def _flow(self, session: Session, edge: int) -> None:
        if self.flows is not None:
            self.flows[session.edge * self._edges + edge] += 1

    def _count_move(self, session: Session, edge: int) -> None:
        self.migrations += 1
        self._back.note(session.session_id, session.edge, edge, self._clock.now)
        if self.on_move is not None:
            self.on_move(session, edge)
