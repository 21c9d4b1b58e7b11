"""Where clients live whose group is spread around its site: the very places that the run gave them.

May import random streams and geography. Of large groups the first clients stand for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simulator.engine.streams import Streams
from simulator.geography.geo import position_stream, spread_positions
from simulator.units import parse_distance

MOST_HOMES: Final = 400
Homes = dict[str, list[tuple[float, float]]]


def homes_of(resolved: Mapping[str, Any], seed: int, replication: int) -> Homes:
    """By client group: (latitude, longitude) in degrees of its first clients, in the order of their numbers.

    Groups that stand at their site are left out, and all where the network knows no distance.
    """
    sites, network = resolved.get("sites") or {}, resolved.get("network") or {}
    if not isinstance(network.get("geo"), Mapping):
        return {}
    found: Homes = {}
    for name, group in (resolved.get("clients") or {}).items():
        place, spread_m = sites.get(group.get("site")), parse_distance(str(group.get("spread") or "0m"))
        if place is None or spread_m <= 0.0:
            continue
        count = group.get("count")
        drawn = min(MOST_HOMES, count) if isinstance(count, int) else MOST_HOMES
        stream = position_stream(Streams(seed, replication), name)
        lat, lon = spread_positions(stream, float(place["lat"]), float(place["lon"]), spread_m, drawn)
        found[name] = list(zip(lat.tolist(), lon.tolist(), strict=True))
    return found
