"""Panic: where too few edges are believed healthy, belief counts for nothing, and all of them are candidates.

Within sites (`routing.scope: site`) that is looked at only where all sites together could not carry the load, as their
overprovisioned health says (Envoy's priority levels). Edges that are drained are no candidates, and count as unhealthy.
May import: nothing of the model. Does not know who believes what of an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class PanicLimit:
    """A panic is on below so many healthy edges, or below such a share of those that exist (0..1)."""

    share: float = 0.0
    number: int = 0

    def reached(self, healthy: int, of: int) -> bool:
        """Whether so few of so many are too few."""
        return healthy < self.number or healthy < self.share * of - _ROUNDING


def _unheard(name: str, healthy: int, of: int, *, begins: bool) -> None:
    """Nobody wants to know of panics."""


class PanicBelow:
    """The panics of a world's edges.

    Args:
        limit: of each.
        scopes: edges among which one may break out, by the name that it is told under.
        overprovision: for scopes that are sites: so many times its healthy share is what a site carries of its load.
            None: the edges are one scope.
        told: hears of each panic that begins or ends, with how many of how many edges are healthy then.
    """

    def __init__(
        self,
        limit: PanicLimit,
        scopes: dict[str, list[int]],
        overprovision: float | None = None,
        told: Callable[..., None] = _unheard,
    ) -> None:
        self._limit = limit
        self._scopes = scopes
        self._overprovision = overprovision
        self._told = told
        self._on = dict.fromkeys(scopes, False)
        self._looked = overprovision is None  # whether a panic is looked for at all

    def opened(self, fit: Sequence[bool], able: Sequence[bool], exists: Sequence[bool]) -> list[bool]:
        """Which edges requests may go to (see `simulator.routing.directory.Panic`)."""
        self._looked = self._overprovision is None or self._carried(fit, exists) < 1.0 - _ROUNDING
        result = list(fit)
        for name, members in self._scopes.items():
            healthy, of = _count(members, fit), _count(members, exists)
            on = self._looked and self._limit.reached(healthy, of)
            if on:
                for one in members:
                    result[one] = able[one]
            if on != self._on[name]:
                self._on[name] = on
                self._told(name, healthy, of, begins=on)
        return result

    def among(
        self, members: Iterable[int], fit: Sequence[bool], able: Sequence[bool], exists: Sequence[bool]
    ) -> Sequence[bool]:
        """The same for clients that know these edges alone."""
        members = list(members)
        on = self._looked and self._limit.reached(_count(members, fit), _count(members, exists))
        return able if on else fit

    def _carried(self, fit: Sequence[bool], exists: Sequence[bool]) -> float:
        """What all sites together carry of the load; 1 for all of it."""
        assert self._overprovision is not None
        carried = 0.0
        for members in self._scopes.values():
            healthy = _count(members, fit)
            if healthy:
                carried += min(1.0, self._overprovision * healthy / _count(members, exists))
        return carried


def _count(members: Iterable[int], flags: Sequence[bool]) -> int:
    return sum(flags[one] for one in members)
