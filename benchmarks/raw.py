"""The yardsticks: what the interpreter's heap and bare SimPy manage on this machine, in the same process."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Generator

import simpy

HEAP_SIZE = 10_000


def heap_operations_per_s(count: int = 300_000) -> float:
    """Raw `heapq` push+pop pairs a second on a heap of 10,000 entries like the kernel's."""
    rng = random.Random(1)
    heap: list[tuple[float, int, None, None]] = [(rng.random(), i, None, None) for i in range(HEAP_SIZE)]
    heapq.heapify(heap)
    times = [1.0 + rng.random() for _ in range(count)]
    push, pop = heapq.heappush, heapq.heappop
    began = time.perf_counter()
    for i, at in enumerate(times):
        push(heap, (at, i, None, None))
        pop(heap)
    return count / (time.perf_counter() - began)


def simpy_events_per_s(count: int = 200_000) -> float:
    """Timeouts a second of bare SimPy: 100 processes that only wait."""
    env = simpy.Environment()

    def waiter() -> Generator[simpy.Event, None, None]:
        while True:
            yield env.timeout(1.0)

    for _ in range(100):
        env.process(waiter())
    began = time.perf_counter()
    env.run(until=count / 100)
    return count / (time.perf_counter() - began)


def plain_simpy_requests_per_s(clients: int = 500, rate: float = 4.0, duration: float = 10.0) -> float:
    """Requests a second of the three-hop system as SimPy's tutorials write it.

    A process a request, a `Resource` for the workers of each edge and core, a dictionary with expiry times for L1,
    lognormal links, 1/8 of the clients on each edge; no leases, loss, SAM, statistics or checks.
    """
    rng = random.Random(1)
    env = simpy.Environment()
    edges = [simpy.Resource(env, 4) for _ in range(8)]
    cores = [simpy.Resource(env, 8) for _ in range(2)]
    l1: list[dict[int, float]] = [{} for _ in edges]
    latencies: list[float] = []

    def link() -> float:
        return rng.lognormvariate(-4.6, 0.3)

    def request(client: int) -> Generator[simpy.Event, None, None]:
        sent = env.now
        edge = client % 8 if rng.random() < 0.65 else rng.randrange(8)
        yield env.timeout(link())
        with edges[edge].request() as worker:
            yield worker
            yield env.timeout(rng.expovariate(2000.0))
        if l1[edge].get(client, -1.0) <= env.now:
            yield env.timeout(link())
            with cores[client % 2].request() as worker:
                yield worker
                yield env.timeout(rng.expovariate(2000.0))
            yield env.timeout(link())
            l1[edge][client] = env.now + 5.0
        yield env.timeout(link())
        latencies.append(env.now - sent)

    def arrivals(client: int) -> Generator[simpy.Event, None, None]:
        while True:
            yield env.timeout(rng.expovariate(rate))
            env.process(request(client))

    for client in range(clients):
        env.process(arrivals(client))
    began = time.perf_counter()
    env.run(until=duration)
    return len(latencies) / (time.perf_counter() - began)
