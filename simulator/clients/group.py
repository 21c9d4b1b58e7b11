"""The clients of one group: they issue requests, each of which goes one way through the parts of the group.

A request is issued here, waits for its session (`sessions`) where it has to, is sent to an edge or a balancer
(`routes`), comes back (`answers`), is tried again where it failed (`failures`), ends (`endings`) and is booked
(`books`). May import: the parts. Does not model: what happens beyond the access link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.clients.answers import Answers
from simulator.clients.endings import Endings
from simulator.clients.failures import Failures
from simulator.clients.locking import Locking
from simulator.engine.timers import Timers
from simulator.messages import Attempt, Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.agents.client import Client, Session
    from simulator.agents.policies import GroupPolicy
    from simulator.clients.access import Access
    from simulator.clients.hedging import Hedging
    from simulator.clients.measuring import Measuring
    from simulator.clients.reports import Reports
    from simulator.clients.retries import Retries
    from simulator.clients.routes import Routes
    from simulator.clients.sessions import Sessions
    from simulator.engine.kernel import Kernel
    from simulator.engine.samplers import Sampler
    from simulator.routing.base import Router
    from simulator.routing.moves import Moves
    from simulator.server.tally import Tally

INFINITY: Final = float("inf")
ACQUIRE: Final = int(Operation.ACQUIRE)  # plain integers: enums cost in the hot path
ESTABLISH: Final = int(Operation.ESTABLISH)


class ClientGroup:
    """All clients of one group, and the parts that its requests go through.

    `moves` counts where its requests go, `tally` what nodes have of them.
    """

    __slots__ = (
        "_draw_operation", "_retries", "access", "answers", "books", "clients", "clock", "endings", "hedging", "issued",
        "locking", "measuring", "moves", "name", "new_client", "policy", "router", "routes", "sessions", "tally",
    )  # fmt: skip

    new_client: Callable[[int], Client]

    def __init__(
        self,
        policy: GroupPolicy,
        kernel: Kernel,
        access: Access,
        router: Router,
        routes: Routes,
        sessions: Sessions,
        retries: Retries,
        hedging: Hedging | None,
        measuring: Measuring,
        reports: Reports | None,
        moves: Moves,
        tally: Tally,
        draw_operation: Callable[[], int] | None,
        lock_draws: Sampler,
    ) -> None:
        self.policy, self.name = policy, policy.name
        self.clock = clock = kernel.clock
        self.access = access
        self.router = router  # of the clients, or those of the balancers that they send to
        self.routes = routes
        self.sessions = sessions
        self._retries = retries
        self.hedging = hedging
        self.measuring = measuring
        self.moves, self.tally = moves, tally
        self._draw_operation = draw_operation
        self.books = sessions.books
        self.locking = Locking(clock, policy.locks, lock_draws, routes)
        self.endings = Endings(clock, self.books, sessions)
        failures = Failures(clock, routes, sessions, retries, hedging, reports, self.endings)
        self.answers = answers = Answers(
            clock, access, routes, measuring, reports, hedging, self.locking, sessions, failures, self.endings
        )
        sessions.caller = answers
        if policy.retry.timeout_s < INFINITY:
            access.timers = Timers(kernel, policy.retry.timeout_s, answers.timed_out)
        self.clients: list[Client] = []
        self.issued = 0

    @property
    def ended(self) -> int:
        """Requests that ended: ok, denied or failed."""
        return self.books.ended

    # -- clients --------------------------------------------------------------------------------------
    def client(self, index: int) -> Client:
        """Client `index`; open populations make their clients when they come."""
        clients = self.clients
        while len(clients) <= index:
            clients.append(self.new_client(len(clients)))
        return clients[index]

    def open_session(self, index: int) -> Session:
        """Begin a session of client `index`."""
        return self.sessions.open_for(self.client(index))

    def close_session(self, index: int) -> None:
        """End the session of client `index`, once its outstanding requests have ended."""
        self.sessions.close_of(self.clients[index])

    def edge_restarted(self, edge: int) -> None:
        """An edge has come back: nothing is outstanding there."""
        self.routes.edge_restarted(edge, self.clients)

    def dissolve(self) -> None:
        """The world is over: part clients from sessions, and sessions from leases, that hold each other."""
        for client in self.clients:
            session = client.session
            if session is not None:
                session.grant = client.session = None
        self.clients.clear()
        self.books.dissolve()

    # -- requests -------------------------------------------------------------------------------------
    def arrive(self, index: int) -> None:
        """One request of client `index` is due now; without an open session there is none."""
        client = self.clients[index]
        session = client.session
        if session is not None:
            draw = self._draw_operation
            self.issue(client, session, 0 if draw is None else draw())

    def arrive_as(self, index: int, operation: str) -> None:
        """One request with its operation given (traces)."""
        client = self.client(index)
        if client.session is not None:
            self.issue(client, client.session, int(Operation[operation.upper()]))

    def issue(self, client: Client, session: Session, operation: int) -> None:
        """A client issues a request now."""
        self.issued += 1
        session.outstanding += 1
        attempt = Attempt(self.answers, client, session, operation, self.clock.now, 0)
        if ACQUIRE <= operation < ESTABLISH:
            attempt.lock, attempt.token = self.locking.pick(session, operation)
        self._retries.earn()
        if session.established:
            self.routes.first(attempt)
        else:
            self.sessions.wait(attempt)
