"""When edges renew: all at the same instants, or each at a phase of its own."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from simulator.build.builder import build
from simulator.scenario.schema import Scenario
from simulator.verification.rows.leases import QUIET, leased
from simulator.verification.worlds import ideal

EDGES, SESSIONS, INTERVAL_S = 20, 2000, 20.0


def world(phase, edges=EDGES, sessions=SESSIONS, **more):
    """Sessions that ask for nothing, dealt to the edges; each lease is renewed every 20 s."""
    plain = ideal(
        200, 0, clients={"count": sessions, "workload": QUIET}, edges={"count": edges},
        leases=leased(30, 10, 1, phase=phase, **more),
    )  # fmt: skip
    return build(Scenario.from_dict(plain), seed=1, replication=0)


def played(phase, **more):
    """(the time and the leases of each message in four intervals, by edge), after one that is left out."""
    built = world(phase, **more)
    sent: list[tuple[float, int, int]] = []
    for edge in built.edges:

        def send(batch, shard, deliver=edge.leases.send, index=edge.index):
            sent.append((built.kernel.now, index, len(batch.leases)))
            return deliver(batch, shard)

        edge.leases.send = send
    for start in built.starts:
        start()
    built.kernel.run(until=5 * INTERVAL_S + 0.5)
    return [(at_s, edge, leases) for at_s, edge, leases in sent if at_s >= INTERVAL_S + 0.5]


def test_spread_phases_take_the_peak_off_the_core_and_leave_the_rate():
    """Of 100 leases of an edge about 5 are due at each tick: with a common phase all 20 edges send at one instant.

    One edge has none to send at a tick with probability 0.95^100 = 0.6 %: the largest of 80 instants is all 20.
    """
    common, spread = played("common"), played("spread")
    assert max(Counter(at_s for at_s, _, _ in common).values()) == EDGES
    assert max(Counter(at_s for at_s, _, _ in spread).values()) == 1
    for sent in (common, spread):
        assert sum(leases for _, _, leases in sent) == 4 * SESSIONS  # each lease once an interval
        assert len(sent) == pytest.approx(EDGES * 80 * (1 - 0.95**100), rel=0.02)


def test_each_edge_keeps_its_phase():
    """All of one edge's messages are whole ticks apart."""
    by_edge: dict[int, set[float]] = {}
    for at_s, edge, _ in played("spread"):
        by_edge.setdefault(edge, set()).add(round(at_s % 1.0, 6) % 1.0)
    assert len(by_edge) == EDGES
    assert all(len(phases) == 1 for phases in by_edge.values())
    assert len(set.union(*by_edge.values())) == EDGES


def test_phases_are_uniform_on_one_tick():
    """Of 400 edges: mean 1/2 and variance 1/12, five standard errors, a false alarm in a million."""
    phases = [edge.leases.phase_s for edge in world("spread", 400, 1).edges]
    assert all(0 <= phase_s < 1 for phase_s in phases)
    mean = sum(phases) / 400
    assert abs(mean - 0.5) < 5 * math.sqrt(1 / 12 / 400)
    assert sum((phase_s - mean) ** 2 for phase_s in phases) / 400 == pytest.approx(1 / 12, rel=5 * math.sqrt(0.8 / 400))


def test_without_batches_there_is_none():
    assert {edge.leases.phase_s for edge in world("spread", batching="off").edges} == {0.0}
    assert {edge.leases.phase_s for edge in world("common").edges} == {0.0}
