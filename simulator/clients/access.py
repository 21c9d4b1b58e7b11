"""The access links of one group's clients, both ways, and how long an answer is waited for.

What goes up is sent to a node by its number: an edge, or the balancer where there are any. May import: links' contract,
timers. Does not model: the nodes at the other end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulator.agents.client import Client
    from simulator.engine.clock import Clock
    from simulator.engine.timers import Timers
    from simulator.messages import Attempt

INFINITY: Final = float("inf")


class Access:
    """The way between clients and nodes. Sizes in bytes; delays in seconds, infinity for what is lost.

    `bytes_moved` counts attempts and their answers, `bytes_answered` the latter alone.
    """

    __slots__ = ("_clock", "_small_bytes", "bytes_answered", "bytes_moved", "timers")

    def __init__(self, clock: Clock, small_bytes: float) -> None:
        self._clock = clock
        self._small_bytes = small_bytes
        self.timers: Timers[Attempt] | None = None  # where clients give attempts up
        self.bytes_moved = self.bytes_answered = 0.0

    def up(self, attempt: Attempt, node: int, size_bytes: float) -> float:
        """Send an attempt to a node; its delay."""
        client = attempt.client
        self.bytes_moved += size_bytes
        return client.up[node].transit(client.up_line, size_bytes, self._clock.now, client.base_s[node])

    def down(self, attempt: Attempt, node: int, size_bytes: float) -> float:
        """Send the answer of an attempt from a node; its delay."""
        client = attempt.client
        self.bytes_moved += size_bytes
        self.bytes_answered += size_bytes
        return client.down[node].transit(client.down_line, size_bytes, self._clock.now, client.back_s[node])

    def small_up(self, client: Client, node: int) -> float:
        """Send a message that needs no answer, or a probe, to a node; its delay."""
        return client.up[node].transit(client.up_line, self._small_bytes, self._clock.now, client.base_s[node])

    def small_down(self, client: Client, node: int, at_s: float) -> float:
        """Send the echo of a probe that is at a node at `at_s` (now or later); its delay."""
        return client.down[node].transit(client.down_line, self._small_bytes, at_s, client.back_s[node])

    def wait(self, attempt: Attempt, delay_s: float) -> None:
        """An attempt is on its way for so long: from now on its answer is waited for."""
        timers = self.timers
        if timers is not None:
            timers.add(attempt)
        elif delay_s == INFINITY:
            attempt.caller.unanswered(attempt)

    def over(self, attempt: Attempt) -> None:
        """An answer is not waited for any more."""
        if self.timers is not None:
            self.timers.over(attempt)
