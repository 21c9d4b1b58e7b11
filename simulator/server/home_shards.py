"""Sessions at the core shards nearest to their clients: `shard_by: site`.

Wherever a session is known its shard is its number modulo the number of shards. So a session that is to stand at a
certain shard is given a number that says so; nobody else needs to know. May import: nothing of the model. Does not
model: sessions that change their shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SAME_S: Final = 1e-9  # latencies closer than this are a tie

Homes = tuple[int, ...]
"""The shards that are nearest to a client, in order."""


class HomeShards:
    """Which shards are near, and the next number of a session at each of them.

    Args:
        sites: of the shards, in order.
    """

    def __init__(self, sites: Sequence[str | None]) -> None:
        self.sites = list(sites)
        self._numbers = [0] * len(self.sites)  # of sessions that each shard was given
        self._turns: dict[Homes, int] = {}

    def nearest(self, own: str | None, expected_s: Sequence[float]) -> Homes:
        """The shards nearest to a client at a site, given the expected latency to each (seconds).

        Of shards that are equally far those at its own site are nearer.
        """
        least_s = min(expected_s) + _SAME_S
        near = [shard for shard, latency_s in enumerate(expected_s) if latency_s <= least_s]
        return tuple(shard for shard in near if self.sites[shard] == own) or tuple(near)

    def next_number(self, homes: Homes) -> int:
        """The number of a new session whose client has these homes, which take turns."""
        turn = self._turns.get(homes, 0)
        self._turns[homes] = turn + 1
        shard = homes[turn % len(homes)]
        number = self._numbers[shard] * len(self.sites) + shard
        self._numbers[shard] += 1
        return number
