"""A balancer: between clients and edges, it decides where each request goes, and holds it until it is answered.

What a client sends is carried: it waits for a worker, is served, gets an edge by the routing policy, waits for a place
there if the edge has its `max_outstanding`, and goes out as a try. A try that fails may be followed by another; the
client sees one attempt. The answer goes back to the client over the balancer's own link. May import: kernel, request,
routing's directory. Does not model: connections, what policies decide.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulator.engine.timers import Timers
from simulator.messages import Attempt, Call, Caller, Operation, Outcome
from simulator.server.pausing import Pausing
from simulator.server.slowable import Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.agents.client import RoundTrips
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.links import Link
    from simulator.routing.directory import Directory
    from simulator.server.edge import EdgeNode
    from simulator.server.guide import Guide

INFINITY: Final = float("inf")
GAIN: Final = 0.125  # of the moving averages of its round trips
OK: Final = int(Outcome.OK)  # plain integers: enums cost in the hot path
DENIED: Final = int(Outcome.DENIED)
TIMEOUT: Final = int(Outcome.TIMEOUT)
CRASHED: Final = int(Outcome.CRASHED)
REFUSED: Final = int(Outcome.REFUSED)
UNROUTABLE: Final = int(Outcome.UNROUTABLE)
ERROR: Final = int(Outcome.ERROR)
RESET: Final = int(Outcome.RESET)
ACQUIRE: Final = int(Operation.ACQUIRE)
RELEASE: Final = int(Operation.RELEASE)
ESTABLISH: Final = int(Operation.ESTABLISH)


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


class Carried:
    """One attempt of a client, from its arrival at a balancer until it is answered. Times are seconds."""

    __slots__ = (
        "arrived_s",
        "attempt",
        "current",
        "edge",
        "gone",
        "queued",
        "retries",
        "since_s",
        "size_bytes",
        "waited_s",
    )

    def __init__(self, attempt: Attempt, now: float) -> None:
        self.attempt = attempt
        self.size_bytes = attempt.size_bytes
        self.arrived_s = now
        self.since_s = now  # since when it waits for what it waits for
        self.waited_s = 0.0
        self.current: Try | None = None  # what the edge has of it
        self.edge = -1
        self.retries = 0
        self.queued = 0  # how often it has stood in line for an edge, or left the line: tells its timers apart
        self.gone = False  # answered, dropped, or lost


class Try(Attempt):
    """A balancer's try of what it carries, as edges serve it. It is done when the balancer waits for it no more."""

    __slots__ = ("carried",)

    def __init__(self, carried: Carried, caller: Caller) -> None:
        attempt = carried.attempt
        super().__init__(caller, attempt.client, attempt.session, attempt.operation, attempt.intended_s, attempt.tries)
        self.carried = carried
        if self.operation in (ACQUIRE, RELEASE):
            self.lock, self.token = attempt.lock, attempt.token

    @property
    def origin(self) -> Attempt:
        """The client's attempt."""
        return self.carried.attempt


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


