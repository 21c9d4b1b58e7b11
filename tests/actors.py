"""Actors of the model with only what a test says of them: real classes, so that they work where those are compiled."""

from simulator.nodes.client import Client
from simulator.nodes.edge import EdgeNode
from simulator.nodes.session import Session


def a_client(**fields):
    """A client agent."""
    client = Client.__new__(Client)
    for name, value in fields.items():
        setattr(client, name, value)
    return client


def a_session(session_id, client=None, **fields):
    """A session; of a client that nothing is said of, unless one is given."""
    session = Session(session_id, a_client() if client is None else client, 0.0)
    for name, value in fields.items():
        setattr(session, name, value)
    return session


def an_edge(**fields):
    """An edge node."""
    edge = EdgeNode.__new__(EdgeNode)
    for name, value in fields.items():
        setattr(edge, name, value)
    return edge
