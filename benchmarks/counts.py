"""What is counted and not timed: events per request, bytes per session. Exact, so tests hold them as goldens."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from simulator.build.builder import build
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

STEADY: dict[str, Any] = {
    "name": "steady",
    "duration": "20s",
    "clients": {
        "client": {
            "count": 40,
            "workload": {"kind": "renewal", "interarrival": "500ms"},
            "session": {"length": "forever", "established": True},
            "retry": {"timeout": "400ms", "max": 2},
        }
    },
    "edges": {"edge": {"count": 4, "workers": 4, "service_time": "500us", "l1": {"ttl": "never"}}},
    "cores": {"core": {"count": 2, "workers": 8, "service_time": "500us", "l2": {"ttl": "never"}}},
    "storage": {"read": "5ms", "write": "8ms"},
    "routing": {"policy": "cookie"},
    "network": {"default": {"latency": "10ms", "bandwidth": "1Gbit/s"}},
}
"""Nothing is random but ties; affinity manager, leases, timeouts, bandwidth and windows are on."""
HITS: dict[str, object] = {}
MISSES: dict[str, object] = {"edges.edge.l1.ttl": "100ms"}
"""An L1 that has always forgotten: every request but a session's first is answered by L2."""


def events_per_request(change: dict[str, object]) -> float:
    """Events that one more request costs in the steady world, the clockwork (SAM, ticks, windows) taken out.

    The same simulated time with one request in 500 ms and with one in 250 ms: the clockwork is the same in both.
    """
    scenario = Scenario.from_dict(STEADY).with_overrides(change)
    seldom = run_replication(scenario, seed=1, replication=0)
    often = run_replication(
        scenario.with_overrides({"clients.client.workload.interarrival": "250ms"}), seed=1, replication=0
    )
    requests = often.totals["requests.simulated"] - seldom.totals["requests.simulated"]
    return (often.n_events - seldom.n_events) / requests


def bytes_per_session(sessions: int = 2000) -> float:
    """Bytes that one more established session of `reference` holds in a world that has not run yet."""
    return (_traced_bytes(2 * sessions) - _traced_bytes(sessions)) / sessions


def _traced_bytes(clients: int) -> int:
    scenario = Scenario.load("reference", [f"clients.client.count={clients}"])
    build(scenario, 1, 0)  # what is cached for good by the first world is not a session's
    gc.collect()
    tracemalloc.start()
    world = build(scenario, 1, 0)
    for start in world.starts:
        start()
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert world.groups[0].clients
    return taken
