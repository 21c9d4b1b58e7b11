"""Round trips by edge, as moving averages: of one client, or of a balancer.

May import: columns. Does not measure, or choose.
"""

from __future__ import annotations

from typing import Final

from simulator.engine.columns import Vector, vector

FEW_EDGES: Final = 64  # so many round trips take no more room in a row than a table of the few that were measured


class RoundTrips:
    """Moving averages of round trips, seconds."""

    __slots__ = ()

    def note(self, edge: int, rtt_s: float, gain: float) -> None:
        """A round trip to an edge was measured: its moving average follows, or begins."""
        raise NotImplementedError

    @property
    def by_edge(self) -> dict[int, float]:
        """The averages of the edges that were measured."""
        raise NotImplementedError


class _InRow(RoundTrips):
    """Of few edges: below 0 where nothing was measured."""

    __slots__ = ("_rtt_s",)

    def __init__(self, edges: int) -> None:
        self._rtt_s: Vector = vector([-1.0] * edges)

    def note(self, edge: int, rtt_s: float, gain: float) -> None:
        """A round trip to an edge was measured."""
        old_s = self._rtt_s[edge]
        self._rtt_s[edge] = rtt_s if old_s < 0.0 else old_s + gain * (rtt_s - old_s)

    @property
    def by_edge(self) -> dict[int, float]:
        """The averages of the edges that were measured."""
        found: dict[int, float] = {}
        for edge in range(len(self._rtt_s)):
            rtt_s = self._rtt_s[edge]
            if rtt_s >= 0.0:
                found[edge] = rtt_s
        return found


class _InTable(RoundTrips):
    """Of many edges, most of which nobody measures."""

    __slots__ = ("_rtt_s",)

    def __init__(self) -> None:
        self._rtt_s: dict[int, float] = {}

    def note(self, edge: int, rtt_s: float, gain: float) -> None:
        """A round trip to an edge was measured."""
        old_s = self._rtt_s.get(edge)
        self._rtt_s[edge] = rtt_s if old_s is None else old_s + gain * (rtt_s - old_s)

    @property
    def by_edge(self) -> dict[int, float]:
        """The averages of the edges that were measured."""
        return self._rtt_s


def round_trips(edges: int) -> RoundTrips:
    """Where to note round trips to so many edges."""
    return _InRow(edges) if edges <= FEW_EDGES else _InTable()
