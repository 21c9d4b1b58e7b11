"""Periodic probes: agents with an open session measure the round trip to one edge after the other.

At every multiple of the period each such client sends a small message to the next edge in turn; each starts the round
at an edge of its own, so that no edge is probed by all at once. The echo refreshes the client's average of that edge,
and a probe that does not come back counts as a loss to it. May import: kernel, the groups (to read links and
averages). Does not model: work of the edge for an echo, scoring (the SAM scores requests).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from simpy.events import Event

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.clients.group import ClientGroup
    from simulator.engine.kernel import Kernel

INFINITY = float("inf")


class Prober:
    """The probes of one group, every `every_s` seconds."""

    def __init__(self, kernel: Kernel, group: ClientGroup, every_s: float, gain: float) -> None:
        self.kernel = kernel
        self.group = group
        self.every_s = every_s
        self.gain = gain
        self.sent = self.lost = 0

    def run(self) -> Generator[Event, None, None]:
        """The SimPy process: probe k at k * every, a product."""
        number = 0
        while True:
            number += 1
            yield self.kernel.tick_at(number * self.every_s)
            for client in self.group.clients:
                if client.session is not None:
                    self._send(client, (client.index + number) % len(self.group.edges))

    def _send(self, client: Client, edge: int) -> None:
        now, size = self.kernel.now, self.group.sizes.lookup
        self.sent += 1
        up_s = client.up[edge].transit(client.up_line, size, now, client.base_s[edge])
        if up_s < INFINITY:
            self.kernel.call_at(now + up_s, self._echo, (client, edge, up_s))
        else:
            self._lose(client)

    def _echo(self, probe: tuple[Client, int, float]) -> None:
        client, edge, up_s = probe
        if self.group.edges[edge].down:
            self._lose(client)
            return
        now, size = self.kernel.now, self.group.sizes.lookup
        down_s = client.down[edge].transit(client.down_line, size, now, client.back_s[edge])
        if down_s < INFINITY:
            self.kernel.call_at(now + down_s, self._hear, (client, edge, up_s + down_s))
        else:
            self._lose(client)

    def _hear(self, echo: tuple[Client, int, float]) -> None:
        client, edge, rtt_s = echo
        client.note_heard(self.gain)
        client.note_rtt(edge, rtt_s, self.gain)

    def _lose(self, client: Client) -> None:
        self.lost += 1
        client.note_lost(self.gain)
