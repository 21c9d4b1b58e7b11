"""Random quantities: the laws that a scenario may name, their exact means, and fast scalar draws.

A distribution in a scenario is a quantity (a constant) or a mapping with one key, the law. All draws are
non-negative SI floats. The YAML forms live in `simulator.laws.fields`.

May import: numpy, samplers. Does not know scenarios, nor who draws: the generator is always an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Protocol, runtime_checkable

import numpy as np

from simulator.engine.samplers import Blocks, Fixed, Sampler

FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]


@runtime_checkable
class Distribution(Protocol):
    """A law of a non-negative quantity in SI units."""

    @property
    def mean(self) -> float:
        """The exact mean (infinite where the law has none)."""
        ...

    @property
    def is_constant(self) -> bool:
        """Whether every draw is the same."""
        ...

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` independent draws, shape (n,), float64."""
        ...


class _Random:
    """What all laws but the constant share."""

    __slots__ = ()
    is_constant = False


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `value` (infinity is allowed: a TTL that never ends)."""

    value: float

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    @property
    def is_constant(self) -> bool:
        """Always true."""
        return True

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:  # noqa: ARG002 (a constant draws nothing)
        """`n` times the value; nothing is drawn."""
        return np.full(n, self.value)


@dataclass(frozen=True, slots=True)
class Exponential(_Random):
    """Memoryless, with the given mean."""

    mean: float

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return rng.exponential(self.mean, n)


@dataclass(frozen=True, slots=True)
class Uniform(_Random):
    """Uniform on [low, high)."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return rng.uniform(self.low, self.high, n)


@dataclass(frozen=True, slots=True)
class Normal(_Random):
    """Gaussian with location `mu` and scale `sd`, truncated below at `least` by drawing again."""

    mu: float
    sd: float
    least: float = 0.0

    @property
    def accepted(self) -> float:
        """Share of Gaussian draws that are not below `least`."""
        return 0.5 * math.erfc((self.least - self.mu) / (self.sd * math.sqrt(2)))

    @property
    def mean(self) -> float:
        """Mean after truncation: mu + sd * phi(a) / (1 - Phi(a)), a = (least - mu) / sd."""
        density = NormalDist().pdf((self.least - self.mu) / self.sd)
        return self.mu + self.sd * density / self.accepted

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws, each redrawn until it is not below `least`."""
        out = rng.normal(self.mu, self.sd, n)
        below = np.flatnonzero(out < self.least)
        while below.size:
            out[below] = rng.normal(self.mu, self.sd, below.size)
            below = below[out[below] < self.least]
        return out


@dataclass(frozen=True, slots=True)
class Lognormal(_Random):
    """exp of a Gaussian: `median` and the Gaussian's `sigma`."""

    median: float
    sigma: float

    @property
    def mean(self) -> float:
        """Median times exp(sigma**2 / 2)."""
        return self.median * math.exp(self.sigma**2 / 2)

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        draws: FloatArray = np.exp(self.sigma * rng.standard_normal(n))
        draws *= self.median
        return draws


@dataclass(frozen=True, slots=True)
class Gamma(_Random):
    """Gamma by mean and coefficient of variation `cv` (shape 1/cv**2)."""

    mean: float
    cv: float

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return rng.gamma(1 / self.cv**2, self.mean * self.cv**2, n)


@dataclass(frozen=True, slots=True)
class Erlang(_Random):
    """Sum of `k` exponentials, with the given mean of the sum."""

    k: int
    mean: float

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return rng.gamma(self.k, self.mean / self.k, n)


@dataclass(frozen=True, slots=True)
class Hyperexponential(_Random):
    """With probability `weights[i]` an exponential of mean `means[i]`; the weights sum to 1."""

    weights: tuple[float, ...]
    means: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The weighted mean."""
        return math.fsum(w * m for w, m in zip(self.weights, self.means, strict=True))

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        edges = np.cumsum(self.weights)
        branch = np.searchsorted(edges, rng.random(n) * edges[-1], side="right")
        means: FloatArray = np.asarray(self.means)[np.minimum(branch, len(self.means) - 1)]
        return rng.standard_exponential(n) * means


@dataclass(frozen=True, slots=True)
class Pareto(_Random):
    """P(X > x) = (least / x)**alpha for x >= least."""

    least: float
    alpha: float

    @property
    def mean(self) -> float:
        """Infinite for alpha <= 1."""
        return self.least * self.alpha / (self.alpha - 1) if self.alpha > 1 else math.inf

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return self.least * (1 + rng.pareto(self.alpha, n))


@dataclass(frozen=True, slots=True)
class Weibull(_Random):
    """P(X > x) = exp(-(x / scale)**shape)."""

    scale: float
    shape: float

    @property
    def mean(self) -> float:
        """Scale times Gamma(1 + 1/shape)."""
        return self.scale * math.gamma(1 + 1 / self.shape)

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return self.scale * rng.weibull(self.shape, n)


@dataclass(frozen=True, slots=True, eq=False)
class Empirical(_Random):
    """Draws with replacement from measured values, read from the first column of a CSV file."""

    path: Path
    values: FloatArray = field(repr=False)
    digest: str
    """sha256 of the file, so that a scenario's hash follows its data."""

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return float(self.values.mean())

    def sample(self, rng: np.random.Generator, n: int) -> FloatArray:
        """`n` draws."""
        return self.values[rng.integers(0, len(self.values), n)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Empirical) and other.digest == self.digest

    def __hash__(self) -> int:
        return int(self.digest[:15], 16)


def sampler(dist: Distribution, rng: np.random.Generator, scale: float = 1.0) -> Sampler:
    """Scalar draws of `scale * dist`: each call of it (or of its `next`) is one.

    A constant repeats; else blocks are drawn ahead, 16 growing to 4096.
    The draws depend on `rng` alone, so whoever owns the generator owns the sequence.
    """
    if dist.is_constant:
        return Fixed(dist.mean * scale)

    def block(n: int) -> FloatArray:
        drawn = dist.sample(rng, n)
        return np.asarray(drawn * scale if scale != 1.0 else drawn, dtype=np.float64)

    return Blocks(block)
