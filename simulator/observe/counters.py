"""Snapshots of everything that a world counts; the difference of two is what happened between them.

May import: numpy, the world's parts (to read them). Changes nothing: results are the same however often it looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from simulator.links.counters import PathCounters

if TYPE_CHECKING:
    from simulator.world.world import World

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

EDGE_COLUMNS = (
    "arrivals", "visits", "waited", "refused", "wasted", "lookups", "hits", "delayed", "stale_reads", "wait_sum_s",
    "sojourn_sum_s", "fetches", "fetch_sum_s", "core_link_sum_s",
)  # fmt: skip
LEASE_COLUMNS = ("sent", "messages", "renewed", "answered", "lost", "lapses", "idle_lapses")
CORE_COLUMNS = ("received", "lookups", "hits", "invalidations", "wait_sum_s", "reply_link_sum_s")
_GROUP_COUNTERS = (  # of a group, its moves between edges, and what nodes count of it
    "issued", "ended", "moves.routed", "answered", "attempts_ended", "moves.left", "moves.migrations",
    "moves.first_stops", "moves.turns", "late", "establishments",
    "sessions_begun", "rtt_sum_s", "loss_sum", "bandwidths", "bandwidth_sum", "bytes_moved", "ok", "denied",
    "retry_sum_s", "establish_sum_s", "tally.lookups", "tally.hits", "tally.delayed", "tally.stale_reads",
    "bytes_answered", "moves.moved_back",
)  # fmt: skip
GROUP_COLUMNS = tuple(name.rpartition(".")[2] for name in _GROUP_COUNTERS)
BALANCER_COLUMNS = ("arrivals", "sent", "retries", "wait_sum_s")
_BUSY = ("busy", "start_sum_s", "departure_sum_s")  # a number present, sums of the times at which each began and ended
_SERVING = ("busy", "busy_start_sum_s", "busy_end_sum_s")
_PRESENT = ("in_system", "arrival_sum_s", "departure_sum_s")
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
    storage: FloatArray
    sessions_s: FloatArray
    bytes_between_sites: float
    balancers: FloatArray
    balancer_retries: FloatArray
    balancer_busy_s: FloatArray


def snapshot(world: World) -> Snapshot:
    """Read all counters of a world now, but those of its links."""
    now = world.kernel.now
    edges, cores = world.edges, world.cores
    tables = [edge.leases for edge in edges if edge.leases is not None]
    return Snapshot(
        t_s=now,
        edges=_rows(edges, EDGE_COLUMNS),
        edge_misses=np.array([edge.misses for edge in edges], dtype=float),
        in_system_s=_area(_rows(edges, _PRESENT), now),
        busy_s=_area(_rows(edges, _BUSY), now),
        leases=_rows(tables, LEASE_COLUMNS),
        cores=_rows(cores, CORE_COLUMNS),
        core_misses=np.array([core.misses for core in cores], dtype=float),
        core_busy_s=_area(_rows(cores, _BUSY), now),
        groups=_rows(world.groups, _GROUP_COUNTERS),
        storage=np.array([world.storage.reads, world.storage.writes, world.storage.read_sum_s], dtype=float),
        sessions_s=np.array([group.sessions_s for group in world.groups]),
        bytes_between_sites=sum(link.bytes_sent for link in world.between_sites),
        balancers=_rows(world.balancers, BALANCER_COLUMNS),
        balancer_retries=np.array([one.retried_after for one in world.balancers], dtype=float),
        balancer_busy_s=_area(_rows(world.balancers, _SERVING), now),
    )


def link_counts(world: World) -> dict[str, PathCounters]:
    """Cumulative counts by kind of link, such as "client>edge". It asks thousands of paths: not for every window."""
    totals: dict[str, PathCounters] = {}
    for path, source, target in world.paths:
        kind = f"{source.role}>{target.role}"
        totals[kind] = totals.get(kind, NO_COUNTS).plus(path.counters())
    return totals


def _rows(things: Iterable[object], columns: tuple[str, ...]) -> FloatArray:
    """One row a thing, one column an attribute (at least two)."""
    flat = chain.from_iterable(map(attrgetter(*columns), things))
    return np.fromiter(flat, dtype=float).reshape(-1, len(columns))


def _area(rows: FloatArray, now: float) -> FloatArray:
    """Integrals of a number present, from the sums of the times at which each began and ended."""
    present, began_sum_s, ended_sum_s = rows.T
    areas: FloatArray = present * now - (began_sum_s - ended_sum_s)
    return areas
