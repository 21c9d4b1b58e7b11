"""A core shard: k workers, the L2 cache, the lease authority, the lock table, and a standby.

One shard is a primary with its standby; `CoreNode` is whichever of them serves. Lease and lock state is replicated
to the standby, L2 is not. May import: kernel, request, caches' contract, leases. Does not model: the replication
traffic between primary and standby, consensus.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.caches.absent import Absent
from simulator.leases.locks import Lock, LockTable
from simulator.messages import Batch, Call, Cause, Kind, Message, Outcome, RenewalAnswer, Tier
from simulator.server.pausing import Pausing
from simulator.server.slowable import Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import Session, SessionId
    from simulator.agents.policies import Sizes
    from simulator.caches.base import Cache
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.leases.renewal import LeasePolicy
    from simulator.links import Link
    from simulator.sam.manager import StickinessManager
    from simulator.server.edge import EdgeNode
    from simulator.server.standby import StandbyPlace
    from simulator.server.storage import Storage

INFINITY: Final = float("inf")
STORAGE_RETRY_S: Final = 1.0
LOOKUP: Final = int(Kind.LOOKUP)  # plain integers: enums cost in the hot path
UPDATE: Final = int(Kind.UPDATE)
SESSION_EXPIRED: Final = int(Outcome.SESSION_EXPIRED)
ERROR: Final = int(Outcome.ERROR)
L2: Final = int(Tier.L2)
STORAGE: Final = int(Tier.STORAGE)
NODE_RESTART: Final = int(Cause.NODE_RESTART)
EXTENDED: Final = int(RenewalAnswer.EXTENDED)
EXPIRED: Final = int(RenewalAnswer.EXPIRED)
MOVED: Final = int(RenewalAnswer.MOVED)


@dataclass(frozen=True, slots=True)
class CorePolicy:
    """How a shard serves and takes over. Times in seconds."""

    workers: float = 1
    standby: bool = True
    takeover_s: float = 3.0
    grace_s: float | None = None  # so long no new lock is granted after a restart; None: leases are extended instead
    invalidate: bool = False


class Grant:
    """A lease as its authority knows it."""

    __slots__ = ("over", "renewer", "session", "until_s")

    def __init__(self, session: Session, renewer: int, until_s: float) -> None:
        self.session = session
        self.over = False  # whether it was found to have ended; it stays while locks are under their delay
        self.renewer = renewer
        self.until_s = until_s


class CoreNode(Server):
    """One shard of the core."""

    def __init__(
        self,
        index: int,
        name: str,
        site: str | None,
        kernel: Kernel,
        policy: CorePolicy,
        service_s: Sampler,
        ttl_s: Sampler | None,
        cache: Cache,
        storage: Storage,
        leases: LeasePolicy | None,
        sizes: Sizes,
    ) -> None:
        self.index = index
        self.name = name
        self.site = site
        self.clock = kernel.clock
        self.policy = policy
        super().__init__(service_s)
        self.ttl_s = ttl_s
        self.cache = cache
        self.storage = storage
        self.leases = leases
        self.sizes = sizes
        self.manager: StickinessManager | None = None
        self.edges: list[EdgeNode] = []
        self.to_edge: list[Link] = []
        self._fills: list[Callable[[Any], None]] = []
        self._finish_cb = self._finish  # bound once
        self.storage_legs: tuple[Link, Link] | None = None
        self.grants: dict[SessionId, Grant] = {}
        self.locks: LockTable  # one for all shards
        self.shards: list[CoreNode] = []
        self.locks_changed_s: dict[SessionId, float] = {}
        self.data_changed_s: dict[SessionId, float] = {}
        self.pools_changed_s: dict[int, float] = {}  # of all shards; kept by the first
        self.holders: dict[SessionId, dict[int, None]] = {}  # session -> edges that may hold it, with invalidation
        self.standby_ready = policy.standby
        self.standby_place: StandbyPlace | None = None  # where it is not beside the primary
        self.epoch = 0
        self.busy = 0
        self.in_system = 0
        self.waiting: deque[Message] = deque()
        self.grace_until_s = self.crashed_s = -INFINITY
        self._lines_due_s: dict[Lock, float] = {}  # lock -> when its line is looked at next
        self._absent = Absent()
        cache.on_evict = self._absent.evicted
        self._decide: tuple[Callable[[Call], None], ...] = (  # by `Kind`
            self._lookup, self._establish, self._acquire, self._release, self._close, self._close, self._update,
        )  # fmt: skip
        self.reset_counters()

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        self.received = self.lookups = self.hits = self.invalidations = 0
        self.expiries_s = array("d")  # when leases ended here while their sessions were open, as far as it was found
        self.misses = [0] * len(Cause)
        self.start_sum_s = self.departure_sum_s = 0.0
        self.wait_sum_s = self.reply_link_sum_s = 0.0

    def connect(self, shards: Sequence[CoreNode], edges: Sequence[EdgeNode], links: Sequence[Link]) -> None:
        """Say who the other shards are, where the edges are, and over which links they are answered."""
        self.shards, self.edges, self.to_edge = list(shards), list(edges), list(links)
        self._fills = [edge.fill for edge in edges]

    # -- the queue ------------------------------------------------------------------------------------
    def receive(self, call: Message) -> None:
        """A message from an edge has arrived."""
        if self.disturbed and self._turns_away(call):
            return
        self.received += 1
        call.received_s = self.clock.now
        call.core_epoch = self.epoch
        if self.busy < self.policy.workers:
            self.busy += 1
            self._start(call)
        else:
            self.waiting.append(call)

    def _turns_away(self, call: Message) -> bool:
        """Whether a message meets something else than the queue: a node that is down, or an error (requests only)."""
        if self.down:
            self._lose(call)
            return True
        if self.pausing is not None:
            self.pausing.message(self.receive, call)
            return True
        if self.erring is None or not isinstance(call, Call) or call.attempt is None:
            return False
        after_s = self.erring.strikes()
        if after_s < 0.0:
            return False
        self.received += 1
        call.received_s = self.clock.now
        call.core_epoch = self.epoch
        self.clock.call_at(self.clock.now + after_s, self._err, call)
        return True

    def _err(self, call: Call) -> None:
        if call.core_epoch != self.epoch:
            self._lose(call)
            return
        call.outcome = ERROR
        self._reply(call)

    def _start(self, call: Message) -> None:
        now = self.clock.now
        self.start_sum_s += now
        self.wait_sum_s += now - call.received_s
        if call.kind == LOOKUP:
            assert isinstance(call, Call)
            self._look_up(call, now)
        self.clock.push(now + self.service_s.next(), self._finish_cb, call)

    def _look_up(self, call: Call, now: float) -> None:
        session_id = call.session.session_id
        if self.cache.lookup(session_id, now):
            call.tier = L2
            return
        call.tier = STORAGE
        call.cause = self._absent.cause(self.cache, session_id, now)

    def _finish(self, call: Message) -> None:
        if call.core_epoch != self.epoch:
            self._lose(call)
            return
        now = self.clock.now
        self.departure_sum_s += now
        if self.waiting:
            self._start(self.waiting.popleft())
        else:
            self.busy -= 1
        if isinstance(call, Batch):
            self._renew(call)
        else:
            assert isinstance(call, Call)
            self._decide[call.kind](call)

    # -- decisions ------------------------------------------------------------------------------------
    def _lookup(self, call: Call) -> None:
        if not self._lease_runs(call):
            return
        self._count_lookup(call)
        if call.tier == L2:
            self._name_renewer(call)
            self._reply(call)
        else:
            self._ask_storage(call)

    def _count_lookup(self, call: Call) -> None:
        """Count what L2 had for a question, once however often it is repeated; SESSION_EXPIRED is no lookup."""
        question = call.question
        if question.looked_up:
            return
        question.looked_up = True
        self.lookups += 1
        if call.tier == L2:
            self.hits += 1
        else:
            question.from_storage = True
            self.misses[call.cause] += 1

    # -- storage --------------------------------------------------------------------------------------
    def _ask_storage(self, call: Call) -> None:
        """Read or write the session's record; over a link only where the scenario says something about it."""
        if self.pausing is not None and not self.down:
            self.pausing.timer(self._ask_storage, call)
            return
        if self.storage_legs is None:
            self._at_storage(call)
        else:
            self._over(self.storage_legs[0], call, self._at_storage)

    def _at_storage(self, call: Call) -> None:
        done = self._stored if self.storage_legs is None else self._from_storage
        if call.kind == LOOKUP:
            self.storage.read(done, call)
        else:
            self.storage.write(done, call)

    def _from_storage(self, call: Call) -> None:
        assert self.storage_legs is not None
        self._over(self.storage_legs[1], call, self._stored)

    def _stored(self, call: Call) -> None:
        if self.pausing is not None and not self.down:
            self.pausing.message(self._stored, call)
            return
        if call.kind == LOOKUP:
            self._was_read(call)
        else:
            self._was_written(call)

    def _over(self, link: Link, call: Call, then: Callable[[Call], None]) -> None:
        """Send over a link to or from storage; what is lost is asked for again after a second."""
        now = self.clock.now
        delay_s = link.transit(self.sizes.metadata, now)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, then, call)
        elif call.core_epoch == self.epoch:
            self.clock.call_at(now + STORAGE_RETRY_S, self._ask_storage, call)
        else:
            self._lose(call)

    def _was_read(self, call: Call) -> None:
        if call.core_epoch != self.epoch or self.down:
            self._lose(call)
            return
        if self._lease_runs(call):
            self._fill(call.session.session_id)
            self._name_renewer(call)
            self._reply(call)

    def _establish(self, call: Call) -> None:
        self._ask_storage(call)

    def _was_written(self, call: Call) -> None:
        """The session is durable: now it may have a weight, a lease, a place in the caches, and an answer."""
        if call.core_epoch != self.epoch or self.down:
            self._lose(call)
            return
        session = call.session
        call.tier = Tier.CORE
        if self.manager is not None:
            if not session.established:  # a write that comes late moves no session whose client was answered
                session.stand_at(call.edge)
            self.manager.admit(session, session.probe_s)
        if self.leases is not None:
            until_s = call.received_s + self.leases.length_s
            if session.grant is not None:  # it was asked for more than once; what another edge was granted still holds
                until_s = max(until_s, session.grant.until_s)
            self.grant(session, call.edge, until_s)
            call.lease_until_s = call.sent_s + self.leases.length_s
        self._fill(session.session_id)
        self._note_holder(call)
        self._reply(call)

    def _update(self, call: Call) -> None:
        """A session's data change here and now: in L2, and behind it in storage, which nobody waits for."""
        if not self._lease_runs(call):
            return
        session_id = call.session.session_id
        call.tier = Tier.CORE
        self.data_changed_s[session_id] = self.clock.now
        self.storage.write(_nothing, None)
        self._fill(session_id)
        if self.policy.invalidate:
            self._tell_holders(call, self)
        self._name_renewer(call)
        self._reply(call)

    def _acquire(self, call: Call) -> None:
        if not self._lease_runs(call):
            return
        now = self.clock.now
        call.tier = Tier.CORE
        session_id = call.session.session_id
        if now < self.grace_until_s and not self.locks.holds(session_id, call.lock):
            call.outcome = Outcome.DENIED
        else:
            policy = call.session.client.group.locks
            token = self.locks.acquire(call.lock, session_id, now, policy.exclusive)
            if token is not None:
                call.token = token
                self._locks_changed(call)
            elif policy.waits:
                self.locks.wait(call.lock, session_id, policy.exclusive, call.origin or call, call)
                self._watch_line(call.lock)
                return
            else:
                call.outcome = Outcome.DENIED
        self._reply(call)

    def _watch_line(self, lock: Lock) -> None:
        """Somebody waits for a lock: look again when its holders may be gone without a word."""
        free_s = self.locks.free_at_s(lock)
        if free_s is None or free_s == INFINITY:
            return
        due_s = max(free_s, self.clock.now)
        if self._lines_due_s.get(lock, INFINITY) > due_s:
            self._lines_due_s[lock] = due_s
            self.clock.call_at(due_s, self._line_due, lock)

    def _line_due(self, lock: Lock) -> None:
        if self.pausing is not None:
            self.pausing.timer(self._line_due, lock)
            return
        if self._lines_due_s.get(lock, INFINITY) <= self.clock.now:
            del self._lines_due_s[lock]
            self._serve_line(lock)

    def _serve_line(self, lock: Lock) -> None:
        """Grant a lock that may be free to whoever is first in line, at the shard that decides it."""
        decider = self.shards[(lock[1] if lock[0] < 0 else lock[0]) % len(self.shards)]
        now = self.clock.now
        granted = self.locks.next_in_line(lock, now, decider._still_wanted)
        while granted is not None:
            call: Call = granted[0]
            call.token = granted[1]
            decider._locks_changed(call)
            decider._reply(call)
            granted = self.locks.next_in_line(lock, now, decider._still_wanted)
        decider._watch_line(lock)

    def _still_wanted(self, call: Call) -> bool:
        """Whether who stands in line is still there to be answered."""
        if self.down or call.core_epoch != self.epoch:
            call.note_crashed()
            self.edges[call.edge].note_lost(call)
            return False
        attempt = call.attempt
        if attempt is not None and attempt.done and attempt.client.group.retry.cancel_on_timeout:
            call.outcome = Outcome.DENIED
            self._reply(call)  # nobody reads it, but the edge need not wait for it any more
            return False
        return self._lease_runs(call)

    def _release(self, call: Call) -> None:
        call.tier = Tier.CORE
        if call.attempt is not None and not self._lease_runs(call):
            return
        if self.locks.release(call.lock, call.session.session_id, call.token, self.clock.now):
            self._locks_changed(call)
            self._serve_line(call.lock)
        else:
            call.outcome = Outcome.DENIED
        if call.attempt is not None:
            self._reply(call)

    def _close(self, call: Call) -> None:
        session_id = call.session.session_id
        grant = call.session.grant
        if grant is not None:
            if not grant.over and grant.until_s <= self.clock.now:
                self.expiries_s.append(grant.until_s)
            self._end_grant(grant)
        self.cache.discard(session_id)
        self._absent.forget(session_id)
        self.holders.pop(session_id, None)
        for lock in self.locks.release_all(session_id, self.clock.now, expired=False):
            self._note_change(session_id, lock, self.clock.now)
            self._serve_line(lock)
        self.locks_changed_s.pop(session_id, None)
        self.data_changed_s.pop(session_id, None)

    def _renew(self, batch: Batch) -> None:
        """Answer each lease of a batch: extended, expired, or moved to another renewer."""
        assert self.leases is not None
        batch.answered_s = now = self.clock.now
        until_s = batch.received_s + self.leases.length_s
        answers = batch.answers
        for session in batch.sessions:
            grant = session.grant
            if grant is None or grant.until_s <= now:  # as of now: it may have been told so since the batch came
                answers.append(EXPIRED)
            elif grant.renewer != batch.edge:
                answers.append(MOVED)
            else:
                grant.until_s = max(grant.until_s, until_s)
                answers.append(EXTENDED)
        edge = self.edges[batch.edge]
        assert edge.leases is not None
        size = self.sizes.batch + self.sizes.batch_lease * len(batch.leases)
        delay_s = self.to_edge[batch.edge].transit(size, now)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, edge.leases.receive_answers, batch)
        else:
            edge.leases.batch_lost(batch)

    # -- leases ---------------------------------------------------------------------------------------
    def grant(self, session: Session, renewer: int, until_s: float) -> None:
        """Grant a lease, or a new one in place of the one that there is."""
        session.grant = self.grants[session.session_id] = Grant(session, renewer, until_s)

    def _end_grant(self, grant: Grant) -> None:
        grant.session.grant = None
        del self.grants[grant.session.session_id]

    def _lease_runs(self, call: Call) -> bool:
        """Whether the session's lease runs; if not, the answer is SESSION_EXPIRED."""
        if self.leases is None:
            return True
        grant = call.session.grant
        if grant is not None:
            if self.clock.now < grant.until_s:
                return True
            session_id = call.session.session_id
            self.shards[session_id % len(self.shards)]._expire(session_id)
        call.outcome = SESSION_EXPIRED
        self._reply(call)
        return False

    def _expire(self, session_id: SessionId) -> None:
        """A lease is found to have ended: once."""
        grant = self.grants[session_id]
        if grant.over:
            return
        grant.over = True
        self.expiries_s.append(grant.until_s)
        self.cache.discard(session_id)
        self.data_changed_s.pop(session_id, None)
        if self.locks.holds(session_id):
            self._free_locks_in_time(session_id)
        else:
            self._end_grant(grant)

    def all_expiries_s(self) -> list[float]:
        """When leases ended here while their sessions were open, found or not, seconds; each session's once."""
        now = self.clock.now
        last_s = min(now, self.crashed_s) if self.down else now  # what ran when it crashed may be extended yet
        unfound = (grant.until_s for grant in self.grants.values() if not grant.over and grant.until_s <= last_s)
        return sorted([*self.expiries_s, *unfound])

    def _free_locks_in_time(self, session_id: SessionId) -> None:
        free_s = max(self.locks_until_s(session_id), self.clock.now)
        if free_s < INFINITY:
            self.clock.call_at(free_s, self._free_locks, session_id)

    def _free_locks(self, session_id: SessionId) -> None:
        if self.pausing is not None:
            self.pausing.timer(self._free_locks, session_id)
            return
        now = self.clock.now
        if session_id in self.grants and self.locks_until_s(session_id) <= now:
            self._end_grant(self.grants[session_id])
            for lock in self.locks.release_all(session_id, now, expired=True):
                self._note_change(session_id, lock, now)
                self._serve_line(lock)

    def locks_until_s(self, session_id: SessionId) -> float:
        """Until when nobody else may have the locks that a session holds (asked of its shard).

        A shard that is down may extend its leases when it is back: until then they have not ended.
        """
        if self.leases is None:
            return INFINITY
        grant = self.grants.get(session_id)
        if grant is None:
            return -INFINITY
        if self.down and grant.until_s > self.crashed_s:
            return INFINITY
        return grant.until_s + self.leases.lock_delay_s

    def _name_renewer(self, call: Call) -> None:
        """A lookup carries the lease's present expiry and makes the asking edge its renewer; it never extends."""
        if self.leases is not None:
            grant = call.session.grant
            assert grant is not None  # it runs: it has just been looked at
            grant.renewer = call.edge
            call.lease_until_s = grant.until_s
        self._note_holder(call)

    # -- answers and coherence ------------------------------------------------------------------------
    def _fill(self, session_id: SessionId) -> None:
        now = self.clock.now
        self._absent.forget(session_id)
        if self.ttl_s is None:
            self.cache.insert(session_id, now)
        else:
            ttl_s = self.ttl_s.next()
            if ttl_s > 0.0:
                self.cache.insert(session_id, now, ttl_s)

    def _reply(self, call: Call) -> None:
        now = self.clock.now
        call.read_at_s = now
        if call.kind in (LOOKUP, UPDATE):
            expires_at_s = self.cache.expires_at(call.session.session_id)
            call.ttl_left_s = 0.0 if expires_at_s is None else expires_at_s - now
        delay_s = self.to_edge[call.edge].transit(self.sizes.metadata, now)
        if delay_s < INFINITY:
            self.reply_link_sum_s += delay_s
            self.clock.push(now + delay_s, self._fills[call.edge], call)
        else:
            self.edges[call.edge].note_lost(call)

    def _note_holder(self, call: Call) -> None:
        if self.policy.invalidate:
            self.holders.setdefault(call.session.session_id, {})[call.edge] = None

    def _note_change(self, session_id: SessionId, lock: Lock, now: float) -> None:
        """A lock state has changed: of a session, or of a pool, which all sessions of its group can see."""
        if lock[0] < 0:
            self.shards[0].pools_changed_s[lock[0]] = now
        else:
            self.shards[session_id % len(self.shards)].locks_changed_s[session_id] = now

    def changed_s(self, session: Session) -> float:
        """When the lock states that a session can see changed last, seconds; below 0 for never (asked of its shard)."""
        pool = -1 - session.client.group.locks.group
        own_s = self.locks_changed_s.get(session.session_id, -1.0)
        return max(own_s, self.shards[0].pools_changed_s.get(pool, -1.0))

    def _locks_changed(self, call: Call) -> None:
        """The record of a session has changed; the write behind it is durable later."""
        session_id = call.session.session_id
        now = self.clock.now
        owner = self.shards[session_id % len(self.shards)]
        self._note_change(session_id, call.lock, now)
        self.storage.write(_nothing, None)
        if self.policy.invalidate:
            self._tell_holders(call, owner)
            if call.attempt is not None:
                owner._note_holder(call)

    def _tell_holders(self, call: Call, owner: CoreNode) -> None:
        """A session has changed: tell the edges that may hold it, but the one that the answer tells."""
        now = self.clock.now
        call.read_at_s = now  # how new the record is
        answered = call.attempt is not None  # the end of a hold has no answer that would tell its edge
        session_id = call.session.session_id
        for edge in owner.holders.pop(session_id, {}):
            if edge == call.edge and answered:
                continue
            self.invalidations += 1
            delay_s = self.to_edge[edge].transit(self.sizes.lookup, now)
            if delay_s < INFINITY:
                self.clock.push(now + delay_s, self.edges[edge].invalidate, call)

    # -- faults ---------------------------------------------------------------------------------------
    def take_over(self) -> None:
        """The standby serves, from where it stands; the node that crashed is the next standby, once it is repaired."""
        self.standby_ready = False
        if self.standby_place is not None:
            self.standby_place.trade(self)
        self.restart()

    def crash(self) -> None:
        """Lose L2, the queue and what is in service; lease and lock state is safe with the standby."""
        self.crashed_s = now = self.clock.now
        self.down = True
        self.note_disturbance()
        self.epoch += 1
        self._absent.empty(self.cache, NODE_RESTART)
        self.departure_sum_s += now * self.busy
        self.busy = 0
        lost, self.waiting = self.waiting, deque()
        for call in lost:
            self._lose(call)
        if self.pausing is not None:
            pausing, self.pausing = self.pausing, None
            pausing.lose()
            self.pausing = pausing

    def pause(self) -> None:
        """Stand still."""
        self.pausing = Pausing(self.clock, lambda function: function is self._finish_cb)
        self.note_disturbance()

    def go_on(self) -> None:
        """Stand still no more: what waited happens now."""
        pausing, self.pausing = self.pausing, None
        self.note_disturbance()
        if pausing is not None:
            pausing.end()

    def restart(self) -> None:
        """Serve again (the repaired primary, or the standby in its place), L2 cold."""
        self.down = False
        self.note_disturbance()
        if self.leases is None:
            return
        now, grace_s = self.clock.now, self.policy.grace_s
        until_s = now + (self.leases.length_s if grace_s is None else grace_s)
        if grace_s is not None:
            self.grace_until_s = until_s
        for session_id, grant in list(self.grants.items()):
            if grant.until_s > self.crashed_s:  # one that ran when its authority was lost
                grant.until_s = max(grant.until_s, until_s)
            elif grant.over:
                self._free_locks_in_time(session_id)

    def _lose(self, call: Message) -> None:
        """A message that met a crash: its sender learns by its timeout."""
        edge = self.edges[call.edge]
        if isinstance(call, Batch):
            if edge.leases is not None:
                edge.leases.batch_lost(call)
        else:
            assert isinstance(call, Call)
            call.note_crashed()
            edge.unanswered(call)


def _nothing(_: Any) -> None:
    """What follows a write that nobody waits for."""
