"""The life of one group's sessions: opened, established, replaced where they expired, closed.

A session closes when its client closed it and its last request has ended. May import: the ways to the service,
routing's contract, the books. Does not decide what becomes of the requests that wait for a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.agents.client import Session
from simulator.messages import Attempt, Call, Kind, Operation

if TYPE_CHECKING:
    from collections.abc import Callable
    from itertools import count

    from simulator.agents.client import Client
    from simulator.clients.books import Books
    from simulator.clients.reports import Reports
    from simulator.clients.routes import Routes
    from simulator.engine.clock import Clock
    from simulator.messages import Caller
    from simulator.routing.base import Router

INFINITY: Final = float("inf")
LONGEST_PROBE_S: Final = 1.0  # an echo that has not come by then will not come
ESTABLISH: Final = int(Operation.ESTABLISH)


class Sessions:
    """The sessions of one group.

    Establishments are attempts like others; their answers go to `caller`, which says here when a session is
    `established`, or is not. It has to be set before the first session is opened.

    Args:
        timeout_s: of attempts; so long the echo of a probe is waited for, at most.
        measures_first: whether an edge is probed before a session is established.
    """

    __slots__ = (
        "_adopted", "_clock", "_measures_first", "_opened_sum_s", "_pending", "_reports", "_router", "_routes",
        "_session_ids", "_timeout_s", "books", "caller", "establish_sum_s", "establishments", "number_for", "open",
        "sessions_begun", "standing",
    )  # fmt: skip

    caller: Caller

    def __init__(
        self,
        clock: Clock,
        routes: Routes,
        router: Router,
        reports: Reports | None,
        books: Books,
        session_ids: count[int],
        timeout_s: float,
        measures_first: bool,
    ) -> None:
        self._clock = clock
        self._routes = routes
        self._router = router
        self._reports = reports
        self.books = books
        self._session_ids = session_ids
        self._timeout_s = timeout_s
        self._measures_first = measures_first
        self.number_for: Callable[[Client], int] | None = None  # of a new session, where it says more than which it is
        self.standing: list[int] | None = None  # open sessions at each edge, where a policy wants to know
        self._adopted: dict[int, Session] = {}  # by the client's index
        self._pending: dict[Session, list[Attempt]] = {}  # requests that wait for the establishment
        self.open = 0
        self._opened_sum_s = 0.0  # when sessions opened, less when they closed
        self.sessions_begun = self.establishments = 0
        self.establish_sum_s = 0.0  # for which requests have waited

    @property
    def open_s(self) -> float:
        """Time integral of the number of open sessions, seconds."""
        return self.open * self._clock.now - self._opened_sum_s

    # -- opened and closed ----------------------------------------------------------------------------
    def open_for(self, client: Client) -> Session:
        """Begin a session of a client: establish it, unless it was established before the run."""
        session = self._adopted.pop(client.index, None)
        self.open += 1
        self._opened_sum_s += self._clock.now
        if session is None:
            session = self._new_session(client, self._clock.now)
            client.session = session
            self.sessions_begun += 1
            self._establish(session)
        client.session = session
        return session

    def close_of(self, client: Client) -> None:
        """End the session of a client, once its outstanding requests have ended."""
        session = client.session
        if session is None:
            return
        client.session = None
        self.open -= 1
        self._opened_sum_s -= self._clock.now
        session.closing = True
        self._close_if_done(session)

    def adopt(self, client: Client, edge: int) -> Session:
        """Take a session that is established before the run begins (`established: true`)."""
        session = self._new_session(client, self._clock.now)
        session.established = True
        session.stand_at(edge)
        self._adopted[client.index] = session
        return session

    def _new_session(self, client: Client, started_s: float) -> Session:
        number = next(self._session_ids) if self.number_for is None else self.number_for(client)
        session = Session(number, client, started_s)
        session.standing = self.standing
        return session

    def request_over(self, session: Session) -> None:
        """A request of a session has ended, whatever became of it."""
        session.outstanding -= 1
        if session.closing:
            self._close_if_done(session)

    def _close_if_done(self, session: Session) -> None:
        if not session.closing or session.outstanding:
            return
        session.end()
        self._router.forget(session)
        if self._reports is not None:
            self._reports.forget(session)
        if session.established:
            self._routes.tell(Call(Kind.CLOSE, session, session.edge, 0, None))

    # -- establishment --------------------------------------------------------------------------------
    def wait(self, attempt: Attempt) -> None:
        """A request waits until its session is established, which begins unless it is under way."""
        session = attempt.session
        self._pending.setdefault(session, []).append(attempt)
        if not session.establishing:
            self._establish(session)

    def waiting(self, session: Session) -> list[Attempt]:
        """The requests that wait for a session to be established."""
        return self._pending.get(session, [])

    def _establish(self, session: Session) -> None:
        session.establishing = True
        edge = self._router.assign(session.client, -1) if self._measures_first else -1
        if edge < 0:
            self._ask(session)
            return
        rtt_s = self._routes.probe(session.client, edge)
        if rtt_s < INFINITY:
            session.probe_s = rtt_s
            self._clock.call_in(rtt_s, self._ask, session)
        else:  # the echo does not come
            self._clock.call_in(min(self._timeout_s, LONGEST_PROBE_S), self._ask, session)

    def _ask(self, session: Session) -> None:
        attempt = Attempt(self.caller, session.client, session, ESTABLISH, self._clock.now, 0)
        self.establishments += 1
        self._routes.establish(attempt)

    def established(self, attempt: Attempt) -> None:
        """A session is established: send what waited for that."""
        session = attempt.session
        session.establishing = False
        session.established = True
        session.stand_at(attempt.edge)
        for waiting in self._pending.pop(session, ()):
            if not waiting.done:
                if not waiting.tries:
                    self.establish_sum_s += self._clock.now - waiting.intended_s
                self._routes.first(waiting)
        self._close_if_done(session)

    def not_established(self, attempt: Attempt) -> list[Attempt]:
        """A session is not established, and it is not tried again: the requests that waited for that."""
        session = attempt.session
        session.establishing = False
        self.books.not_established(attempt)
        return self._pending.pop(session, [])

    def expire(self, session: Session) -> None:
        """The service does not know a session any more: open another in its place."""
        if session.expired:
            return
        session.expired = True
        session.end()
        if self._reports is not None:
            self._reports.forget(session)
        successor = self._new_session(session.client, session.started_s)
        successor.closing = session.closing
        self.books.replace(session, successor)
        session.successor = successor
        if session.client.session is session:
            session.client.session = successor
