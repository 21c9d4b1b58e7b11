"""Where answered requests were served: an edge and a tier in one whole number, as client groups note them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.messages import Tier

TIER_BITS: Final = 3
"""The lowest bits of a code are the tier; those above, the edge's number."""
PER_EDGE: Final = 1 << TIER_BITS


def edges_and_tiers(codes: NDArray[np.integer[Any]]) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
    """The number of the edge and the tier of each code."""
    return codes >> TIER_BITS, codes & (PER_EDGE - 1)


def counted(codes: NDArray[np.integer[Any]], n_edges: int) -> NDArray[np.integer[Any]]:
    """How many codes there are of each edge (rows) and tier (columns)."""
    every = np.bincount(codes, minlength=PER_EDGE * n_edges)
    return every.reshape(n_edges, PER_EDGE)[:, : len(Tier)]
