"""The yardsticks: what the interpreter's heap and bare SimPy manage on this machine, in the same process.

Imports nothing of the project: peers measure the heap of their own Python with it.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Generator
from typing import Any

HEAP_SIZE = 10_000


def heap_operations_per_s(count: int = 300_000) -> float:
    """Raw `heapq` push+pop pairs a second on a heap of 10,000 entries like the kernel's."""
    rng = random.Random(1)
    heap: list[tuple[float, int, None, None]] = [(rng.random(), i, None, None) for i in range(HEAP_SIZE)]
    heapq.heapify(heap)
    times = [1.0 + rng.random() for _ in range(count)]
    push, pop = heapq.heappush, heapq.heappop
    began = time.process_time()
    for i, at in enumerate(times):
        push(heap, (at, i, None, None))
        pop(heap)
    return count / (time.process_time() - began)


def simpy_events_per_s(count: int = 200_000) -> float:
    """Timeouts a second of bare SimPy: 100 processes that only wait."""
    import simpy

    env = simpy.Environment()

    def waiter() -> Generator[Any, None, None]:
        while True:
            yield env.timeout(1.0)

    for _ in range(100):
        env.process(waiter())
    began = time.process_time()
    env.run(until=count / 100)
    return count / (time.process_time() - began)
