"""Hashing by lookup table, as Google's network load balancer does it (Eisenbud et al., NSDI 2016, section 3.4).

Each edge goes through the slots of the table in an order of its own; in turn they take their next free slot until the
table is full. A client's slot is its hash modulo the size of the table. Shares are as even as they can be; when the
healthy edges change, few others than those that must move do.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

from simulator.routing.base import Router, RoutingContext, register
from simulator.routing.hashing import position_of_client, positions_of_node

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session


@lru_cache(maxsize=64)
def fill_table(names: tuple[str, ...], size: int, salt: int = 0) -> array[int]:
    """Which of `names` (by place) has each of `size` slots; `size` is a prime.

    Expected time size · ln(size), whatever the number of names.
    """
    hashes = [positions_of_node(name, 2, salt) for name in names]
    next_slot = [offset % size for offset, _ in hashes]
    skips = [skip % (size - 1) + 1 for _, skip in hashes]
    table = array("i", [-1]) * size
    free = size
    while names:
        for node, skip in enumerate(skips):
            slot = next_slot[node]
            while table[slot] >= 0:
                slot += skip
                if slot >= size:
                    slot -= size
            table[slot] = node
            next_slot[node] = slot
            free -= 1
            if not free:
                return table
    return table


@register("maglev")
class Maglev(Router):
    """A client's edge by its slot in a Maglev table.

    A retry takes the next slot that belongs to another edge, and is an excursion.
    """

    retry_moves = False
    moves_alone = True

    def __init__(self, context: RoutingContext) -> None:
        super().__init__(context)
        self.size = context.settings.table_size
        self._salt = context.hash_salt
        self._version = -1
        self._table = array("i")
        self._edges: dict[int, int] = {}  # client -> edge, good for this version of the directory

    def choose(self, client: Client, session: Session) -> int:
        """The edge of the client's slot."""
        if self.directory.keeping:
            kept = self.kept(session)
            if kept >= 0:
                return kept
        if self._version != self.directory.version:
            self._renew()
        edge = self._edges.get(client.index)
        if edge is None:
            healthy = self.directory.healthy
            edge = healthy[self._table[position_of_client(client.salt) % self.size]] if healthy else -1
            self._edges[client.index] = edge
        return edge

    def retry(self, client: Client, session: Session, tried: int) -> int:  # noqa: ARG002
        """The edge of the next slot that belongs to another."""
        if self._version != self.directory.version:
            self._renew()
        healthy, table, size = self.directory.healthy, self._table, self.size
        if healthy and healthy != [tried]:
            slot = position_of_client(client.salt) % size
            for step in range(size):
                edge = healthy[table[(slot + step) % size]]
                if edge != tried:
                    return edge
        return self.or_same(-1, tried)

    def _renew(self) -> None:
        directory = self.directory
        self._version = directory.version
        self._edges.clear()
        self._table = fill_table(tuple(directory.names[edge] for edge in directory.healthy), self.size, self._salt)
