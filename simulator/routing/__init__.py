"""Routing: which edge a request goes to. One file a policy; `@register("name")` adds one."""

from simulator.routing.adaptive import Adaptive
from simulator.routing.base import POLICIES, Router, RoutingContext, find_policy, policy_names, register
from simulator.routing.consistent_hash import ConsistentHash
from simulator.routing.cookie import Cookie
from simulator.routing.least_outstanding import LeastOutstandingEdge
from simulator.routing.least_sessions import LeastSessionsEdge
from simulator.routing.maglev import Maglev
from simulator.routing.nearest import NearestEdge
from simulator.routing.power_of_two import PowerOfTwoEdge
from simulator.routing.random import RandomEdge
from simulator.routing.round_robin import RoundRobin
from simulator.routing.static import Static

__all__ = [
    "POLICIES",
    "Adaptive",
    "ConsistentHash",
    "Cookie",
    "LeastOutstandingEdge",
    "LeastSessionsEdge",
    "Maglev",
    "NearestEdge",
    "PowerOfTwoEdge",
    "RandomEdge",
    "RoundRobin",
    "Router",
    "RoutingContext",
    "Static",
    "find_policy",
    "policy_names",
    "register",
]
