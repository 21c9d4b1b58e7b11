"""The three-hop system in plain SimPy: a process a request, a `Resource` a node, as its examples do.

This is the fastest of the natural ways to write it: a link is a timeout, a cache is a dictionary of expiry times.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator

import simpy

from benchmarks.peers import system


def play(duration_s: float) -> tuple[int, float]:
    """(requests answered, processor seconds of the run)."""
    rng = random.Random(1)
    env = simpy.Environment()
    edges = [simpy.Resource(env, system.EDGE_WORKERS) for _ in range(system.EDGES)]
    cores = [simpy.Resource(env, system.CORE_WORKERS) for _ in range(system.CORES)]
    l1: list[dict[int, float]] = [{} for _ in edges]
    l2: set[int] = set()
    edge_of = [client % system.EDGES for client in range(system.CLIENTS)]
    latencies_s: list[float] = []

    def link_s() -> float:
        return rng.lognormvariate(system.LINK_MU, system.LINK_SIGMA)

    def request(client: int) -> Generator[simpy.Event, None, None]:
        sent_s = env.now
        if rng.random() >= system.STAY:
            edge_of[client] = (edge_of[client] + rng.randrange(1, system.EDGES)) % system.EDGES
        edge = edge_of[client]
        yield env.timeout(link_s())
        with edges[edge].request() as worker:
            yield worker
            fresh = l1[edge].get(client, -1.0) > env.now
            yield env.timeout(rng.expovariate(1 / system.SERVICE_S))
        if not fresh:
            yield env.timeout(link_s())
            with cores[client % system.CORES].request() as worker:
                yield worker
                yield env.timeout(rng.expovariate(1 / system.SERVICE_S))
            if client not in l2:
                yield env.timeout(rng.expovariate(1 / system.STORAGE_READ_S))
                l2.add(client)
            yield env.timeout(link_s())
            l1[edge][client] = env.now + system.L1_TTL_S
        yield env.timeout(link_s())
        latencies_s.append(env.now - sent_s)

    def arrivals(client: int) -> Generator[simpy.Event, None, None]:
        while True:
            yield env.timeout(rng.expovariate(system.RATE_PER_S))
            env.process(request(client))

    for client in range(system.CLIENTS):
        env.process(arrivals(client))
    began = time.process_time()
    env.run(until=duration_s)
    return len(latencies_s), time.process_time() - began
