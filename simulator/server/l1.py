"""An edge's L1: records under leases, and how new they are.

A record is served while its entry is fresh and the edge believes in the session's lease. It can be stale all the same:
what it says may have changed since it was read at the core. May import: levels, leases. Does not model: what is in a
record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.leases.changes import Changes
from simulator.messages import Attempt, Call, Cause, Kind, Operation
from simulator.server.level import Level

if TYPE_CHECKING:
    from simulator.agents.client import SessionId
    from simulator.caches.base import Cache
    from simulator.engine.samplers import Sampler
    from simulator.leases.renewal import LeaseTable

INFINITY: Final = float("inf")
READ_LOCK: Final = int(Operation.READ_LOCK)  # plain integers: enums cost in the hot path
KIND_ESTABLISH: Final = int(Kind.ESTABLISH)
COLD: Final = int(Cause.COLD)
MIGRATED: Final = int(Cause.MIGRATED)
LEASE_EXPIRED: Final = int(Cause.LEASE_EXPIRED)
INVALIDATED: Final = int(Cause.INVALIDATED)
NODE_RESTART: Final = int(Cause.NODE_RESTART)


class L1(Level):
    """The L1 of one edge. Times are seconds.

    Args:
        edge: number of the edge.
        cache: the cache.
        ttl_s: TTLs; None where entries do not expire.
        inherit_ttl: whether an entry is fresh no longer than the one in L2 that it was copied from.
        leases: the edge's lease table; None where sessions have no leases.
    """

    __slots__ = ("_data_read_at_s", "_edge", "_inherit_ttl", "_leases", "_read_at_s", "changes", "track_data",
                 "track_reads", "tracks")  # fmt: skip

    changes: Changes

    def __init__(
        self, edge: int, cache: Cache, ttl_s: Sampler | None, inherit_ttl: bool, leases: LeaseTable | None
    ) -> None:
        super().__init__(cache, ttl_s)
        self._edge = edge
        self._inherit_ttl = inherit_ttl
        self._leases = leases
        self.track_reads = False  # whether lock states are read from L1
        self.track_data = False  # whether sessions' data change
        self.tracks = False  # whether either is so
        self._read_at_s: dict[SessionId, float] = {}  # session -> when the core read the lock states that L1 holds
        self._data_read_at_s: dict[SessionId, float] = {}  # session -> core time of the newest data known here

    def track(self, reads: bool, data: bool, changes: Changes) -> None:
        """Keep what tells stale reads: of lock states, of data."""
        self.track_reads, self.track_data, self.tracks = reads, data, reads or data
        self.changes = changes

    # -- reading --------------------------------------------------------------------------------------
    def serves(self, session_id: SessionId, now_s: float) -> bool:
        """Whether a request is answered from here: a fresh record under a lease."""
        return self.cache.lookup(session_id, now_s) and (self._leases is None or self._leases.valid(session_id, now_s))

    def miss_cause(self, attempt: Attempt, session_id: SessionId, now_s: float) -> int:
        """Why it does not: a `Cause`."""
        last_served = attempt.session.last_served
        if last_served < 0:
            return COLD
        if last_served != self._edge:
            return MIGRATED
        if session_id in self.cache:  # there and fresh: only its lease can be what is over
            return LEASE_EXPIRED
        return self._absent.cause(self.cache, session_id, now_s)

    def is_stale(self, attempt: Attempt) -> bool:
        """Whether a hit reads what has changed since it was read at the core: data, or lock states."""
        session = attempt.session
        session_id = session.session_id
        if attempt.operation == READ_LOCK:
            return self.track_reads and self.changes.locks_s(session) > self._read_at_s.get(session_id, -1.0)
        return self.track_data and self.changes.data_s(session_id) > self._data_read_at_s.get(session_id, -1.0)

    # -- filling --------------------------------------------------------------------------------------
    def take(self, call: Call, session_id: SessionId, now_s: float) -> None:
        """A record has come with the answer to a question."""
        ttl_s = None if self.ttl_s is None else self.ttl_s.next()
        if self._inherit_ttl and call.kind != KIND_ESTABLISH:
            ttl_s = min(INFINITY if ttl_s is None else ttl_s, call.ttl_left_s)
        if self._leases is not None:
            self._leases.hold(call.session, call.lease_until_s, call.read_at_s)
        if self.track_data and not self._is_newest(call, session_id, INFINITY if ttl_s is None else now_s + ttl_s):
            return
        self.put(session_id, now_s, ttl_s)
        self._absent.forget(session_id)
        if self.track_reads:
            self._read_at_s[session_id] = call.read_at_s

    def _is_newest(self, call: Call, session_id: SessionId, expires_at_s: float) -> bool:
        """Whether a record that came is as new as what the edge knows of its session's data; else L1 does without it.

        An older one was read before an update that this edge carried meanwhile, or was told of.
        """
        if call.read_at_s >= self._data_read_at_s.get(session_id, -1.0):
            self._data_read_at_s[session_id] = call.read_at_s
            return True
        if session_id not in self.cache:
            self._absent.note(session_id, expires_at_s, INVALIDATED)
        return False

    def locks_told(self, session_id: SessionId, read_at_s: float) -> None:
        """The answer about a lock tells how the session's locks stood at the core then."""
        if session_id in self._read_at_s:
            self._read_at_s[session_id] = read_at_s

    def invalidate(self, call: Call) -> None:
        """The core says that a session's record has changed (`coherence: invalidate`)."""
        session_id = call.session.session_id
        if self.track_data:
            self._data_read_at_s[session_id] = max(call.read_at_s, self._data_read_at_s.get(session_id, -1.0))
        expires_at_s = self.cache.expires_at(session_id)
        if expires_at_s is not None:
            self.cache.discard(session_id)
            self._absent.note(session_id, expires_at_s, INVALIDATED)

    # -- losing ---------------------------------------------------------------------------------------
    def close(self, session_id: SessionId) -> None:
        """A session is closed: its record and its lease are not needed any more."""
        super().close(session_id)
        self._read_at_s.pop(session_id, None)
        self._data_read_at_s.pop(session_id, None)
        if self._leases is not None:
            self._leases.drop(session_id)

    def crash(self) -> None:
        """Lose all records and leases, and what was known of them."""
        self.empty(NODE_RESTART)
        self._read_at_s.clear()
        self._data_read_at_s.clear()
        if self._leases is not None:
            self._leases.clear()
