"""Coherence between L1s and a core shard: which edges may hold a session's record, and telling them when it changes.

With `coherence: ttl` nobody is told, and nothing is kept. May import: the vocabulary, links. Does not model: messages
that are told again when they are lost; an edge that was not told finds out by its TTL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.messages import Asker, Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.engine.clock import Clock
    from simulator.links import Link

INFINITY: Final = float("inf")


class Holders:
    """The edges that may hold records of the sessions of one shard, where they are to be told of changes."""

    __slots__ = ("_edges", "told")

    def __init__(self, told: bool) -> None:
        self.told = told
        self._edges: dict[Any, dict[int, None]] = {}  # by session

    def note(self, call: Call) -> None:
        """The edge that asks will hold the session's record."""
        if self.told:
            self._edges.setdefault(call.session.session_id, {})[call.edge] = None

    def take(self, session_id: Any) -> list[int]:
        """The edges that may hold a session's record; none from now on."""
        return list(self._edges.pop(session_id, ()))


def invalidate(
    call: Call, holders: Holders, askers: Sequence[Asker], links: Sequence[Link], clock: Clock, size_bytes: float
) -> int:
    """A call has changed a session: tell the edges that may hold it, but the one that the answer tells.

    Args:
        call: what changed it.
        holders: of the session's shard.
        askers: the edges.
        links: to each of them.
        clock: the time.
        size_bytes: of one message.

    Returns:
        How many were told.
    """
    now, told = clock.now, 0
    call.read_at_s = now  # how new the record is
    answered = call.attempt is not None  # the end of a hold has no answer that would tell its edge
    for edge in holders.take(call.session.session_id):
        if edge == call.edge and answered:
            continue
        told += 1
        delay_s = links[edge].transit(size_bytes, now)
        if delay_s < INFINITY:
            clock.push_call(now + delay_s, askers[edge].invalidate, call)
    return told
