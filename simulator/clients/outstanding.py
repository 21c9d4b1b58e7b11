"""What balancers know of load: the attempts that were sent to each edge and are not over.

An attempt is over when its answer arrives, when its client gives it up, or when its edge restarts, which resets its
connections. All clients share one view, or each has its own. May import: routing's directory. Does not choose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.agents.client import Client
    from simulator.messages import Attempt
    from simulator.routing.directory import Directory


class Outstanding:
    """Counts the outstanding attempts of one group: in the directory, or for each client alone."""

    __slots__ = ("_directory", "_shared")

    def __init__(self, directory: Directory, shared: bool) -> None:
        self._directory = directory
        self._shared = shared

    def sent(self, attempt: Attempt) -> None:
        """An attempt was sent to its edge."""
        edge, directory = attempt.edge, self._directory
        attempt.life = directory.lives[edge]
        if self._shared:
            directory.outstanding[edge] += 1
            return
        client = attempt.client
        if client.outstanding_at is None:
            client.outstanding_at = {}
        client.outstanding_at[edge] = client.outstanding_at.get(edge, 0) + 1

    def over(self, attempt: Attempt) -> None:
        """An attempt was answered or given up; what was sent to an earlier life of its edge is forgotten already."""
        edge, directory = attempt.edge, self._directory
        if attempt.life != directory.lives[edge]:
            return
        if self._shared:
            directory.outstanding[edge] -= 1
        elif attempt.client.outstanding_at is not None:
            attempt.client.outstanding_at[edge] -= 1

    def restarted(self, edge: int, clients: Iterable[Client]) -> None:
        """An edge has come back: nothing that these clients sent is outstanding there."""
        if self._shared:
            return  # the directory forgets by itself
        for client in clients:
            if client.outstanding_at is not None:
                client.outstanding_at.pop(edge, None)
