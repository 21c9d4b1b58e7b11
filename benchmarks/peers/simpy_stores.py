"""The three-hop system in plain SimPy, a `Store` a hop, as SimPy's "event latency" example writes a cable.

A node is a process that takes messages out of its `Store` and starts a process for each; a link is a process that waits
and puts the message into the next `Store`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from dataclasses import dataclass

import simpy

from benchmarks.peers import system

Steps = Generator[simpy.Event, None, None]


@dataclass(slots=True)
class Message:
    """A request on its way."""

    client: int
    edge: int
    sent_s: float
    filled: bool = False


class _System:
    def __init__(self) -> None:
        self.rng = random.Random(1)
        self.env = env = simpy.Environment()
        self.edge_boxes = [simpy.Store(env) for _ in range(system.EDGES)]
        self.core_boxes = [simpy.Store(env) for _ in range(system.CORES)]
        self.client_box = simpy.Store(env)
        self.edges = [simpy.Resource(env, system.EDGE_WORKERS) for _ in range(system.EDGES)]
        self.cores = [simpy.Resource(env, system.CORE_WORKERS) for _ in range(system.CORES)]
        self.l1: list[dict[int, float]] = [{} for _ in self.edges]
        self.l2: set[int] = set()
        self.edge_of = [client % system.EDGES for client in range(system.CLIENTS)]
        self.latencies_s: list[float] = []
        for index, box in enumerate(self.edge_boxes):
            env.process(self.serves(box, index, self.at_edge))
        for index, box in enumerate(self.core_boxes):
            env.process(self.serves(box, index, self.at_core))
        env.process(self.completes())
        for client in range(system.CLIENTS):
            env.process(self.arrivals(client))

    def cable(self, box: simpy.Store, message: Message) -> Steps:
        """Carry a message to a node."""
        yield self.env.timeout(self.rng.lognormvariate(system.LINK_MU, system.LINK_SIGMA))
        yield box.put(message)

    def serves(self, box: simpy.Store, index: int, handle: object) -> Steps:
        """A node: a process for each message."""
        while True:
            message = yield box.get()
            self.env.process(handle(index, message))  # type: ignore[operator]

    def at_edge(self, index: int, message: Message) -> Steps:
        """Serve at an edge, or pass an answer of the core on."""
        if message.filled:
            self.l1[index][message.client] = self.env.now + system.L1_TTL_S
            self.env.process(self.cable(self.client_box, message))
            return
        with self.edges[index].request() as worker:
            yield worker
            fresh = self.l1[index].get(message.client, -1.0) > self.env.now
            yield self.env.timeout(self.rng.expovariate(1 / system.SERVICE_S))
        box = self.client_box if fresh else self.core_boxes[message.client % system.CORES]
        self.env.process(self.cable(box, message))

    def at_core(self, index: int, message: Message) -> Steps:
        """Serve at a core; read storage where L2 has nothing."""
        with self.cores[index].request() as worker:
            yield worker
            yield self.env.timeout(self.rng.expovariate(1 / system.SERVICE_S))
        if message.client not in self.l2:
            yield self.env.timeout(self.rng.expovariate(1 / system.STORAGE_READ_S))
            self.l2.add(message.client)
        message.filled = True
        self.env.process(self.cable(self.edge_boxes[message.edge], message))

    def completes(self) -> Steps:
        """The clients' end."""
        while True:
            message = yield self.client_box.get()
            self.latencies_s.append(self.env.now - message.sent_s)

    def arrivals(self, client: int) -> Steps:
        """Requests of a client."""
        while True:
            yield self.env.timeout(self.rng.expovariate(system.RATE_PER_S))
            if self.rng.random() >= system.STAY:
                self.edge_of[client] = (self.edge_of[client] + self.rng.randrange(1, system.EDGES)) % system.EDGES
            edge = self.edge_of[client]
            self.env.process(self.cable(self.edge_boxes[edge], Message(client, edge, self.env.now)))


def play(duration_s: float) -> tuple[int, float]:
    """(requests answered, processor seconds of the run)."""
    three_hops = _System()
    began = time.process_time()
    three_hops.env.run(until=duration_s)
    return len(three_hops.latencies_s), time.process_time() - began
