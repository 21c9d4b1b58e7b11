"""An edge node: k workers, a finite queue, the L1 cache, and the leases that it renews.

A request waits, is served (the L1 lookup is at the start of service), and is answered at the end of service on a
hit. On a miss the edge asks the session's core shard then, fills L1 with what comes back, and answers without a
second service. May import: kernel, request, the cache contract, leases. Does not model: CPU sharing, disks.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.caches.absent import Absent
from simulator.engine.clock import LAST
from simulator.engine.timers import Timers
from simulator.messages import Attempt, Batch, Call, Cause, Kind, Message, Operation, Outcome, Tier
from simulator.server.pausing import Pausing
from simulator.server.slowable import Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import SessionId
    from simulator.agents.policies import Sizes
    from simulator.caches.base import Cache
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.leases.renewal import LeaseTable
    from simulator.links import Link
    from simulator.server.core import CoreNode
    from simulator.server.tally import Tally

INFINITY: Final = float("inf")
OK: Final = int(Outcome.OK)  # plain integers: enums cost in the hot path
ERROR: Final = int(Outcome.ERROR)
CANCELLED: Final = int(Outcome.CANCELLED)
RESET: Final = int(Outcome.RESET)
READ_LOCK: Final = int(Operation.READ_LOCK)
ESTABLISH: Final = int(Operation.ESTABLISH)
UPDATE: Final = int(Operation.UPDATE)
L1: Final = int(Tier.L1)
L1_DELAYED: Final = int(Tier.L1_DELAYED)
KIND_LOOKUP: Final = int(Kind.LOOKUP)
KIND_ESTABLISH: Final = int(Kind.ESTABLISH)
KIND_RELEASE: Final = int(Kind.RELEASE)
KIND_UPDATE: Final = int(Kind.UPDATE)
COLD: Final = int(Cause.COLD)
MIGRATED: Final = int(Cause.MIGRATED)
LEASE_EXPIRED: Final = int(Cause.LEASE_EXPIRED)
INVALIDATED: Final = int(Cause.INVALIDATED)
FETCH_TRIES: Final = 3
KIND_OF: dict[int, int] = {
    Operation.ESTABLISH: Kind.ESTABLISH,
    Operation.ACQUIRE: Kind.ACQUIRE,
    Operation.RELEASE: Kind.RELEASE,
    Operation.UPDATE: Kind.UPDATE,
}


@dataclass(frozen=True, slots=True)
class EdgePolicy:
    """How an edge serves. `workers` and `queue` may be infinite; times in seconds."""

    workers: float = 1
    queue: float = INFINITY
    hold_worker: bool = False
    coalesce: bool = True
    inherit_ttl: bool = False
    fetch_timeout_s: float = INFINITY
    shed_wait_s: float = INFINITY


def _never() -> bool:
    """Whether nobody undrained is left: there is."""
    return False


class EdgeNode(Server):
    """One edge node."""

    __slots__ = (
        "_finish_cb", "_keep_sojourn", "_keep_wait", "_receivers", "_shedding", "_timers", "absent", "arrival_sum_s",
        "arrivals", "busy", "cache", "clock", "core_link_sum_s", "cores", "data_read_at_s", "delayed",
        "departure_sum_s", "draining", "epoch", "exists",
        "fetch_sum_s", "fetches", "fetching", "hits", "in_system", "index", "inside", "is_last_resort", "leases",
        "lookups", "misses", "name", "policy", "queue_limit", "read_at_s", "rebuild_s", "refused", "resets",
        "response_bytes", "site", "sizes", "sojourn_sum_s",
        "sojourns_s", "stale_reads", "start_sum_s", "tallies", "to_core", "track_data", "track_reads", "ttl_s",
        "visits", "wait_sum_s", "waited", "waiting", "waits_s", "wasted", "watch_answer", "watch_start", "workers",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        name: str,
        site: str | None,
        kernel: Kernel,
        policy: EdgePolicy,
        service_s: Sampler,
        ttl_s: Sampler | None,
        cache: Cache,
        leases: LeaseTable | None,
        sizes: Sizes,
        rebuild_s: Sampler | None = None,
    ) -> None:
        self.index = index
        self.name = name
        self.site = site
        self.clock = kernel.clock
        self.workers = policy.workers
        self.queue_limit = policy.queue
        self.policy = policy
        super().__init__(service_s)
        self._finish_cb = self._finish  # bound once
        self.ttl_s = ttl_s
        self.rebuild_s = rebuild_s  # what a miss costs besides the fetch; None for nothing
        self._shedding = False  # whether it will be looked whether the first in the queue has waited too long
        self.cache = cache
        self.leases = leases
        self.sizes = sizes
        self.cores: list[CoreNode] = []
        self.to_core: list[Link] = []
        self._receivers: list[Callable[[Any], None]] = []
        self.tallies: list[Tally] = []  # by the number of the client group, as the next
        self.response_bytes: list[Sampler] = []
        self.keep_in(array("d"), array("d"))
        self.track_reads = False  # whether lock states are read from L1
        self.track_data = False  # whether sessions' data change
        self.watch_start: Callable[[Attempt], None] | None = None  # takes the next service in its hands, once
        self.watch_answer: Callable[[Attempt], None] | None = None  # sees every answer before it is sent
        self.draining = False
        self.exists = True  # False before it joins, and when it is gone
        self.resets = False  # whether it is down and its host, which is up, answers with resets
        self.inside: dict[Attempt, None] | None = None  # the attempts that it has not answered, where a reset may
        self.is_last_resort: Callable[[], bool] = _never
        self.epoch = 0
        self.busy = 0
        self.in_system = 0
        self.waiting: deque[Any] = deque()  # attempts, and calls whose records are to be rebuilt
        self.fetching: dict[SessionId, Call] = {}
        self.read_at_s: dict[SessionId, float] = {}  # session -> when the core read the lock states that L1 holds
        self.data_read_at_s: dict[SessionId, float] = {}  # session -> core time of the newest data that is known here
        self.absent = Absent()
        self._timers = (
            Timers(kernel, policy.fetch_timeout_s, self._ask_again) if policy.fetch_timeout_s < INFINITY else None
        )
        cache.on_evict = self.absent.evicted
        self.reset_counters()

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        self.arrivals = self.visits = self.waited = self.refused = self.wasted = 0
        self.lookups = self.hits = self.delayed = self.stale_reads = 0
        self.misses = [0] * len(Cause)
        self.arrival_sum_s = self.departure_sum_s = self.start_sum_s = 0.0
        self.wait_sum_s = self.sojourn_sum_s = 0.0
        self.fetches = 0
        self.fetch_sum_s = self.core_link_sum_s = 0.0

    def keep_in(self, waits_s: array[float], sojourns_s: array[float]) -> None:
        """Take these columns for what the recorder wants to know of each visit; edges may share them."""
        self.waits_s, self.sojourns_s = waits_s, sojourns_s
        self._keep_wait, self._keep_sojourn = waits_s.append, sojourns_s.append

    def connect(self, cores: Sequence[CoreNode], links: Sequence[Link]) -> None:
        """Say where the cores are, and over which links they are asked."""
        self.cores, self.to_core = list(cores), list(links)
        self._receivers = [core.receive for core in cores]

    # -- the queue ------------------------------------------------------------------------------------
    def receive(self, attempt: Attempt) -> None:
        """A request has arrived over the network."""
        if self.disturbed and self._turns_away(attempt):
            return
        if attempt.outcome == CANCELLED:  # while it was on its way
            return
        now = self.clock.now
        self.arrivals += 1
        attempt.arrived_s = now
        attempt.epoch = self.epoch
        if self.inside is not None:
            self.inside[attempt] = None
        if self.draining and attempt.operation == ESTABLISH and not self.is_last_resort():
            self._refuse(attempt)
        elif self.busy < self.workers:
            self.arrival_sum_s += now
            self.in_system += 1
            self.busy += 1
            self._start(attempt)
        elif len(self.waiting) < self.queue_limit:
            self.arrival_sum_s += now
            self.in_system += 1
            self.waiting.append(attempt)
            if not self._shedding and self.policy.shed_wait_s < INFINITY:
                self._shedding = True
                self.clock.push(now + self.policy.shed_wait_s, self._shed, None, LAST)
        else:
            self._refuse(attempt)

    def _shed(self, _: None) -> None:
        """Refuse the requests that have waited as long as one may; establishments and rebuilds wait on."""
        if self.pausing is not None and not self.down:
            self.pausing.timer(self._shed, None)
            return
        waiting, now, wait_s = self.waiting, self.clock.now, self.policy.shed_wait_s
        kept: list[Any] = []
        self._shedding = False
        while waiting:
            first = waiting[0]
            if isinstance(first, Call) or first.operation == ESTABLISH:
                kept.append(waiting.popleft())
                continue
            due_s = first.arrived_s + wait_s
            if due_s > now:
                self._shedding = True
                self.clock.push(due_s, self._shed, None, LAST)
                break
            waiting.popleft()
            self._drop_waiting(now)
            if first.outcome != CANCELLED:
                self._refuse(first)
        waiting.extendleft(reversed(kept))

    def _drop_waiting(self, now: float) -> None:
        """One that stood in the queue has left it without service."""
        self.start_sum_s += now
        self.departure_sum_s += now
        self.in_system -= 1

    def _turns_away(self, attempt: Attempt) -> bool:
        """Whether a request meets something else than the queue: a node that is down, or an error."""
        if self.down:
            self._lose(attempt)
            return True
        if self.pausing is not None:
            self.pausing.message(self.receive, attempt)
            return True
        after_s = -1.0 if self.erring is None else self.erring.strikes()
        if after_s < 0.0:
            return False
        self.arrivals += 1
        attempt.arrived_s = self.clock.now
        attempt.epoch = self.epoch
        if self.inside is not None:
            self.inside[attempt] = None
        self.clock.call_at(self.clock.now + after_s, self._err, attempt)
        return True

    def _err(self, attempt: Attempt) -> None:
        if attempt.epoch != self.epoch:
            self._lose(attempt)
            return
        attempt.outcome = ERROR
        self._answer(attempt, self.sizes.lookup)

    def _refuse(self, attempt: Attempt) -> None:
        self.refused += 1
        attempt.outcome = int(Outcome.REFUSED)
        self._answer(attempt, self.sizes.lookup)

    def _start(self, attempt: Attempt) -> None:
        """Begin service; the L1 lookup is here."""
        watch = self.watch_start
        if watch is not None:
            self.watch_start = None
            watch(attempt)
            return
        clock = self.clock
        attempt.started_s = now = clock.now
        self.start_sum_s += now
        if attempt.operation <= READ_LOCK:
            session = attempt.session
            session_id = session.session_id
            tally = self.tallies[attempt.client.group.number]
            self.lookups += 1
            tally.lookups += 1
            leases = self.leases
            if self.cache.lookup(session_id, now) and (leases is None or leases.valid(session_id, now)):
                self.hits += 1
                tally.hits += 1
                attempt.tier = L1
                if self.track_data or (self.track_reads and attempt.operation == READ_LOCK):
                    self._check_staleness(attempt)
            else:
                self._miss(attempt, session_id, now)
            session.last_served = self.index
        else:
            attempt.call = call = Call(KIND_OF[attempt.operation], attempt.session, self.index, self.epoch, attempt)
            if attempt.operation != ESTABLISH:
                if attempt.operation != UPDATE:
                    call.lock, call.token = attempt.lock, attempt.token
                if self.leases is not None:
                    self.leases.touch(attempt.session.session_id, now)
        clock.push(now + self.service_s.next(), self._finish_cb, attempt)

    def _miss(self, attempt: Attempt, session_id: SessionId, now: float) -> None:
        call = self.fetching.get(session_id)
        if call is not None:
            self.delayed += 1
            self.tallies[attempt.client.group.number].delayed += 1
            attempt.call = call
            attempt.tier = L1_DELAYED
            return
        self.misses[self._cause(attempt, session_id, now)] += 1
        attempt.call = call = Call(KIND_LOOKUP, attempt.session, self.index, self.epoch, attempt)
        if self.policy.coalesce:
            self.fetching[session_id] = call

    def _cause(self, attempt: Attempt, session_id: SessionId, now: float) -> int:
        last_served = attempt.session.last_served
        if last_served < 0:
            return COLD
        if last_served != self.index:
            return MIGRATED
        if session_id in self.cache:  # there and fresh: only its lease can be what is over
            return LEASE_EXPIRED
        return self.absent.cause(self.cache, session_id, now)

    def _finish(self, attempt: Attempt) -> None:
        """End of service."""
        if attempt.epoch != self.epoch:
            attempt.crashed = True
            self._lose(attempt)
            return
        if attempt.done:
            self.wasted += 1
        call = attempt.call
        if call is None:
            self._leave(attempt)
            self._answer(attempt, -1.0)
            return
        if call.attempt is attempt:  # it is the one that asks
            if not self.policy.hold_worker:
                self._leave(attempt)
            self._ask(call)
        elif call.done and not call.rebuilding:  # a delayed hit whose answer came (or was given up) during its service
            self._leave(attempt)
            attempt.outcome = call.outcome
            if call.outcome == Outcome.TIMEOUT:
                attempt.caller.unanswered(attempt)
            else:
                if not call.from_storage and call.outcome != ERROR:
                    self._spare_storage(attempt)
                self._answer(attempt, -1.0)
        else:
            if not self.policy.hold_worker:
                self._leave(attempt)
            call.waiters.append(attempt)

    def _leave(self, attempt: Attempt) -> None:
        """The attempt's worker is free; the next in the queue gets it."""
        attempt.left_s = now = self.clock.now
        arrived_s = attempt.arrived_s
        wait_s = attempt.started_s - arrived_s
        self.visits += 1
        if wait_s > 0.0:
            self.waited += 1
            self.wait_sum_s += wait_s
        self.sojourn_sum_s += now - arrived_s
        self._keep_wait(wait_s)
        self._keep_sojourn(now - arrived_s)
        self._free_worker(now)

    def _free_worker(self, now: float) -> None:
        """A service is over, and its worker turns to the next in the queue."""
        self.departure_sum_s += now
        self.in_system -= 1
        waiting = self.waiting
        while waiting:
            following = waiting.popleft()
            if isinstance(following, Call):
                self._start_rebuild(following)
                return
            cancels = following.outcome == CANCELLED or following.client.group.retry.cancel_on_timeout
            if cancels and following.caller.gave_up(following):
                self._drop_waiting(now)
                continue
            self._start(following)
            return
        self.busy -= 1

    # -- rebuilding what was fetched ------------------------------------------------------------------
    def _rebuild(self, call: Call) -> None:
        """A record was fetched that its session needs rebuilt: that waits for a worker as requests do."""
        call.question.rebuilding = True
        if self.policy.hold_worker:  # it has one
            self._start_rebuild(call)
            return
        now = self.clock.now
        self.arrival_sum_s += now
        self.in_system += 1
        if self.busy < self.workers:
            self.busy += 1
            self._start_rebuild(call)
        else:
            self.waiting.append(call)

    def _start_rebuild(self, call: Call) -> None:
        assert self.rebuild_s is not None
        now = self.clock.now
        if not self.policy.hold_worker:
            self.start_sum_s += now
        self.clock.push(now + self.slowness * self.rebuild_s.next(), self._rebuilt, call)

    def _rebuilt(self, call: Call) -> None:
        question = call.question
        question.rebuilding = False
        if call.epoch != self.epoch:
            self._lose_call(question)
            return
        if not self.policy.hold_worker:
            self._free_worker(self.clock.now)
        self._fill(call)

    def _spare_storage(self, attempt: Attempt) -> None:
        """A lookup that missed L1, or waited for another's fetch, is answered without storage."""
        self.tallies[attempt.client.group.number].spare_storage(attempt.started_s)

    def _answer(self, attempt: Attempt, size: float) -> None:
        """Answer an attempt with so many bytes, below 0 for as many as a response of its group has."""
        if self.watch_answer is not None:
            self.watch_answer(attempt)
        if self.inside is not None:
            self.inside.pop(attempt, None)
        if size < 0.0:
            size = self.response_bytes[attempt.client.group.number].next()
        attempt.caller.carry(self.index, attempt, size)

    # -- asking the core ------------------------------------------------------------------------------
    def _shard(self, call: Call) -> int:
        """Sessions are sharded by id, locks of a pool by their number."""
        if call.kind > KIND_ESTABLISH and call.kind <= KIND_RELEASE and call.lock[0] < 0:
            return call.lock[1] % len(self.cores)
        shard: int = call.session.session_id % len(self.cores)
        return shard

    def _ask(self, call: Call) -> None:
        sent = self._dispatch(call)
        if self._timers is not None:
            self._timers.add(call)
        elif not sent:
            self._give_up(call)

    def _dispatch(self, call: Call) -> bool:
        """Send a question to its shard; whether it is on its way."""
        call.sent_s = self.clock.now
        size = self.sizes.metadata if call.kind in (KIND_ESTABLISH, KIND_UPDATE) else self.sizes.lookup
        delay_s = self._send(call, self._shard(call), size)
        if delay_s == INFINITY:
            call.note_lost()
            return False
        self.core_link_sum_s += delay_s
        return True

    def send_batch(self, batch: Batch, shard: int) -> bool:
        """Send renewals to a core; whether they are on their way."""
        return self._send(batch, shard, self.sizes.batch + self.sizes.batch_lease * len(batch.leases)) < INFINITY

    def _send(self, message: Message, shard: int, size: float) -> float:
        """Send a message to a core; seconds until it is there, infinity if it is lost."""
        now = self.clock.now
        delay_s = self.to_core[shard].transit(size, now)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, self._receivers[shard], message)
        return delay_s

    def _ask_again(self, call: Call) -> None:
        """The core has not answered in time. If the question or its answer was lost, or met a crash: ask again.

        A core that is only slow is not asked twice: its connection shows that the question is being worked on.
        """
        if call.done:
            return
        if self.pausing is not None and call.epoch == self.epoch:
            self.pausing.timer(self._ask_again, call)
            return
        if call.epoch != self.epoch:  # the edge has crashed since: nobody here waits for it any more
            call.done = True
            self._lose_call(call)
            return
        assert self._timers is not None
        if not call.lost:  # nothing to do, and nothing will be until it is lost: `note_lost` looks again then
            call.watched = False
            call.due_s = self.clock.now
            return
        call.lost = False
        call.tries += 1
        if call.tries >= FETCH_TRIES and not self._in_line(call):
            self._give_up(call)
            return
        again = Call(call.kind, call.session, self.index, self.epoch, call.attempt)
        again.origin = call
        if KIND_ESTABLISH < call.kind <= KIND_RELEASE:
            again.lock, again.token = call.lock, call.token
        self._dispatch(again)
        self._timers.add(call)

    @staticmethod
    def _in_line(call: Call) -> bool:
        """Whether it may stand in line for a lock, for as long as its client cares."""
        attempt = call.attempt
        return (
            call.kind == Kind.ACQUIRE and attempt is not None and not attempt.done and attempt.client.group.locks.waits
        )

    def _give_up(self, call: Call) -> None:
        """Nothing will come: who waits for this answer will not get one."""
        call.done = True
        call.outcome = int(Outcome.TIMEOUT)
        if self.fetching.get(call.session.session_id) is call:
            del self.fetching[call.session.session_id]
        for attempt in (call.attempt, *call.waiters):
            if attempt is not None:
                if self.policy.hold_worker:
                    self._leave(attempt)
                attempt.caller.unanswered(attempt)

    def note_lost(self, call: Call) -> None:
        """A message of a question, or the answer to it, will not arrive; its timer will see that when it runs out."""
        call.note_lost()
        question = call.question
        if question.watched or question.done:
            return
        question.watched = True
        due_s, every_s = question.due_s, self.policy.fetch_timeout_s
        while due_s <= self.clock.now:
            due_s += every_s
        self.clock.call_at(due_s, self._ask_again, question)

    def unanswered(self, call: Call) -> None:
        """A core has lost this call in a crash; with a timeout the edge asks again, without it gives up."""
        self.note_lost(call)
        if self._timers is None and call.epoch == self.epoch and not call.done:
            self._give_up(call)

    def fill(self, call: Call) -> None:
        """The core's answer has arrived: fill L1 and answer everyone who waited for it."""
        if self.pausing is not None and not self.down:
            self.pausing.message(self.fill, call)
            return
        question = call.question
        if self.down or call.epoch != self.epoch or question.done:
            if call.epoch != self.epoch or self.down:
                question.done = True
                self._lose_call(question)
            return
        question.done = True
        if self._timers is not None:
            self._timers.over(question)
        self.fetches += 1
        self.fetch_sum_s += self.clock.now - question.sent_s
        if self.rebuild_s is not None and call.kind == KIND_LOOKUP and call.outcome == OK:
            self._rebuild(call)
        else:
            self._fill(call)

    def _fill(self, call: Call) -> None:
        """Put what the core answered into L1, and answer everyone who waited for it."""
        question = call.question
        question.outcome = outcome = call.outcome
        session = call.session
        session_id = session.session_id
        if self.fetching.get(session_id) is question:
            del self.fetching[session_id]
        if outcome == OK and (call.kind <= KIND_ESTABLISH or call.kind == KIND_UPDATE):
            self._insert(call, session_id)
        elif KIND_ESTABLISH < call.kind <= KIND_RELEASE and session_id in self.read_at_s and outcome != ERROR:
            self.read_at_s[session_id] = call.read_at_s
        asker = question.attempt
        if asker is not None:
            asker.tier = call.tier
            asker.token = call.token
            if outcome == OK and call.kind in (KIND_ESTABLISH, KIND_UPDATE):
                session.last_served = self.index
        lookup = call.kind == KIND_LOOKUP and not question.from_storage and outcome != ERROR
        size = -1.0 if outcome == OK and call.kind != KIND_ESTABLISH else self.sizes.metadata
        for attempt in (asker, *question.waiters):
            if attempt is not None:
                attempt.outcome = outcome
                if lookup:
                    self._spare_storage(attempt)
                if self.policy.hold_worker:
                    self._leave(attempt)
                self._answer(attempt, size)
                attempt.call = None  # break the cycle: nothing here waits for the garbage collector
        question.attempt = None

    def _insert(self, call: Call, session_id: SessionId) -> None:
        now = self.clock.now
        ttl_s = None if self.ttl_s is None else self.ttl_s.next()
        if self.policy.inherit_ttl and call.kind != KIND_ESTABLISH:
            ttl_s = min(INFINITY if ttl_s is None else ttl_s, call.ttl_left_s)
        if self.leases is not None:
            self.leases.hold(call.session, call.lease_until_s, call.read_at_s)
        if self.track_data and not self._is_newest(call, session_id, INFINITY if ttl_s is None else now + ttl_s):
            return
        if ttl_s is None:
            self.cache.insert(session_id, now)
        elif ttl_s > 0.0:
            self.cache.insert(session_id, now, ttl_s)
        self.absent.forget(session_id)
        if self.track_reads:
            self.read_at_s[session_id] = call.read_at_s

    def _is_newest(self, call: Call, session_id: SessionId, expires_at_s: float) -> bool:
        """Whether a record that came is as new as what the edge knows of its session's data; else L1 does without it.

        An older one was read before an update that this edge carried meanwhile, or was told of.
        """
        if call.read_at_s >= self.data_read_at_s.get(session_id, -1.0):
            self.data_read_at_s[session_id] = call.read_at_s
            return True
        if session_id not in self.cache:
            self.absent.note(session_id, expires_at_s, INVALIDATED)
        return False

    def _check_staleness(self, attempt: Attempt) -> None:
        """Count a hit that read what has changed since it was read at the core: data, or lock states."""
        session = attempt.session
        session_id = session.session_id
        core = self.cores[session_id % len(self.cores)]
        if attempt.operation != READ_LOCK:
            stale = core.data_changed_s.get(session_id, -1.0) > self.data_read_at_s.get(session_id, -1.0)
        else:
            stale = core.changed_s(session) > self.read_at_s.get(session_id, -1.0)
        if stale:
            self.stale_reads += 1
            self.tallies[attempt.client.group.number].stale_reads += 1

    # -- control messages -----------------------------------------------------------------------------
    def receive_control(self, call: Call) -> None:
        """A message that needs no worker: a close, or the end of a lock's hold; it goes on to the core."""
        if self.down:
            return
        if self.pausing is not None:
            self.pausing.message(self.receive_control, call)
            return
        if call.kind == Kind.CLOSE:
            session_id = call.session.session_id
            self.cache.discard(session_id)
            self.absent.forget(session_id)
            self.read_at_s.pop(session_id, None)
            self.data_read_at_s.pop(session_id, None)
            if self.leases is not None:
                self.leases.drop(session_id)
        call.sent_s = self.clock.now
        call.epoch = self.epoch
        call.edge = self.index
        self._send(call, self._shard(call), self.sizes.lookup)

    def invalidate(self, call: Call) -> None:
        """The core says that a session's record has changed (`coherence: invalidate`)."""
        if self.pausing is not None and not self.down:
            self.pausing.message(self.invalidate, call)
            return
        session_id = call.session.session_id
        if self.track_data and not self.down:
            self.data_read_at_s[session_id] = max(call.read_at_s, self.data_read_at_s.get(session_id, -1.0))
        expires_at_s = self.cache.expires_at(session_id)
        if expires_at_s is not None and not self.down:
            self.cache.discard(session_id)
            self.absent.note(session_id, expires_at_s, INVALIDATED)

    def lose_entries(self, cause: int) -> None:
        """Empty L1; the next misses of what it held have this cause (a `Cause`)."""
        self.absent.empty(self.cache, cause)

    # -- faults ---------------------------------------------------------------------------------------
    def crash(self, resets: bool = False) -> None:
        """Lose L1, the lease table, the queue and what is in service; who waits hears nothing, or a reset."""
        now = self.clock.now
        self.down = True
        self.resets = resets
        self.note_disturbance()
        self.epoch += 1
        self.lose_entries(Cause.NODE_RESTART)
        self.read_at_s.clear()
        self.data_read_at_s.clear()
        if self.leases is not None:
            self.leases.clear()
        if self.inside is not None:
            inside, self.inside = self.inside, {}
            for attempt in inside if resets else ():
                self._lose(attempt)
        lost, self.waiting = self.waiting, deque()
        self.departure_sum_s += now * self.in_system
        self.start_sum_s += now * len(lost)
        self.in_system = 0
        self.busy = 0
        for left in lost:
            if isinstance(left, Call):
                self._lose_call(left.question)
            else:
                self._lose(left)
        fetching, self.fetching = self.fetching, {}
        for call in fetching.values():
            call.done = True
            self._lose_call(call)
        if self.pausing is not None:
            pausing, self.pausing = self.pausing, None
            pausing.lose()
            self.pausing = pausing

    def restart(self) -> None:
        """Come back, cold."""
        self.down = self.resets = False
        self.note_disturbance()

    def pause(self) -> None:
        """Stand still."""
        self.pausing = Pausing(self.clock, lambda does: does is self._finish_cb or does == self._rebuilt)
        self.note_disturbance()

    def go_on(self) -> None:
        """Stand still no more: what waited happens now."""
        pausing, self.pausing = self.pausing, None
        self.note_disturbance()
        if pausing is not None:
            if self.leases is not None and not self.down:
                self.leases.catch_up(pausing.since_s)
            pausing.end()

    def vanish(self, resets: bool = False) -> None:
        """Be gone: what is left is lost as in a crash."""
        if not self.down:
            self.crash(resets)
        self.exists = False

    def join(self) -> None:
        """Be there, cold."""
        self.exists = True
        self.restart()

    def drain(self) -> None:
        """Take no new sessions."""
        self.draining = True

    def undrain(self) -> None:
        """Take new sessions again."""
        self.draining = False

    def _lose(self, attempt: Attempt) -> None:
        if attempt.outcome == RESET:  # that is on its way
            return
        attempt.crashed = True
        if self.resets and not attempt.done:
            attempt.outcome = RESET  # the host of a process that is gone says so, over the link of an answer
            attempt.caller.carry(self.index, attempt, self.sizes.lookup)
        else:
            attempt.caller.unanswered(attempt)

    def _lose_call(self, call: Call) -> None:
        for attempt in (call.attempt, *call.waiters):
            if attempt is not None:
                self._lose(attempt)
