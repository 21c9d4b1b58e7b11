"""A suite of one small scenario, and stand-ins for the model whose numbers are drawn from known laws."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from simulator.observe.result import Replication

SCENARIO: dict[str, Any] = {
    "schema": 1, "name": "shop", "duration": "15s", "warmup": "3s", "seed": 1,
    "clients": {"visitors": {
        "count": 2000, "session": {"length": "forever", "established": True},
        "workload": {"kind": "poisson", "total_rate": "600/s", "popularity": {"zipf": 0.8}},
    }},
    "edges": {"pop": {"count": 2, "workers": 4, "service_time": "1ms",
                      "l1": {"capacity": 300, "policy": "lru", "ttl": "never"}}},
    "sam": "off", "leases": "off", "routing": {"policy": "cookie"},
    "network": {"default": {"latency": "5ms"}}, "storage": {"read": "8ms", "write": "8ms"},
}  # fmt: skip
SUITE: dict[str, Any] = {
    "schema": 1, "confidence": "95%", "replications": {"first": 5, "most": 20},
    "checks": {"shop": {"scenario": "shop.yaml", "metrics": {"hit_ratio.l1": "0.25points"}}},
}  # fmt: skip
COMMON, OWN = 0.004, 0.0005
"""Standard deviations: what a replication has in common with the same one of a changed program, and its own."""


def write(folder: Path, scenario: Any = SCENARIO, suite: Any = SUITE) -> Path:
    """Both files; returns the suite's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.yaml").write_text(yaml.safe_dump(scenario))
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(suite))
    return path


def play(scenario: Any, *, seed: int, replication: int, progress: Any, trace: Any) -> Replication:
    """Hit ratio: 0.7, with 0.5 points for each 6 entries of L1 beyond 300; exact law, no simulation."""
    capacity = scenario.edges["pop"].l1.capacity
    common = np.random.default_rng([seed, replication]).normal(0.0, COMMON)
    own = np.random.default_rng([seed, replication, capacity]).normal(0.0, OWN)
    metrics = {"hit_ratio.l1": 0.7 + 0.005 * (capacity - 300) / 6 + common + own, "latency.p99": 0.2 + own}
    digest = hashlib.sha256(repr((metrics, seed, replication)).encode()).hexdigest()
    totals = {"requests": 10, "ok": 10}
    series: dict[str, list[Any]] = {"t_s": [], "metric": [], "label": [], "value": []}
    return Replication(replication, seed, metrics, {}, totals, series, [], fingerprint=digest)
