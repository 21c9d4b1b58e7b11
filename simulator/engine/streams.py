"""Named random streams: (seed, replication, entity, purpose) -> generator.

Each part draws from streams of its own, keyed by name through SHA-256, so that adding a part never shifts the
draws of another, and two scenarios that share names share draws (common random numbers).

May import: numpy, samplers. Does not model: anything; it only draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from simulator.engine.samplers import FIRST_BLOCK, LARGEST_BLOCK, Blocks, Sampler


class Streams:
    """The random streams of one replication."""

    __slots__ = ("replication", "seed")

    def __init__(self, seed: int, replication: int) -> None:
        self.seed = seed
        self.replication = replication

    def generator(self, entity: str, purpose: str) -> np.random.Generator:
        """The stream of one entity for one purpose; the same names give the same stream, from its start."""
        digest = hashlib.sha256(f"{entity}\0{purpose}".encode()).digest()
        words = np.frombuffer(digest, dtype="<u4").tolist()
        sequence = np.random.SeedSequence([self.seed, self.replication, *words])
        return np.random.Generator(np.random.PCG64(sequence))

    def uniforms(self, entity: str, purpose: str) -> Sampler:
        """Scalar draws, uniform on [0, 1), taken from pre-filled blocks."""
        return uniform_numbers(self.generator(entity, purpose))


def uniform_numbers(rng: np.random.Generator) -> Sampler:
    """Scalar draws, uniform on [0, 1), taken from pre-filled blocks."""
    return Blocks(rng.random)


def whole_numbers(draw_block: Callable[[int], np.ndarray]) -> Callable[[], int]:
    """One whole number a call, from blocks of growing size that `draw_block(n)` fills."""

    def numbers() -> Iterator[int]:
        size = FIRST_BLOCK
        while True:
            yield from draw_block(size).tolist()
            size = min(2 * size, LARGEST_BLOCK)

    return numbers().__next__
