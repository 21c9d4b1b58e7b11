"""Random draws keyed by client: each client owns a sequence, whoever is served first.

One counter-based generator (Philox: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) is
moved to the place (client, session, block) before a block is drawn. So a client's draws depend on no other
client and on nothing the model does, and a million clients cost no memory: there are no generators to keep.

May import: numpy. Does not model: anything; it only draws.
"""

from __future__ import annotations

import numpy as np


class KeyedDraws:
    """A family of independent streams, addressed by three whole numbers below 2**64."""

    __slots__ = ("_bits", "_counter", "_generator", "_state")

    def __init__(self, rng: np.random.Generator) -> None:
        """Take the key of the family from `rng`."""
        self._bits = np.random.Philox(key=rng.integers(0, 2**64, size=2, dtype=np.uint64))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state
        self._counter = self._state["state"]["counter"]

    def at(self, client: int, session: int = 0, block: int = 0) -> np.random.Generator:
        """The generator, moved to the start of a block; it is good until the next call of `at`."""
        counter = self._counter
        counter[0] = 0
        counter[1] = block
        counter[2] = session
        counter[3] = client
        self._bits.state = self._state
        return self._generator
