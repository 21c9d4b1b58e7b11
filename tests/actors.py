"""Actors of the model with only what a test says of them: real classes, so that they work where those are compiled."""

import numpy as np

from simulator.caches import make_cache
from simulator.kernel import Kernel
from simulator.nodes.client import Sizes
from simulator.nodes.edge import EdgeNode, EdgePolicy
from simulator.nodes.session import Session
from simulator.routing.random import RandomEdge
from simulator.samplers import Same
from simulator.verification.rows.dispatch import context, lone_client


def a_session(session_id, client=None):
    """A session; of a client that nothing is said of, unless one is given."""
    if client is None:
        client = lone_client(RandomEdge(context(2, np.random.default_rng(1))))
    return Session(session_id, client, 0.0)


def an_edge():
    """Edge node 0, without latency or service time, without leases."""
    return EdgeNode(0, "pop-1", None, Kernel(), EdgePolicy(), Same(0.0), None, make_cache("lru", 10), None, Sizes())
