"""A flash crowd on a schedule: a Poisson process whose rate is multiplied for a while.

May import: pydantic, the specs' field types, its siblings. Does not model: crowds that react to slowness (see
closed), nor crowds as faults, which `set_factor` brings to every kind.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.laws.fields import RateDist
from simulator.units import Duration, Factor, PositiveDuration
from simulator.workloads.base import Source, SourceContext, WorkloadSpec, register
from simulator.workloads.poisson import poisson_source
from simulator.workloads.profile import Steps


@register
class Spike(WorkloadSpec):
    """`{kind: spike, rate: R, factor: 8, at: 5min, for: 1min}`: `factor` times `rate` in [at, at + for)."""

    kind: Literal["spike"]
    rate: RateDist
    """Requests per second of one client outside the spike; a distribution is drawn once per client."""
    factor: Factor
    """Rate in the spike over `rate`; below 1 it is a lull."""
    at: Duration
    """Start of the spike in seconds."""
    for_: PositiveDuration = Field(alias="for")
    """Length of the spike in seconds."""

    def build(self, context: SourceContext) -> Source:
        """Poisson processes under the common profile."""
        profile = Steps((0.0, self.at, self.at + self.for_), (1.0, self.factor, 1.0))
        return poisson_source(context, self.rate, profile)
