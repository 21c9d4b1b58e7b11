"""A standby that stands at a site of its own: what changes when it takes over.

May import: the questions of a core. Does not model: how it learns what it must know (see `simulator.server.core`), or
when it takes over (see `simulator.world.heartbeats`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.links import Link
    from simulator.server.questions import Questions


class StandbyPlace:
    """Where the node of a shard is that does not serve, and its links.

    Args:
        site: its site.
        from_edges, to_edges: its links, by edge.
        storage_legs: its links to storage and back, where there are any.
        hears_after_s: how long a heartbeat takes from the node that serves, in seconds.
        heard_after_s: the same the other way round.
    """

    def __init__(
        self,
        site: str,
        from_edges: Sequence[Link],
        to_edges: Sequence[Link],
        storage_legs: tuple[Link, Link] | None,
        hears_after_s: float,
        heard_after_s: float,
    ) -> None:
        self.site: str | None = site
        self.hears_after_s = hears_after_s
        self._heard_after_s = heard_after_s
        self._from_edges = list(from_edges)
        self._to_edges = list(to_edges)
        self._storage_legs = storage_legs

    def trade(self, core: Questions) -> None:
        """The node at this place serves from now on, and the other one is its standby, where it was."""
        core.site, self.site = self.site, core.site
        core.to_edge, self._to_edges = self._to_edges, core.to_edge
        core.storage_legs, self._storage_legs = self._storage_legs, core.storage_legs
        for number, asker in enumerate(core.askers):
            self._from_edges[number] = asker.reroute(core.index, self._from_edges[number])
        self.hears_after_s, self._heard_after_s = self._heard_after_s, self.hears_after_s
