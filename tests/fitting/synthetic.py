"""Logs drawn from known workloads, and a service that is cheap to simulate."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulator.logs import Log

SERVICE = {
    "duration": "30min", "clients": {"web": {"count": 1, "workload": {"kind": "poisson", "rate": "1/s"}}},
    "edges": {"edge": {"count": 2, "service_time": {"exponential": "20ms"}, "l1": {"capacity": 60, "ttl": "60s"}}},
    "cores": {"core": {"count": 1, "l2": {"capacity": 500, "ttl": "5min"}}}, "routing": {"policy": "cookie"},
    "leases": {"length": "1h", "renew_before": "10min", "batch_every": "1min", "idle_after": "30min"},
    "network": {"default": {"latency": "5ms"}}, "sam": "off",
}  # fmt: skip


def log_of(time_s, client) -> Log:
    """A log in memory; clients are numbered anew."""
    order = np.argsort(time_s, kind="stable")
    _, number = np.unique(np.asarray(client)[order], return_inverse=True)
    return Log(
        paths=(Path("drawn"),), format="drawn", time_s=np.asarray(time_s, dtype=float)[order], first_s=None,
        client=number.astype(np.int32), names=tuple(map(str, range(number.max() + 1))),
        line=np.arange(len(order)), lines=len(order),
    )  # fmt: skip


def always_there(rng, rates, span_s) -> Log:
    """Poisson processes that are always on."""
    number = rng.poisson(np.asarray(rates) * span_s)
    return log_of(rng.random(number.sum()) * span_s, np.repeat(np.arange(len(rates)), number))


def in_sessions(rng, rates, each, length_s, span_s) -> Log:
    """Each client has `each` sessions of exponential length, far apart."""
    client = np.repeat(np.arange(len(rates)), each)
    slot = np.tile(np.arange(each), len(rates))
    starts_s = (slot + rng.random(len(client)) * 0.5) * span_s / each
    lengths_s = rng.exponential(length_s, len(client))
    number = rng.poisson(np.asarray(rates)[client] * lengths_s)
    session = np.repeat(np.arange(len(client)), number)
    return log_of(starts_s[session] + rng.random(len(session)) * lengths_s[session], client[session])