class Balancer(Server):
    """One balancer."""

    __slots__ = (
        "_from_edges", "_receivers", "_served_cb", "_timers", "answered_itself", "arrivals", "busy", "busy_end_sum_s",
        "busy_start_sum_s", "clock", "directory",
        "down_links", "edges", "expected_rtt_s", "guide", "held", "index", "lines", "name", "near_site", "outstanding",
        "passes", "policy", "resets", "retried_after", "retries", "sent", "site", "small_bytes", "trips", "up_links",
        "wait_sum_s", "waiting", "workers",
    )  # fmt: skip

    guide: Guide
    expected_rtt_s: list[float]
    near_site: str | None

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
        trips: RoundTrips,
        small_bytes: float,
    ) -> None:
        super().__init__(service_s)
        self.index = index
        self.name = name
        self.site = site
        self.clock = kernel.clock
        self.policy = policy
        self.workers = policy.workers
        self.passes = passes  # whether requests pass without worker or service
        self.directory = directory
        self.edges = list(edges)
        self.trips = trips
        self.small_bytes = small_bytes  # of an answer that is the balancer's own
        self.up_links: list[Link] = []
        self.down_links: list[Link] = []
        self.resets = False  # whether it is down and its host, which is up, answers with resets
        self.held: dict[Carried, None] = {}
        self.waiting: deque[Carried] = deque()
        self.lines: list[deque[Carried]] = [deque() for _ in edges]  # for a place at each edge
        self.outstanding = [0] * len(self.edges)
        self.busy = 0
        self._served_cb = self._served  # bound once
        self._from_edges = FromEdges(self)
        self._receivers: list[Callable[[Any], None]] = [edge.receive for edge in edges]
        self._timers = Timers(kernel, policy.timeout_s, self._timed_out) if policy.timeout_s < INFINITY else None
        self.arrivals = self.sent = self.retries = self.answered_itself = 0
        self.retried_after = [0] * len(Outcome)
        self.wait_sum_s = self.busy_start_sum_s = self.busy_end_sum_s = 0.0

    # -- from clients ---------------------------------------------------------------------------------
    def receive(self, attempt: Attempt) -> None:
        """A client's attempt has arrived."""
        if self.disturbed and self._turns_away(attempt):
            return
        carried = Carried(attempt, self.clock.now)
        self.arrivals += 1
        self.held[carried] = None
        if self.passes:
            self._begin(carried)
        elif self.busy < self.workers:
            self.busy += 1
            self._serve(carried)
        else:
            self.waiting.append(carried)

    def _turns_away(self, attempt: Attempt) -> bool:
        """Whether a request meets something else than the queue: a balancer that is down, stands still, or errs."""
        if self.down:
            self._lose(attempt)
            return True
        if self.pausing is not None:
            self.pausing.message(self.receive, attempt)
            return True
        after_s = -1.0 if self.erring is None else self.erring.strikes()
        if after_s < 0.0:
            return False
        carried = Carried(attempt, self.clock.now)
        self.arrivals += 1
        self.held[carried] = None
        self.clock.call_at(self.clock.now + after_s, self._err, carried)
        return True

    def _err(self, carried: Carried) -> None:
        if not carried.gone:
            self._answer_itself(carried, ERROR)

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
            self.clock.push(now + delay_s, self.edges[call.edge].receive_control, call)

    # -- its own work ---------------------------------------------------------------------------------
    def _serve(self, carried: Carried) -> None:
        now = self.clock.now
        self.busy_start_sum_s += now
        carried.waited_s = now - carried.arrived_s
        self.clock.push(now + self.service_s.next(), self._served_cb, carried)

    def _served(self, carried: Carried) -> None:
        if carried.gone:  # lost in a crash, and its worker with it
            return
        self.busy_end_sum_s += self.clock.now
        self.busy -= 1
        while self.waiting:
            following = self.waiting.popleft()
            if not self._drops(following):
                self.busy += 1
                self._serve(following)
                break
        self._begin(carried)

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
                self.clock.push(now + self.policy.queue_timeout_s, self._waited_too_long, (carried, carried.queued))

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
            self.clock.push(now + delay_s, self._receivers[edge], one)
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
            self.clock.push(now + delay_s, self._complete, one)
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
        self.trips.note(edge, one.up_s + one.down_s, GAIN)
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
            self.clock.push(self.clock.now + policy.turnaround_s, self._turned_around, carried)
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
        self.down = True
        self.resets = resets
        self.note_disturbance()
        held, self.held = self.held, {}
        self.waiting = deque()
        self.lines = [deque() for _ in self.edges]
        self.busy_end_sum_s += self.clock.now * self.busy
        self.busy = 0
        for carried in held:
            carried.gone = True
            if carried.current is not None:
                self._over(carried.current)
            self._lose(carried.attempt)
        if self.pausing is not None:
            pausing, self.pausing = self.pausing, None
            pausing.lose()
            self.pausing = pausing

    def _lose(self, attempt: Attempt) -> None:
        attempt.crashed = True
        if self.resets and not attempt.done:
            self._tell(attempt, RESET)
        else:
            attempt.caller.unanswered(attempt)

    def restart(self) -> None:
        """Come back; it has forgotten what it held."""
        self.down = self.resets = False
        self.note_disturbance()

    def pause(self) -> None:
        """Stand still."""
        self.pausing = Pausing(self.clock, lambda does: does is self._served_cb)
        self.note_disturbance()

    def go_on(self) -> None:
        """Stand still no more: what waited happens now."""
        pausing, self.pausing = self.pausing, None
        self.note_disturbance()
        if pausing is not None:
            pausing.end()
            for edge in range(len(self.edges)):
                self._next_in_line(edge)
