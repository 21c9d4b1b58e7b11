"""The published rule: from the base every time."""

from __future__ import annotations

from simulator.sam.models.base import Seen, StickinessModel, register
from simulator.sam.rule import FloatArray


@register("published")
class Published(StickinessModel):
    """From the base every time: terms of latency, rate and errors."""

    def weights(self, seen: Seen) -> FloatArray:
        """The rule's."""
        return self.rule.weights(self.rule.base, seen.latency_s, seen.rate_per_s, seen.error_ratio)
