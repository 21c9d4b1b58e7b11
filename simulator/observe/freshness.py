"""How fresh answers out of L1 were, and what invalidation cost in messages.

Given only in worlds where something that L1 holds can change and be read, or where edges are told of changes; elsewhere
no read is stale and nothing is sent. May import: the counters' columns, the world (to read it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.observe.counters import CORE_COLUMNS, EDGE_COLUMNS, GROUP_COLUMNS, FloatArray

if TYPE_CHECKING:
    from simulator.world.world import World

_STALE, _HITS = EDGE_COLUMNS.index("stale_reads"), EDGE_COLUMNS.index("hits")
_GROUP_STALE, _GROUP_HITS = GROUP_COLUMNS.index("stale_reads"), GROUP_COLUMNS.index("hits")
_SENT = CORE_COLUMNS.index("invalidations")


def freshness(
    world: World, edges: FloatArray, groups: FloatArray, cores: FloatArray, width_s: float
) -> dict[str, float]:
    """Metrics from the counts of a window: one row per edge, group and core, one column per counter."""
    if not (world.edges[0].track_data or world.edges[0].track_reads or world.cores[0].policy.invalidate):
        return {}
    result = _stale("", edges[:, _STALE].sum(), edges[:, _HITS].sum())
    for edge, row in zip(world.edges, edges, strict=True):
        result |= _stale(f"[{edge.name}]", row[_STALE], row[_HITS])
    for group, row in zip(world.groups, groups, strict=True):
        result |= _stale(f"[{group.name}]", row[_GROUP_STALE], row[_GROUP_HITS])
        result[f"stale_reads.rate[{group.name}]"] = float(row[_GROUP_STALE]) / width_s
    result["invalidations.rate"] = float(cores[:, _SENT].sum()) / width_s
    for core, row in zip(world.cores, cores, strict=True):
        result[f"invalidations.rate[{core.name}]"] = float(row[_SENT]) / width_s
    return result


def _stale(label: str, stale: float, hits: float) -> dict[str, float]:
    return {f"stale_reads.ratio{label}": float(stale / hits) if hits else float("nan")}
