"""Routing: which edge a request goes to. One file for each policy.

A new built-in policy is a file, and its name in the list of `base`; a user's own needs only `@register("name")`.
"""

from simulator.routing.base import FAMILY, Router, RoutingContext, find_policy, policy_names, register

__all__ = ["FAMILY", "Router", "RoutingContext", "find_policy", "policy_names", "register"]
