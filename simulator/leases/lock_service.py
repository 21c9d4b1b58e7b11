"""The locks that one core shard decides: who gets them, who stands in line, and what an ended lease leaves behind.

The table is one for all shards; each lock is decided by one of them, and a session's locks are freed by the shard of
the session. May import: nodes, the lease authority. Does not send anything: its core does, for the claimants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.agents.client import Grant
from simulator.engine.node import Node
from simulator.leases.authority import Authority
from simulator.leases.changes import Changes
from simulator.leases.locks import Lock, LockTable
from simulator.messages import Call, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.engine.clock import Clock

INFINITY: Final = float("inf")
DENIED: Final = int(Outcome.DENIED)  # a plain integer: enums cost in the hot path


class Claimants:
    """Those who stand in line for locks, as their core reaches them."""

    __slots__ = ()

    def still_want(self, call: Call) -> bool:
        """Whether whoever asked is still there to be answered, under a lease that runs."""
        raise NotImplementedError

    def get(self, call: Call) -> None:
        """A lock is granted to whoever asked, with the token that the call carries."""
        raise NotImplementedError


class LockService:
    """The locks of one core shard.

    Args:
        node: the shard, which may stand still.
        clock: the time.
        authority: of the shard's leases; None where sessions have none.
        claimants: who asked.
    """

    __slots__ = ("_authority", "_claimants", "_clock", "_lines_due_s", "_node", "changes", "grace_until_s", "shards",
                 "table")  # fmt: skip

    changes: Changes
    table: LockTable

    def __init__(self, node: Node, clock: Clock, authority: Authority | None, claimants: Claimants) -> None:
        self._node = node
        self._clock = clock
        self._authority = authority
        self._claimants = claimants
        self.shards: list[LockService] = []
        self.grace_until_s = -INFINITY  # until then nobody gets a lock here who does not hold it
        self._lines_due_s: dict[Lock, float] = {}  # lock -> when its line is looked at next

    def connect(self, table: LockTable, changes: Changes, shards: Sequence[LockService]) -> None:
        """Say what all shards share: the table, the times of changes; and who decides what."""
        self.table, self.changes, self.shards = table, changes, list(shards)

    # -- asking ---------------------------------------------------------------------------------------
    def acquire(self, call: Call) -> bool:
        """Decide a question for a lock; False where it stands in line for now."""
        now, session_id = self._clock.now, call.session.session_id
        if now < self.grace_until_s and not self.table.holds(session_id, call.lock):
            call.outcome = DENIED
            return True
        policy = call.session.client.group.locks
        token = self.table.acquire(call.lock, session_id, now, policy.exclusive)
        if token is not None:
            call.token = token
        elif policy.waits:
            self.table.wait(call.lock, session_id, policy.exclusive, call.origin or call, call)
            self._watch_line(call.lock)
            return False
        else:
            call.outcome = DENIED
        return True

    def release(self, call: Call) -> bool:
        """Give a lock back; False where the session does not hold it by that grant. Its line is not looked at yet."""
        return self.table.release(call.lock, call.session.session_id, call.token, self._clock.now)

    def release_all(self, session_id: Any, expired: bool) -> None:
        """A session holds nothing any more: it is closed, or (`expired`) its lease and the lock delay are over."""
        now = self._clock.now
        for lock in self.table.release_all(session_id, now, expired=expired):
            self.changes.lock_changed(session_id, lock, now)
            self.serve_line(lock)

    # -- lines ----------------------------------------------------------------------------------------
    def serve_line(self, lock: Lock) -> None:
        """Grant a lock that may be free to whoever is first in line, at the shard that decides it."""
        self.shards[(lock[1] if lock[0] < 0 else lock[0]) % len(self.shards)]._serve_line(lock)

    def _serve_line(self, lock: Lock) -> None:
        now, still_want = self._clock.now, self._claimants.still_want
        granted = self.table.next_in_line(lock, now, still_want)
        while granted is not None:
            call: Call = granted[0]
            call.token = granted[1]
            self._claimants.get(call)
            granted = self.table.next_in_line(lock, now, still_want)
        self._watch_line(lock)

    def _watch_line(self, lock: Lock) -> None:
        """Somebody waits for a lock: look again when its holders may be gone without a word."""
        free_s = self.table.free_at_s(lock)
        if free_s is None or free_s == INFINITY:
            return
        due_s = max(free_s, self._clock.now)
        if self._lines_due_s.get(lock, INFINITY) > due_s:
            self._lines_due_s[lock] = due_s
            self._clock.call_at(due_s, self._line_due, lock)

    def _line_due(self, lock: Lock) -> None:
        if self._node.pausing is not None:
            self._node.pausing.timer(self._line_due, lock)
            return
        if self._lines_due_s.get(lock, INFINITY) <= self._clock.now:
            del self._lines_due_s[lock]
            self.serve_line(lock)

    # -- leases that have ended -----------------------------------------------------------------------
    def lease_ended(self, grant: Grant) -> None:
        """A lease has ended: the session's locks are free after the lock delay, and then nothing is left of it."""
        assert self._authority is not None
        if self.table.holds(grant.session.session_id):
            self.free_in_time(grant)
        else:
            self._authority.end(grant)

    def free_in_time(self, grant: Grant) -> None:
        """Free a session's locks when the lock delay is over."""
        assert self._authority is not None
        session_id = grant.session.session_id
        free_s = max(self._authority.locks_until_s(session_id), self._clock.now)
        if free_s < INFINITY:
            self._clock.call_at(free_s, self._free_locks, session_id)

    def _free_locks(self, session_id: Any) -> None:
        if self._node.pausing is not None:
            self._node.pausing.timer(self._free_locks, session_id)
            return
        authority = self._authority
        assert authority is not None
        grant = authority.grants.get(session_id)
        if grant is not None and authority.locks_until_s(session_id) <= self._clock.now:
            authority.end(grant)
            self.release_all(session_id, expired=True)
