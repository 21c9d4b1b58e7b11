"""Whether a request stays with its session's edge: one throw of a coin, for each request.

Apart from the policies that throw it (adaptive, static) because every request passes through it. May import: the
directory. Does not model: where the weight comes from, or where a request goes that leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.routing.choosing import Choosing
from simulator.routing.directory import Directory

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


class Staying(Choosing):
    """Stay with probability weight / 100, else leave.

    Args:
        directory: which edges are believed healthy.
        uniform: draws from [0, 1).
        leave: (client, current edge) -> another healthy one, or -1.
        fixed: the weight of all sessions; None for the one that each client was last told.
    """

    __slots__ = ("_directory", "_fixed", "_leave", "_told", "_uniform")

    def __init__(
        self,
        directory: Directory,
        uniform: Callable[[], float],
        leave: Callable[[Client, int], int],
        fixed: float | None,
    ) -> None:
        self._directory = directory
        self._uniform = uniform
        self._leave = leave
        self._told = fixed is None
        self._fixed = 0.0 if fixed is None else fixed

    def choose(self, client: Client, session: Session) -> int:
        """The current edge with probability weight / 100, else another healthy one; the first request stays."""
        current = session.edge
        if self._directory.stays[current]:
            if session.first:
                session.first = False
                return current
            weight = session.client_weight if self._told else self._fixed
            if self._uniform() * 100.0 < weight:
                return current
            other = self._leave(client, current)
            return current if other < 0 else other
        session.first = False
        return self._leave(client, current)
