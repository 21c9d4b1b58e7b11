"""What a log knows of reality, under the names of metrics: shown beside what the model says.

`hit_ratio.l1` is the share of hits among lines that say hit or miss; `latency.*` is the response time that the server
wrote, which lacks the way to the client; `availability` is the share of statuses below 500.

May import: numpy, the model. Does not model: the run beside it.
"""

from __future__ import annotations

import numpy as np

from simulator.logs.model import Log

_LEAST = 10
"""With fewer values nothing is said."""


def measured_of(log: Log) -> dict[str, float]:
    """Metric -> value (SI); a metric of which the log knows nothing is not there."""
    found: dict[str, float] = {}
    if log.cache is not None:
        known = log.cache[log.cache >= 0]
        if len(known) >= _LEAST:
            found["hit_ratio.l1"] = float(np.mean(known))
    if log.response_s is not None:
        times_s = log.response_s[np.isfinite(log.response_s)]
        if len(times_s) >= _LEAST:
            found["latency.mean"] = float(np.mean(times_s))
            for name, share in (("p50", 50), ("p95", 95), ("p99", 99)):
                found[f"latency.{name}"] = float(np.percentile(times_s, share))
    if log.status is not None:
        statuses = log.status[log.status > 0]
        if len(statuses) >= _LEAST:
            found["availability"] = float(np.mean(statuses < 500))
    if log.edge is not None:
        edges = np.bincount(log.edge[log.edge >= 0], minlength=len(log.edge_names))
        if len(edges) >= 2 and edges.sum() >= _LEAST:
            found["edge.imbalance"] = float(edges.max() / edges.mean())
    return found
