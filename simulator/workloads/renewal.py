"""Renewal arrivals: independent gaps of any law between the requests of a client.

Ordinary, not stationary: a session's first request comes one whole gap after the session begins, and a new
session begins anew. Clients that open together with a constant gap stay in step; `session.start` spreads
them.

May import: the specs' field types, its siblings. Does not model: correlation between gaps (see mmpp).
"""

from __future__ import annotations

from typing import Literal

from simulator.laws.fields import PositiveDurationDist
from simulator.workloads.base import Source, SourceContext, WorkloadSpec, register
from simulator.workloads.individual import RenewalAgents


@register
class Renewal(WorkloadSpec):
    """`{kind: renewal, interarrival: DIST}`."""

    kind: Literal["renewal"]
    interarrival: PositiveDurationDist
    """Seconds between two requests of a client."""

    def build(self, context: SourceContext) -> Source:
        """One process for each open client."""
        return RenewalAgents(context, self.interarrival)
