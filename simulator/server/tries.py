"""What a balancer holds of a client's attempt, and its own tries of it at edges.

May import: the vocabulary. Does not decide anything: the balancer does (`simulator.server.balancer`).
"""

from __future__ import annotations

from typing import Final

from simulator.messages import Attempt, Caller, Operation

ACQUIRE: Final = int(Operation.ACQUIRE)  # plain integers: enums cost in the hot path
RELEASE: Final = int(Operation.RELEASE)


class Carried:
    """One attempt of a client, from its arrival at a balancer until it is answered. Times are seconds."""

    __slots__ = (
        "arrived_s",
        "attempt",
        "current",
        "edge",
        "gone",
        "queued",
        "retries",
        "since_s",
        "size_bytes",
        "waited_s",
    )

    def __init__(self, attempt: Attempt, now: float) -> None:
        self.attempt = attempt
        self.size_bytes = attempt.size_bytes
        self.arrived_s = now
        self.since_s = now  # since when it waits for what it waits for
        self.waited_s = 0.0
        self.current: Try | None = None  # what the edge has of it
        self.edge = -1
        self.retries = 0
        self.queued = 0  # how often it has stood in line for an edge, or left the line: tells its timers apart
        self.gone = False  # answered, dropped, or lost


class Try(Attempt):
    """A balancer's try of what it carries, as edges serve it. It is done when the balancer waits for it no more."""

    __slots__ = ("carried",)

    def __init__(self, carried: Carried, caller: Caller) -> None:
        attempt = carried.attempt
        super().__init__(caller, attempt.client, attempt.session, attempt.operation, attempt.intended_s, attempt.tries)
        self.carried = carried
        if self.operation in (ACQUIRE, RELEASE):
            self.lock, self.token = attempt.lock, attempt.token

    @property
    def origin(self) -> Attempt:
        """The client's attempt."""
        return self.carried.attempt
