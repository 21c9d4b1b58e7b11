"""Snapshots of everything that a world counts; the difference of two is what happened between them.

May import: numpy, the world's parts (to read them). Changes nothing: results are the same however often it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.links.counters import PathCounters

if TYPE_CHECKING:
    from simulator.nodes.core import CoreNode
    from simulator.nodes.edge import EdgeNode
    from simulator.world import World

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

EDGE_COLUMNS = (
    "arrivals", "visits", "waited", "refused", "wasted", "lookups", "hits", "delayed", "stale_reads", "wait_sum_s",
    "sojourn_sum_s", "fetches", "fetch_sum_s", "core_link_sum_s",
)  # fmt: skip
LEASE_COLUMNS = ("sent", "messages", "renewed", "answered", "lost", "lapses", "idle_lapses")
CORE_COLUMNS = ("received", "lookups", "hits", "expired", "invalidations", "wait_sum_s", "reply_link_sum_s")
GROUP_COLUMNS = (
    "issued", "ended", "routed", "answered", "attempts_ended", "left", "migrations", "runs", "late", "establishments",
    "sessions_begun", "rtt_sum_s", "loss_sum", "goodput_sum", "bytes_moved", "ok",
    "retry_sum_s", "establish_sum_s",
)  # fmt: skip
NO_COUNTS = PathCounters(0, 0, 0, 0, 0, 0, 0.0)


@dataclass(slots=True)
class Snapshot:
    """Cumulative counts at `t_s`. Arrays have one row an edge, core or group.

    `in_system_s`, `busy_s` and `sessions_s` are time integrals (seconds x number) of what is in an edge, what is in
    service, and a group's open sessions.
    """

    t_s: float
    edges: FloatArray
    edge_misses: FloatArray
    in_system_s: FloatArray
    busy_s: FloatArray
    leases: FloatArray
    cores: FloatArray
    core_misses: FloatArray
    core_busy_s: FloatArray
    groups: FloatArray
    links: dict[str, PathCounters]
    storage: FloatArray
    sessions_s: FloatArray


def snapshot(world: World) -> Snapshot:
    """Read all counters of a world now."""
    now = world.kernel.now
    edges, cores = world.edges, world.cores
    tables = [edge.leases for edge in edges if edge.leases is not None]
    return Snapshot(
        t_s=now,
        edges=_rows(edges, EDGE_COLUMNS),
        edge_misses=np.array([edge.misses for edge in edges], dtype=float),
        in_system_s=np.array([_area(edge.in_system, edge.arrival_sum_s, edge.departure_sum_s, now) for edge in edges]),
        busy_s=np.array([_busy(edge, now) for edge in edges]),
        leases=_rows(tables, LEASE_COLUMNS),
        cores=_rows(cores, CORE_COLUMNS),
        core_misses=np.array([core.misses for core in cores], dtype=float),
        core_busy_s=np.array([_busy(core, now) for core in cores]),
        groups=_rows(world.groups, GROUP_COLUMNS),
        links=_links(world),
        storage=np.array([world.storage.reads, world.storage.writes, world.storage.read_sum_s], dtype=float),
        sessions_s=np.array([group.sessions_s for group in world.groups]),
    )


def _rows(things: object, columns: tuple[str, ...]) -> FloatArray:
    rows = [[getattr(thing, column) for column in columns] for thing in things]  # type: ignore[attr-defined]
    return np.array(rows, dtype=float).reshape(len(rows), len(columns))


def _area(present: int, began_sum_s: float, ended_sum_s: float, now: float) -> float:
    """Integral of a number present, from the sums of the times at which each began and ended."""
    return present * now - (began_sum_s - ended_sum_s)


def _busy(node: EdgeNode | CoreNode, now: float) -> float:
    return _area(node.busy, node.start_sum_s, node.departure_sum_s, now)


def _links(world: World) -> dict[str, PathCounters]:
    """Counts by kind of link, such as "client>edge"."""
    totals: dict[str, PathCounters] = {}
    for path, source, target in world.paths:
        kind = f"{source.role}>{target.role}"
        totals[kind] = totals.get(kind, NO_COUNTS).plus(path.counters())
    return totals
