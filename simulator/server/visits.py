"""The visits of requests to an edge: from their arrival at the queue until they are answered, refused or lost.

What an edge does for a request is in `simulator.server.edge`, how it asks cores in `simulator.server.fetching`; both
come back here to free workers and to answer. May import: stations, the vocabulary. Does not model: what service is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.engine.clock import LAST
from simulator.engine.columns import FloatColumn
from simulator.messages import Attempt, Call, Operation, Outcome
from simulator.server.station import Station

if TYPE_CHECKING:
    from simulator.agents.policies import Sizes
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.server.tally import Tally

INFINITY: Final = float("inf")
REFUSED: Final = int(Outcome.REFUSED)  # plain integers: enums cost in the hot path
ERROR: Final = int(Outcome.ERROR)
CANCELLED: Final = int(Outcome.CANCELLED)
RESET: Final = int(Outcome.RESET)
ESTABLISH: Final = int(Operation.ESTABLISH)


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


class Visits(Station[Attempt, Attempt | Call]):
    """The station of an edge: a finite queue, in which records that are to be rebuilt wait too (as calls).

    Times are seconds. The integral of what is in the edge up to `now` is `in_system * now - arrival_sum_s +
    departure_sum_s`.
    """

    __slots__ = (
        "_shedding", "_sheds", "arrival_sum_s", "arrivals", "in_system", "inside",
        "policy", "queue_limit", "refused", "response_bytes", "sizes", "sojourn_sum_s", "sojourns_s", "tallies",
        "visits", "wait_sum_s", "waited", "waits_s", "wasted", "watch_answer",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        name: str,
        site: str | None,
        kernel: Kernel,
        policy: EdgePolicy,
        service_s: Sampler,
        sizes: Sizes,
    ) -> None:
        super().__init__(index, name, site, kernel, policy.workers, service_s)
        self.policy = policy
        self.queue_limit = policy.queue
        self.sizes = sizes
        self.tallies: list[Tally] = []  # by the number of the client group, as the next
        self.response_bytes: list[Sampler] = []
        self.inside: dict[Attempt, None] | None = None  # the attempts that it has not answered, where a reset may
        self.watch_answer: Callable[[Attempt], None] | None = None  # sees every answer before it is sent
        self._sheds = policy.shed_wait_s < INFINITY
        self._shedding = False  # whether it will be looked whether the first in the queue has waited too long
        self.in_system = 0
        self.keep_in(FloatColumn(), FloatColumn())

    def reset_counters(self) -> None:
        """Set all counters to zero."""
        self.arrivals = self.visits = self.waited = self.refused = self.wasted = 0
        self.arrival_sum_s = self.departure_sum_s = self.start_sum_s = 0.0
        self.wait_sum_s = self.sojourn_sum_s = 0.0

    def keep_in(self, waits_s: FloatColumn, sojourns_s: FloatColumn) -> None:
        """Take these columns for what the recorder wants to know of each visit; edges may share them."""
        self.waits_s, self.sojourns_s = waits_s, sojourns_s

    # -- coming ---------------------------------------------------------------------------------------
    def _take_in(self, arrival: Attempt) -> Attempt:
        self.arrivals += 1
        arrival.arrived_s = self.clock.now
        arrival.epoch = self.epoch
        if self.inside is not None:
            self.inside[arrival] = None
        return arrival

    def enter(self, attempt: Attempt) -> None:
        """Serve an attempt, let it wait, or refuse it where the queue is full."""
        if self.busy >= self.workers and len(self.waiting) >= self.queue_limit:
            self.refuse(attempt)
            return
        self.arrival_sum_s += self.clock.now
        self.in_system += 1
        self.admit(attempt)
        if self._sheds and not self._shedding and self.waiting:
            self._shedding = True
            self.clock.push_call(self.clock.now + self.policy.shed_wait_s, self._shed, None, LAST)

    def enter_again(self, call: Call) -> None:
        """A record waits for a worker as requests do, but is never refused."""
        self.arrival_sum_s += self.clock.now
        self.in_system += 1
        self.admit(call)

    # -- leaving the queue ----------------------------------------------------------------------------
    def _is_wanted(self, work: Attempt | Call) -> bool:
        """Whether anybody waits for the answer, as far as the edge knows."""
        if isinstance(work, Call):
            return True
        cancels = work.outcome == CANCELLED or work.client.group.retry.cancel_on_timeout
        if cancels and work.caller.gave_up(work):
            self._drop_waiting(self.clock.now)
            return False
        return True

    def _drop_waiting(self, now: float) -> None:
        """One that stood in the queue has left it without service."""
        self.start_sum_s += now
        self.departure_sum_s += now
        self.in_system -= 1

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
                self.clock.push_call(due_s, self._shed, None, LAST)
                break
            waiting.popleft()
            self._drop_waiting(now)
            if first.outcome != CANCELLED:
                self.refuse(first)
        waiting.extendleft(reversed(kept))

    # -- leaving --------------------------------------------------------------------------------------
    def leave(self, attempt: Attempt) -> None:
        """A visit is over: the attempt's worker is free, and the next in the queue gets it."""
        attempt.left_s = now = self.clock.now
        arrived_s = attempt.arrived_s
        wait_s = attempt.started_s - arrived_s
        self.visits += 1
        if wait_s > 0.0:
            self.waited += 1
            self.wait_sum_s += wait_s
        self.sojourn_sum_s += now - arrived_s
        self.waits_s.append(wait_s)
        self.sojourns_s.append(now - arrived_s)
        self.in_system -= 1
        self.free_worker(now)

    def leave_again(self) -> None:
        """A record that waited for a worker is rebuilt."""
        self.in_system -= 1
        self.free_worker(self.clock.now)

    def answer(self, attempt: Attempt, size: float) -> None:
        """Answer an attempt with so many bytes, below 0 for as many as a response of its group has."""
        if self.watch_answer is not None:
            self.watch_answer(attempt)
        if self.inside is not None:
            self.inside.pop(attempt, None)
        if size < 0.0:
            size = self.response_bytes[attempt.client.group.number].next()
        attempt.caller.carry(self.index, attempt, size)

    def refuse(self, attempt: Attempt) -> None:
        """Turn an attempt away at once."""
        self.refused += 1
        attempt.outcome = REFUSED
        self.answer(attempt, self.sizes.lookup)

    def _err(self, work: Attempt | Call) -> None:
        assert isinstance(work, Attempt)
        if work.epoch != self.epoch:
            self.lose(work)
            return
        work.outcome = ERROR
        self.answer(work, self.sizes.lookup)

    def lose(self, arrival: Attempt) -> None:
        """An attempt met a crash: its caller hears nothing, or a reset from the host that is still up."""
        if arrival.outcome == RESET:  # that is on its way
            return
        arrival.crashed = True
        if self.resets and not arrival.done:
            arrival.outcome = RESET
            arrival.caller.carry(self.index, arrival, self.sizes.lookup)
        else:
            arrival.caller.unanswered(arrival)
