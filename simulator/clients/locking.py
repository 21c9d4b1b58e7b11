"""Which locks the agents of one group ask for, and for how long they hold them.

May import: the vocabulary of messages. Does not decide who gets a lock; the core does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.messages import Attempt, Call, Kind, Operation, Outcome

if TYPE_CHECKING:
    from simulator.agents.client import Session
    from simulator.agents.policies import LockPolicy
    from simulator.clients.routes import Routes
    from simulator.engine.clock import Clock
    from simulator.engine.samplers import Sampler

INFINITY: Final = float("inf")
OK: Final = int(Outcome.OK)
ACQUIRE: Final = int(Operation.ACQUIRE)
RELEASE: Final = int(Operation.RELEASE)


class Locking:
    """What agents do about locks; a lock that is given back is told the edge of its session."""

    __slots__ = ("_clock", "_draw", "_routes", "policy")

    def __init__(self, clock: Clock, policy: LockPolicy, draw: Sampler, routes: Routes) -> None:
        self._clock = clock
        self._draw = draw
        self._routes = routes
        self.policy = policy

    def pick(self, session: Session, operation: int) -> tuple[tuple[int, int], int]:
        """One of the session's own locks or of the pool, each as likely; a release picks a held one if it can.

        With the fencing token of the hold that a release ends: from then on the client does not count on the lock.
        """
        own, pool = self.policy.own, self.policy.pool
        held = session.held
        if operation == RELEASE and held:
            lock = list(held)[int(self._draw.next() * len(held))]
            return lock, held.pop(lock)
        number = int(self._draw.next() * (own + pool))
        return ((session.session_id, number) if number < own else (-1 - self.policy.group, number - own)), 0

    def granted(self, attempt: Attempt) -> None:
        """The session holds a lock from now on, for as long as it is wanted."""
        session = attempt.session
        if session.held is None:
            session.held = {}
        session.held[attempt.lock] = attempt.token
        if self.policy.hold_s is not None:
            hold_s = self.policy.hold_s.next()
            if hold_s < INFINITY:
                self._clock.call_at(self._clock.now + hold_s, self._hold_over, attempt)

    def granted_late(self, attempt: Attempt) -> None:
        """An answer came after its attempt was given up: no lock that it grants is kept for nobody."""
        session = attempt.session
        if attempt.operation != ACQUIRE or attempt.outcome != OK or session.expired or session.over:
            return
        if session.held is not None and attempt.lock in session.held:
            self.granted(attempt)  # the new grant is in place of the one that it has
        else:
            self._give_back(attempt)

    def _hold_over(self, attempt: Attempt) -> None:
        """A lock has been held as long as it was wanted: tell the core."""
        session, lock = attempt.session, attempt.lock
        if session.held is None or session.held.get(lock) != attempt.token or session.expired:
            return
        del session.held[lock]
        self._give_back(attempt)

    def _give_back(self, grant: Attempt) -> None:
        session = grant.session
        call = Call(Kind.RELEASE, session, session.edge, 0, None)
        call.lock, call.token = grant.lock, grant.token
        self._routes.tell(call)
