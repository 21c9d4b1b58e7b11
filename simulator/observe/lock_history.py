"""The history of all locks of a run, checked as it is written by rules that share nothing with the lock table.

From the plain list of grants and ends it knows who should hold what: never two holders of an exclusive lock, tokens
that strictly grow, nothing ended that was not granted, and nobody's lock taken for an expired lease while any edge
believes that lease to run, or less than the lock delay after. Changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.errors import SafetyError
from simulator.leases.locks import Lock

if TYPE_CHECKING:
    from simulator.world.world import World

EXACT_S = 1e-9  # rounding of times that were computed on different ways


class LockHistory:
    """A journal of a `LockTable` that raises SafetyError at the first entry that must not be.

    Args:
        world: for the beliefs of its edges; None checks the order of entries alone.
    """

    def __init__(self, world: World | None = None) -> None:
        self._world = world
        self._holders: dict[Lock, dict[int, int]] = {}
        self._exclusive: dict[Lock, bool] = {}
        self._last_token: dict[Lock, int] = {}
        self._last_s = 0.0
        self.entries = 0

    def granted(self, now_s: float, lock: Lock, session_id: int, token: int, exclusive: bool) -> None:
        """A session has the lock from now on."""
        self._in_order(now_s)
        holders = self._holders.setdefault(lock, {})
        others = [other for other in holders if other != session_id]
        if others and (exclusive or self._exclusive[lock]):
            raise SafetyError(
                f"lock {lock}: granted to session {session_id} while session {others[0]} holds it, at {now_s} s"
            )
        if token <= self._last_token.get(lock, 0):
            raise SafetyError(f"lock {lock}: fencing token {token} follows {self._last_token[lock]}, at {now_s} s")
        self._last_token[lock] = token
        self._exclusive[lock] = exclusive
        holders[session_id] = token

    def ended(self, now_s: float, lock: Lock, session_id: int, token: int, expired: bool) -> None:
        """It has it no more."""
        self._in_order(now_s)
        if self._holders.get(lock, {}).pop(session_id, None) != token:
            raise SafetyError(
                f"lock {lock}: session {session_id} lost a hold (token {token}) that it did not have, at {now_s} s"
            )
        if expired and self._world is not None:
            self._truly_expired(self._world, now_s, lock, session_id)

    def _in_order(self, now_s: float) -> None:
        self.entries += 1
        if now_s < self._last_s:
            raise SafetyError(f"time runs backwards: locks changed at {self._last_s} s and then at {now_s} s")
        self._last_s = now_s

    @staticmethod
    def _truly_expired(world: World, now_s: float, lock: Lock, session_id: int) -> None:
        for edge in world.edges:
            if edge.leases is None:
                continue
            free_s = edge.leases.until(session_id) + edge.leases.policy.lock_delay_s
            if free_s > now_s + EXACT_S:
                raise SafetyError(
                    f"lock {lock}: taken from session {session_id} at {now_s} s, but {edge.name} believes in its lease "
                    f"and its locks are safe until {free_s} s"
                )
