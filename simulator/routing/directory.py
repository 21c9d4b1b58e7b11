"""Which edges are believed healthy, and how loaded they are: what routing policies may look at.

May import: nothing of the model. Does not model: how belief comes about (the SAM's detector).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Directory:
    """Edges by index; `healthy` holds those believed healthy and not draining, in order.

    `load(edge)` is the number in the system of an edge, known instantly; `version` grows with every change.
    """

    def __init__(self, names: Sequence[str], sites: Sequence[str | None]) -> None:
        self.names = names
        self.sites = sites
        self.size = len(names)
        self.believed = [True] * self.size
        self.open = [True] * self.size
        self.healthy = list(range(self.size))
        self.load: Callable[[int], int] = lambda _: 0
        self.version = 0
        self._draining = [False] * self.size

    def set_healthy(self, edge: int, healthy: bool) -> None:
        """Change the belief about one edge."""
        self.believed[edge] = healthy
        self._refresh(edge)

    def set_draining(self, edge: int, draining: bool) -> None:
        """An edge announces that it is being drained, or that it is open again."""
        self._draining[edge] = draining
        self._refresh(edge)

    def _refresh(self, edge: int) -> None:
        is_open = self.believed[edge] and not self._draining[edge]
        if is_open != self.open[edge]:
            self.open[edge] = is_open
            self.healthy = [one for one in range(self.size) if self.open[one]]
            self.version += 1
