"""Metrics of crashes: time until detection and recovery, and the share of the time that nodes were up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.observe.window import NAN, Values

if TYPE_CHECKING:
    from simulator.server.balancer import Balancer
    from simulator.server.core import CoreNode
    from simulator.server.edge import EdgeNode
    from simulator.world.world import World


def failover(world: World, width_s: float) -> Values:
    """All of them, for a measured window of so many seconds."""
    result: Values = {}
    for name, values in (("detection", world.detections_s), ("recovery", world.recoveries_s)):
        if values:
            result[f"failover.{name}.mean"] = math.fsum(values) / len(values)
            result[f"failover.{name}.max"] = max(values)
    if world.crashed_s or world.down_s or world.sessions_moved:
        result["failover.sessions_moved"] = float(world.sessions_moved)
    return result | _availability(world, width_s)


def _availability(world: World, width_s: float) -> Values:
    result: Values = {}
    down_s = {**world.down_s}
    for name, since_s in world.crashed_s.items():
        down_s[name] = down_s.get(name, 0.0) + world.measured_s(since_s, world.duration_s)
    shares: list[float] = []  # of the kinds of nodes that crashed
    kinds: tuple[Sequence[EdgeNode | CoreNode | Balancer], ...] = (world.edges, world.cores, world.balancers)
    for names in ([node.name for node in kind] for kind in kinds):
        for name in names if any(name in down_s for name in names) else ():
            existed = world.existed(name)
            share = 1.0 - down_s.get(name, 0.0) / (width_s * existed) if existed > 0.0 else NAN
            result[f"node.availability[{name}]"] = share
            if existed > 0.0:
                shares.append(share)
    total = 0.0
    for share in shares:
        total += share
    result["node.availability"] = total / len(shares) if shares else 1.0
    return result
