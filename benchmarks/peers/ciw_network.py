"""The three-hop system in Ciw, an open network of queues: links are nodes with infinitely many servers."""

from __future__ import annotations

import math
import time
from typing import Any

import ciw

from benchmarks.peers import system

UP, EDGES = 0, range(1, 1 + system.EDGES)
ASK = 1 + system.EDGES
CORES = range(ASK + 1, ASK + 1 + system.CORES)
FILL = ASK + 1 + system.CORES
DOWN = FILL + 1


def network() -> Any:
    """Up link -> edge -> (with probability MISS: link -> core -> link) -> down link -> out."""
    size = DOWN + 1
    link = ciw.dists.Lognormal(system.LINK_MU, system.LINK_SIGMA)
    service = ciw.dists.Exponential(1 / system.SERVICE_S)
    services = [service if node in EDGES or node in CORES else link for node in range(size)]
    servers = [math.inf] * size
    routing = [[0.0] * size for _ in range(size)]
    for node in EDGES:
        servers[node] = system.EDGE_WORKERS
        routing[UP][node] = 1 / system.EDGES
        routing[node][ASK] = system.MISS
        routing[node][DOWN] = 1 - system.MISS
    for node in CORES:
        servers[node] = system.CORE_WORKERS
        routing[ASK][node] = 1 / system.CORES
        routing[node][FILL] = 1.0
    routing[FILL][DOWN] = 1.0
    arrivals: list[Any] = [None] * size
    arrivals[UP] = ciw.dists.Exponential(system.CLIENTS * system.RATE_PER_S)
    return ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=services,
        number_of_servers=servers,
        routing=routing,
    )


def play(duration_s: float) -> tuple[int, float]:
    """(requests answered, processor seconds of the run)."""
    ciw.seed(1)
    simulation = ciw.Simulation(network())
    began = time.process_time()
    simulation.simulate_until_max_time(duration_s)
    cpu_s = time.process_time() - began
    return len(simulation.nodes[-1].all_individuals), cpu_s
