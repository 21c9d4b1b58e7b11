"""Tests of safety use the worlds of tests/model and the swarm, by bare name."""

from __future__ import annotations

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
for _folder in (_TESTS, _TESTS / "model"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))
