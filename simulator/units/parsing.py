"""Text of a scenario to SI floats; every function raises QuantityError with what is wrong and how to mend it.

May import: dimensions.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from simulator.units.dimensions import (
    BANDWIDTH,
    DISTANCE,
    DURATION,
    DURATION_OR_NEVER,
    LONGEST_TEXT,
    NUMBER,
    RATE,
    SIZE,
    QuantityError,
    number_text,
    show,
)


def parse_duration(value: object) -> float:
    """`500us 50ms 2s 20min 3h 1d` -> seconds."""
    return DURATION.parse(value)


def parse_duration_or_never(value: object) -> float:
    """Like `parse_duration`, and `never`, `forever`, `unlimited` -> infinity."""
    return DURATION_OR_NEVER.parse(value)


def parse_rate(value: object) -> float:
    """`400/s 10/min 2/h` -> per second."""
    return RATE.parse(value)


def parse_size(value: object) -> float:
    """`0B 24KiB 2MB` -> bytes."""
    return SIZE.parse(value)


def parse_bandwidth(value: object) -> float:
    """`10Mbit/s` -> bits per second; `unlimited` -> infinity."""
    return BANDWIDTH.parse(value)


def parse_distance(value: object) -> float:
    """`800km` -> metres."""
    return DISTANCE.parse(value)


def parse_ratio(value: object) -> float:
    """`0.5%` or the plain `0.005` -> 0.005; raises QuantityError outside 0..1."""
    ratio = _share(value)
    if ratio > 1:
        text = number_text(value) if isinstance(value, (int, float)) else str(value)
        if "%" in text:
            raise QuantityError(f"{show(text)} is more than 100%", "a ratio lies in 0%..100%")
        raise QuantityError(f"{text} what?", f"write {text}% or a ratio in 0..1")
    return ratio


def parse_share(value: object) -> float:
    """A ratio that may exceed one: `150%` -> 1.5, `0.2` -> 0.2 (a retry budget, a margin); above one only with %."""
    share = _share(value)
    if share > 1 and not (isinstance(value, str) and "%" in value):
        text = number_text(value) if isinstance(value, (int, float)) else str(value)
        raise QuantityError(f"{text} what?", f"write {text}% or {number_text(round(100 * share, 6))}%")
    return share


def _share(value: object) -> float:
    text = number_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    match = re.fullmatch(rf"\s*({NUMBER})\s*(%?)\s*", text) if isinstance(text, str) else None
    if match is None or len(match.group(0)) > LONGEST_TEXT:
        raise QuantityError(f"{show(value)} is not a ratio", "write for example 5% or 0.05")
    try:
        ratio = float(Decimal(match.group(1)) / (100 if match.group(2) else 1))
    except ArithmeticError:
        ratio = math.inf
    if math.isinf(ratio):
        raise QuantityError(f"{show(value)} is too large for a ratio")
    if ratio < 0:
        raise QuantityError(f"{show(value)} is negative", "a ratio is zero or more")
    return abs(ratio)


def parse_share_or_unlimited(value: object) -> float:
    """Like `parse_share`, and `unlimited` -> infinity."""
    return math.inf if value == "unlimited" else parse_share(value)


def parse_factor(value: object) -> float:
    """`2.5x` or the plain `2.5` -> 2.5; must be above zero."""
    text = number_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    match = re.fullmatch(rf"\s*({NUMBER})\s*x?\s*", text) if isinstance(text, str) else None
    if match is None or len(match.group(0)) > LONGEST_TEXT:
        raise QuantityError(f"{show(value)} is not a factor", "write for example 2.5x")
    factor = float(match.group(1))
    if not (0 < factor < math.inf):
        raise QuantityError(f"{show(value)} is out of range", "a factor is above zero and finite")
    return factor


def parse_number(value: object) -> float:
    """A plain number (weights, shapes, exponents): no unit, no quotes, finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QuantityError(f"{show(value)} is not a number", "write it plain, for example 0.5")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise QuantityError(f"{show(value)} is not a finite number", "write it plain, for example 0.5")
    return number


def parse_weight(value: object) -> float:
    """A stickiness weight: a real number 0..100."""
    weight = parse_number(value)
    if not 0 <= weight <= 100:
        raise QuantityError(f"{show(value)} is out of range", "a weight is a number in 0..100")
    return weight


def parse_count(value: object, least: int = 1) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        else:
            raise QuantityError(f"{show(value)} is not a whole number", f"write for example {max(least, 10)}")
    if value < least:
        raise QuantityError(f"{show(value)} is too small", f"at least {least}")
    return value


def parse_factor_or_unlimited(value: object) -> float:
    """Like `parse_factor`, and `unlimited` -> infinity."""
    if value == "unlimited":
        return math.inf
    try:
        return parse_factor(value)
    except QuantityError as error:
        raise QuantityError(error.what, f"{error.mend}, or unlimited") from None


def parse_count_or_unlimited(value: object, least: int = 1) -> int | None:
    """A whole number, or `unlimited` -> None."""
    if value == "unlimited":
        return None
    try:
        return parse_count(value, least)
    except QuantityError as error:
        raise QuantityError(error.what, f"{error.mend} or unlimited") from None


def parse_switch(value: object) -> bool:
    """`on`/`off` (as words; YAML 1.2 has no such booleans) or `true`/`false`."""
    if isinstance(value, bool):
        return value
    if value in ("on", "off"):
        return value == "on"
    raise QuantityError(f"{show(value)} is neither on nor off", "write on or off")
