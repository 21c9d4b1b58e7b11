"""Whether the modules that a request passes through are compiled: they then keep numbers side by side in memory.

The build takes COMPILED for true (hatch_build.py), so that a compiler sees which of two classes it is. May import: the
standard library.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

_packed = find_spec("simulator.engine.packed_events")
COMPILED: Final = _packed is not None and not str(_packed.origin).endswith(".py")
