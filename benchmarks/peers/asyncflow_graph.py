"""The nearest to the three-hop system that AsyncFlow expresses: a load balancer over servers with two endpoints.

A server has one way out and no cache. A hit is an endpoint with CPU time only, a miss one that also waits for I/O as
long as links, core and storage take together; endpoints are drawn uniformly, so four hits and one miss stand for a
miss ratio of 20 %. AsyncFlow takes no seed.
"""

from __future__ import annotations

import time
from typing import Any

import simpy
from asyncflow import SimulationRunner
from asyncflow.schemas.payload import SimulationPayload

from benchmarks.peers import system

CPU = {"kind": "initial_parsing", "step_operation": {"cpu_time": system.SERVICE_S}}
FETCH = {"kind": "io_wait", "step_operation": {"io_waiting_time": 2 * system.LINK_MEAN_S + system.SERVICE_S}}
LINK = {"mean": system.LINK_MEAN_S, "distribution": "exponential"}


def _edge(source: str, target: str) -> dict[str, Any]:
    return {"id": f"{source}-{target}", "source": source, "target": target, "latency": LINK, "dropout_rate": 0.0}


def payload(duration_s: float) -> SimulationPayload:
    """Generator -> client -> load balancer -> one of the servers -> client."""
    names = [f"edge-{n}" for n in range(1, 1 + system.EDGES)]
    endpoints = [
        {"endpoint_name": f"/{n}", "steps": [CPU] if n < 4 else [CPU, FETCH]} for n in range(5)
    ]  # four hits and one miss: MISS
    servers = [
        {"id": name, "server_resources": {"cpu_cores": system.EDGE_WORKERS}, "endpoints": endpoints} for name in names
    ]
    return SimulationPayload.model_validate({
        "rqs_input": {
            "id": "requests",
            "avg_active_users": {"mean": system.CLIENTS, "distribution": "poisson"},
            "avg_request_per_minute_per_user": {"mean": 60 * system.RATE_PER_S, "distribution": "poisson"},
            "user_sampling_window": 1,
        },
        "topology_graph": {
            "nodes": {
                "client": {"id": "client"},
                "load_balancer": {"id": "lb", "algorithms": "round_robin", "server_covered": names},
                "servers": servers,
            },
            "edges": [
                _edge("requests", "client"),
                _edge("client", "lb"),
                *(_edge("lb", name) for name in names),
                *(_edge(name, "client") for name in names),
            ],
        },
        "sim_settings": {"total_simulation_time": max(5, round(duration_s)), "sample_period_s": 0.1},
    })  # fmt: skip


def play(duration_s: float) -> tuple[int, float]:
    """(requests answered, processor seconds of the run). AsyncFlow runs for 5 s at least."""
    runner = SimulationRunner(env=simpy.Environment(), simulation_input=payload(duration_s))
    began = time.process_time()
    result = runner.run()
    cpu_s = time.process_time() - began
    result.process_all_metrics()  # after the clock: it lays out the latencies
    return len(result.latencies), cpu_s
