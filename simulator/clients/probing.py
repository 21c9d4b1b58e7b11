"""Periodic probes: agents with an open session measure the round trip to one edge after the other.

At every multiple of the period each such client sends a small message to the next edge in turn; each starts the round
at an edge of its own, so that no edge is probed by all at once. The echo refreshes the client's average of that edge,
and a probe that does not come back counts as a loss to it. May import: kernel, access links, the clients (for their
averages). Does not model: work of the edge for an echo, scoring (the SAM scores requests).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from simpy.events import Event

from simulator.clients.measuring import GAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import Client
    from simulator.clients.access import Access
    from simulator.engine.kernel import Kernel
    from simulator.server.edge import EdgeNode

INFINITY = float("inf")


class Prober:
    """The probes of one group's clients, of which there may be more later, every `every_s` seconds."""

    def __init__(
        self, kernel: Kernel, clients: list[Client], edges: Sequence[EdgeNode], access: Access, every_s: float
    ) -> None:
        self.kernel = kernel
        self.clients = clients
        self.edges = list(edges)
        self.access = access
        self.every_s = every_s
        self.sent = self.lost = 0

    def run(self) -> Generator[Event, None, None]:
        """The SimPy process: probe k at k * every, a product."""
        number = 0
        while True:
            number += 1
            yield self.kernel.tick_at(number * self.every_s)
            for client in self.clients:
                if client.session is not None:
                    self._send(client, (client.index + number) % len(self.edges))

    def _send(self, client: Client, edge: int) -> None:
        self.sent += 1
        up_s = self.access.small_up(client, edge)
        if up_s < INFINITY:
            self.kernel.call_at(self.kernel.now + up_s, self._echo, (client, edge, up_s))
        else:
            self._lose(client)

    def _echo(self, probe: tuple[Client, int, float]) -> None:
        client, edge, up_s = probe
        if self.edges[edge].down:
            self._lose(client)
            return
        now = self.kernel.now
        down_s = self.access.small_down(client, edge, now)
        if down_s < INFINITY:
            self.kernel.call_at(now + down_s, self._hear, (client, edge, up_s + down_s))
        else:
            self._lose(client)

    def _hear(self, echo: tuple[Client, int, float]) -> None:
        client, edge, rtt_s = echo
        client.note_heard(GAIN)
        client.note_rtt(edge, rtt_s, GAIN)

    def _lose(self, client: Client) -> None:
        self.lost += 1
        client.note_lost(GAIN)
