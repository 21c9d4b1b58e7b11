"""The lease authority by itself: what it grants, extends and ends, and what a crash leaves of it."""

from __future__ import annotations

import pytest

from simulator.agents.client import Session
from simulator.engine.kernel import Kernel
from simulator.engine.node import Node
from simulator.leases.authority import Authority
from simulator.leases.renewal import LeasePolicy
from simulator.messages import Batch, Call, HeldLease, Kind, RenewalAnswer
from tests.actors import a_client

EXTENDED, EXPIRED, MOVED = (int(answer) for answer in RenewalAnswer)


class Shard:
    """An authority with leases of 10 s and a lock delay of 4 s, and its clock."""

    def __init__(self):
        self.node, self.kernel = Node(), Kernel()
        self.authority = Authority(self.node, self.kernel.clock, LeasePolicy(length_s=10.0, lock_delay_s=4.0))

    def session(self, number, until_s=None, renewer=0):
        session = Session(number, a_client(), 0.0)
        if until_s is not None:
            self.authority.grant(session, renewer, until_s)
        return session

    def at(self, at_s):
        self.kernel.run(until=at_s)
        return self.authority


def test_a_batch_is_answered_lease_by_lease_as_of_its_receipt_and_of_now():
    """Received at 3 s, answered at 5 s: what ended in between is over; what runs lasts until 3 + 10 s."""
    shard = Shard()
    sessions = [shard.session(0, 6.0), shard.session(1, 5.0), shard.session(2, 6.0, renewer=1), shard.session(3)]
    sessions.append(shard.session(4, 20.0))
    batch = Batch(0, 0, [HeldLease(session, 0, 6.0, 0.0) for session in sessions], 2.0)
    batch.received_s = 3.0
    shard.at(5.0).renew(batch)
    assert batch.answers == [EXTENDED, EXPIRED, MOVED, EXPIRED, EXTENDED]
    assert [one.grant and one.grant.until_s for one in sessions] == [13.0, 5.0, 6.0, None, 20.0]


def test_an_establishment_that_is_asked_twice_shortens_no_lease_and_its_edge_believes_from_sending():
    shard = Shard()
    session = shard.session(7, 30.0, renewer=1)
    call = Call(int(Kind.ESTABLISH), session, 0, 0, None)
    call.sent_s, call.received_s = 1.0, 2.0
    shard.authority.establish(call)
    assert (session.grant.renewer, session.grant.until_s) == (0, 30.0)
    assert call.lease_until_s == 11.0


def test_an_ended_lease_is_found_once_and_counted_where_it_is_not_found_too():
    shard = Shard()
    found, unfound, _running = (shard.session(number, until_s) for number, until_s in ((0, 2.0), (1, 3.0), (2, 9.0)))
    authority = shard.at(5.0)
    assert authority.expire(found.grant)
    assert not authority.expire(found.grant)
    assert authority.all_expiries_s() == [2.0, 3.0]
    authority.close(unfound)
    authority.end(found.grant)
    assert authority.all_expiries_s() == [2.0, 3.0]
    assert sorted(authority.grants) == [2]


@pytest.mark.parametrize(("grace_s", "until_s"), [(None, 18.0), (3.0, 11.0)])
def test_what_ran_at_the_crash_is_extended_when_a_node_serves_again(grace_s, until_s):
    """Down from 4 s to 8 s: 5 s (ended meanwhile) is extended, 20 s stays, 3 s had ended before."""
    shard = Shard()
    ended, ran, longer = (shard.session(number, end_s) for number, end_s in enumerate((3.0, 5.0, 20.0)))
    authority = shard.at(4.0)
    authority.expire(ended.grant)
    shard.node.down, authority.crashed_s = True, 4.0
    shard.at(8.0)
    shard.node.down = False
    assert [grant.session for grant in authority.recover(grace_s)] == [ended]
    assert [one.grant.until_s for one in (ended, ran, longer)] == [3.0, until_s, 20.0]


def test_locks_are_free_after_the_lock_delay_and_never_while_the_shard_may_extend_the_lease():
    shard = Shard()
    shard.session(0, 3.0)
    shard.session(1, 5.0)
    authority = shard.at(4.0)
    assert [authority.locks_until_s(number) for number in (0, 1, 2)] == [7.0, 9.0, float("-inf")]
    shard.node.down, authority.crashed_s = True, 4.0
    assert [authority.locks_until_s(number) for number in (0, 1)] == [7.0, float("inf")]
