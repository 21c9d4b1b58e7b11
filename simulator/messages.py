"""The vocabulary of a request: operations, tiers, outcomes, causes; and the objects that travel.

May import: what events and timers are. Does not model: behaviour; nodes do that.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from simulator.engine.handler import Handler
from simulator.engine.timers import IDLE, Timed

if TYPE_CHECKING:
    from simulator.agents.client import Client, Session
    from simulator.links import Link


ASKED: Final = -1  # in place of a lease's next tick: it is being renewed, or never will be
UNSEEN: Final = 0  # what became of a lease since it was due: nothing yet


class Operation(IntEnum):
    """What a request asks for. The first two are answered from L1 where it can; up to RELEASE, two are about locks."""

    LOOKUP = 0
    READ_LOCK = 1
    ACQUIRE = 2
    RELEASE = 3
    ESTABLISH = 4
    UPDATE = 5


class Tier(IntEnum):
    """Where the answer of a successful request came from."""

    L1 = 0
    L1_DELAYED = 1
    L2 = 2
    STORAGE = 3
    CORE = 4  # decided by the core without a cache: updates, locks, establishment


class Outcome(IntEnum):
    """How an attempt ended."""

    OK = 0
    TIMEOUT = 1
    REFUSED = 2
    CRASHED = 3  # a timeout whose message or work was lost in a crash, of an edge or of a core
    SESSION_EXPIRED = 4
    DENIED = 5  # an answer (a lock operation is told "no"), no failure
    UNROUTABLE = 6
    ERROR = 7  # an error, answered without service
    RESET = 8  # the process at the other end is gone, and its host says so
    CANCELLED = 9  # the other of two twins was answered; of attempts only, never of a request


NO_FAILURES = frozenset((Outcome.OK, Outcome.DENIED, Outcome.CANCELLED))
"""Outcomes that no failed request has."""


class Cause(IntEnum):
    """Why a lookup missed; exactly one for every miss."""

    COLD = 0
    TTL_EXPIRED = 1
    LEASE_EXPIRED = 2
    EVICTED = 3
    MIGRATED = 4
    INVALIDATED = 5
    NODE_RESTART = 6


class Kind(IntEnum):
    """What an edge (or a client through it) asks a core for."""

    LOOKUP = 0
    ESTABLISH = 1
    ACQUIRE = 2
    RELEASE = 3
    RENEW = 4
    CLOSE = 5
    UPDATE = 6


class Caller:
    """Whoever sent an attempt and waits for its answer: the clients of a group, or a balancer.

    All that others may do with an attempt, the nodes and links on its way. Sizes in bytes; `node` is the number of
    the edge or of the balancer that answers, over its link to the caller.
    """

    __slots__ = ()

    def carry(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """An edge answers, or its host for it with a reset: the answer goes over the link."""
        raise NotImplementedError

    def pass_on(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """A balancer passes an edge's answer on, whose time on the way so far is in `up_s` and `down_s`."""
        raise NotImplementedError

    def tell(self, node: int, attempt: Attempt, size_bytes: float) -> None:
        """A balancer says itself, or its host for it with a reset, that there is no answer."""
        raise NotImplementedError

    def unanswered(self, attempt: Attempt) -> None:
        """The answer can never come; only a caller without a timeout has to be told so."""
        raise NotImplementedError

    def unroutable(self, attempt: Attempt) -> None:
        """No edge is believed healthy: the attempt was not sent at all."""
        raise NotImplementedError

    def gave_up(self, attempt: Attempt) -> bool:
        """Whether nobody waits any more for the answer that an edge is about to work on, so that it may drop it."""
        raise NotImplementedError


class Attempt(Timed):
    """One try of a request. Retries are new attempts with the same `intended_s`; only the last one is live.

    Times are seconds. `epoch` is the life of the edge that serves it: work of an earlier life is void. `life` is that
    of the edge as balancers know it, where they count what is outstanding. Its answer goes to `caller`. `via` is the
    number of the balancer that it goes through (-1: none), and `retried` says how often balancers tried the request
    again. One slot more than a class should have: each stage of the way notes here what the next ones need.
    """

    __slots__ = (
        "arrived_s",
        "call",
        "caller",
        "client",
        "crashed",
        "down_s",
        "edge",
        "epoch",
        "intended_s",
        "left_s",
        "life",
        "lock",
        "operation",
        "outcome",
        "retried",
        "sent_s",
        "session",
        "size_bytes",
        "started_s",
        "tier",
        "token",
        "told_weight",
        "tries",
        "up_s",
        "via",
    )

    arrived_s: float
    down_s: float
    epoch: int
    left_s: float
    life: int
    lock: tuple[int, int]
    sent_s: float
    size_bytes: float
    started_s: float
    token: int
    told_weight: float
    up_s: float

    def __init__(
        self, caller: Caller, client: Client, session: Session, operation: int, intended_s: float, tries: int
    ) -> None:
        self.caller = caller
        self.client = client
        self.session = session
        self.operation = operation
        self.intended_s = intended_s
        self.tries = tries
        self.deadline_s = IDLE
        self.done = False
        self.crashed = False
        self.outcome = 0
        self.tier = 0
        self.edge = -1
        self.call: Call | None = None
        self.via = -1
        self.retried = 0

    @property
    def met_crash(self) -> bool:
        """Whether its message, or the work on it at an edge or a core, was lost in a crash."""
        call = self.call
        return self.crashed or (call is not None and call.crashed)


class Message(Timed):
    """What goes from an edge to a core and comes back as its answer. Times are seconds.

    `epoch` and `core_epoch` are the lives of the edge that sent it and of the core that serves it.
    """

    __slots__ = ("core_epoch", "edge", "epoch", "kind", "received_s", "sent_s")

    core_epoch: int
    received_s: float
    sent_s: float

    def __init__(self, kind: int, edge: int, epoch: int) -> None:
        self.deadline_s = IDLE
        self.done = False
        self.kind = kind
        self.edge = edge
        self.epoch = epoch


