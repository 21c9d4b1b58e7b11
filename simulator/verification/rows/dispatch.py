"""Rows 72, 73: edges that keep requests with chances of their own, and random choices, directly on the policies."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.agents.client import Client, Session
from simulator.agents.policies import GroupPolicy, LockPolicy, RetryPolicy
from simulator.engine.columns import vector
from simulator.engine.streams import uniform_numbers
from simulator.links import Line
from simulator.routing.adaptive import Adaptive
from simulator.routing.base import RoutingContext
from simulator.routing.directory import Directory
from simulator.routing.leaving import make_leaving
from simulator.routing.near import Nearest
from simulator.routing.random import RandomEdge
from simulator.verification.case import Case, TheoryCheck
from simulator.verification.theory import dispatch as theory
from simulator.verification.theory.stickiness import shares_of_sticky_edges

GROUP = "Routing"


def context(edges: int, rng: np.random.Generator) -> RoutingContext:
    """What a policy needs, without a world: all edges healthy, leaving uniformly."""
    directory = Directory([f"edge-{i + 1}" for i in range(edges)], [None] * edges)
    uniform = uniform_numbers(rng).next
    settings: Any = SimpleNamespace(after_leaving="stay", leave_to="uniform", weight=None)
    leaving = make_leaving("uniform", directory, uniform, lambda _client, _edge: 0)
    return RoutingContext(
        settings, directory, leaving, Nearest(directory), uniform, partial(_stream, rng), lambda _c, _e: 0, lambda: 0.0
    )


def _stream(rng: np.random.Generator, _purpose: str) -> np.random.Generator:
    return rng


def lone_client() -> Client:
    """A client agent without a world, of which nothing is known; a compiled policy wants one."""
    group = GroupPolicy("alone", 0, RetryPolicy(), LockPolicy(0))
    return Client(group, 0, 0, [], [], vector([]), vector([]), [], (Line(), Line()), None)


def sticky_edges(stay: tuple[float, ...]) -> Case:
    """Long-run shares of edges, each of which keeps a request with a chance of its own."""
    shares = shares_of_sticky_edges(list(stay))
    n = 60_000

    def measure(replication: int) -> dict[str, float]:
        router = Adaptive(context(len(stay), np.random.default_rng([72, replication])))
        client = lone_client()
        session = Session(0, client, 0.0)
        session.edge, session.first = 0, False
        counts = [0] * len(stay)
        for _ in range(n):
            session.client_weight = 100.0 * stay[session.edge]  # what the client was told by that edge
            session.edge = router.choose(client, session)
            counts[session.edge] += 1
        return {f"edge {i + 1}": count / n for i, count in enumerate(counts)}

    return Case(
        f"72 {' '.join(f'{w:g}' for w in stay)}", "72",
        f"edges that keep requests with {', '.join(f'{w:g}' for w in stay)}",
        "share in proportion to 1/(1-w)", f"20 x {n:,} requests",
        tuple(TheoryCheck(f"edge {i + 1}", share, 0.005) for i, share in enumerate(shares)),
        measure, quick=len(stay) == 3, group=GROUP,
    )  # fmt: skip


def random_maximum(requests: int, edges: int, rounds: int) -> Case:
    """The fullest of the edges when each request goes to any of them."""

    def measure(replication: int) -> dict[str, float]:
        router = RandomEdge(context(edges, np.random.default_rng([73, requests, replication])))
        client = lone_client()
        session = Session(0, client, 0.0)
        most = 0
        for _ in range(rounds):
            counts = [0] * edges
            for _ in range(requests):
                counts[router.choose(client, session)] += 1
            most += max(counts)
        return {"maximum": most / rounds}

    return Case(
        f"73 {requests} on {edges}", "73", f"{requests} requests to {edges} random edges: the fullest",
        "exact law of the largest cell (Kolchin et al. 1978)", f"20 x {rounds} rounds",
        (TheoryCheck("maximum", theory.expected_maximum(requests, edges), 0.005),), measure,
        quick=requests == 100, group=GROUP,
    )  # fmt: skip


def cases() -> list[Case]:
    """All rows, and variations of their parameters."""
    return [
        sticky_edges((0.75, 0.5, 0.25)),
        sticky_edges((0.9, 0.9, 0.2, 0.0)),
        random_maximum(100, 10, 300),
        random_maximum(1000, 10, 100),
        random_maximum(60, 4, 300),
    ]
