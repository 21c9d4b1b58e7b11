"""A core shard: k workers, the L2 cache, and what decides leases and locks here.

One shard is a primary with its standby; `CoreNode` is whichever of them serves. Lease and lock state is replicated
to the standby, L2 is not. May import: questions, leases, coherence, storage. Does not model: the replication traffic
between primary and standby, consensus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.agents.client import Grant
from simulator.engine.handler import Calling, Handler
from simulator.leases.authority import Authority
from simulator.leases.changes import Changes
from simulator.leases.lock_service import Claimants, LockService
from simulator.messages import Asker, Batch, Call, Cause, Kind, Message, Outcome, Tier
from simulator.server.coherence import Holders, invalidate
from simulator.server.level import Level
from simulator.server.questions import Questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.policies import Sizes
    from simulator.caches.base import Cache
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.leases.locks import LockTable
    from simulator.leases.renewal import LeasePolicy
    from simulator.links import Link
    from simulator.sam.manager import StickinessManager
    from simulator.server.standby import StandbyPlace
    from simulator.server.storage import Storage

INFINITY: Final = float("inf")
STORAGE_RETRY_S: Final = 1.0
LOOKUP: Final = int(Kind.LOOKUP)  # plain integers: enums cost in the hot path
UPDATE: Final = int(Kind.UPDATE)
OK: Final = int(Outcome.OK)
SESSION_EXPIRED: Final = int(Outcome.SESSION_EXPIRED)
DENIED: Final = int(Outcome.DENIED)
ERROR: Final = int(Outcome.ERROR)
L2: Final = int(Tier.L2)
STORAGE: Final = int(Tier.STORAGE)
CORE: Final = int(Tier.CORE)
NODE_RESTART: Final = int(Cause.NODE_RESTART)


@dataclass(frozen=True, slots=True)
class CorePolicy:
    """How a shard serves and takes over. Times in seconds."""

    workers: float = 1
    standby: bool = True
    takeover_s: float = 3.0
    grace_s: float | None = None  # so long no new lock is granted after a restart; None: leases are extended instead
    invalidate: bool = False


class _Storing(Handler):
    """The record that a core asked storage for is there, or durable."""

    __slots__ = ("_core",)

    def __init__(self, core: CoreNode) -> None:
        self._core = core

    def call(self, argument: Any) -> None:
        """It is."""
        self._core.stored(argument)


class _Nothing(Handler):
    """What follows a write that nobody waits for."""

    __slots__ = ()

    def call(self, argument: Any) -> None:
        """It is durable."""


NOTHING: Final = _Nothing()


class _Waiting(Claimants):
    """Those who stand in line at a core. Apart, as the core is a station already."""

    __slots__ = ("_core",)

    def __init__(self, core: CoreNode) -> None:
        self._core = core

    def still_want(self, call: Call) -> bool:
        """Whether whoever asked is still there to be answered, under a lease that runs."""
        return self._core.is_still_wanted(call)

    def get(self, call: Call) -> None:
        """A lock is granted to whoever asked."""
        self._core.lock_changed(call)
        self._core.reply(call)


class CoreNode(Questions):
    """One shard of the core."""

    __slots__ = (
        "_decide", "_leaving_storage", "_reaching_storage", "_stored", "authority", "hits", "holders", "invalidations",
        "locks", "lookups", "manager", "misses", "policy",
        "shards", "standby_place", "standby_ready", "storage",
    )  # fmt: skip

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
        super().__init__(index, name, site, kernel, policy.workers, service_s, Level(cache, ttl_s), sizes)
        self.policy = policy
        self.storage = storage
        self.authority: Authority | None = None if leases is None else Authority(self, self.clock, leases)
        self.locks = LockService(self, self.clock, self.authority, _Waiting(self))
        self.holders = Holders(policy.invalidate)
        self.manager: StickinessManager | None = None
        self.shards: list[CoreNode] = []
        self.standby_ready = policy.standby
        self.standby_place: StandbyPlace | None = None  # where it is not beside the primary
        self._stored = _Storing(self)
        self._reaching_storage, self._leaving_storage = Calling(self._at_storage), Calling(self._from_storage)
        self._decide: tuple[Callable[[Call], None], ...] = (  # by `Kind`
            self._lookup, self._ask_storage, self._acquire, self._release, self._close, self._close, self._update,
        )  # fmt: skip
        self.reset_counters()

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        super().reset_counters()
        self.lookups = self.hits = self.invalidations = 0
        self.misses = [0] * len(Cause)
        if self.authority is not None:
            self.authority.reset_counters()

    def connect(
        self,
        shards: Sequence[CoreNode],
        askers: Sequence[Asker],
        links: Sequence[Link],
        table: LockTable,
        changes: Changes,
    ) -> None:
        """Say who the other shards and the edges are, over which links these are answered, and what shards share."""
        self.reach(askers, links)
        self.shards = list(shards)
        self.locks.connect(table, changes, [shard.locks for shard in shards])

    # -- the queue ------------------------------------------------------------------------------------
    def serve(self, work: Message) -> None:
        """Begin service; the L2 lookup is here."""
        now = self.clock.now
        self.start_sum_s += now
        self.wait_sum_s += now - work.received_s
        if work.kind == LOOKUP:
            assert isinstance(work, Call)
            self._look_up(work, now)
        self.clock.push(now + self.service_s.next(), self.finishing, work)

    def _look_up(self, call: Call, now: float) -> None:
        session_id = call.session.session_id
        if self.l2.lookup(session_id, now):
            call.tier = L2
        else:
            call.tier = STORAGE
            call.cause = self.l2.cause(session_id, now)

    def finish(self, work: Message) -> None:
        """End of service."""
        if work.core_epoch != self.epoch:
            self.lose(work)
            return
        self.free_worker(self.clock.now)
        if isinstance(work, Batch):
            self._renew(work)
        else:
            assert isinstance(work, Call)
            self._decide[work.kind](work)

    # -- lookups --------------------------------------------------------------------------------------
    def _lookup(self, call: Call) -> None:
        if not self._lease_runs(call):
            return
        self._count_lookup(call)
        if call.tier == L2:
            self._name_renewer(call)
            self.reply(call)
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
            self._over(self.storage_legs[0], call, self._reaching_storage)

    def _at_storage(self, call: Call) -> None:
        if call.kind == LOOKUP:
            self.storage.read(self.storing, call)
        else:
            self.storage.write(self.storing, call)

    @property
    def storing(self) -> Handler:
        """What is called when storage has read or written a record."""
        return self._stored if self.storage_legs is None else self._leaving_storage

    def _from_storage(self, call: Call) -> None:
        assert self.storage_legs is not None
        self._over(self.storage_legs[1], call, self._stored)

    def _over(self, link: Link, call: Call, then: Handler) -> None:
        """Send over a link to or from storage; what is lost is asked for again after a second."""
        now = self.clock.now
        delay_s = link.transit(self.sizes.metadata, now)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, then, call)
        elif call.core_epoch == self.epoch:
            self.clock.call_at(now + STORAGE_RETRY_S, self._ask_storage, call)
        else:
            self.lose(call)

    def stored(self, call: Call) -> None:
        """The record was read, or is durable."""
        if self.pausing is not None and not self.down:
            self.pausing.message(self.stored, call)
        elif call.core_epoch != self.epoch or self.down:
            self.lose(call)
        elif call.kind != LOOKUP:
            self._establish(call)
        elif self._lease_runs(call):
            self.l2.fill(call.session.session_id, self.clock.now)
            self._name_renewer(call)
            self.reply(call)

    # -- decisions ------------------------------------------------------------------------------------
    def _establish(self, call: Call) -> None:
        """The session is durable: now it may have a weight, a lease, a place in the caches, and an answer."""
        session = call.session
        call.tier = CORE
        if self.manager is not None:
            if not session.established:  # a write that comes late moves no session whose client was answered
                session.stand_at(call.edge)
            self.manager.admit(session, session.probe_s)
        if self.authority is not None:
            self.authority.establish(call)
        self.l2.fill(session.session_id, self.clock.now)
        self.holders.note(call)
        self.reply(call)

    def _update(self, call: Call) -> None:
        """A session's data change here and now: in L2, and behind it in storage, which nobody waits for."""
        if not self._lease_runs(call):
            return
        session_id = call.session.session_id
        call.tier = CORE
        self.locks.changes.data_changed(session_id, self.clock.now)
        self.storage.write(NOTHING, None)
        self.l2.fill(session_id, self.clock.now)
        if self.holders.told:
            self._invalidate(call, self.holders)
        self._name_renewer(call)
        self.reply(call)

    def _acquire(self, call: Call) -> None:
        if not self._lease_runs(call):
            return
        call.tier = CORE
        if self.locks.acquire(call):
            if call.outcome == OK:
                self.lock_changed(call)
            self.reply(call)

    def _release(self, call: Call) -> None:
        call.tier = CORE
        if call.attempt is not None and not self._lease_runs(call):
            return
        if self.locks.release(call):
            self.lock_changed(call)
            self.locks.serve_line(call.lock)
        else:
            call.outcome = DENIED
        if call.attempt is not None:
            self.reply(call)

    def lock_changed(self, call: Call) -> None:
        """A lock, and so the record of a session, has changed; the write behind it is durable later."""
        session_id = call.session.session_id
        owner = self.shards[session_id % len(self.shards)]
        self.locks.changes.lock_changed(session_id, call.lock, self.clock.now)
        self.storage.write(NOTHING, None)
        if self.holders.told:
            self._invalidate(call, owner.holders)
            if call.attempt is not None:
                owner.holders.note(call)

    def _invalidate(self, call: Call, holders: Holders) -> None:
        told = invalidate(call, holders, self.askers, self.to_edge, self.clock, self.sizes.lookup)
        self.invalidations += told

    def is_still_wanted(self, call: Call) -> bool:
        """Whether whoever stands in line is still there to be answered."""
        if self.down or call.core_epoch != self.epoch:
            call.note_crashed()
            self.askers[call.edge].note_lost(call)
            return False
        attempt = call.attempt
        if attempt is not None and attempt.done and attempt.client.group.retry.cancel_on_timeout:
            call.outcome = DENIED
            self.reply(call)  # nobody reads it, but the edge need not wait for it any more
            return False
        return self._lease_runs(call)

    def _close(self, call: Call) -> None:
        session_id = call.session.session_id
        if self.authority is not None:
            self.authority.close(call.session)
        self.l2.close(session_id)
        self.holders.take(session_id)
        self.locks.release_all(session_id, expired=False)
        self.locks.changes.forget(session_id)

    # -- leases ---------------------------------------------------------------------------------------
    def _lease_runs(self, call: Call) -> bool:
        """Whether the session's lease runs; if not, the answer is SESSION_EXPIRED."""
        if self.authority is None:
            return True
        grant = call.session.grant
        if grant is not None:
            if self.clock.now < grant.until_s:
                return True
            self.shards[call.session.session_id % len(self.shards)]._expire(grant)
        call.outcome = SESSION_EXPIRED
        self.reply(call)
        return False

    def _expire(self, grant: Grant) -> None:
        """A lease of this shard is found to have ended."""
        assert self.authority is not None
        if self.authority.expire(grant):
            session_id = grant.session.session_id
            self.l2.cache.discard(session_id)
            self.locks.changes.forget_data(session_id)
            self.locks.lease_ended(grant)

    def _name_renewer(self, call: Call) -> None:
        """The edge that asks renews from now on, and may hold the record."""
        if self.authority is not None:
            self.authority.name_renewer(call)
        self.holders.note(call)

    def _renew(self, batch: Batch) -> None:
        assert self.authority is not None
        self.authority.renew(batch)
        self.return_batch(batch)

    # -- faults ---------------------------------------------------------------------------------------
    def take_over(self) -> None:
        """The standby serves, from where it stands; the node that crashed is the next standby, once it is repaired."""
        self.standby_ready = False
        if self.standby_place is not None:
            self.standby_place.trade(self)
        self.restart()

    def crash(self) -> None:
        """Lose L2, the queue and what is in service; lease and lock state is safe with the standby."""
        now = self.clock.now
        self._go_down(resets=False)
        if self.authority is not None:
            self.authority.crashed_s = now
        self.l2.empty(NODE_RESTART)
        self.departure_sum_s += now * self.busy
        for message in self._lose_queue():
            self.lose(message)
        self._lose_paused()

    def restart(self) -> None:
        """Serve again (the repaired primary, or the standby in its place), L2 cold."""
        super().restart()
        if self.authority is None:
            return
        grace_s = self.policy.grace_s
        if grace_s is not None:
            self.locks.grace_until_s = self.clock.now + grace_s
        for grant in self.authority.recover(grace_s):
            self.locks.free_in_time(grant)
