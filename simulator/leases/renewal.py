"""The leases that one edge holds, and their renewal in batches.

At tick n, at time n * D, later by the phase of the edge where these are spread, the edge takes all of its leases with
remaining time <= M and sends one message per core shard (several beyond the largest batch). What is not answered goes
again at each next tick while it lasts. The edge's belief counts from when it *sent*, the core's from when it
*received*: the edge never believes longer (Gray & Cheriton, SOSP 1989, with the clock bound applied on the edge's
side).

May import: kernel, nodes, request. Does not model: drift within a lease's length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simpy.events import Event

from simulator.engine.node import Node
from simulator.engine.rest import Keeper
from simulator.messages import ASKED, UNSEEN, Batch, HeldLease, RenewalAnswer

if TYPE_CHECKING:
    from simulator.agents.client import Session, SessionId
    from simulator.engine.kernel import Kernel

INFINITY: Final = float("inf")
EXTENDED: Final = int(RenewalAnswer.EXTENDED)  # plain integers: enums cost in the hot path
EXPIRED: Final = int(RenewalAnswer.EXPIRED)
PASSED_OVER: Final = 1  # it was not asked for, since nobody used its session
ASKED_FOR: Final = 2  # it was
EXACT: Final = 1e-9  # ticks: "due exactly now" despite rounding of n * D


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """Length L, margin M, tick D (seconds), largest batch B, and the rest of a scenario's `leases`."""

    length_s: float = 30.0
    renew_before_s: float = 10.0
    batch_every_s: float = 1.0
    max_batch: float = 256
    batching: bool = True
    idle_after_s: float = 60.0
    lock_delay_s: float = 15.0
    clock_skew_s: float = 0.0
    spread: bool = False  # whether each edge's ticks have a phase of their own

    @property
    def interval_s(self) -> float:
        """Time between the renewals of a lease: I = D * ceil((L - M) / D); L - M without batching."""
        wait_s = self.length_s - self.renew_before_s
        if not self.batching:
            return wait_s
        return self.batch_every_s * math.ceil(wait_s / self.batch_every_s - EXACT)


