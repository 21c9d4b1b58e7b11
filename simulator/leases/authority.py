"""The lease authority: what one core shard grants, extends and ends.

It decides at the core's time; what an edge believes counts from when it sent (`simulator.leases.renewal`), so that no
edge believes longer than its authority. Lease state is replicated to the shard's standby: a crash loses nothing here,
and what ran when the node was lost is extended when a node serves again. May import: nodes. Does not send anything.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

from simulator.agents.client import Grant, Session
from simulator.engine.node import Node
from simulator.messages import Batch, Call, RenewalAnswer

if TYPE_CHECKING:
    from simulator.engine.clock import Clock
    from simulator.leases.renewal import LeasePolicy

INFINITY: Final = float("inf")
EXTENDED: Final = int(RenewalAnswer.EXTENDED)  # plain integers: enums cost in the hot path
EXPIRED: Final = int(RenewalAnswer.EXPIRED)
MOVED: Final = int(RenewalAnswer.MOVED)


class Authority:
    """The leases of one core shard. Times are seconds.

    Args:
        node: the shard, which may be down.
        clock: the time.
        policy: the rules of leases.
    """

    __slots__ = ("_policy", "clock", "crashed_s", "expiries_s", "grants", "node")

    def __init__(self, node: Node, clock: Clock, policy: LeasePolicy) -> None:
        self.node = node
        self.clock = clock
        self._policy = policy
        self.grants: dict[Any, Grant] = {}  # by session
        self.crashed_s = -INFINITY  # when the shard crashed last
        self.reset_counters()

    def reset_counters(self) -> None:
        """Forget which leases ended."""
        self.expiries_s = array("d")  # when leases ended here while their sessions were open, as far as it was found

    # -- granting -------------------------------------------------------------------------------------
    def grant(self, session: Session, renewer: int, until_s: float) -> None:
        """Grant a lease, or a new one in place of the one that there is."""
        session.grant = self.grants[session.session_id] = Grant(session, renewer, until_s)

    def establish(self, call: Call) -> None:
        """A session is durable: it gets a lease, which counts here from when the question was received."""
        session, length_s = call.session, self._policy.length_s
        until_s = call.received_s + length_s
        if session.grant is not None:  # it was asked for more than once; what another edge was granted still holds
            until_s = max(until_s, session.grant.until_s)
        self.grant(session, call.edge, until_s)
        call.lease_until_s = call.sent_s + length_s

    def name_renewer(self, call: Call) -> None:
        """A lookup carries the lease's present expiry and makes the asking edge its renewer; it never extends."""
        grant = call.session.grant
        assert grant is not None  # it runs: it has just been looked at
        grant.renewer = call.edge
        call.lease_until_s = grant.until_s

    def renew(self, batch: Batch) -> None:
        """Answer each lease of a batch: extended, expired, or moved to another renewer."""
        batch.answered_s = now = self.clock.now
        until_s = batch.received_s + self._policy.length_s
        answers = batch.answers
        for session in batch.sessions:
            grant = session.grant
            if grant is None or grant.until_s <= now:  # as of now: it may have been told so since the batch came
                answers.append(EXPIRED)
            elif grant.renewer != batch.edge:
                answers.append(MOVED)
            else:
                grant.until_s = max(grant.until_s, until_s)
                answers.append(EXTENDED)

    # -- ending ---------------------------------------------------------------------------------------
    def expire(self, grant: Grant) -> bool:
        """A lease is found to have ended; whether this is the first time."""
        if grant.over:
            return False
        grant.over = True
        self.expiries_s.append(grant.until_s)
        return True

    def end(self, grant: Grant) -> None:
        """Nothing is left of a lease."""
        grant.session.grant = None
        del self.grants[grant.session.session_id]

    def close(self, session: Session) -> None:
        """A session is closed, and its lease with it, if it has one."""
        grant = session.grant
        if grant is not None:
            if grant.until_s <= self.clock.now:
                self.expire(grant)
            self.end(grant)

    def all_expiries_s(self) -> list[float]:
        """When leases ended here while their sessions were open, found or not, seconds; each session's once."""
        now = self.clock.now
        last_s = min(now, self.crashed_s) if self.node.down else now  # what ran when it crashed may be extended yet
        unfound = (grant.until_s for grant in self.grants.values() if not grant.over and grant.until_s <= last_s)
        return sorted([*self.expiries_s, *unfound])

    def locks_until_s(self, session_id: Any) -> float:
        """Until when nobody else may have the locks that a session of this shard holds.

        A shard that is down may extend its leases when it is back: until then they have not ended.
        """
        grant = self.grants.get(session_id)
        if grant is None:
            return -INFINITY
        if self.node.down and grant.until_s > self.crashed_s:
            return INFINITY
        return grant.until_s + self._policy.lock_delay_s

    # -- crashes --------------------------------------------------------------------------------------
    def recover(self, grace_s: float | None) -> list[Grant]:
        """A node serves again: extend what ran when the last one was lost, by `grace_s` or (None) a lease's length.

        Returns:
            The leases that had been found ended before, which are there for their locks only.
        """
        until_s = self.clock.now + (self._policy.length_s if grace_s is None else grace_s)
        ended: list[Grant] = []
        for grant in self.grants.values():
            if grant.until_s > self.crashed_s:
                grant.until_s = max(grant.until_s, until_s)
            elif grant.over:
                ended.append(grant)
        return ended
