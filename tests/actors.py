"""Actors of the model with only what a test says of them: real classes, so that they work where those are compiled."""

import sys

from simulator.agents.client import Client, Session
from simulator.agents.policies import GroupPolicy, LockPolicy, RetryPolicy, Sizes
from simulator.agents.trips import round_trips
from simulator.caches import make_cache
from simulator.engine.clock import Clock
from simulator.engine.columns import vector
from simulator.engine.kernel import Kernel
from simulator.engine.samplers import Fixed
from simulator.links import Line
from simulator.routing.moves import Moves
from simulator.sam.policy import ManagerPolicy
from simulator.server.edge import EdgeNode
from simulator.server.visits import EdgePolicy


def a_policy(name="alone"):
    """What nodes may know of the clients of a group."""
    return GroupPolicy(name, 0, RetryPolicy(), LockPolicy(0))


def some_moves(edges=3):
    """Counts moves between so many edges; a move back is one within a second."""
    return Moves(Clock(), edges, 1.0)


def a_client(policy=None, index=0, salt=0, expected_rtt_s=()):
    """A client that has measured nothing; its table of expected round trips (a list) is shared with who gave it."""
    table = expected_rtt_s if isinstance(expected_rtt_s, list) else list(expected_rtt_s)
    return Client(policy or a_policy(), index, salt, [], [], vector([]), vector([]), table, (Line(), Line()), None)


def measure(client, rtt_s):
    """From now on the client's moving averages of round trips are these, by edge, seconds; None for none."""
    (client.heard_edge, client.heard_rtt_s), *others = (rtt_s or {-1: 0.0}).items()
    client.others = round_trips(1 + max(dict(others))) if others else None
    for edge, other_s in others:
        client.others.note(edge, other_s, 1.0)


def a_session(session_id, client=None, **fields):
    """A session; of a client that nothing is said of, unless one is given."""
    session = Session(session_id, client or a_client(), 0.0)
    for name, value in fields.items():
        setattr(session, name, value)
    return session


def an_edge():
    """Edge node 0, without latency or service time, without leases."""
    return EdgeNode(0, "pop-1", None, Kernel(), EdgePolicy(), Fixed(0.0), None, make_cache("lru", 10), None, Sizes())


def weigh_too_much(monkeypatch):
    """A planted bug: sessions of worlds that are built from now on begin with a weight of 101."""
    build = sys.modules["simulator.build.builder"]
    monkeypatch.setattr(build, "ManagerPolicy", lambda *before: ManagerPolicy(*before[:3], 101.0, False, *before[5:]))
