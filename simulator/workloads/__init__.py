"""Workloads: when which client sends a request; one file for each kind.

A new built-in kind is a file, and its name in the list of `base`; a user's own needs only `@register`. The list gives
the schema, the errors that name the valid kinds, and the contract tests.

May import: its own kinds, and pydantic. Does not model: what a request does once it has been sent.
"""

from simulator.workloads.base import FAMILY, Source, SourceContext, WorkloadSpec, kinds, register

__all__ = ["FAMILY", "Source", "SourceContext", "WorkloadSpec", "kinds", "register"]
