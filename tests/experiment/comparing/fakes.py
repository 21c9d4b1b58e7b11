"""Rows made of drawn numbers, and the small scenario whose L1 is 2 % larger in a variant."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.experiment.comparing.compare import ComparedRow
from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication

SMALL_CACHE: dict[str, Any] = {
    "schema": 1, "name": "small-cache", "duration": "15s", "warmup": "3s", "seed": 1, "replications": 10,
    "clients": {"visitors": {
        "count": 2000, "session": {"length": "forever", "established": True},
        "workload": {"kind": "poisson", "total_rate": "600/s", "popularity": {"zipf": 0.8}},
    }},
    "edges": {"pop": {"count": 2, "workers": 4, "service_time": "1ms",
                      "l1": {"capacity": 200, "policy": "lru", "ttl": "never"}}},
    "sam": "off", "leases": "off", "routing": {"policy": "cookie"},
    "network": {"default": {"latency": "5ms"}}, "storage": {"read": "8ms", "write": "8ms"},
    "variants": {"larger": {"edges.pop.l1.capacity": 204}},
}  # fmt: skip


def replication(number: int, metrics: dict[str, float], *, latencies: Any = (), seed: int = 1) -> Replication:
    """A replication with these metrics."""
    histograms = {"latency": Histogram(np.asarray(latencies))} if len(latencies) else {}
    return Replication(
        number, seed, dict(metrics), histograms, {"requests": 100, "ok": 100},
        {"t_s": [], "metric": [], "label": [], "value": []}, [], fingerprint=repr(sorted(metrics.items())),
    )  # fmt: skip


def row(label: str, values: Any, metric: str = "hit_ratio.l1", *, seed: int = 1, **more: Any) -> ComparedRow:
    """A row with one metric, a value a replication."""
    found = [replication(n, {metric: float(v)}, seed=seed) for n, v in enumerate(values)]
    return ComparedRow(label, seed, found, **more)
