"""Named random streams: (seed, replication, entity, purpose) -> generator.

Each part draws from streams of its own, keyed by name through SHA-256, so that adding a part never shifts the
draws of another, and two scenarios that share names share draws (common random numbers).

May import: numpy. Does not model: anything; it only draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

_FIRST_BLOCK, _LARGEST_BLOCK = 16, 4096


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

    def uniforms(self, entity: str, purpose: str) -> Callable[[], float]:
        """Scalar draws, uniform on [0, 1), taken from pre-filled blocks."""
        return scalars(self.generator(entity, purpose).random)


def scalars(draw_block: Callable[[int], np.ndarray]) -> Callable[[], float]:
    """One number a call, from blocks of growing size that `draw_block(n)` fills."""

    def numbers() -> Iterator[float]:
        size = _FIRST_BLOCK
        while True:
            yield from draw_block(size).tolist()
            size = min(2 * size, _LARGEST_BLOCK)

    return numbers().__next__
