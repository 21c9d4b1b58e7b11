"""A balancer: between clients and edges, it decides where each request goes, and holds it until it is answered.

What a client sends is carried: it waits for a worker, is served, gets an edge by the routing policy, waits for a place
there if the edge has its `max_outstanding`, and goes out as a try. A try that fails may be followed by another; the
client sees one attempt. The answer goes back to the client over the balancer's own link. May import: kernel, request,
routing's directory. Does not model: connections, what policies decide.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.engine.handler import Calling
from simulator.engine.timers import Timers
from simulator.messages import Attempt, Call, Caller, Outcome
from simulator.server.station import Station
from simulator.server.tries import Carried, Try

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.links import Link
    from simulator.routing.directory import Directory
    from simulator.server.edge import EdgeNode
    from simulator.server.guide import Guide

INFINITY: Final = float("inf")
OK: Final = int(Outcome.OK)  # plain integers: enums cost in the hot path
DENIED: Final = int(Outcome.DENIED)
TIMEOUT: Final = int(Outcome.TIMEOUT)
CRASHED: Final = int(Outcome.CRASHED)
REFUSED: Final = int(Outcome.REFUSED)
UNROUTABLE: Final = int(Outcome.UNROUTABLE)
ERROR: Final = int(Outcome.ERROR)
RESET: Final = int(Outcome.RESET)


@dataclass(frozen=True, slots=True)
class BalancerPolicy:
    """How a balancer works. Numbers may be infinite; times in seconds. `retried`: whether each outcome is."""

    workers: float = INFINITY
    limit: int = 0
    timeout_s: float = INFINITY
    to: str = "other"
    turnaround_s: float = 1.0
    retried: tuple[bool, ...] = ()
    abort_on_close: bool = False
    most_outstanding: float = INFINITY
    queue_timeout_s: float = INFINITY


class FromEdges(Caller):
    """A balancer as edges know it: what comes back from its tries. Apart, as a balancer is a server already."""

    __slots__ = ("_balancer",)

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer

    def carry(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """An edge answers a try, or its host for it with a reset."""
        assert isinstance(attempt, Try)
        self._balancer.carry(node, attempt, size_bytes)

    def unanswered(self, attempt: Attempt) -> None:
        """A try will never be answered."""
        assert isinstance(attempt, Try)
        self._balancer.unanswered(attempt)

    def gave_up(self, attempt: Attempt) -> bool:
        """Whether nobody waits for the answer any more: neither the balancer nor its client."""
        assert isinstance(attempt, Try)
        return attempt.done or self._balancer.gave_up(attempt)


class Balancer(Station[Attempt, Carried]):
    """One balancer."""

    __slots__ = (
        "_completing", "_from_edges", "_timers", "answered_itself", "arrivals", "directory", "down_links", "edges",
        "guide", "held", "lines", "outstanding", "passes", "policy", "retried_after",
        "retries", "sent", "small_bytes", "up_links", "wait_sum_s",
    )  # fmt: skip

    guide: Guide

    def __init__(
        self,
        index: int,
        name: str,
        site: str | None,
        kernel: Kernel,
        policy: BalancerPolicy,
        service_s: Sampler,
        passes: bool,
        directory: Directory,
        edges: Sequence[EdgeNode],
        small_bytes: float,
    ) -> None:
        super().__init__(index, name, site, kernel, policy.workers, service_s)
        self.policy = policy
        self.passes = passes  # whether requests pass without worker or service
        self.directory = directory
        self.edges = list(edges)
        self.small_bytes = small_bytes  # of an answer that is the balancer's own
        self.up_links: list[Link] = []
        self.down_links: list[Link] = []
        self.held: dict[Carried, None] = {}
        self.lines: list[deque[Carried]] = [deque() for _ in edges]  # for a place at each edge
        self.outstanding = [0] * len(self.edges)
        self._from_edges = FromEdges(self)
        self._completing = Calling(self._complete)
        self._timers = Timers(kernel, policy.timeout_s, self._timed_out) if policy.timeout_s < INFINITY else None
        self.arrivals = self.sent = self.retries = self.answered_itself = 0
        self.retried_after = [0] * len(Outcome)
        self.wait_sum_s = 0.0

    # -- from clients ---------------------------------------------------------------------------------
    def receive(self, arrival: Attempt) -> None:
        """A client's attempt has arrived."""
        if self.disturbed and self._turns_away(arrival):
            return
        carried = self._take_in(arrival)
        if self.passes:
            self._begin(carried)
        else:
            self.admit(carried)

    def _take_in(self, arrival: Attempt) -> Carried:
        carried = Carried(arrival, self.clock.now)
        self.arrivals += 1
        self.held[carried] = None
        return carried

    def _err(self, work: Carried) -> None:
        if not work.gone:
            self._answer_itself(work, ERROR)

    def forward(self, call: Call) -> None:
        """A message that needs no answer, on its way to an edge."""
        if self.down:
            return
        if self.pausing is not None:
            self.pausing.message(self.forward, call)
            return
        now = self.clock.now
        delay_s = self.up_links[call.edge].transit(self.small_bytes, now)
        if delay_s < INFINITY:
            self.clock.push_call(now + delay_s, self.edges[call.edge].receive_control, call)

    # -- its own work ---------------------------------------------------------------------------------
    def serve(self, work: Carried) -> None:
        """Begin service."""
        now = self.clock.now
        self.start_sum_s += now
        work.waited_s = now - work.arrived_s
        self.clock.push(now + self.service_s.next(), self.finishing, work)

    def _is_wanted(self, work: Carried) -> bool:
        return not self._drops(work)

    def finish(self, work: Carried) -> None:
        """End of service."""
        if work.gone:  # lost in a crash, and its worker with it
            return
        self.free_worker(self.clock.now)
        self._begin(work)

    def _begin(self, carried: Carried) -> None:
        """Choose the edge of a request, and send it there."""
        if not self._drops(carried):
            self._dispatch(carried, self.guide.choose(carried.attempt))

    def _drops(self, carried: Carried) -> bool:
        """Whether its client has given it up, and the balancer has heard of that and cares: then it is gone."""
        attempt = carried.attempt
        if not self.policy.abort_on_close or not attempt.done:
            return carried.gone
        if self.clock.now - carried.arrived_s < attempt.client.group.retry.timeout_s:  # the news is under way
            return False
        self._let_go(carried)
        return True

    def _let_go(self, carried: Carried) -> None:
        carried.gone = True
        self.held.pop(carried, None)

    def _dispatch(self, carried: Carried, edge: int) -> None:
        """Send a request to an edge that was chosen, or let it wait for a place there."""
        carried.edge = edge
        if edge < 0:
            self._answer_itself(carried, UNROUTABLE)
        elif self.outstanding[edge] < self.policy.most_outstanding:
            self._send(carried)
        else:
            carried.queued += 1
            carried.since_s = now = self.clock.now
            self.lines[edge].append(carried)
            if self.policy.queue_timeout_s < INFINITY:
                self.clock.push_call(
                    now + self.policy.queue_timeout_s, self._waited_too_long, (carried, carried.queued)
                )

    def _waited_too_long(self, case: tuple[Carried, int]) -> None:
        """A request stands in line for an edge for as long as it may, unless it has left the line since."""
        carried, queued = case
        if carried.gone or carried.queued != queued:
            return
        if self.pausing is not None:
            self.pausing.timer(self._waited_too_long, case)
            return
        self._answer_itself(carried, REFUSED)

    def _next_in_line(self, edge: int) -> None:
        """There may be room at an edge: for who waits for it, and was not answered or dropped meanwhile."""
        line = self.lines[edge]
        while line and self.outstanding[edge] < self.policy.most_outstanding:
            carried = line.popleft()
            if carried.gone or self._drops(carried):
                continue
            carried.queued += 1
            carried.waited_s += self.clock.now - carried.since_s
            if self._is_believed(edge):
                self._send(carried)
            else:
                self._dispatch(carried, self.guide.other(carried.attempt, edge))

    def _is_believed(self, edge: int) -> bool:
        return self.directory.believed[edge] and self.directory.exists[edge]

    # -- to edges -------------------------------------------------------------------------------------
    def _send(self, carried: Carried) -> None:
        edge, now, attempt = carried.edge, self.clock.now, carried.attempt
        if not carried.retries:
            self.wait_sum_s += carried.waited_s
        carried.current = one = Try(carried, self._from_edges)
        self.sent += 1
        attempt.edge = one.edge = edge
        attempt.crashed = False
        one.sent_s = now
        one.life = self.directory.lives[edge]
        self.outstanding[edge] += 1
        self.directory.outstanding[edge] += 1
        self.guide.sent(edge, now)
        one.up_s = delay_s = self.up_links[edge].transit(carried.size_bytes, now)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, self.edges[edge].receiving, one)
        else:
            self.unanswered(one)
        if self._timers is not None and not one.done:
            self._timers.add(one)

    def _over(self, one: Try) -> None:
        """A try is answered or given up: its place is free, unless its edge has restarted since."""
        one.done = True
        one.carried.current = None
        if self._timers is not None:
            self._timers.over(one)
        if one.life == self.directory.lives[one.edge]:
            self.outstanding[one.edge] -= 1
            self.directory.outstanding[one.edge] -= 1

    def edge_restarted(self, edge: int) -> None:
        """An edge has come back: nothing is outstanding there."""
        self.outstanding[edge] = 0
        if not self.down and self.pausing is None:
            self._next_in_line(edge)

    # -- from edges -----------------------------------------------------------------------------------
    def carry(self, edge: int, one: Try, size_bytes: float) -> None:
        """An edge, or its host, answers a try: bring that to the balancer."""
        now = self.clock.now
        one.size_bytes = size_bytes
        one.told_weight = one.session.published_weight
        one.down_s = delay_s = self.down_links[edge].transit(size_bytes, now)
        if delay_s < INFINITY:
            self.clock.push(now + delay_s, self._completing, one)
        else:
            self.unanswered(one)

    def unanswered(self, one: Try) -> None:
        """A try will never be answered. With a timeout that will be noticed; without, all wait for ever."""
        if one.done:
            return
        origin = one.origin
        if one.met_crash:
            origin.crashed = True
        if self._timers is None:
            origin.caller.unanswered(origin)

    def gave_up(self, one: Try) -> bool:
        """Whether a client whose timeout cancels work gave up what an edge is about to serve: then it is dropped."""
        if not one.origin.done:
            return False
        self._over(one)
        self._let_go(one.carried)
        self._next_in_line(one.edge)
        return True

    def _complete(self, one: Try) -> None:
        """An answer has arrived."""
        if one.done:
            return
        if self.pausing is not None:
            self.pausing.message(self._complete, one)
            return
        carried, edge, outcome = one.carried, one.edge, one.outcome
        self._over(one)
        self.guide.answered(edge, one.up_s + one.down_s)
        if outcome == RESET:
            self.guide.heard_nothing(one)
        self.guide.ended(one, outcome)
        if outcome in (OK, DENIED) or not self._tries_again(carried, outcome):
            if outcome == RESET:
                self._answer_itself(carried, ERROR)
            else:
                self._pass_on(carried, one)
        self._next_in_line(edge)

    def _timed_out(self, one: Try) -> None:
        if one.done:
            return
        if self.pausing is not None:
            self.pausing.timer(self._timed_out, one)
            return
        carried, edge = one.carried, one.edge
        self._over(one)
        outcome = CRASHED if one.met_crash else TIMEOUT
        self.guide.heard_nothing(one)
        self.guide.ended(one, outcome)
        if not self._tries_again(carried, outcome):
            self._answer_itself(carried, ERROR)
        self._next_in_line(edge)

    # -- retries --------------------------------------------------------------------------------------
    def _tries_again(self, carried: Carried, outcome: int) -> bool:
        """Whether a try that failed is followed by another; if so, that is on its way."""
        policy = self.policy
        if carried.retries >= policy.limit or not policy.retried[outcome]:
            return False
        if self._drops(carried):
            return True
        carried.retries += 1
        self.retries += 1
        self.retried_after[outcome] += 1
        self.guide.retried(carried.attempt)
        tried = carried.edge
        stays = policy.to == "same" or (policy.to == "other_last" and carried.retries < policy.limit)
        edge = tried if stays and self._is_believed(tried) else self.guide.other(carried.attempt, tried)
        if edge == tried:
            self.clock.push_call(self.clock.now + policy.turnaround_s, self._turned_around, carried)
        else:
            self._dispatch(carried, edge)
        return True

    def _turned_around(self, carried: Carried) -> None:
        """The wait before a retry of the same edge is over."""
        if carried.gone:
            return
        if self.pausing is not None:
            self.pausing.timer(self._turned_around, carried)
            return
        if self._drops(carried):
            return
        edge = carried.edge
        self._dispatch(carried, edge if self._is_believed(edge) else self.guide.other(carried.attempt, edge))

    # -- back to clients ------------------------------------------------------------------------------
    def _pass_on(self, carried: Carried, one: Try) -> None:
        """Bring an edge's answer to the client."""
        attempt = carried.attempt
        self._let_go(carried)
        attempt.outcome = outcome = one.outcome
        attempt.edge, attempt.tier, attempt.token = one.edge, one.tier, getattr(one, "token", 0)
        attempt.told_weight = one.told_weight
        attempt.arrived_s = one.arrived_s
        if outcome in (OK, DENIED):
            attempt.started_s, attempt.left_s = one.started_s, one.left_s
        attempt.up_s += one.up_s
        attempt.down_s = one.down_s
        attempt.caller.pass_on(self.index, attempt, one.size_bytes)

    def _answer_itself(self, carried: Carried, outcome: int) -> None:
        """Tell the client that there is no answer."""
        self._let_go(carried)
        self.answered_itself += 1
        self._tell(carried.attempt, outcome)

    def _tell(self, attempt: Attempt, outcome: int) -> None:
        attempt.outcome = outcome
        attempt.caller.tell(self.index, attempt, self.small_bytes)

    # -- faults ---------------------------------------------------------------------------------------
    def crash(self, resets: bool = False) -> None:
        """Lose all that is held: clients hear nothing, or a reset."""
        self._go_down(resets)
        held, self.held = self.held, {}
        self.lines = [deque() for _ in self.edges]
        self.departure_sum_s += self.clock.now * self.busy
        self._lose_queue()
        for carried in held:
            carried.gone = True
            if carried.current is not None:
                self._over(carried.current)
            self.lose(carried.attempt)
        self._lose_paused()

    def lose(self, arrival: Attempt) -> None:
        """An attempt met a crash: its client hears nothing, or a reset from the host that is still up."""
        arrival.crashed = True
        if self.resets and not arrival.done:
            self._tell(arrival, RESET)
        else:
            arrival.caller.unanswered(arrival)

    def go_on(self) -> None:
        """Stand still no more: what waited happens now."""
        paused = self.pausing is not None
        super().go_on()
        if paused:
            for edge in range(len(self.edges)):
                self._next_in_line(edge)
