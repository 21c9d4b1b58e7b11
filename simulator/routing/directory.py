"""Which edges are believed healthy, and how loaded they are: what routing policies may look at.

Does not model: how belief comes about (the SAM's detector, health checks), nor when
it is no longer acted on (`simulator.health.panic`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final, Protocol

from simulator.routing.weights import Weights


class Draining(IntEnum):
    """Whether an edge is being drained, and what becomes of its sessions."""

    NO = 0
    MOVES = 1
    KEEPS = 2


KEEPS: Final = int(Draining.KEEPS)


class Panic(Protocol):
    """Says where so few edges are believed healthy that belief counts for nothing."""

    def opened(self, fit: Sequence[bool], able: Sequence[bool], exists: Sequence[bool]) -> list[bool]:
        """Which of all edges requests may go to: of those in a panic all that are `able`, else those that are `fit`.

        Args:
            fit: the edges that exist, are believed healthy and not drained.
            able: those that exist and are not drained.
            exists: those that exist.
        """

    def among(
        self, members: Iterable[int], fit: Sequence[bool], able: Sequence[bool], exists: Sequence[bool]
    ) -> Sequence[bool]:
        """The same for these edges alone, as clients see them that know no others."""


class Directory:
    """Edges by index; `healthy` holds those that requests may go to, in order, and `open` says so of each.

    These are the edges believed healthy that are not being drained; where there is none, drained ones are the last
    resort. A session may stay at its edge where `stays` says so: that is open, or keeps its sessions while it is
    drained; `keeping` says that one does. `version` grows with every change. `outstanding` is what one balancer for
    all clients has outstanding at each edge, where it is counted: from the send until the answer is back, the client
    gave up, or the edge restarted, which begins another of its `lives`. `standing` are the open sessions whose current
    edge each is, where they are counted. `shared` is what the policies of all groups keep together. Where there is a
    `panic`, more edges may be open than are believed healthy; `well` is how many would be open without.
    """

    def __init__(self, names: Sequence[str], sites: Sequence[str | None]) -> None:
        self.names = names
        self.sites = sites
        self.size = len(names)
        self.believed = [True] * self.size
        self.open = [True] * self.size
        self.stays = [True] * self.size
        self.keeping = False
        self.healthy = list(range(self.size))
        self.outstanding = [0] * self.size
        self.lives = [0] * self.size
        self.standing = [0] * self.size
        self.shared: dict[str, Any] = {}
        self.weights: Weights | None = None  # where edges do not all count the same
        self.last_resort = False
        self.version = 0
        self.well = self.size
        self.panic: Panic | None = None
        self._fit = [True] * self.size
        self._draining = [0] * self.size
        self.exists = [True] * self.size
        self._parts: dict[frozenset[int], Directory] = {}

    def part(self, members: Sequence[int]) -> Directory:
        """These edges as policies see them that are to see no others: all others are closed to them.

        It follows this directory, knows the same of loads, and is the same one whenever it is asked for.
        """
        among = frozenset(members)
        part = self._parts.get(among)
        if part is None:
            part = self._parts[among] = Directory(self.names, self.sites)
            part.believed, part.outstanding, part.lives = self.believed, self.outstanding, self.lives
            part.standing, part.weights = self.standing, self.weights
            part.open = [False] * self.size
            part.healthy = []
            part.well = 0
            self._show_to(part, among)
            part.stays = [one in among and self.stays[one] for one in range(self.size)]
            part.exists, part.keeping = self.exists, self.keeping
        return part

    def _show_to(self, part: Directory, among: frozenset[int]) -> None:
        """A part sees what has become of its edges."""
        part.keeping = self.keeping
        for one in among:
            part.stays[one] = self.stays[one]
        is_open: Sequence[bool] = self.open
        if self.panic is not None and not self.last_resort:
            is_open = self.panic.among(among, self._fit, self._able(), self.exists)
        well = sum(self._fit[one] for one in among)
        changed = [one for one in among if part.open[one] != is_open[one]]
        if changed or part.well != well:
            for one in changed:
                part.open[one] = is_open[one]
            part.healthy = sorted([one for one in among if part.open[one]])
            part.well = well
            part.version += 1

    def _able(self) -> list[bool]:
        """The edges that exist and are not drained."""
        return [self.exists[one] and not self._draining[one] for one in range(self.size)]

    def set_healthy(self, edge: int, healthy: bool) -> None:
        """Change the belief about one edge."""
        self.believed[edge] = healthy
        self._refresh()

    def set_draining(self, edge: int, draining: int) -> None:
        """An edge announces that it is being drained, or that it is open again (a `Draining`)."""
        self._draining[edge] = draining
        self._refresh()

    def set_exists(self, edge: int, exists: bool) -> None:
        """An edge joins or is gone; one that does not exist is no candidate for anything."""
        self.exists[edge] = exists
        self._refresh()

    def set_panic(self, panic: Panic) -> None:
        """From now on belief counts for nothing where so few edges are believed healthy."""
        self.panic = panic
        self._refresh()

    def _refresh(self) -> None:
        there = [self.believed[one] and self.exists[one] for one in range(self.size)]
        fit = is_open = [there[one] and not self._draining[one] for one in range(self.size)]
        if self.panic is not None:
            is_open = self.panic.opened(fit, self._able(), self.exists)
        self.last_resort = not any(is_open)
        if self.last_resort:
            fit = is_open = list(there)
        keeps = [there[one] and self._draining[one] == KEEPS for one in range(self.size)]
        self.keeping = any(keeps)
        self.stays[:] = [is_open[one] or keeps[one] for one in range(self.size)]
        self._fit = fit
        self._show(is_open, sum(fit))
        for among, part in self._parts.items():
            self._show_to(part, among)

    def _show(self, is_open: list[bool], well: int) -> None:
        if is_open != self.open or well != self.well:
            self.open[:] = is_open
            self.healthy = [one for one in range(self.size) if is_open[one]]
            self.well = well
            self.version += 1

    def restarted(self, edge: int) -> None:
        """An edge has come back: connections to its former life are reset, nothing is outstanding there."""
        self.outstanding[edge] = 0
        self.lives[edge] += 1
