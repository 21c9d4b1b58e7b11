"""What hashing policies share: positions of nodes from their names, positions of clients from their identity.

Node positions come from BLAKE2b, so that they are the same in every process and on every machine; client positions
from a fixed mixer of 64 bits, because they are wanted often. May import: nothing of the model. Does not model: any
policy.
"""

from __future__ import annotations

import struct
from hashlib import blake2b

MASK = (1 << 64) - 1
_KEY = 0x5851F42D4C957F2D  # sets the positions of clients apart from the keys that break their ties


def mix64(number: int) -> int:
    """A pseudo-random permutation of 0 .. 2^64 - 1 (the finaliser of splitmix64; Steele, Lea, Flood 2014)."""
    z = (number + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def position_of_client(salt: int) -> int:
    """Where a client stands in 0 .. 2^64 - 1: a hash of the number that it was given when it was made."""
    return mix64(salt ^ _KEY)


def positions_of_node(name: str, n: int, salt: int = 0) -> list[int]:
    """`n` positions of a node in 0 .. 2^64 - 1; asking for more keeps those that there were.

    With another `salt` they are others, as in another deployment: 0 to 2^64 - 1; 0 is none.
    """
    key = struct.pack("<Q", salt) if salt else b""
    positions: list[int] = []
    block = 0
    while len(positions) < n:
        positions += struct.unpack("<8Q", blake2b(f"{name}\0{block}".encode(), key=key).digest())
        block += 1
    return positions[:n]