class LeaseTable:
    """The lease table of one edge with its renewal batcher."""

    def __init__(self, kernel: Kernel, policy: LeasePolicy, clock_offset_s: float, phase_s: float = 0.0) -> None:
        self.clock = kernel.clock
        self.policy = policy
        self.phase_s = phase_s  # of its ticks: when tick 0 is
        self.guard_s = policy.clock_skew_s + clock_offset_s  # how much earlier than the core it lets go
        self.edge: Node
        self.send: Callable[[Batch, int], bool]  # (batch, shard) -> on its way
        self.shards = 1
        self.next_tick = 0  # the first that is still to come
        self.held: dict[SessionId, HeldLease] = {}
        self._due: dict[int, list[HeldLease]] = {}
        self._unanswered: list[HeldLease] = []
        self.reset_counters()

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        self.sent = self.messages = self.renewed = self.answered = self.lost = self.in_flight = 0
        self.lapses = self.idle_lapses = 0

    def valid(self, session_id: SessionId, now_s: float) -> bool:
        """Whether the edge believes that the session's lease runs; marks the session as active here."""
        held = self.held.get(session_id)
        if held is None:
            return False
        held.last_used_s = now_s
        return now_s < held.until_s

    def touch(self, session_id: SessionId, now_s: float) -> None:
        """A request that L1 does not answer is for this session: it is active here."""
        held = self.held.get(session_id)
        if held is not None:
            held.last_used_s = now_s

    def until(self, session_id: SessionId) -> float:
        """End of the lease as far as this edge has heard, seconds; minus infinity if it holds none."""
        held = self.held.get(session_id)
        return -INFINITY if held is None else held.until_s

    def hold(self, session: Session, until_s: float, named_s: float = 0.0) -> None:
        """The core has named this edge the session's renewer, at `named_s`.

        `until_s` is the core's expiry or the edge's bound. Answers overtake each other: a "moved" that the core gave
        before `named_s` will not count any more.
        """
        until_s -= self.guard_s
        session_id = session.session_id
        held = self.held.get(session_id)
        if held is None:
            held = self.held[session_id] = HeldLease(session, session_id % self.shards, until_s, self.clock.now)
            held.named_s = named_s
        else:
            held.named_s = max(held.named_s, named_s)
            if held.renewing and held.until_s > self.clock.now:
                held.last_used_s = self.clock.now
                return  # a lookup never extends: what it heard by renewing is as good, and keeps its tick
            held.until_s = max(until_s, held.until_s)
            held.renewing = True
        held.last_used_s = self.clock.now
        self._schedule([held], held.until_s)

    def _schedule(self, leases: list[HeldLease], until_s: float) -> None:
        """Leases that all end at `until_s` are due together: at the next tick by which they have to be renewed."""
        policy = self.policy
        due_s = until_s - policy.renew_before_s
        if not policy.batching:
            for held in leases:
                held.fate = UNSEEN
                held.due_tick += 1
                self.clock.call_at(max(due_s, self.clock.now), self._renew_alone, (held, held.due_tick))
        elif leases:
            tick = ASKED
            if due_s < INFINITY:
                tick = max(math.ceil((due_s - self.phase_s) / policy.batch_every_s - EXACT), self.next_tick)
                self._due.setdefault(tick, []).extend(leases)
            for held in leases:
                held.fate = UNSEEN
                held.due_tick = tick

    def drop(self, session_id: SessionId) -> None:
        """Forget a lease: the session was closed."""
        held = self.held.pop(session_id, None)
        if held is not None:
            held.renewing = held.kept = False

    def clear(self) -> None:
        """Lose everything (a crash)."""
        for held in self.held.values():
            held.renewing = held.kept = False
        self.held.clear()
        self._due.clear()
        self._unanswered.clear()

    def waiting(self) -> bool:
        """Whether leases wait for the very next tick."""
        return bool(self._unanswered)

    def first_due(self) -> float:
        """When the first tick is at which leases are due, seconds; infinity for none."""
        return min(self._due, default=INFINITY) * self.policy.batch_every_s + self.phase_s

    # -- renewing -------------------------------------------------------------------------------------
    def tick(self, number: int) -> None:
        """Renew all that is due at tick `number`."""
        due = self._due.pop(number, None)
        if due is None and not self._unanswered:
            return
        now = self.clock.now
        kept: list[HeldLease] = []
        shards: dict[int, list[HeldLease]] = {}
        asked = [held for held in self._unanswered if held.due_tick == ASKED]
        for held in due or ():
            if held.due_tick == number:  # else its renewal was put off, or it is here already
                held.due_tick = ASKED
                asked.append(held)
        for held in asked:
            if not held.renewing:
                self._forget(held, now)
                continue
            if self._over(held, now):
                continue
            kept.append(held)
            if self._asks(held, now):
                shards.setdefault(held.shard, []).append(held)
        self._unanswered = kept
        for shard in sorted(shards):
            self._send_all(shards[shard], shard, now)

    def catch_up(self, since_s: float) -> None:
        """The edge has stood still since then: if a tick was missed, all that was due at such ticks is renewed now."""
        last = self.next_tick - 1
        if last < 0 or last * self.policy.batch_every_s + self.phase_s < since_s:
            return
        late: list[HeldLease] = []
        for number in sorted(number for number in self._due if number <= last):
            for held in self._due.pop(number):
                if held.due_tick == number:
                    held.due_tick = last
                    late.append(held)
        if late:
            self._due[last] = late
        self.tick(last)

    def _asks(self, held: HeldLease, now: float) -> bool:
        """Whether a lease that is due is to be renewed: its session was used not so long ago."""
        if now - held.last_used_s < self.policy.idle_after_s:
            held.fate = ASKED_FOR
            return True
        if held.fate == UNSEEN:
            held.fate = PASSED_OVER
        return False

    def _over(self, held: HeldLease, now: float) -> bool:
        """Book a lease whose belief has ended unrenewed: a lapse, unless its session is closed.

        It is idle if it was passed over on purpose whenever it could have been renewed, else lost.
        """
        if now < held.until_s - EXACT:
            return False
        held.renewing = False
        self._forget(held, now)
        session = held.session
        if session.over and not session.expired:
            return True
        self.lapses += 1
        if held.fate == UNSEEN:
            self._asks(held, now)
        if held.fate == PASSED_OVER:
            self.idle_lapses += 1
        return True

    def _forget(self, held: HeldLease, now: float) -> None:
        """Keep nothing of a lease that has ended and is not renewed from here."""
        session_id = held.session.session_id
        if held.until_s <= now + EXACT and self.held.get(session_id) is held:
            del self.held[session_id]
            held.kept = False

    def _send_all(self, leases: list[HeldLease], shard: int, now: float) -> None:
        size = len(leases) if self.policy.max_batch == INFINITY else int(self.policy.max_batch)
        for first in range(0, len(leases), size):
            part = leases[first : first + size]
            self.messages += 1
            self.sent += len(part)
            self.in_flight += len(part)
            batch = Batch(self.edge.index, self.edge.epoch, part, now)
            if not self.send(batch, shard):
                self.batch_lost(batch)

    def _renew_alone(self, due: tuple[HeldLease, int]) -> None:
        """The control without batching: one message for this lease; again every D while it lasts."""
        held, token = due
        if self.edge.pausing is not None and not self.edge.down:
            self.edge.pausing.timer(self._renew_alone, due)
            return
        if not held.renewing or held.due_tick != token or self.edge.down:
            return
        now = self.clock.now
        if self._over(held, now):
            return
        if self._asks(held, now):
            self._send_all([held], held.shard, now)
        again_s = now + self.policy.batch_every_s
        self.clock.call_at(min(again_s, max(held.until_s, now)), self._renew_alone, due)

    def batch_lost(self, batch: Batch) -> None:
        """A batch or its answer was lost, or met a crash: its leases go again at the next tick."""
        self.lost += len(batch.leases)
        self.in_flight -= len(batch.leases)

    def receive_answers(self, batch: Batch) -> None:
        """The core has answered a batch."""
        if self.edge.pausing is not None and not self.edge.down:
            self.edge.pausing.message(self.receive_answers, batch)
            return
        if batch.epoch != self.edge.epoch or self.edge.down:
            self.batch_lost(batch)
            return
        self.answered += len(batch.leases)
        self.in_flight -= len(batch.leases)
        until_s = batch.sent_s + self.policy.length_s - self.guard_s
        extended: list[HeldLease] = []
        for asked, answer in zip(batch.leases, batch.answers, strict=True):
            held = asked if asked.kept else self.held.get(asked.session.session_id)
            if held is None:
                continue
            if answer == EXTENDED:
                self.renewed += 1
                if held.renewing and until_s > held.until_s:
                    held.until_s = until_s
                    extended.append(held)
            elif answer == EXPIRED or held.named_s <= batch.answered_s:
                self._stop(held, answer == EXPIRED)
        self._schedule(extended, until_s)

    def _stop(self, held: HeldLease, expired: bool) -> None:
        """Renew no more: it has expired, or moved and was not named again since.

        What L1 holds is valid until the last expiry heard.
        """
        held.renewing = False
        if expired:
            held.until_s = min(held.until_s, self.clock.now)
        if self.policy.batching:  # look at it once more when it has ended, to forget it
            every_s, phase_s = self.policy.batch_every_s, self.phase_s
            tick_now = math.floor((self.clock.now - phase_s) / every_s + EXACT)
            held.due_tick = max(math.ceil((held.until_s - phase_s) / every_s), tick_now) + 1
            self._due.setdefault(held.due_tick, []).append(held)


