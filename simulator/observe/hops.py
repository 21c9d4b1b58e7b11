"""Where the time of a request goes, hop by hop, from sums that actors keep anyway.

The mean latency of ok requests is taken apart: the network between client and edge, the edge's queue and service,
the way to the core and back, the core's queue and service, storage, earlier tries that failed, and what is left over
(waiting for another's fetch, for an answer that was lost, for the session to be established). May import: counters.
Does not follow single requests (a trace does): hops are means over all visits, so in a window in which much fails
they and the latency of what succeeded are not of quite the same requests.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.observe.counters import CORE_COLUMNS, EDGE_COLUMNS, GROUP_COLUMNS, FloatArray, Snapshot

if TYPE_CHECKING:
    from simulator.world.world import World


def hop_means(world: World, first: Snapshot, last: Snapshot, mean_latency_s: float, ok: float) -> dict[str, float]:
    """Mean seconds a request spent in each of HOPS between two snapshots; empty where nothing was answered.

    They sum to `mean_latency_s` (of `ok` requests), unless failed requests used so much that nothing is left over.
    """
    edges, cores = last.edges - first.edges, last.cores - first.cores
    groups = _named(GROUP_COLUMNS, (last.groups - first.groups).sum(axis=0))
    edge, core = _named(EDGE_COLUMNS, edges.sum(axis=0)), _named(CORE_COLUMNS, cores.sum(axis=0))
    visits, answered = edge["visits"], groups["answered"]
    if not ok or not visits or not answered:
        return {}
    fetch_column = EDGE_COLUMNS.index("fetch_sum_s")
    held_s = sum(edges[node.index, fetch_column] for node in world.edges if node.policy.hold_worker)
    received = core["received"] or 1.0
    share = edge["fetches"] / visits  # fetches a visit
    link_s = (edge["core_link_sum_s"] + core["reply_link_sum_s"]) / visits
    queue_s = share * core["wait_sum_s"] / received
    service_s = share * (last.core_busy_s - first.core_busy_s).sum() / received
    found = {
        "client_link": groups["rtt_sum_s"] / answered,
        "edge_queue": edge["wait_sum_s"] / visits,
        "edge_service": max(0.0, (edge["sojourn_sum_s"] - edge["wait_sum_s"] - held_s) / visits),
        "core_link": link_s,
        "core_queue": queue_s,
        "core_service": service_s,
        "storage": (last.storage - first.storage)[2] / visits,
        "retries": groups["retry_sum_s"] / ok,
    }
    found["other"] = max(0.0, mean_latency_s - math.fsum(found.values()))
    return {hop: float(seconds) for hop, seconds in found.items()}


def _named(columns: tuple[str, ...], row: FloatArray) -> dict[str, float]:
    return dict(zip(columns, row.tolist(), strict=True))