class Filling(Handler):
    """The answer to a question arrives where it was asked."""

    __slots__ = ("_asker",)

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def call(self, argument: Any) -> None:
        """It is there."""
        self._asker.fill(argument)


class Asker:
    """Whoever asked a core: an edge, as cores reach it. All that a core may do with a question of somebody else.

    Edges have no part in how an answer travels: the core sends it over its own link and calls these when it is there,
    or when it is lost. `filling` is what is called when the answer to a question is there.
    """

    __slots__ = ("filling",)

    def __init__(self) -> None:
        self.filling = Filling(self)

    def fill(self, call: Call) -> None:
        """The answer to a question has arrived."""
        raise NotImplementedError

    def note_lost(self, call: Call) -> None:
        """A message of a question, or the answer to it, will not arrive."""
        raise NotImplementedError

    def unanswered(self, call: Call) -> None:
        """A question met a crash of the core."""
        raise NotImplementedError

    def receive_renewals(self, batch: Batch) -> None:
        """The answers to a batch of renewals have arrived."""
        raise NotImplementedError

    def renewals_lost(self, batch: Batch) -> None:
        """A batch of renewals or its answer was lost, or met a crash."""
        raise NotImplementedError

    def invalidate(self, call: Call) -> None:
        """The record that a call changed is not as this edge may hold it."""
        raise NotImplementedError

    def reroute(self, shard: int, link: Link) -> Link:
        """A shard is reached over another link from now on; the one so far."""
        raise NotImplementedError


class Call(Message):
    """A question of an edge to a core about one session, and the attempts that wait for its answer.

    Asked again, the question goes out in another message, so that what the core writes into one is never mixed up
    with what it writes into another: `origin` is the question that a message repeats, None the first time. Of a
    question, `lost` says that its newest message, or the answer to it, was lost or met a crash, `crashed` that one met
    a crash, `looked_up` that L2 has counted it (once, however often it is repeated), `from_storage` that L2 missed, and
    `rebuilding` that its record is there and being rebuilt.
    """

    __slots__ = (
        "attempt",
        "cause",
        "crashed",
        "due_s",
        "from_storage",
        "lease_until_s",
        "lock",
        "looked_up",
        "lost",
        "origin",
        "outcome",
        "read_at_s",
        "rebuilding",
        "session",
        "tier",
        "token",
        "tries",
        "ttl_left_s",
        "waiters",
        "watched",
    )

    lock: tuple[int, int]

    def __init__(self, kind: int, session: Session, edge: int, epoch: int, attempt: Attempt | None) -> None:
        super().__init__(kind, edge, epoch)
        self.session = session
        self.attempt = attempt
        self.waiters: list[Attempt] = []
        self.origin: Call | None = None
        self.lost = False
        self.crashed = False
        self.watched = True  # while a timer runs for it
        self.due_s = 0.0  # when its timer ran out last
        self.looked_up = False
        self.rebuilding = False
        self.from_storage = False
        self.cause = 0  # of the miss in L2
        self.token = 0  # fencing token: of the grant, or of the hold to release
        self.tries = 0
        self.outcome = 0
        self.tier = 0
        self.lease_until_s = 0.0
        self.ttl_left_s = 0.0
        self.read_at_s = 0.0

    def note_lost(self) -> None:
        """This message, or the answer to it, will not arrive."""
        self.question.lost = True

    def note_crashed(self) -> None:
        """This message, or the work on it, was lost in a crash of a core."""
        self.question.crashed = True

    @property
    def question(self) -> Call:
        """The question that this message asks, or asks again."""
        return self if self.origin is None else self.origin


class HeldLease:
    """An edge's belief about one lease."""

    __slots__ = ("due_tick", "fate", "kept", "last_used_s", "named_s", "renewing", "session", "shard", "until_s")

    def __init__(self, session: Session, shard: int, until_s: float, now_s: float) -> None:
        self.session = session
        self.shard = shard
        self.kept = True  # it is in the edge's table
        self.until_s = until_s
        self.last_used_s = now_s
        self.named_s = 0.0  # when the core last named this edge the renewer
        self.renewing = True
        self.due_tick = ASKED
        self.fate = UNSEEN


class Batch(Message):
    """Leases of one edge that go to one core in one renewal message; `answers` comes back parallel to them.

    Of `leases`, which the edge finds again when the answers are there, the core reads the `sessions` only.
    """

    __slots__ = ("answered_s", "answers", "leases")

    def __init__(self, edge: int, epoch: int, leases: list[HeldLease], sent_s: float) -> None:
        super().__init__(int(Kind.RENEW), edge, epoch)
        self.leases = leases
        self.sent_s = sent_s
        self.answers: list[int] = []
        self.answered_s = 0.0

    @property
    def sessions(self) -> list[Session]:
        """Whose leases they are, in the same order."""
        return [held.session for held in self.leases]


class RenewalAnswer(IntEnum):
    """What a core answers for each lease of a batch."""

    EXTENDED = 0
    EXPIRED = 1
    MOVED = 2


class AttemptObserver:
    """Whoever hears of every attempt at an edge, where it is sent and where it ends: passive health checks."""

    __slots__ = ()

    def sent(self, edge: int, now_s: float) -> None:
        """An attempt was sent to an edge."""
        raise NotImplementedError

    def ended(self, edge: int, sent_s: float, outcome: int, now_s: float) -> None:
        """An attempt that was sent at `sent_s` ended so (an `Outcome`)."""
        raise NotImplementedError
