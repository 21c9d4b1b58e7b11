"""No rule at all: the control for every other model."""

from __future__ import annotations

from simulator.sam.models.base import StickinessModel, register


@register("static")
class Static(StickinessModel):
    """The first weight stays."""

    scores = False
