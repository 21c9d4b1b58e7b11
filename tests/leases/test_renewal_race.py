"""Answers about one lease overtake each other: what the core said last counts, not what arrived last."""

import pytest

from simulator.agents.client import Session
from simulator.engine.kernel import Kernel
from simulator.leases.renewal import LeasePolicy, LeaseTable
from simulator.messages import Batch, RenewalAnswer
from tests.actors import a_session, an_edge


def _table() -> tuple[Kernel, LeaseTable, Session]:
    kernel = Kernel()
    table = LeaseTable(kernel, LeasePolicy(), 0.0)
    table.edge = an_edge()
    table.send = lambda batch, shard: True
    return kernel, table, a_session(7)


@pytest.mark.parametrize(
    ("answered_s", "named_s", "renews"),
    [
        (19.0, 5.0, False),  # named long ago, moved since
        (19.0, 19.5, True),  # moved, then named again before the "moved" arrived
    ],
)
def test_a_moved_that_was_said_before_the_edge_was_named_again_does_not_stop_its_renewals(answered_s, named_s, renews):
    kernel, table, session = _table()
    table.hold(session, 30.0, 1.0)
    kernel.call_at(20.0, lambda _: None)
    kernel.run()
    table.hold(session, 30.0, named_s)
    batch = Batch(0, 0, [table.held[7]], 18.0)
    batch.answers, batch.answered_s = [int(RenewalAnswer.MOVED)], answered_s
    table.in_flight = table.sent = 1
    table.receive_answers(batch)
    assert table.held[7].renewing is renews
