"""Belief about edges, and who it comes from: an edge is believed healthy that no check has failed and nobody ejected.

It is one belief for all clients, and takes effect at once. May import: the directory. Does not know why an edge is
failed or ejected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.routing.directory import Directory


class Belief:
    """What is believed of each edge.

    Args:
        directory: acts on it.
        changing: called before belief changes.
        back: called with an edge that is believed healthy again, and whether that is because it has joined.
    """

    def __init__(self, directory: Directory, changing: Callable[[], None], back: Callable[[int, bool], None]) -> None:
        self._directory = directory
        self._changing = changing
        self._back = back
        self.failed = [False] * directory.size  # by checks
        self._ejected = [False] * directory.size

    def set_failed(self, edge: int, failed: bool, *, joined: bool = False) -> None:
        """Checks find an edge unhealthy, or healthy (the first time since it `joined`)."""
        self.failed[edge] = failed
        self._settle(edge, joined)

    def set_ejected(self, edge: int, ejected: bool) -> None:
        """An edge is ejected, or returns."""
        self._ejected[edge] = ejected
        self._settle(edge, joined=False)

    def join(self, edge: int, *, checked: bool) -> None:
        """An edge has joined: nothing is known of it; where edges are `checked`, it has to pass first."""
        self.failed[edge], self._ejected[edge] = checked, False
        self._changing()
        self._directory.set_healthy(edge, not checked)
        if not checked:
            self._back(edge, True)

    def _settle(self, edge: int, joined: bool) -> None:
        healthy = not (self.failed[edge] or self._ejected[edge])
        if healthy != self._directory.believed[edge]:
            self._changing()
            self._directory.set_healthy(edge, healthy)
            if healthy:
                self._back(edge, joined)
