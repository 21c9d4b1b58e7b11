"""A class name means one thing in the whole package."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "simulator"
TWICE = {
    "Clock": "the simulated clock, and as much of it as a source may know (a protocol)",
    "Interval": "of confidence, and of the SAM's scoring: each is the word of its field",
    "Node": "a server, and a node of the tree that YAML is read into",
    "Reports": "what clients tell the SAM, at the one end and at the other",
    "Static": "members of two families, named as scenarios name them",
    "Uniform": "a law, and a choice among edges, named as scenarios name them",
}
"""The names that two classes have, and why."""


@pytest.mark.interpreted
def test_no_two_public_classes_share_a_name():
    """Except those that are listed; a name that is listed and no longer shared comes off the list."""
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    shared = {name: files for name, files in places.items() if len(files) > 1}
    assert len(places) > 300  # it looks where classes are
    assert {name: files for name, files in shared.items() if name not in TWICE or len(files) > 2} == {}
    assert sorted(set(TWICE) - set(shared)) == []
