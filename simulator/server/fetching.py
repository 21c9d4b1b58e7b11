"""How an edge fetches from the cores: questions, coalescing, timers, repeats, and what it does with the answers.

A miss asks the session's shard; later misses of the same session wait for that answer (coalescing). An answer fills L1
and answers every attempt that waited for it. May import: visits, L1, links, timers. Does not model: connections; that
a core is only slow is known, as its connection would show, and such a core is not asked twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.engine.timers import Timers
from simulator.messages import Asker, Attempt, Batch, Call, Kind, Message, Outcome
from simulator.server.l1 import L1
from simulator.server.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import SessionId
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.leases.renewal import LeaseTable
    from simulator.links import Link
    from simulator.server.station import Receiving

INFINITY: Final = float("inf")
FETCH_TRIES: Final = 3
OK: Final = int(Outcome.OK)  # plain integers: enums cost in the hot path
TIMEOUT: Final = int(Outcome.TIMEOUT)
ERROR: Final = int(Outcome.ERROR)
KIND_LOOKUP: Final = int(Kind.LOOKUP)
KIND_ESTABLISH: Final = int(Kind.ESTABLISH)
KIND_ACQUIRE: Final = int(Kind.ACQUIRE)
KIND_RELEASE: Final = int(Kind.RELEASE)
KIND_UPDATE: Final = int(Kind.UPDATE)


class Fetching(Asker):
    """The questions of one edge that are under way. Times are seconds.

    Args:
        station: the edge, whose attempts wait.
        kernel: for timers.
        l1: what answers fill.
        leases: the edge's lease table; None where sessions have no leases.
        rebuild_s: what a miss costs besides the fetch; None for nothing.
    """

    __slots__ = (
        "_clock", "_coalesces", "_every_s", "_holds_worker", "_l1", "_leases", "_receiving", "_sizes",
        "_station", "core_link_sum_s", "fetch_sum_s", "fetches", "rebuild_s", "timers", "to_core", "under_way",
    )  # fmt: skip

    def __init__(
        self, station: Visits, kernel: Kernel, l1: L1, leases: LeaseTable | None, rebuild_s: Sampler | None
    ) -> None:
        super().__init__()
        policy = station.policy
        self._station = station
        self._clock = station.clock
        self._l1 = l1
        self._leases = leases
        self._sizes = station.sizes
        self._coalesces = policy.coalesce
        self._holds_worker = policy.hold_worker
        self._every_s = policy.fetch_timeout_s
        self.rebuild_s = rebuild_s
        self.to_core: list[Link] = []
        self._receiving: list[Receiving] = []
        self.under_way: dict[SessionId, Call] = {}  # what later misses of a session wait for
        self.timers = Timers(kernel, self._every_s, self._ask_again) if self._every_s < INFINITY else None
        self.reset_counters()

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        self.fetches = 0
        self.fetch_sum_s = self.core_link_sum_s = 0.0

    def connect(self, receiving: Sequence[Receiving], links: Sequence[Link]) -> None:
        """Say what takes messages at each shard, and over which links."""
        self._receiving, self.to_core = list(receiving), list(links)

    def reroute(self, shard: int, link: Link) -> Link:
        """A shard is reached over another link from now on; the one so far."""
        before, self.to_core[shard] = self.to_core[shard], link
        return before

    # -- asking ---------------------------------------------------------------------------------------
    def question(self, attempt: Attempt, session_id: SessionId) -> Call:
        """The question of a miss; later misses of the session wait for its answer."""
        call = Call(KIND_LOOKUP, attempt.session, self._station.index, self._station.epoch, attempt)
        if self._coalesces:
            self.under_way[session_id] = call
        return call

    def ask(self, call: Call) -> None:
        """Send a question, and watch that it is answered."""
        sent = self._dispatch(call)
        if self.timers is not None:
            self.timers.add(call)
        elif not sent:
            self._give_up(call)

    def forward(self, call: Call) -> None:
        """Send a message on that needs no answer."""
        call.sent_s = self._clock.now
        call.epoch = self._station.epoch
        call.edge = self._station.index
        self._send(call, self._shard(call), self._sizes.lookup)

    def send_batch(self, batch: Batch, shard: int) -> bool:
        """Send renewals to a core; whether they are on their way."""
        return self._send(batch, shard, self._sizes.batch + self._sizes.batch_lease * len(batch.leases)) < INFINITY

    def _shard(self, call: Call) -> int:
        """Sessions are sharded by id, locks of a pool by their number."""
        if call.kind > KIND_ESTABLISH and call.kind <= KIND_RELEASE and call.lock[0] < 0:
            return call.lock[1] % len(self.to_core)
        shard: int = call.session.session_id % len(self.to_core)
        return shard

    def _dispatch(self, call: Call) -> bool:
        """Send a question to its shard; whether it is on its way."""
        call.sent_s = self._clock.now
        size = self._sizes.metadata if call.kind in (KIND_ESTABLISH, KIND_UPDATE) else self._sizes.lookup
        delay_s = self._send(call, self._shard(call), size)
        if delay_s == INFINITY:
            call.note_lost()
            return False
        self.core_link_sum_s += delay_s
        return True

    def _send(self, message: Message, shard: int, size: float) -> float:
        """Send a message to a core; seconds until it is there, infinity if it is lost."""
        now = self._clock.now
        delay_s = self.to_core[shard].transit(size, now)
        if delay_s < INFINITY:
            self._clock.push(now + delay_s, self._receiving[shard], message)
        return delay_s

    # -- what is not answered -------------------------------------------------------------------------
    def _ask_again(self, call: Call) -> None:
        """The core has not answered in time. If the question or its answer was lost, or met a crash: ask again."""
        station = self._station
        if call.done:
            return
        if station.pausing is not None and call.epoch == station.epoch:
            station.pausing.timer(self._ask_again, call)
            return
        if call.epoch != station.epoch:  # the edge has crashed since: nobody here waits for it any more
            call.done = True
            self._lose(call)
            return
        assert self.timers is not None
        if not call.lost:  # nothing to do, and nothing will be until it is lost: `note_lost` looks again then
            call.watched = False
            call.due_s = self._clock.now
            return
        call.lost = False
        call.tries += 1
        if call.tries >= FETCH_TRIES and not self._in_line(call):
            self._give_up(call)
            return
        again = Call(call.kind, call.session, station.index, station.epoch, call.attempt)
        again.origin = call
        if KIND_ESTABLISH < call.kind <= KIND_RELEASE:
            again.lock, again.token = call.lock, call.token
        self._dispatch(again)
        self.timers.add(call)

    @staticmethod
    def _in_line(call: Call) -> bool:
        """Whether it may stand in line for a lock, for as long as its client cares."""
        attempt = call.attempt
        return (
            call.kind == KIND_ACQUIRE and attempt is not None and not attempt.done and attempt.client.group.locks.waits
        )

    def _give_up(self, call: Call) -> None:
        """Nothing will come: who waits for this answer will not get one."""
        call.done = True
        call.outcome = TIMEOUT
        if self.under_way.get(call.session.session_id) is call:
            del self.under_way[call.session.session_id]
        for attempt in (call.attempt, *call.waiters):
            if attempt is not None:
                if self._holds_worker:
                    self._station.leave(attempt)
                attempt.caller.unanswered(attempt)

    def _lose(self, call: Call) -> None:
        """The edge crashed while attempts waited for this answer."""
        for attempt in (call.attempt, *call.waiters):
            if attempt is not None:
                self._station.lose(attempt)

    def note_lost(self, call: Call) -> None:
        """A message of a question, or the answer to it, will not arrive; its timer will see that when it runs out."""
        call.note_lost()
        question = call.question
        if question.watched or question.done:
            return
        question.watched = True
        due_s, every_s = question.due_s, self._every_s
        while due_s <= self._clock.now:
            due_s += every_s
        self._clock.call_at(due_s, self._ask_again, question)

    def unanswered(self, call: Call) -> None:
        """A core has lost this call in a crash; with a timeout the edge asks again, without it gives up."""
        self.note_lost(call)
        if self.timers is None and call.epoch == self._station.epoch and not call.done:
            self._give_up(call)

    def lose_waiting(self, call: Call) -> None:
        """The edge crashes: a record that waits to be rebuilt is lost."""
        self._lose(call.question)

    def crash(self) -> None:
        """The edge crashes: all that is under way is lost."""
        lost, self.under_way = self.under_way, {}
        for call in lost.values():
            call.done = True
            self._lose(call)

    # -- answers --------------------------------------------------------------------------------------
    def fill(self, call: Call) -> None:
        """The core's answer has arrived: fill L1 and answer everyone who waited for it."""
        station = self._station
        if station.pausing is not None and not station.down:
            station.pausing.message(self.fill, call)
            return
        question = call.question
        if station.down or call.epoch != station.epoch:
            question.done = True
            self._lose(question)
            return
        if question.done:
            return
        question.done = True
        if self.timers is not None:
            self.timers.over(question)
        self.fetches += 1
        self.fetch_sum_s += self._clock.now - question.sent_s
        if self.rebuild_s is not None and call.kind == KIND_LOOKUP and call.outcome == OK:
            self._rebuild(call)
        else:
            self._take(call)

    def _rebuild(self, call: Call) -> None:
        """A record was fetched that its session needs rebuilt: that waits for a worker as requests do."""
        call.question.rebuilding = True
        if self._holds_worker:  # it has one
            self.start_rebuild(call)
        else:
            self._station.enter_again(call)

    def start_rebuild(self, call: Call) -> None:
        """A worker rebuilds a record from now on."""
        assert self.rebuild_s is not None
        self._clock.push_call(self._clock.now + self._station.slowness * self.rebuild_s.next(), self.rebuilt, call)

    def rebuilt(self, call: Call) -> None:
        """A record is rebuilt."""
        question, station = call.question, self._station
        question.rebuilding = False
        if call.epoch != station.epoch:
            self._lose(question)
            return
        if not self._holds_worker:
            station.leave_again()
        self._take(call)

    def _take(self, call: Call) -> None:
        """Put what the core answered into L1, and answer everyone who waited for it."""
        question, station = call.question, self._station
        question.outcome = outcome = call.outcome
        session = call.session
        session_id = session.session_id
        if self.under_way.get(session_id) is question:
            del self.under_way[session_id]
        if outcome == OK and (call.kind <= KIND_ESTABLISH or call.kind == KIND_UPDATE):
            self._l1.take(call, session_id, self._clock.now)
        elif KIND_ESTABLISH < call.kind <= KIND_RELEASE and outcome != ERROR:
            self._l1.locks_told(session_id, call.read_at_s)
        asker = question.attempt
        if asker is not None:
            asker.tier = call.tier
            asker.token = call.token
            if outcome == OK and call.kind in (KIND_ESTABLISH, KIND_UPDATE):
                session.last_served = station.index
        self._answer(question, call.kind)

    def _answer(self, question: Call, kind: int) -> None:
        """Answer everyone who waited for a question."""
        station, outcome = self._station, question.outcome
        spared = kind == KIND_LOOKUP and not question.from_storage and outcome != ERROR
        size = -1.0 if outcome == OK and kind != KIND_ESTABLISH else self._sizes.metadata
        for attempt in (question.attempt, *question.waiters):
            if attempt is not None:
                attempt.outcome = outcome
                if spared:
                    station.tallies[attempt.client.group.number].spare_storage(attempt.started_s)
                if self._holds_worker:
                    station.leave(attempt)
                station.answer(attempt, size)
                attempt.call = None  # break the cycle: nothing here waits for the garbage collector
        question.attempt = None

    # -- other news from cores ------------------------------------------------------------------------
    def invalidate(self, call: Call) -> None:
        """The core says that a session's record has changed (`coherence: invalidate`)."""
        station = self._station
        if station.down:
            return
        if station.pausing is not None:
            station.pausing.message(self.invalidate, call)
            return
        self._l1.invalidate(call)

    def receive_renewals(self, batch: Batch) -> None:
        """The core has answered a batch of renewals."""
        assert self._leases is not None
        self._leases.receive_answers(batch)

    def renewals_lost(self, batch: Batch) -> None:
        """A batch or its answer was lost, or met a crash."""
        if self._leases is not None:
            self._leases.batch_lost(batch)
