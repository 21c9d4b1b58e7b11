"""The published rule's terms, added up from scoring to scoring."""

from __future__ import annotations

from simulator.sam.models.base import Seen, StickinessModel, register
from simulator.sam.rule import FloatArray


@register("cumulative")
class Cumulative(StickinessModel):
    """The published terms from the previous weight, so that 0 and 100 are reached."""

    def weights(self, seen: Seen) -> FloatArray:
        """The rule's, from the previous ones."""
        return self.rule.weights(seen.previous, seen.latency_s, seen.rate_per_s, seen.error_ratio)
