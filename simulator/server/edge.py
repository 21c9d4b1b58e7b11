"""An edge node: it serves requests from L1, and asks the cores for what it has not.

A request waits, is served (the L1 lookup is at the start of service), and is answered at the end of service on a
hit. On a miss the edge asks the session's core shard then, fills L1 with what comes back, and answers without a
second service. May import: visits, L1, fetching, leases. Does not model: CPU sharing, disks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from simulator.messages import Attempt, Call, Cause, Kind, Message, Operation, Outcome, Tier
from simulator.server.fetching import Fetching
from simulator.server.l1 import L1
from simulator.server.station import Station
from simulator.server.visits import EdgePolicy, Visits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import SessionId
    from simulator.agents.policies import Sizes
    from simulator.caches.base import Cache
    from simulator.engine.handler import Handler
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.leases.renewal import LeaseTable
    from simulator.links import Link
    from simulator.server.tally import Tally

ERROR: Final = int(Outcome.ERROR)  # plain integers: enums cost in the hot path
TIMEOUT: Final = int(Outcome.TIMEOUT)
CANCELLED: Final = int(Outcome.CANCELLED)
READ_LOCK: Final = int(Operation.READ_LOCK)
ESTABLISH: Final = int(Operation.ESTABLISH)
UPDATE: Final = int(Operation.UPDATE)
TIER_L1: Final = int(Tier.L1)
TIER_L1_DELAYED: Final = int(Tier.L1_DELAYED)
KIND_CLOSE: Final = int(Kind.CLOSE)
KIND_OF: dict[int, int] = {
    Operation.ESTABLISH: Kind.ESTABLISH,
    Operation.ACQUIRE: Kind.ACQUIRE,
    Operation.RELEASE: Kind.RELEASE,
    Operation.UPDATE: Kind.UPDATE,
}


def _never() -> bool:
    """Whether nobody undrained is left: there is."""
    return False


class EdgeNode(Visits):
    """One edge node."""

    __slots__ = (
        "delayed", "draining", "exists", "fetching", "hits", "is_last_resort", "l1", "leases", "lookups", "misses",
        "stale_reads", "watch_start",
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
        super().__init__(index, name, site, kernel, policy, service_s, sizes)
        self.leases = leases
        self.l1 = L1(index, cache, ttl_s, policy.inherit_ttl, leases)
        self.fetching = Fetching(self, kernel, self.l1, leases, rebuild_s)
        self.watch_start: Callable[[Attempt], None] | None = None  # takes the next service in its hands, once
        self.draining = False
        self.exists = True  # False before it joins, and when it is gone
        self.is_last_resort: Callable[[], bool] = _never
        self.reset_counters()

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        super().reset_counters()
        self.lookups = self.hits = self.delayed = self.stale_reads = 0
        self.misses = [0] * len(Cause)
        self.fetching.reset_counters()

    def connect(self, cores: Sequence[Station[Message, Message]], links: Sequence[Link]) -> None:
        """Say where the cores are, and over which links they are asked."""
        self.fetching.connect([core.receiving for core in cores], links)

    # -- serving --------------------------------------------------------------------------------------
    def receive(self, arrival: Attempt) -> None:
        """A request has arrived over the network."""
        if self.disturbed and self._turns_away(arrival):
            return
        if arrival.outcome == CANCELLED:  # while it was on its way
            return
        self._take_in(arrival)
        if self.draining and arrival.operation == ESTABLISH and not self.is_last_resort():
            self.refuse(arrival)
        else:
            self.enter(arrival)

    def serve(self, work: Attempt | Call) -> None:
        """Begin service; the L1 lookup is here."""
        now = self.clock.now
        if isinstance(work, Call):
            self.start_sum_s += now
            self.fetching.start_rebuild(work)
            return
        watch = self.watch_start
        if watch is not None:
            self.watch_start = None
            watch(work)
            return
        work.started_s = now
        self.start_sum_s += now
        if work.operation <= READ_LOCK:
            self._look_up(work, now)
        else:
            self._prepare(work, now)
        self.clock.push(now + self.service_s.next(), self.finishing, work)

    def _look_up(self, attempt: Attempt, now: float) -> None:
        session = attempt.session
        session_id = session.session_id
        tally = self.tallies[attempt.client.group.number]
        self.lookups += 1
        tally.lookups += 1
        if self.l1.serves(session_id, now):
            self.hits += 1
            tally.hits += 1
            attempt.tier = TIER_L1
            if self.l1.tracks and self.l1.is_stale(attempt):
                self.stale_reads += 1
                tally.stale_reads += 1
        else:
            self._miss(attempt, session_id, tally, now)
        session.last_served = self.index

    def _miss(self, attempt: Attempt, session_id: SessionId, tally: Tally, now: float) -> None:
        call = self.fetching.under_way.get(session_id)
        if call is not None:
            self.delayed += 1
            tally.delayed += 1
            attempt.call = call
            attempt.tier = TIER_L1_DELAYED
            return
        self.misses[self.l1.miss_cause(attempt, session_id, now)] += 1
        attempt.call = self.fetching.question(attempt, session_id)

    def _prepare(self, attempt: Attempt, now: float) -> None:
        """An attempt that L1 does not answer: what the core will be asked at the end of its service."""
        attempt.call = call = Call(KIND_OF[attempt.operation], attempt.session, self.index, self.epoch, attempt)
        if attempt.operation != ESTABLISH:
            if attempt.operation != UPDATE:
                call.lock, call.token = attempt.lock, attempt.token
            if self.leases is not None:
                self.leases.touch(attempt.session.session_id, now)

    def finish(self, work: Attempt | Call) -> None:
        """End of service."""
        assert isinstance(work, Attempt)
        if work.epoch != self.epoch:
            work.crashed = True
            self.lose(work)
            return
        if work.done:
            self.wasted += 1
        call = work.call
        if call is None:
            self.leave(work)
            self.answer(work, -1.0)
        elif call.attempt is work:  # it is the one that asks
            if not self.policy.hold_worker:
                self.leave(work)
            self.fetching.ask(call)
        elif call.done and not call.rebuilding:  # a delayed hit whose answer came (or was given up) during its service
            self.leave(work)
            self._answer_late(work, call)
        else:
            if not self.policy.hold_worker:
                self.leave(work)
            call.waiters.append(work)

    def _answer_late(self, attempt: Attempt, call: Call) -> None:
        """Answer an attempt whose question was over before its own service was."""
        attempt.outcome = call.outcome
        if call.outcome == TIMEOUT:
            attempt.caller.unanswered(attempt)
            return
        if not call.from_storage and call.outcome != ERROR:
            self.tallies[attempt.client.group.number].spare_storage(attempt.started_s)
        self.answer(attempt, -1.0)

    # -- control messages -----------------------------------------------------------------------------
    def receive_control(self, call: Call) -> None:
        """A message that needs no worker: a close, or the end of a lock's hold; it goes on to the core."""
        if self.down:
            return
        if self.pausing is not None:
            self.pausing.message(self.receive_control, call)
            return
        if call.kind == KIND_CLOSE:
            self.l1.close(call.session.session_id)
        self.fetching.forward(call)

    # -- faults ---------------------------------------------------------------------------------------
    def crash(self, resets: bool = False) -> None:
        """Lose L1, the lease table, the queue and what is in service; who waits hears nothing, or a reset."""
        now = self.clock.now
        self._go_down(resets)
        self.l1.crash()
        if self.inside is not None:
            inside, self.inside = self.inside, {}
            for attempt in inside if resets else ():
                self.lose(attempt)
        self.departure_sum_s += now * self.in_system
        self.in_system = 0
        lost = self._lose_queue()
        self.start_sum_s += now * len(lost)
        for work in lost:
            if isinstance(work, Call):
                self.fetching.lose_waiting(work)
            else:
                self.lose(work)
        self.fetching.crash()
        self._lose_paused()

    def _ends_service(self, handler: Handler) -> bool:
        """Whether a handler that waits on the clock ends a service here, or a rebuild."""
        return handler is self.finishing or handler.function == self.fetching.rebuilt

    def _wake(self, since_s: float) -> None:
        """Renew the leases whose ticks were missed."""
        if self.leases is not None and not self.down:
            self.leases.catch_up(since_s)

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
