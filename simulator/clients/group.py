"""The client agents of one group: they open sessions, send requests, measure, retry and fail over.

A group owns what its agents share (workload, routing, retry policy, counters). May import: kernel, request, routing
and links' contracts. Does not model: what happens beyond the access link.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Final

from simulator.agents.client import INFINITY, Client, Draws, GroupPolicy, Sizes
from simulator.agents.session import Session
from simulator.clients.ledger import Ledger
from simulator.clients.locking import Locking
from simulator.clients.outstanding import Outstanding
from simulator.clients.retries import Retries
from simulator.engine.timers import Timers
from simulator.messages import Attempt, Call, Caller, Kind, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.clients.balancing import Balancing
    from simulator.clients.hedging import Hedging
    from simulator.engine.kernel import Kernel
    from simulator.health.passive import Passive
    from simulator.routing.base import Router
    from simulator.routing.moves import Moves
    from simulator.sam.manager import StickinessManager
    from simulator.server.edge import EdgeNode
    from simulator.server.tally import Tally

GAIN: Final = 0.125  # of the agents' moving averages (RFC 6298's gain for round-trip times)
LONGEST_PROBE_S: Final = 1.0  # an echo that has not come by then will not come
OK: Final = int(Outcome.OK)  # plain integers: enums cost in the hot path
TIMEOUT: Final = int(Outcome.TIMEOUT)
CRASHED: Final = int(Outcome.CRASHED)
SESSION_EXPIRED: Final = int(Outcome.SESSION_EXPIRED)
DENIED: Final = int(Outcome.DENIED)
RESET: Final = int(Outcome.RESET)
UNROUTABLE: Final = int(Outcome.UNROUTABLE)
CANCELLED: Final = int(Outcome.CANCELLED)
ACQUIRE: Final = int(Operation.ACQUIRE)
ESTABLISH: Final = int(Operation.ESTABLISH)


class ClientGroup(Caller):
    """All agents of one group."""

    __slots__ = (
        "_adopted",
        "_choose",
        "_completed",
        "_draw_operation",
        "_keep_code",
        "_keep_latency",
        "_moves",
        "_opened_sum_s",
        "_receivers",
        "_replaced",
        "_report_session",
        "_report_value",
        "_reports",
        "_reports_more",
        "_request_bytes",
        "_steady",
        "_timers",
        "answered",
        "balancing",
        "bandwidth_sum",
        "bandwidths",
        "bytes_answered",
        "bytes_moved",
        "clients",
        "clock",
        "codes",
        "counted_denied",
        "counted_retries",
        "crossed",
        "denied",
        "draws",
        "duration_s",
        "edge_sites",
        "edges",
        "establish_sum_s",
        "establishments",
        "failed",
        "failed_due_s",
        "failed_latencies_s",
        "hedging",
        "issued",
        "late",
        "latencies_s",
        "latency_from_response",
        "ledger",
        "locking",
        "loss_sum",
        "manager",
        "measures_first",
        "moves",
        "name",
        "new_client",
        "number_for",
        "ok",
        "outstanding",
        "passive",
        "policy",
        "retries",
        "retry",
        "retry_sum_s",
        "router",
        "rtt_sum_s",
        "session_ids",
        "sessions_begun",
        "sessions_counted",
        "sessions_failed",
        "sessions_open",
        "silent",
        "sizes",
        "source_ended",
        "standing",
        "tally",
        "told_without",
        "track_rtt",
        "warm_latencies_s",
        "warmup_s",
        "watch",
    )  # fmt: skip

    def __init__(
        self,
        policy: GroupPolicy,
        kernel: Kernel,
        router: Router,
        edges: Sequence[EdgeNode],
        manager: StickinessManager | None,
        moves: Moves,
        tally: Tally,
        draws: Draws,
        sizes: Sizes,
        warmup_s: float,
        duration_s: float,
        session_ids: count[int],
    ) -> None:
        retry = policy.retry
        self.policy, self.name = policy, policy.name
        self.moves, self.tally = moves, tally  # nodes count in the tally
        self.clock = kernel.clock
        self.router = router
        self._choose, self._moves = router.choose, router.moves  # asked for every request: bound once
        self._steady = not router.moves_vary
        self.edges = list(edges)
        self.manager = manager
        self.retry = retry
        self.locking = Locking(self.clock, policy.locks, draws.lock, self._tell)
        self.draws, self.sizes = draws, sizes
        self.warmup_s, self.duration_s = warmup_s, duration_s
        self.session_ids = session_ids
        self.number_for: Callable[[Client], int] | None = None  # of a new session, where it says more than which it is
        self.clients: list[Client] = []
        self._adopted: dict[int, Session] = {}
        self._replaced: dict[int, Session] = {}  # session opened in place of an expired one -> the first of the chain
        self.sessions_open = 0
        self._opened_sum_s = 0.0  # when sessions opened, less when they closed
        self.new_client: Callable[[int], Client]
        self.source_ended: Callable[[int], None] | None = None
        self.watch: Callable[[Attempt, float], None] | None = None
        self.edge_sites = [edge.site for edge in edges]
        self.balancing: Balancing | None = None  # where balancers stand between clients and edges
        self.track_rtt, self.latency_from_response, self.measures_first = True, False, False
        self.outstanding: Outstanding | None = None  # where a policy wants to know loads
        self.standing: list[int] | None = None  # open sessions at each edge, where a policy wants to know
        self.hedging: Hedging | None = None  # where attempts get twins
        self.passive: Passive | None = None  # where requests tell about the health of edges
        self.retries = Retries(retry, draws.jitter)
        self._draw_operation = draws.operation
        self._request_bytes = draws.request_bytes
        self._completed = self.complete  # bound once
        self._receivers = [edge.receive for edge in edges]
        self._reports = manager is not None
        self._reports_more = manager is not None and (manager.client_reports or manager.by_edge)
        if manager is not None:
            self._report_session, self._report_value = manager.report_columns()
        self._timers = Timers(kernel, retry.timeout_s, self._timed_out) if retry.timeout_s < INFINITY else None
        # what the recorder reads: requests that ended and were first sent in the window, column by column
        self.latencies_s = array("d")
        self.codes = array("l")  # edge * 8 + tier
        self.warm_latencies_s = array("d")
        self.ledger: Ledger | None = None  # where requests are told apart by when they were due
        self.failed: dict[tuple[int, bool], int] = {}  # (outcome, counted) -> requests
        self.failed_latencies_s = array("d")
        self.failed_due_s = array("d")  # when those requests were due that failed and count
        self._keep_latency = self.latencies_s.append
        self._keep_code = self.codes.append
        self._zero_counters()

    def _zero_counters(self) -> None:
        self.issued = self.ok = self.denied = self.answered = self.silent = self.told_without = 0
        self.counted_retries = self.counted_denied = self.crossed = self.late = 0
        self.bandwidths = 0
        self.establishments = self.sessions_begun = 0
        self.sessions_counted = self.sessions_failed = 0  # that had requests in the window; of them, with a failed one
        self.rtt_sum_s = self.loss_sum = self.bandwidth_sum = self.bytes_moved = self.bytes_answered = 0.0
        self.retry_sum_s = self.establish_sum_s = 0.0

    @property
    def ended(self) -> int:
        """Requests that ended: ok, denied or failed."""
        return self.ok + self.denied + sum(self.failed.values())

    @property
    def attempts_ended(self) -> int:
        """Attempts that were answered or timed out, establishments included."""
        return self.answered + self.silent + self.told_without

    # -- sessions -------------------------------------------------------------------------------------
    def open_session(self, index: int) -> Session:
        """Begin a session of client `index`: establish it, unless it was established before the run."""
        client = self.client(index)
        session = self._adopted.pop(index, None)
        self.sessions_open += 1
        self._opened_sum_s += self.clock.now
        if session is None:
            session = self._new_session(client, self.clock.now)
            client.session = session
            self.sessions_begun += 1
            self._establish(session)
        client.session = session
        return session

    def _new_session(self, client: Client, started_s: float) -> Session:
        number = next(self.session_ids) if self.number_for is None else self.number_for(client)
        session = Session(number, client, started_s)
        session.standing = self.standing
        return session

    @property
    def sessions_s(self) -> float:
        """Time integral of the number of open sessions, seconds."""
        return self.sessions_open * self.clock.now - self._opened_sum_s

    def client(self, index: int) -> Client:
        """Client `index`; open populations make their clients when they come."""
        clients = self.clients
        while len(clients) <= index:
            clients.append(self.new_client(len(clients)))
        return clients[index]

    def close_session(self, index: int) -> None:
        """End the session of client `index`, once its outstanding requests have ended."""
        client = self.clients[index]
        session = client.session
        if session is None:
            return
        client.session = None
        self.sessions_open -= 1
        self._opened_sum_s -= self.clock.now
        session.closing = True
        if session.outstanding == 0:
            self._send_close(session)

    def adopt(self, client: Client, edge: int) -> Session:
        """Take a session that is established before the run begins (`established: true`)."""
        session = self._new_session(client, self.clock.now)
        session.established = True
        session.stand_at(edge)
        self._adopted[client.index] = session
        return session

    def dissolve(self) -> None:
        """The world is over: part clients from sessions, and sessions from leases, that hold each other."""
        for client in self.clients:
            session = client.session
            if session is not None:
                session.grant = client.session = None
        self.clients.clear()
        self._replaced.clear()

    def _establish(self, session: Session) -> None:
        session.establishing = True
        if not self.measures_first:
            self._ask_for_session(session)
            return
        edge = self.router.assign(session.client, -1)
        if edge < 0:
            self._ask_for_session(session)
            return
        rtt_s = self.probe(session.client, edge)
        if rtt_s < INFINITY:
            session.probe_s = rtt_s
            self.clock.call_in(rtt_s, self._ask_for_session, session)
        else:  # the echo does not come
            self.clock.call_in(min(self.retry.timeout_s, LONGEST_PROBE_S), self._ask_for_session, session)

    def _ask_for_session(self, session: Session) -> None:
        attempt = Attempt(self, session.client, session, ESTABLISH, self.clock.now, 0)
        self.establishments += 1
        if self.balancing is not None:
            self._send_balanced(attempt, self.sizes.metadata)
            return
        self._send(attempt, self.router.assign(session.client, -1), self.sizes.metadata)

    def probe(self, client: Client, edge: int) -> float:
        """Seconds until the echo of a small message to an edge is back; infinity if it does not come."""
        if self.balancing is not None:
            return self.balancing.probe(client, edge, self.sizes.lookup)
        if self.edges[edge].down:
            return INFINITY
        now, size = self.clock.now, self.sizes.lookup
        there_s = client.up[edge].transit(client.up_line, size, now, client.base_s[edge])
        if there_s == INFINITY:
            return INFINITY
        return there_s + client.down[edge].transit(client.down_line, size, now + there_s, client.back_s[edge])

    def _established(self, attempt: Attempt) -> None:
        session = attempt.session
        session.establishing = False
        session.established = True
        session.stand_at(attempt.edge)
        pending, session.pending = session.pending, None
        for waiting in pending or ():
            if not waiting.done:
                if not waiting.tries:
                    self.establish_sum_s += self.clock.now - waiting.intended_s
                self._route(waiting)
        if session.closing and session.outstanding == 0:
            self._send_close(session)

    def _not_established(self, attempt: Attempt, outcome: int) -> None:
        session = attempt.session
        session.establishing = False
        if self.warmup_s <= attempt.intended_s < self.duration_s:
            self._count_session(session, failed=True)
        pending, session.pending = session.pending, None
        for waiting in pending or ():
            if not waiting.done:
                waiting.done = True
                self._request_failed(waiting, outcome)

    def _send_close(self, session: Session) -> None:
        session.end()
        self.router.forget(session)
        if self.manager is not None:
            self.manager.forget(session)
        if not session.established:
            return
        self._tell(Call(Kind.CLOSE, session, session.edge, 0, None))

    def _tell(self, call: Call) -> None:
        """Send a message that needs no answer to the edge of its session."""
        if self.balancing is not None:
            self.balancing.tell(call, self.sizes.lookup)
            return
        client, edge, now = call.session.client, call.edge, self.clock.now
        delay_s = client.up[edge].transit(client.up_line, self.sizes.lookup, now, client.base_s[edge])
        if delay_s < INFINITY:
            self.clock.call_at(now + delay_s, self.edges[edge].receive_control, call)

    # -- requests -------------------------------------------------------------------------------------
    def arrive(self, index: int) -> None:
        """One request of client `index` is due now; without an open session there is none."""
        client = self.clients[index]
        session = client.session
        if session is not None:
            draw = self._draw_operation
            self._issue(client, session, 0 if draw is None else draw())

    def arrive_as(self, index: int, operation: str) -> None:
        """One request with its operation given (traces)."""
        client = self.client(index)
        if client.session is not None:
            self._issue(client, client.session, int(Operation[operation.upper()]))

    def _issue(self, client: Client, session: Session, operation: int) -> None:
        self.issued += 1
        session.outstanding += 1
        attempt = Attempt(self, client, session, operation, self.clock.now, 0)
        if ACQUIRE <= operation < ESTABLISH:
            attempt.lock, attempt.token = self.locking.pick(session, operation)
        self.retries.earn()
        if session.established:
            self._route(attempt)
        else:
            self._wait_for_establishment(attempt)

    def _wait_for_establishment(self, attempt: Attempt) -> None:
        session = attempt.session
        if session.pending is None:
            session.pending = []
        session.pending.append(attempt)
        if not session.establishing:
            self._establish(session)

    def _route(self, attempt: Attempt) -> None:
        """Choose the edge of a request's first attempt and send it there; or let a balancer choose."""
        if self.balancing is not None:
            self._send_balanced(attempt, self._request_bytes.next())
            return
        session = attempt.session
        edge = self._choose(attempt.client, session)
        if edge == session.last_edge and edge == session.edge:
            self.moves.stay()
        else:
            self.moves.go(session, edge, self._moves if self._steady else self.router.moves, True)
        self._send(attempt, edge, self._request_bytes.next())

    def _send(self, attempt: Attempt, edge: int, size: float) -> None:
        clock = self.clock
        attempt.sent_s = now = clock.now
        if edge < 0:
            attempt.done = True
            self._attempt_failed(attempt, UNROUTABLE)
            return
        attempt.edge = edge
        client = attempt.client
        self.bytes_moved += size
        attempt.up_s = delay_s = client.up[edge].transit(client.up_line, size, now, client.base_s[edge])
        if self.outstanding is not None:
            self.outstanding.sent(attempt)
        if self.passive is not None:
            self.passive.sent(edge, now)
        timers = self._timers
        if delay_s < INFINITY:
            clock.push(now + delay_s, self._receivers[edge], attempt)
        if self.hedging is not None:
            self.hedging.sent(attempt)
        if timers is not None:
            timers.add(attempt)
        elif delay_s == INFINITY:
            self.unanswered(attempt)

    def send_hedge(self, twin: Attempt, edge: int) -> None:
        """Send the twin of an attempt, which moves its session nowhere."""
        self._send(twin, edge, self._request_bytes.next())

    def give_up(self, attempt: Attempt) -> None:
        """An attempt is not waited for any more, though nobody knows how it would have ended."""
        if self._timers is not None:
            self._timers.over(attempt)
        if self.outstanding is not None:
            self.outstanding.over(attempt)
        if self.passive is not None:  # it says nothing of its edge, but may have been the one on trial there
            self.passive.ended(attempt.edge, attempt.sent_s, CANCELLED, self.clock.now)

    def _send_balanced(self, attempt: Attempt, size: float) -> None:
        """Send an attempt to its client's balancer."""
        assert self.balancing is not None
        attempt.sent_s = self.clock.now
        self.bytes_moved += size
        timers = self._timers
        if self.balancing.send(attempt, size) == INFINITY and timers is None:
            self.unanswered(attempt)
        if timers is not None:
            timers.add(attempt)

    def _told(self, attempt: Attempt) -> None:
        """A balancer, or its host, says that there is no answer."""
        if attempt.done:
            return
        attempt.done = True
        if self._timers is not None:
            self._timers.over(attempt)
        client = attempt.client
        self.told_without += 1
        if client.loss:
            client.note_heard(GAIN)
            self.loss_sum += client.loss
        if self.balancing is not None:
            if attempt.outcome == RESET:
                self.balancing.silent(attempt)
            else:
                self.balancing.heard(attempt)
        self._attempt_failed(attempt, attempt.outcome)

    def edge_restarted(self, edge: int) -> None:
        """An edge has come back: nothing is outstanding there."""
        if self.outstanding is not None:
            self.outstanding.restarted(edge, self.clients)

    # -- what nodes may do ----------------------------------------------------------------------------
    def carry(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """An edge answers, or its host for it with a reset."""
        attempt.told_weight = attempt.session.published_weight
        attempt.down_s = delay_s = self._come_back(node, attempt, size_bytes)
        if delay_s < INFINITY:
            self.clock.push(self.clock.now + delay_s, self._completed, attempt)
        else:
            self.unanswered(attempt)

    def pass_on(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """A balancer passes an edge's answer on."""
        delay_s = self._come_back(node, attempt, size_bytes)
        attempt.down_s += delay_s
        if delay_s < INFINITY:
            self.clock.push(self.clock.now + delay_s, self._completed, attempt)
        else:
            self.unanswered(attempt)

    def tell(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """A balancer says itself, or its host for it with a reset, that there is no answer."""
        delay_s = self._come_back(node, attempt, size_bytes)
        if delay_s < INFINITY:
            self.clock.push(self.clock.now + delay_s, self._told, attempt)
        else:
            self.unanswered(attempt)

    def _come_back(self, node: int, attempt: Attempt, size_bytes: float) -> float:
        """Send an answer over the link from a node; seconds until it is there, infinity if it is lost."""
        client = attempt.client
        self.bytes_moved += size_bytes
        self.bytes_answered += size_bytes
        attempt.size_bytes = size_bytes
        return client.down[node].transit(client.down_line, size_bytes, self.clock.now, client.back_s[node])

    def gave_up(self, attempt: Attempt) -> bool:
        """Whether a client waits for this answer no more."""
        return attempt.done

    def complete(self, attempt: Attempt) -> None:
        """An answer has reached the client."""
        if attempt.done:
            self.late += attempt.outcome != RESET
            self.locking.granted_late(attempt)
            return
        attempt.done = True
        if self._timers is not None:
            self._timers.over(attempt)
        now = self.clock.now
        client, session = attempt.client, attempt.session
        rtt_s = attempt.up_s + attempt.down_s
        self._measure(client, attempt.edge if self.balancing is None else self.balancing.heard(attempt), rtt_s)
        if self.outstanding is not None:
            self.outstanding.over(attempt)
        if self.passive is not None:
            self.passive.ended(attempt.edge, attempt.sent_s, attempt.outcome, now)
        operation = attempt.operation
        outcome = attempt.outcome
        if outcome not in (OK, DENIED):
            self._answered_badly(attempt, outcome, rtt_s)
            return
        session.client_weight = attempt.told_weight
        if self.hedging is not None:
            self.hedging.answered(attempt)
        if operation >= ACQUIRE and outcome == OK and self._settle(attempt):
            return  # an establishment is no request
        if self._reports:
            self._report_session(session.slot)
            self._report_value(now - attempt.sent_s if self.latency_from_response else rtt_s)
            if attempt.tries or self._reports_more:
                self._report_more(attempt)
        self._book(attempt, now)
        if self.watch is not None:
            self.watch(attempt, now)
        session.outstanding -= 1
        if session.closing and session.outstanding == 0:
            self._send_close(session)
        if self.source_ended is not None:
            self.source_ended(client.index)

    def _book(self, attempt: Attempt, now: float) -> None:
        """A request is answered: what the recorder wants to know of those first sent in the window."""
        edge, intended_s = attempt.edge, attempt.intended_s
        counted = intended_s >= self.warmup_s
        if attempt.outcome == OK:
            self.ok += 1
        else:
            self.denied += 1
            self.counted_denied += counted
        if not counted:
            self.warm_latencies_s.append(now - intended_s)
            return
        self._keep_latency(now - intended_s)
        self._keep_code(edge * 8 + attempt.tier)
        if self.ledger is not None:
            self.ledger.answered(attempt)
        if not attempt.session.tally:
            self._count_session(attempt.session, failed=False)
        if attempt.tries:
            self.counted_retries += attempt.tries
            self.retry_sum_s += attempt.sent_s - intended_s
        if self.edge_sites[edge] != attempt.client.near_site:
            self.crossed += 1

    def _count_session(self, session: Session, *, failed: bool) -> None:
        """A session has a request of the window that ended; one opened in place of an expired one is the same."""
        session.tally |= 1
        first = self._replaced.get(session.session_id, session)
        if not first.tally & 2:
            first.tally |= 2
            self.sessions_counted += 1
        if failed and not first.tally & 4:
            first.tally |= 4
            self.sessions_failed += 1

    def _report_more(self, attempt: Attempt) -> None:
        """Tell the SAM of an answered retry, and where it wants to know which edge answered."""
        manager = self.manager
        assert manager is not None
        if attempt.tries:
            manager.report_retry(attempt.session.slot)
        if manager.by_edge:
            manager.report_edge(attempt.edge)
        if manager.client_reports:
            manager.report_answer(attempt.edge)

    def _measure(self, client: Client, edge: int, rtt_s: float) -> None:
        """An answer came over links that took `rtt_s` both ways: moving averages of the agent."""
        if self.track_rtt:
            client.note_rtt(edge, rtt_s, GAIN)
        self.answered += 1
        self.rtt_sum_s += rtt_s
        if client.loss:
            client.note_heard(GAIN)
            self.loss_sum += client.loss
        sample = client.down[edge].bits_per_s / 8.0
        if sample < INFINITY:  # how fast the answer came out of the link, which tells nothing of how far it went
            bandwidth = client.bandwidth
            client.bandwidth = bandwidth = bandwidth + GAIN * (sample - bandwidth) if bandwidth else sample
            self.bandwidths += 1
            self.bandwidth_sum += bandwidth

    def _settle(self, attempt: Attempt) -> bool:
        """Draw the consequences of an answered lock operation or establishment; True for the latter."""
        if attempt.operation == ESTABLISH:
            self._established(attempt)
            return True
        if attempt.operation == ACQUIRE:
            self.locking.granted(attempt)
        return False

    # -- failures -------------------------------------------------------------------------------------
    def _timed_out(self, attempt: Attempt) -> None:
        attempt.done = True
        client = attempt.client
        client.note_lost(GAIN)
        self.loss_sum += client.loss
        self.silent += 1
        if self.outstanding is not None:
            self.outstanding.over(attempt)
        if self.balancing is not None:
            self.balancing.silent(attempt)
        elif self.manager is not None and self.manager.client_reports:
            self.manager.report_silence(attempt.edge)
        if self.passive is not None:
            self.passive.ended(attempt.edge, attempt.sent_s, TIMEOUT, self.clock.now)
        self._attempt_failed(attempt, CRASHED if attempt.met_crash else TIMEOUT)

    def _answered_badly(self, attempt: Attempt, outcome: int, rtt_s: float) -> None:
        """The answer is that there is none: from the edge, or with a reset from its host, which knows no session."""
        if outcome != RESET:
            attempt.session.client_weight = attempt.told_weight
        elif self.manager is not None and self.manager.client_reports:
            self.manager.report_silence(attempt.edge)
        self._attempt_failed(attempt, outcome, rtt_s)

    def _attempt_failed(self, attempt: Attempt, outcome: int, rtt_s: float = -1.0) -> None:
        """An attempt ended without success: try again where the policy allows it."""
        session = attempt.session
        if attempt.operation != ESTABLISH and self.manager is not None:
            if rtt_s >= 0.0 and self.latency_from_response:
                rtt_s = self.clock.now - attempt.sent_s
            self.manager.report(session.slot, -1.0 if rtt_s < 0 else -2.0 - rtt_s)
            if self.manager.by_edge:
                self.manager.report_edge(attempt.edge)
            if attempt.tries:
                self.manager.report_retry(session.slot)
        if self.hedging is not None and self.hedging.failed(attempt):
            if self.manager is not None and not attempt.tries:
                self.manager.report_retry(session.slot)  # the twin is the same request
            return
        if outcome == SESSION_EXPIRED:
            self._expire(session)
        if self.retries.granted(attempt.tries, outcome):
            if outcome == SESSION_EXPIRED:
                self._retry(attempt)
            else:
                self.clock.call_at(self.clock.now + self.retries.wait_s(attempt.tries), self._retry, attempt)
        elif attempt.operation == ESTABLISH:
            self._not_established(attempt, outcome)
        else:
            self._request_failed(attempt, outcome)

    def _retry(self, failed: Attempt) -> None:
        session = failed.session
        while session.successor is not None:
            session = session.successor
        again = Attempt(self, failed.client, session, failed.operation, failed.intended_s, failed.tries + 1)
        if session is not failed.session and failed.operation != ESTABLISH:
            failed.session.outstanding -= 1
            session.outstanding += 1
        again.retried = failed.retried
        if ACQUIRE <= failed.operation < ESTABLISH:
            again.lock, again.token = getattr(failed, "lock", (0, 0)), getattr(failed, "token", 0)
        if failed.operation == ESTABLISH:
            self._establish_again(failed, again)
        elif not session.established:
            self._wait_for_establishment(again)
        elif session is not failed.session or self.balancing is not None:
            self._route(again)
        else:
            self._request_again(failed, again)

    def _establish_again(self, failed: Attempt, again: Attempt) -> None:
        """Try another edge, or the same, to establish a session; or let a balancer choose."""
        if self.balancing is not None:
            self._send_balanced(again, self.sizes.metadata)
            return
        edge = failed.edge
        if edge < 0 or not self.retries.at_same(again.tries):
            edge = self.router.assign(failed.client, self.retries.besides(edge))
            if edge < 0:  # there is no other
                edge = self.router.assign(failed.client, -1)
        self._send(again, edge, self.sizes.metadata)

    def _request_again(self, failed: Attempt, again: Attempt) -> None:
        """Send a request once more, to another edge or the same."""
        session, edge = again.session, failed.edge
        if edge >= 0 and self.retries.at_same(again.tries):
            self._send(again, edge, self._request_bytes.next())
            return
        edge = self.router.retry(failed.client, session, self.retries.besides(edge))
        if self.router.retry_moves and edge >= 0 and edge != session.edge:
            self.moves.move(session, edge)
        self._send(again, edge, self._request_bytes.next())

    def _expire(self, session: Session) -> None:
        """The service does not know the session any more: open another in its place."""
        if session.expired:
            return
        session.expired = True
        session.end()
        if self.manager is not None:
            self.manager.forget(session)
        successor = self._new_session(session.client, session.started_s)
        successor.closing = session.closing
        self._replaced[successor.session_id] = self._replaced.get(session.session_id, session)
        session.successor = successor
        if session.client.session is session:
            session.client.session = successor

    def _request_failed(self, attempt: Attempt, outcome: int) -> None:
        now = self.clock.now
        counted = attempt.intended_s >= self.warmup_s
        key = (outcome, counted)
        self.failed[key] = self.failed.get(key, 0) + 1
        if counted:
            self.counted_retries += attempt.tries
            self.failed_latencies_s.append(now - attempt.intended_s)
            self._note_failed(attempt, outcome)
        attempt.outcome = outcome
        if self.watch is not None:
            self.watch(attempt, now)
        session = attempt.session
        session.outstanding -= 1
        if session.closing and session.outstanding == 0:
            self._send_close(session)
        if self.source_ended is not None:
            self.source_ended(attempt.client.index)

    def note_no_answer(self, attempt: Attempt, outcome: int) -> None:
        """A request failed without its client ever knowing: nothing but the count."""
        counted = attempt.intended_s >= self.warmup_s
        key = (outcome, counted)
        self.failed[key] = self.failed.get(key, 0) + 1
        if counted:
            self.counted_retries += attempt.tries
            self._note_failed(attempt, outcome)

    def _note_failed(self, attempt: Attempt, outcome: int) -> None:
        """A counted request failed: when it was due, and whose it was."""
        self.failed_due_s.append(attempt.intended_s)
        if self.ledger is not None:
            self.ledger.failed(attempt, outcome)
        self._count_session(attempt.session, failed=True)

    def unanswered(self, attempt: Attempt) -> None:
        """The answer can never come. With a timeout the client will notice; without, the request is counted here.

        The client itself learns nothing: a closed loop stays stuck, as it would.
        """
        if self._timers is not None or attempt.done:
            return
        if self.hedging is not None and self.hedging.unheard(attempt):
            return
        attempt.done = True
        outcome = CRASHED if attempt.met_crash else TIMEOUT
        session = attempt.session
        if attempt.operation == ESTABLISH:
            source, self.source_ended = self.source_ended, None
            self._not_established(attempt, outcome)
            self.source_ended = source
            return
        self.note_no_answer(attempt, outcome)
        attempt.outcome = outcome
        if self.watch is not None:
            self.watch(attempt, math.nan)
        session.outstanding -= 1
        if session.closing and session.outstanding == 0:
            self._send_close(session)
