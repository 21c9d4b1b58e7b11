"""Poisson arrivals: memoryless, at a constant rate for each client, or one total dealt out by popularity.

With a fixed population the clients' processes are superposed (exact: a Poisson process of the total rate
whose arrivals are dealt independently in proportion to the rates *is* the set of independent Poisson
processes).

May import: numpy, pydantic, the specs' field types, its siblings. Does not model: correlation between
clients.
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from simulator.laws.distributions import Distribution
from simulator.laws.fields import RateDist
from simulator.plugins.spec import Spec
from simulator.units import Number, Rate
from simulator.workloads.base import FloatArray, Source, SourceContext, WorkloadSpec, register
from simulator.workloads.individual import PoissonAgents
from simulator.workloads.profile import FLAT, Profile
from simulator.workloads.superposed import Superposed


class Popularity(Spec):
    """How a total rate is shared: the client of rank k (from 1) gets a share proportional to k**-zipf."""

    zipf: Number = Field(ge=0, le=100)
    """The exponent: 0 for equal shares, about 0.8 for what the web shows."""

    def shares(self, population: int) -> FloatArray:
        """Shares of clients 0 (the most popular), 1, ...; shape (population,), summing to 1."""
        weights = np.arange(1, population + 1, dtype=np.float64) ** -self.zipf
        shares: FloatArray = weights / weights.sum()
        return shares


@register
class Poisson(WorkloadSpec):
    """`{kind: poisson, rate}`, of each client; or `{total_rate, popularity: {zipf: a}}`, of the group."""

    kind: Literal["poisson"]
    rate: RateDist | None = None
    """Requests per second of one client; a distribution is drawn once per client."""
    total_rate: Rate | None = None
    """Requests per second of the whole group, dealt to its clients by `popularity`."""
    popularity: Popularity | None = None
    """How `total_rate` is dealt; left out: equally."""

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.rate is None) == (self.total_rate is None):
            raise ValueError("poisson takes either rate (of each client) or total_rate (of the group)")
        if self.popularity is not None and self.total_rate is None:
            raise ValueError("popularity deals out a total: write total_rate in place of rate")
        return self

    def build(self, context: SourceContext) -> Source:
        """Superposed for a fixed population, one process per open client else.

        Raises:
            ValueError: `total_rate` without a fixed population to deal it to.
        """
        if self.rate is not None:
            return poisson_source(context, self.rate, FLAT)
        if context.population is None or self.total_rate is None:
            raise ValueError(f"clients {context.group}: total_rate needs a count of clients to be dealt to")
        if self.popularity is None:
            return Superposed(context, self.total_rate / max(context.population, 1))
        return Superposed(context, self.total_rate * self.popularity.shares(context.population))


def poisson_source(context: SourceContext, rate: Distribution, shape: Profile) -> Source:
    """Poisson processes with the intensity `rate_i * shape(t)`, one for each client.

    Args:
        context: the place of the source.
        rate: mean rate per second; drawn once per client.
        shape: relative intensity over time, common to all clients.
    """
    if context.population is None:
        return PoissonAgents(context, rate, shape)
    if rate.is_constant:
        return Superposed(context, rate.mean, shape)
    with np.errstate(over="ignore"):  # an infinite rate is refused by Superposed
        rates = rate.sample(context.rng("rates"), context.population)
    return Superposed(context, rates, shape)
