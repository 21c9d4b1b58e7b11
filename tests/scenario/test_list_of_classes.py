"""`simulator list` describes what is installed, compiled or not."""

from __future__ import annotations

from simulator.caches import FAMILY
from simulator.plugins.family import first_line, written_doc


def test_every_cache_policy_has_a_line_from_its_source_too():
    """A compiled class has no docstring: what its source says is the same line."""
    for name, policy in FAMILY.items():
        assert first_line(policy), name
        assert written_doc(policy).startswith(first_line(policy)), name
