"""The published rule with a fourth term: how busy the current edge is."""

from __future__ import annotations

import numpy as np
from pydantic import model_validator

from simulator.plugins.spec import Spec
from simulator.sam.models.base import Seen, StickinessModel, register
from simulator.sam.rule import FloatArray
from simulator.units import Number, QuantityError, Ratio


@register("load_aware")
class LoadAware(StickinessModel):
    """The published terms, and one of the current edge's utilisation over the window.

    Above 80 % -10, below 50 % +5; exactly at a threshold nothing. An edge of unlimited workers adds nothing. Edges tell
    the SAM how busy they are without a message.
    """

    by_load = True

    class Settings(Spec):
        """Thresholds and steps of the fourth term."""

        utilisation_low: Ratio = 0.5
        """Below this utilisation of the current edge the weight grows."""
        utilisation_high: Ratio = 0.8
        """Above this utilisation it shrinks."""
        utilisation_low_step: Number = 5.0
        """Added below utilisation_low."""
        utilisation_high_step: Number = -10.0
        """Added above utilisation_high."""

        @model_validator(mode="after")
        def _in_order(self) -> LoadAware.Settings:
            if self.utilisation_low > self.utilisation_high:
                raise QuantityError("utilisation_low is above utilisation_high", "swap them").inside("utilisation_low")
            return self

    settings: Settings

    def weights(self, seen: Seen) -> FloatArray:
        """The rule's, from the base and the fourth term."""
        start = self.rule.base + self.term(seen.utilisation())
        return self.rule.weights(start, seen.latency_s, seen.rate_per_s, seen.error_ratio)

    def term(self, utilisation: FloatArray) -> FloatArray:
        """What utilisations (ratios) add; NaN adds 0."""
        limits = self.settings
        low: FloatArray = np.where(utilisation < limits.utilisation_low, limits.utilisation_low_step, 0.0)
        return low + np.where(utilisation > limits.utilisation_high, limits.utilisation_high_step, 0.0)
