"""Laws: random quantities, how a scenario writes them, and the fields that hold them."""

from simulator.laws.distributions import Distribution, sampler
from simulator.laws.fields import DurationDist, RateDist, SizeDist

__all__ = ["Distribution", "DurationDist", "RateDist", "SizeDist", "sampler"]
