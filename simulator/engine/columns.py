"""Columns of numbers that the request loop fills, and its observers empty; and short lists of numbers that stay.

Where the engine is compiled they are numbers side by side in memory (`simulator.engine.packed_columns`), else what the
standard library has (`simulator.engine.plain_columns`). May import: either.
"""

from __future__ import annotations

from simulator.engine.compiled import COMPILED

if COMPILED:
    from simulator.engine.packed_columns import PackedFloats as FloatColumn
    from simulator.engine.packed_columns import PackedInts as IntColumn
    from simulator.engine.packed_columns import Vector, vector
else:
    from simulator.engine.plain_columns import PlainFloats as FloatColumn
    from simulator.engine.plain_columns import PlainInts as IntColumn
    from simulator.engine.plain_columns import Vector, vector

__all__ = ["FloatColumn", "IntColumn", "Vector", "vector"]
