"""Which edges served which groups, and which edges sessions left for which: by phases, from fault to fault.

A matrix of edges by edges per window would be large and say little; a phase is what people ask about (before, during
and after the crash). Phases begin at the ends of windows. Of many edges, who was served is told by site, and moves are
not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.metrics.events import FAULT_BEGIN, FAULT_END

if TYPE_CHECKING:
    from simulator.observe.counters import FloatArray
    from simulator.world.world import World

MOST_PHASES: Final = 12  # what comes after belongs to the last one
Row = tuple[float, str, str, float]


class Phases:
    """Counts moves of sessions between edges, and requests served, from one change of the faults to the next.

    Args:
        world: what is watched.
        sites: site -> numbers of its edges, where edges are too many to be told one by one.
    """

    def __init__(self, world: World, sites: Mapping[str, list[int]] | None = None) -> None:
        n = len(world.edges)
        self._world = world
        self._sites = sites
        self._n_told = n if sites is None else 0
        self._moves = [0] * (self._n_told * self._n_told)
        if sites is None:
            for group in world.groups:
                group.moves.flows = self._moves
        self._seen_moves = self._matrix()
        self._seen_served: FloatArray = np.zeros((len(world.groups), n))
        self._events = 0
        self._closed = 0
        self._began_s = 0.0

    def window(self, served: FloatArray, now: float) -> Iterator[Row]:
        """At a window's end: the rows of the phase that is over, if a fault began or ended in that window.

        `served` counts ok requests of each group (rows) by edge since the warm-up.
        """
        rows = self._world.log.rows
        changed = any(row["kind"] in (FAULT_BEGIN, FAULT_END) for row in rows[self._events :])
        self._events = len(rows)
        if changed and self._closed < MOST_PHASES - 1:
            yield from self.close(served, now)

    def begin(self, now: float) -> None:
        """The warm-up is over: forget what was counted."""
        self._remember(np.zeros_like(self._seen_served), now)

    def close(self, served: FloatArray, now: float) -> Iterator[Row]:
        """The rows (t_s, metric, label, per second) of the phase that ends now."""
        width_s = now - self._began_s
        if width_s <= 0.0:
            return
        edges = [edge.name for edge in self._world.edges]
        names = [group.name for group in self._world.groups]
        moves, t_s = self._matrix() - self._seen_moves, self._began_s
        for a, b in np.argwhere(moves > 0).tolist():
            yield t_s, "moves.rate", f"{edges[a]}>{edges[b]}", float(moves[a, b]) / width_s
        done = served - self._seen_served
        if self._sites is None:
            for g, e in np.argwhere(done > 0).tolist():
                yield t_s, "served.rate", f"{names[g]}>{edges[e]}", float(done[g, e]) / width_s
        else:
            for site, numbers in self._sites.items():
                for name, count in zip(names, done[:, numbers].sum(axis=1).tolist(), strict=True):
                    if count > 0:
                        yield t_s, "site.served.rate", f"{name}>{site}", count / width_s
        self._closed += 1
        self._remember(served, now)

    def _matrix(self) -> FloatArray:
        return np.array(self._moves, dtype=float).reshape(self._n_told, self._n_told)

    def _remember(self, served: FloatArray, now: float) -> None:
        self._seen_moves, self._seen_served, self._began_s = self._matrix(), served.copy(), now
