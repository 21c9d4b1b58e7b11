"""Where the time of a request goes, hop by hop, from sums that actors keep anyway.

The mean latency of ok requests is taken apart: the network between client and edge, the edge's queue and service,
the way to the core and back, the core's queue and service, storage, earlier tries that failed, and what is left over
(waiting for another's fetch, for an answer that was lost, for the session to be established).
Does not follow single requests (a trace does): hops are means over all visits, so in a window in which much fails
they and the latency of what succeeded are not of quite the same requests.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.observe.window import Window
    from simulator.world.world import World


def hop_means(world: World, window: Window, mean_latency_s: float, ok: float) -> dict[str, float]:
    """Mean seconds a request spent in each of HOPS in a window; empty where nothing was answered.

    They sum to `mean_latency_s` (of `ok` requests), unless failed requests used so much that nothing is left over.
    """
    counts = window.counts
    edge, core, group = counts["edge"].total, counts["core"].total, counts["group"].total
    visits, answered = edge("visits"), group("answered")
    if not ok or not visits or not answered:
        return {}
    fetch_s = counts["edge"]["fetch_sum_s"]
    held_s = sum(fetch_s[node.index] for node in world.edges if node.policy.hold_worker)
    received = core("received") or 1.0
    share = edge("fetches") / visits  # fetches per visit
    found = {
        "client_link": group("rtt_sum_s") / answered,
        "edge_queue": edge("wait_sum_s") / visits,
        "edge_service": max(0.0, (edge("sojourn_sum_s") - edge("wait_sum_s") - held_s) / visits),
        "core_link": (edge("core_link_sum_s") + core("reply_link_sum_s")) / visits,
        "core_queue": share * core("wait_sum_s") / received,
        "core_service": share * window.areas_s["core.busy"].sum() / received,
        "storage": counts["storage"].total("read_sum_s") / visits,
        "retries": group("retry_sum_s") / ok,
    }
    found["other"] = max(0.0, mean_latency_s - math.fsum(found.values()))
    return {hop: float(seconds) for hop, seconds in found.items()}
