"""Replication functions that fail on demand, around the real model on a small scenario."""

from __future__ import annotations

import os
import signal
import time

from simulator.run import run_replication

TINY = {
    "schema": 1,
    "name": "tiny",
    "duration": "2s",
    "warmup": "500ms",
    "clients": {
        "c": {
            "count": 20,
            "workload": {"kind": "poisson", "rate": "2/s"},
            "session": {"length": "forever", "established": True},
        }
    },
    "edges": {"pop": {"count": 2, "service_time": "2ms", "l1": {"capacity": 10, "ttl": "2s"}}},
    "network": {"default": {"latency": "5ms"}},
}
BAD = 13
"""The L1 capacity at which `dies`, `raises` and `interrupts` do so."""


def dies(scenario, **options):
    if scenario.edges["pop"].l1.capacity == BAD:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_replication(scenario, **options)


def raises(scenario, **options):
    if scenario.edges["pop"].l1.capacity == BAD:
        raise RuntimeError("the tape is torn")
    return run_replication(scenario, **options)


def interrupts(scenario, **options):
    if scenario.edges["pop"].l1.capacity == BAD:
        raise KeyboardInterrupt
    return run_replication(scenario, **options)


def slow(scenario, **options):
    time.sleep(0.4)
    return run_replication(scenario, **options)
