"""Consistent hashing (Karger et al. 1997) with virtual nodes, and with bounded loads where the scenario asks for it.

Each edge has `virtual_nodes` points on a ring; a client belongs to the edge of the first point at or after its own.
An edge that fails is passed over, so that its clients move and no others do.

With `load_bound` ε (Mirrokni, Thorup, Zadimoghaddam 2018) no edge has more than ⌈(1 + ε) · clients / edges⌉ clients: a
client goes on to the first edge with room. A client counts from its first request to the end of its session, over all
groups. Who has a place keeps it, until its edge fails, an edge comes back, or the bound falls below what its edge has.
Does not model: bounds on requests in flight, which some proxies offer under the same name.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.hashing import position_of_client, positions_of_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.agents.client import Client, Session
    from simulator.routing.directory import Directory


class Ring:
    """Points of nodes on a circle of 2^64 positions; nodes by their place in `names`."""

    __slots__ = ("owners", "positions", "size")

    def __init__(self, names: tuple[str, ...], points: int, salt: int = 0) -> None:
        placed = sorted((position, name, node) for node, name in enumerate(names)
                        for position in positions_of_node(name, points, salt))  # fmt: skip
        self.positions = [position for position, _, _ in placed]
        self.owners = [node for _, _, node in placed]
        self.size = len(placed)

    def owners_from(self, position: int) -> Iterator[int]:
        """The owners of all points, clockwise from a position; nodes come again and again."""
        owners, start = self.owners, bisect_left(self.positions, position)
        for place in range(start, self.size):
            yield owners[place]
        for place in range(start):
            yield owners[place]

    def shares(self) -> list[float]:
        """The part of the circle that belongs to each node; they sum to 1."""
        nodes = max(self.owners, default=-1) + 1
        arcs = [0] * nodes
        before = self.positions[-1] - (1 << 64) if self.positions else 0
        for position, owner in zip(self.positions, self.owners, strict=True):
            arcs[owner] += position - before
            before = position
        return [arc / (1 << 64) for arc in arcs]


@lru_cache(maxsize=16)
def make_ring(names: tuple[str, ...], points: int, salt: int = 0) -> Ring:
    """The ring of these nodes; worlds of one process that have the same nodes share it."""
    return Ring(names, points, salt)


class Places:
    """How many clients each edge has, and which edge each client has, under a bound on the former."""

    def __init__(self, directory: Directory, bound: float) -> None:
        self._directory = directory
        self._factor = 1.0 + bound
        self._version = directory.version
        self._open = list(directory.open)
        self._came_back = 0  # how often an edge has
        self._held: dict[Client, tuple[int, int]] = {}  # client -> edge or -1, and how often one had come back
        self.load = [0] * directory.size

    def capacity(self, clients: int) -> int:
        """The most clients that an edge may have when there are so many in all."""
        return math.ceil(self._factor * clients / max(1, len(self._directory.healthy)) - 1e-9)

    def find(self, client: Client, ring: Ring) -> int:
        """The edge of a client, which has a place there from now; -1 where none is healthy."""
        if self._version != self._directory.version:
            self._note_changes()
        load, held = self.load, self._held.get(client)
        if held is not None:
            edge, came_back = held
            if edge >= 0:
                if came_back == self._came_back and load[edge] <= self.capacity(len(self._held)):
                    return edge
                load[edge] -= 1
        self._held[client] = (-1, 0)
        is_open, capacity = self._open, self.capacity(len(self._held))
        for edge in ring.owners_from(position_of_client(client.salt)):
            if is_open[edge] and load[edge] < capacity:
                load[edge] += 1
                self._held[client] = (edge, self._came_back)
                return edge
        return -1

    def leave(self, client: Client) -> None:
        """A client gives up its place, if it has one."""
        held = self._held.pop(client, None)
        if held is not None and held[0] >= 0:
            self.load[held[0]] -= 1

    def _note_changes(self) -> None:
        directory, before = self._directory, self._open
        self._version, self._open = directory.version, list(directory.open)
        failed = {edge for edge, is_open in enumerate(self._open) if before[edge] and not is_open}
        for client in [client for client, (edge, _) in self._held.items() if edge in failed]:
            self._held[client] = (-1, 0)  # still a client, so that the bound does not fall
        for edge in failed:
            self.load[edge] = 0
        if any(is_open and not before[edge] for edge, is_open in enumerate(self._open)):
            self._came_back += 1


@register("consistent_hash")
class ConsistentHash(Router):
    """A client's edge by its place on a ring of hashes.

    A retry goes to the next other edge on the ring, and is an excursion.
    """

    retry_moves = False
    moves_alone = True

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        directory, settings = self.directory, context.settings
        self.ring = make_ring(tuple(directory.names), settings.virtual_nodes, context.hash_salt)
        self.places: Places | None = None
        if settings.load_bound < math.inf:
            places: Places = directory.shared.setdefault("places", Places(directory, settings.load_bound))
            self.places = places  # the groups of one world share theirs
        self._version = directory.version
        self._edges: dict[int, int] = {}  # client -> edge, good for this version of the directory

    def choose(self, client: Client, session: Session) -> int:
        """The client's edge."""
        if self.directory.keeping:
            kept = self.kept(session)
            if kept >= 0:
                return kept
        if self.places is not None:
            return self.places.find(client, self.ring)
        if self._version != self.directory.version:
            self._version = self.directory.version
            self._edges.clear()
        edge = self._edges.get(client.index)
        if edge is None:
            edge = self._edges[client.index] = self._first(client, -1)
        return edge

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The next other edge on the ring."""
        return self.or_same(self._first(client, tried), tried)

    def forget(self, session: Session) -> None:
        """The session is over: its client gives up its place."""
        if self.places is not None:
            self.places.leave(session.client)

    def _first(self, client: Client, tried: int) -> int:
        is_open = self.directory.open
        if self.directory.healthy:
            for edge in self.ring.owners_from(position_of_client(client.salt)):
                if is_open[edge] and edge != tried:
                    return edge
        return -1
