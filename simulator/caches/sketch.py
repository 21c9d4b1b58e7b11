"""How often was a key used of late? A count-min sketch that ages. Imports the standard library only.

Source: G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM
Transactions on Storage 13(4), 2017, section 3; sizes as in Caffeine's FrequencySketch. Not modelled: the
doorkeeper (Caffeine has none either). Digests do not come from the built-in ``hash``, which differs between
processes for strings.
"""

from __future__ import annotations

from collections.abc import Hashable
from zlib import crc32

_MASK_64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MOST = 15  # counters of four bits
_HALVED = bytes(count >> 1 for count in range(256))


def digest(key: Hashable, seed: int) -> int:
    """A 64-bit digest of ``key``, the same in every process: splitmix64 (Steele, Lea, Flood, OOPSLA 2014).

    Args:
        key: an int, a string, bytes, or a tuple of such.
        seed: another seed, another digest.

    Raises:
        TypeError: a key of another type, which has no digest that is sure to be reproducible.
    """
    if isinstance(key, int):
        x = int(key)
    elif isinstance(key, str):
        x = crc32(key.encode("utf-8", "surrogatepass"))
    elif isinstance(key, bytes):
        x = crc32(key)
    elif isinstance(key, tuple):
        x = len(key)
        for part in key:
            x = digest(part, x)
    else:
        raise TypeError(f"a key of this policy must be an int, a string, bytes or a tuple, not {key!r}")
    x = (x + seed * _GOLDEN + _GOLDEN) & _MASK_64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK_64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK_64
    return x ^ (x >> 31)


class FrequencySketch:
    """Approximate use counts (0..15) of any number of keys in 16 to 32 bytes a cache entry.

    Four rows of counters; a key has one counter in each, at places derived from its digest (Kirsch and
    Mitzenmacher, "Less hashing, same performance", 2008). After ten uses an entry of the cache, every count
    is halved: old popularity fades.
    """

    __slots__ = ("_left", "_mask", "_rows", "_sample", "_seed")

    def __init__(self, capacity: int, seed: int) -> None:
        width = 1 << max(4, (4 * capacity - 1).bit_length())
        self._mask = width - 1
        self._rows = [bytearray(width) for _ in range(4)]
        self._sample = 10 * capacity
        self._left = self._sample  # uses until the next halving
        self._seed = seed

    def add(self, key: Hashable) -> None:
        """Count one more use of ``key``."""
        mask = self._mask
        place = digest(key, self._seed)
        step = place >> 32 | 1
        grown = False
        for row in self._rows:
            at = place & mask
            count = row[at]
            if count < _MOST:
                row[at] = count + 1
                grown = True
            place += step
        if grown:
            self._left -= 1
            if not self._left:
                self._rows = [row.translate(_HALVED) for row in self._rows]
                self._left = self._sample - self._sample // 2

    def count(self, key: Hashable) -> int:
        """How often ``key`` was used of late: never too low but for halvings, at most 15."""
        mask = self._mask
        place = digest(key, self._seed)
        step = place >> 32 | 1
        least = _MOST
        for row in self._rows:
            least = min(least, row[place & mask])
            place += step
        return least

    def clear(self) -> None:
        """Forget every count."""
        self._rows = [bytearray(len(row)) for row in self._rows]
        self._left = self._sample