def renew_all(kernel: Kernel, tables: Sequence[LeaseTable], policy: LeasePolicy) -> Generator[Event, None, None]:
    """The SimPy process behind the ticks of all edges: tick n at n * D, a product, not a running sum; the first is 0.

    Each edge's come later by its phase. Leases granted before the run can be due at t = 0 already, where L - M is no
    multiple of D.
    """
    every_s = policy.batch_every_s
    keeper = Keeper(
        lambda: not any(table.waiting() for table in tables),
        needs_s=lambda: min((table.first_due() for table in tables), default=INFINITY),
    )
    kernel.rest.add(keeper)
    phases: dict[float, list[LeaseTable]] = {}
    for table in tables:
        phases.setdefault(table.phase_s, []).append(table)
    rounds = sorted(phases.items(), key=lambda item: item[0])
    keeper.ahead_s = rounds[-1][0] if rounds else 0.0  # after the first of tick n all others of tick n follow
    number = 0
    while True:
        number = kernel.rest.next_tick(keeper, number, every_s)
        for table in tables:
            table.next_tick = number
        for phase_s, together in rounds or [(0.0, [])]:
            keeper.tick = tick = kernel.tick_at(number * every_s + phase_s)
            yield tick
            for table in together:
                table.next_tick = number + 1
                if not table.edge.down and table.edge.pausing is None:
                    table.tick(number)
        number += 1
