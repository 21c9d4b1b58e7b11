"""`simulator list` describes what is installed, compiled or not."""

from __future__ import annotations

from simulator.caches.registry import _POLICIES as POLICIES
from simulator.cli.list_ import _first_line, _written_doc


def test_every_cache_policy_has_a_line_from_its_source_too():
    """A compiled class has no docstring: what its source says is the same line."""
    for name, policy in POLICIES.items():
        assert _first_line(policy), name
        assert _written_doc(policy).startswith(_first_line(policy)), name
