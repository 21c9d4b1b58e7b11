"""Faults: what a scenario says will go wrong, a file for each kind: its settings, and what it does to a world.

A new built-in kind is a file, and its name in the list of `base`; a user's own needs only `@register`.
"""

from simulator.faults.base import FAMILY, Fault, fault_verbs, register
from simulator.faults.written import AnyFault, verb_of
from simulator.plugins.fields import Globs

__all__ = ["FAMILY", "AnyFault", "Fault", "Globs", "fault_verbs", "register", "verb_of"]
