"""Independent loss: each message is lost with the same probability, whatever happened to the others.

May import: simulator.units and the family's base. Does not model bursts (see gilbert_elliott).
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from simulator.links.base import LossModel, LossProcess, Uniform, register
from simulator.units import Ratio, format_ratio


@register
class Bernoulli(LossModel):
    """Loses each message with probability `ratio` (0..1), independently; written as the ratio alone."""

    kind: Literal["bernoulli"] = "bernoulli"
    ratio: Ratio
    """Probability that a message is lost."""

    @model_validator(mode="before")
    @classmethod
    def _from_ratio_alone(cls, value: object) -> object:
        return {"ratio": value} if isinstance(value, (str, int, float)) else value

    @property
    def independent_ratio(self) -> float:
        """The probability itself."""
        return self.ratio

    @property
    def mean_ratio(self) -> float:
        """The probability itself."""
        return self.ratio

    def process(self, uniform: Uniform) -> LossProcess:
        """One draw for each message; paths draw the gap to the next loss instead (same law)."""
        ratio = self.ratio
        return lambda: uniform() < ratio

    def to_plain(self) -> str:
        """The ratio in per cent."""
        return format_ratio(self.ratio)
