"""Weighted routing with a fixed weight, whatever the SAM says: the control for an adaptive policy."""

from __future__ import annotations

from simulator.routing.adaptive import Adaptive
from simulator.routing.base import RoutingContext, register


@register("static")
class Static(Adaptive):
    """Stay with a fixed probability."""

    needs_manager = False

    def fixed_weight(self, context: RoutingContext) -> float | None:
        """The scenario's."""
        weight = context.settings.weight
        if weight is None:
            raise ValueError("the static policy needs a weight: write routing: {policy: static, weight: 75}")
        return weight
