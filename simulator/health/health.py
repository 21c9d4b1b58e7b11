"""The health checks of one world: its probes, counts and ejections, and what it knows of edges that come and go.

May import: its parts. Does not know the scenario language (see `simulator.build.health`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.health.account import Account
    from simulator.health.active import ActiveChecks
    from simulator.health.belief import Belief
    from simulator.health.ejections import Ejections
    from simulator.health.passive import Passive


@dataclass(slots=True)
class Health:
    """What may be off is None."""

    account: Account
    belief: Belief
    active: ActiveChecks | None = None
    passive: Passive | None = None
    ejections: Ejections | None = None

    def joined(self, edge: int) -> None:
        """An edge joins, this instant."""
        if self.active is not None:
            self.active.join(edge)
        self.belief.join(edge, checked=self.active is not None)

    def left(self, edge: int) -> None:
        """An edge goes, this instant: nobody watches it any more."""
        self.account.touch()
        if self.active is not None:
            self.active.leave(edge)
        if self.ejections is not None:
            self.ejections.leave(edge)

    def metrics(self, edges: Sequence[str], begin_s: float, end_s: float) -> dict[str, float]:
        """What the checks did in [begin, end), by the names of metrics; `edges` are the edges' names."""
        result = self.account.shares()
        began = [] if self.ejections is None else self.ejections.began
        counts = [0] * len(edges)
        for t_s, edge in began:
            counts[edge] += begin_s <= t_s < end_s
        result["ejections.rate"] = sum(counts) / (end_s - begin_s)
        for name, count in zip(edges, counts, strict=True):
            result[f"ejections.rate[{name}]"] = count / (end_s - begin_s)
        return result
