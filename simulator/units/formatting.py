"""SI floats to text of a scenario: what the parsing function of the same name reads back to the same float.

May import: dimensions, parsing.
"""

from __future__ import annotations

import math
from decimal import Decimal

from simulator.units.dimensions import SIZE, decimal_text, number_text
from simulator.units.parsing import parse_rate

_DECIMAL_TIMES = (("s", 0), ("ms", 3), ("us", 6), ("ns", 9))
_BIG_TIMES = (("d", 86400), ("h", 3600), ("min", 60))
_EVERYDAY = Decimal("1e18")  # beyond, Decimal's 28 digits cannot tell whether a larger unit divides


def format_duration(seconds: float) -> str:
    """Seconds -> text that `parse_duration_or_never` reads back to the same float."""
    if math.isinf(seconds):
        return "unlimited"
    if seconds == 0:
        return "0s"
    exact = Decimal(repr(float(seconds)))
    for unit, size in _BIG_TIMES:
        if size <= exact < _EVERYDAY and exact % size == 0:
            return f"{decimal_text(exact / size)}{unit}"
    for unit, shift in _DECIMAL_TIMES:
        if exact.scaleb(shift) >= 1:
            return f"{decimal_text(exact.scaleb(shift))}{unit}"
    return f"{decimal_text(exact.scaleb(9))}ns"


def format_rate(per_s: float) -> str:
    """Per second -> text that `parse_rate` reads back to the same float."""
    exact = Decimal(repr(float(per_s)))
    if len(exact.as_tuple().digits) > 9 and exact < _EVERYDAY:
        for unit, size in (("/min", 60), ("/h", 3600), ("/d", 86400)):
            text = decimal_text(round(exact * size, 6)) + unit
            if parse_rate(text) == per_s:
                return text
    return f"{decimal_text(exact)}/s"


def format_size(size_bytes: float) -> str:
    """Bytes -> text that `parse_size` reads back to the same float."""
    exact = Decimal(repr(float(size_bytes)))
    for unit in ("GiB", "GB", "MiB", "MB", "KiB", "KB"):
        if 0 < exact < _EVERYDAY and exact % SIZE.units[unit] == 0:
            return f"{decimal_text(exact / SIZE.units[unit])}{unit}"
    return f"{decimal_text(exact)}B"


def format_bandwidth(bits_per_s: float) -> str:
    """Bits per second -> text that `parse_bandwidth` reads back to the same float."""
    if math.isinf(bits_per_s):
        return "unlimited"
    exact = Decimal(repr(float(bits_per_s)))
    for unit, shift in (("Gbit/s", -9), ("Mbit/s", -6), ("kbit/s", -3)):
        if exact.scaleb(shift) >= 1:
            return f"{decimal_text(exact.scaleb(shift))}{unit}"
    return f"{decimal_text(exact)}bit/s"


def format_distance(metres: float) -> str:
    """Metres -> text that `parse_distance` reads back to the same float."""
    exact = Decimal(repr(float(metres)))
    return f"{decimal_text(exact.scaleb(-3))}km" if exact >= 1000 else f"{decimal_text(exact)}m"


def format_ratio(ratio: float) -> str:
    """0.005 -> `0.5%`; infinity -> `unlimited`."""
    if math.isinf(ratio):
        return "unlimited"
    return f"{decimal_text(Decimal(repr(float(ratio))).scaleb(2))}%"


def format_factor(factor: float) -> str:
    """2.5 -> `2.5x`; infinity -> `unlimited`."""
    if math.isinf(factor):
        return "unlimited"
    return f"{number_text(float(factor))}x"


def format_number(value: float) -> float | int:
    """A plain number as YAML should show it: 50 rather than 50.0."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value
