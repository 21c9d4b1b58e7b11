"""Locks with fencing tokens, as the core's shards keep them.

Each grant carries a token that grows strictly per lock, so that a holder that lost its lock can be fenced off
(Burrows, "The Chubby lock service", OSDI 2006), and a release carries the token of the grant that it ends, so that one
that was long on its way ends no later grant. A holder whose lease has expired keeps its locks for `lock_delay` more.
The table raises on two exclusive holders and on a token that does not grow; it tells a `journal` of every change, from
which the history is checked by rules of its own (`simulator.observe.lock_history`).

May import: nothing of the model. Does not model: lock hierarchies, upgrades.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from simulator.errors import SafetyError

Lock = tuple[int, int]


class Journal(Protocol):
    """Who hears of every change of a lock."""

    def granted(self, now_s: float, lock: Lock, session_id: int, token: int, exclusive: bool) -> None:
        """A session has the lock from now on."""

    def ended(self, now_s: float, lock: Lock, session_id: int, token: int, expired: bool) -> None:
        """It has it no more: it gave it back, or (`expired`) its lease and the lock delay are over."""


class LockTable:
    """The locks of a service; each is decided by one shard, and all shards know who holds what.

    Args:
        alive_until_s: session id -> time at which its locks are free for others (lease expiry + lock delay).
    """

    def __init__(self, alive_until_s: Callable[[int], float]) -> None:
        self._alive_until_s = alive_until_s
        self._holders: dict[Lock, dict[int, int]] = {}
        self._of_session: dict[int, dict[Lock, None]] = {}
        self._tokens: dict[Lock, int] = {}
        # Ordered: a plain dict would look for the first in line among all that ever stood there.
        self._lines: dict[Lock, OrderedDict[object, tuple[int, bool, Any]]] = {}
        self.journal: Journal | None = None
        self.grants = self.denials = 0

    def acquire(self, lock: Lock, session_id: int, now_s: float, exclusive: bool) -> int | None:
        """The fencing token of the grant, or None where another holds the lock. The holder itself may repeat."""
        token = self._grant(lock, session_id, now_s, exclusive)
        if token is None:
            self.denials += 1
        return token

    def _grant(self, lock: Lock, session_id: int, now_s: float, exclusive: bool) -> int | None:
        holders = self._holders.setdefault(lock, {})
        if exclusive and not self._is_free(lock, session_id, now_s):
            return None
        token = self._tokens.get(lock, 0) + 1
        if token <= max(holders.values(), default=0):
            raise SafetyError(f"lock {lock}: fencing token {token} does not grow")
        self._tokens[lock] = token
        holders[session_id] = token
        self._of_session.setdefault(session_id, {})[lock] = None
        self.grants += 1
        if self.journal is not None:
            self.journal.granted(now_s, lock, session_id, token, exclusive)
        if exclusive and len(holders) > 1:
            raise SafetyError(f"lock {lock}: held by sessions {sorted(holders)} at once at {now_s} s")
        return token

    def _is_free(self, lock: Lock, session_id: int, now_s: float) -> bool:
        """Whether nobody else holds the lock, once those whose time is over have lost it."""
        holders = self._holders[lock]
        for other in [one for one in holders if one != session_id]:
            if self._alive_until_s(other) <= now_s:
                self._remove(lock, other, now_s, expired=True)
        return not holders or session_id in holders

    def release(self, lock: Lock, session_id: int, token: int, now_s: float) -> bool:
        """Give back what was granted with `token`; False where the session does not hold it by that grant."""
        if self._holders.get(lock, {}).get(session_id) != token:
            return False
        self._remove(lock, session_id, now_s, expired=False)
        return True

    def release_all(self, session_id: int, now_s: float, *, expired: bool) -> list[Lock]:
        """Take everything that a session holds; the locks, in order."""
        locks = sorted(self._of_session.get(session_id, ()))
        for lock in locks:
            self._remove(lock, session_id, now_s, expired)
        return locks

    def holds(self, session_id: int, lock: Lock | None = None) -> bool:
        """Whether the session holds a lock (None: any)."""
        held = self._of_session.get(session_id, {})
        return bool(held) if lock is None else lock in held

    def _remove(self, lock: Lock, session_id: int, now_s: float, expired: bool) -> None:
        token = self._holders[lock].pop(session_id)
        locks = self._of_session[session_id]
        del locks[lock]
        if not locks:
            del self._of_session[session_id]
        if self.journal is not None:
            self.journal.ended(now_s, lock, session_id, token, expired)

    # -- waiting --------------------------------------------------------------------------------------
    def wait(self, lock: Lock, session_id: int, exclusive: bool, question: object, ticket: Any) -> None:
        """Stand in line with a ticket; a question that stands there already keeps its place with the new ticket."""
        line = self._lines.get(lock)
        if line is None:
            line = self._lines[lock] = OrderedDict()
        line[question] = (session_id, exclusive, ticket)

    def free_at_s(self, lock: Lock) -> float | None:
        """When the present holders may be gone on their own (seconds); None where nobody waits for that."""
        if not self._lines.get(lock):
            return None
        return max((self._alive_until_s(holder) for holder in self._holders.get(lock, ())), default=0.0)

    def next_in_line(self, lock: Lock, now_s: float, wants: Callable[[Any], bool]) -> tuple[Any, int] | None:
        """Grant a free lock to the first in line who still wants it: its ticket and token; None where nobody can.

        Who does not want it any more loses the place, and nothing else.
        """
        line = self._lines.get(lock)
        while line:
            question = next(iter(line))
            session_id, exclusive, ticket = line[question]
            if not wants(ticket):
                del line[question]
                continue
            token = self._grant(lock, session_id, now_s, exclusive)
            if token is None:
                return None
            del line[question]
            return ticket, token
        self._lines.pop(lock, None)
        return None
