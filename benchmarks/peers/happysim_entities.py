"""The three-hop system in happysim (happy-simulator): queued resources joined by network links."""

from __future__ import annotations

import random
import time
from typing import Any

from happysimulator import Entity, Event, Instant, NetworkLink, QueuedResource, Simulation, Source
from happysimulator.core.temporal import Duration
from happysimulator.distributions.latency_distribution import LatencyDistribution

from benchmarks.peers import system


class Lognormal(LatencyDistribution):  # type: ignore[misc]
    """One-way latency of a link."""

    def get_latency(self, current_time: Instant) -> Duration:  # noqa: ARG002 (the contract)
        """Draw one."""
        return Duration.from_seconds(random.lognormvariate(system.LINK_MU, system.LINK_SIGMA))


class _Workers(QueuedResource):  # type: ignore[misc]
    """A node with k workers and a queue."""

    def __init__(self, name: str, workers: int) -> None:
        super().__init__(name)
        self.workers, self.busy = workers, 0

    def has_capacity(self) -> bool:
        return self.busy < self.workers

    def _served(self) -> Any:
        self.busy += 1
        yield random.expovariate(1 / system.SERVICE_S)
        self.busy -= 1


class Edge(_Workers):
    """Workers and an L1 of expiry times."""

    def __init__(self, index: int, down: Entity) -> None:
        super().__init__(f"edge-{index}", system.EDGE_WORKERS)
        self.down = down
        self.to_core: list[Entity] = []
        self.l1: dict[int, float] = {}

    def handle_event(self, event: Event) -> Any:
        """An answer of a core fills L1 and goes on to the client; a request queues."""
        if event.event_type != "Fill":
            return super().handle_event(event)
        self.l1[event.context["client"]] = self.now.to_seconds() + system.L1_TTL_S
        return self.forward(event, self.down, "Answer")

    def handle_queued_event(self, event: Event) -> Any:
        """Serve; answer, or ask the core."""
        client = event.context["client"]
        fresh = self.l1.get(client, -1.0) > self.now.to_seconds()
        yield from self._served()
        if fresh:
            return self.forward(event, self.down, "Answer")
        return self.forward(event, self.to_core[client % system.CORES], "Ask")


class Core(_Workers):
    """Workers and an L2 that never forgets."""

    def __init__(self, index: int) -> None:
        super().__init__(f"core-{index}", system.CORE_WORKERS)
        self.to_edge: list[Entity] = []
        self.l2: set[int] = set()

    def handle_queued_event(self, event: Event) -> Any:
        """Serve; read storage where L2 has nothing; answer the edge."""
        yield from self._served()
        client = event.context["client"]
        if client not in self.l2:
            self.l2.add(client)
            yield random.expovariate(1 / system.STORAGE_READ_S)
        return self.forward(event, self.to_edge[event.context["edge"]], "Fill")


class Clients(Entity):  # type: ignore[misc]
    """Where requests start and end."""

    def __init__(self) -> None:
        super().__init__("clients")
        self.up: list[Entity] = []
        self.edge_of = [client % system.EDGES for client in range(system.CLIENTS)]
        self.latencies_s: list[float] = []

    def handle_event(self, event: Event) -> Any:
        """Send a request to an edge, or take an answer."""
        if event.event_type == "Answer":
            self.latencies_s.append((self.now - event.context["sent"]).to_seconds())
            return None
        client = random.randrange(system.CLIENTS)
        if random.random() >= system.STAY:
            self.edge_of[client] = (self.edge_of[client] + random.randrange(1, system.EDGES)) % system.EDGES
        edge = self.edge_of[client]
        event.context.update(client=client, edge=edge, sent=self.now)
        return self.forward(event, self.up[edge], "Ask")


def play(duration_s: float) -> tuple[int, float]:
    """(requests answered, processor seconds of the run)."""
    random.seed(1)
    clients = Clients()
    links: list[Entity] = []

    def link(name: str, egress: Entity) -> Entity:
        links.append(NetworkLink(name, Lognormal(system.LINK_MEAN_S), egress=egress))
        return links[-1]

    edges = [Edge(n, link(f"down-{n}", clients)) for n in range(system.EDGES)]
    cores = [Core(n) for n in range(system.CORES)]
    clients.up = [link(f"up-{edge.name}", edge) for edge in edges]
    for edge in edges:
        edge.to_core = [link(f"{edge.name}-{core.name}", core) for core in cores]
    for core in cores:
        core.to_edge = [link(f"{core.name}-{edge.name}", edge) for edge in edges]
    source = Source.poisson(rate=system.CLIENTS * system.RATE_PER_S, target=clients)
    simulation = Simulation(
        sources=[source], entities=[clients, *edges, *cores, *links], end_time=Instant.from_seconds(duration_s)
    )
    began = time.process_time()
    simulation.run()
    return len(clients.latencies_s), time.process_time() - began
