"""Numbers as people read them: `12.3 ms`, `71.2 % ± 0.4`, `1.24 k/s`.

May import nothing of the project. Input is SI (s, ratio, 1/s, B, B/s, 1); NaN and None are a dash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NOTHING: Final = "–"
_UNITS: Final = re.compile(r"(?<=\d) (?=%|ms\b|s\b|µs|min\b|h\b|/s|k/s|points\b|±|\d{3}\b)|(?<=±) (?=\d)")
HOP_WORDS: Final = {
    "client_link": "client – edge network", "edge_queue": "queue at the edge", "edge_service": "service at the edge",
    "core_link": "edge – core network", "core_queue": "queue at the core", "core_service": "service at the core",
    "storage": "storage", "retries": "tries that failed", "other": "other waits",
}  # fmt: skip

_SCALES: Final[dict[str, tuple[tuple[float, str], ...]]] = {
    "s": ((60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "1/s": ((1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "B/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")),
    "ratio": ((0.01, "%"),),
    "1": ((1.0, ""),),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit to show numbers in: shown = value / factor."""

    factor: float
    symbol: str

    def number(self, value: float | None, half_width: float | None = None) -> str:
        """The bare number in this unit, to three digits or to those that the half-width carries."""
        if value is None or not math.isfinite(value):
            return NOTHING
        shown = value / self.factor
        exact = half_width is None or negligible(half_width, value)
        half = math.nan if exact or half_width is None else half_width / self.factor
        decimals = _decimals(shown, half)
        text = f"{shown:,.{decimals}f}".replace(",", " ")
        return text.removeprefix("-") if float(text.replace(" ", "")) == 0.0 else text

    def with_interval(self, value: float | None, half_width: float | None) -> str:
        """`71.2 % ± 0.4`: the number, its unit, and the half-width where there is one."""
        text = self.number(value, half_width)
        if text == NOTHING:
            return text
        unit = f" {self.symbol}" if self.symbol else ""
        if half_width is None or not math.isfinite(half_width) or negligible(half_width, value):
            return text + unit
        shown, half = value or 0.0, half_width / self.factor
        shown_half = f"{half:.{_decimals(shown / self.factor, half)}f}"
        if float(shown_half) == 0.0:
            shown_half = f"{half:.1g}"
        return f"{text}{unit} ± {shown_half}"


def scale_for(unit: str, size: float | None) -> Scale:
    """The unit that suits a value of that size."""
    steps = _SCALES.get(unit, ((1.0, unit),))
    magnitude = abs(size) if size is not None and math.isfinite(size) else 0.0
    if unit == "s" and magnitude < 120.0:
        steps = steps[1:]  # 90 s reads better than 1.5 min
    if magnitude == 0.0:
        return Scale(*next((step for step in steps if step[0] == 1.0), steps[-1]))
    return Scale(*next((step for step in steps if magnitude >= 0.9995 * step[0]), steps[-1]))


def show(value: float | None, unit: str, half_width: float | None = None) -> str:
    """A value with its unit, and its half-width where there is one."""
    return scale_for(unit, value).with_interval(value, half_width)


def show_column(values: Sequence[tuple[float, float]], unit: str) -> list[str]:
    """Values with their half-widths (NaN: none) as one column: one unit and as many decimals everywhere.

    As many as its most precise cell needs, less what would be a fifth digit of the largest.
    """
    scale = scale_for(unit, max((abs(v) for v, _ in values if math.isfinite(v)), default=None))
    decimals = column_decimals(values, scale)
    symbol = f" {scale.symbol}" if scale.symbol else ""
    found = []
    for value, half in values:
        if not math.isfinite(value):
            found.append(NOTHING)
            continue
        half_text = fixed_half(value, half, scale, decimals)
        spread = f" ± {half_text}" if half_text else ""
        found.append(f"{fixed(value / scale.factor, decimals)}{symbol}{spread}")
    return found


def column_decimals(values: Sequence[tuple[float, float]], scale: Scale) -> int:
    """How many decimals a column of (value, half-width) is shown with, in that unit."""
    known = [(v / scale.factor, h / scale.factor) for v, h in values if math.isfinite(v)]
    largest = max((abs(v) for v, _ in known), default=0.0)
    most = max(0, 3 - math.floor(math.log10(largest))) if largest else 0
    wanted = [_decimals(v, math.nan if negligible(h, v) else h) for v, h in known]
    return min(most, max(wanted, default=0))


def fixed_half(value: float, half: float, scale: Scale, decimals: int) -> str:
    """A half-width with so many decimals, but never as none; "" where there is none, or too narrow a one to show."""
    if not math.isfinite(half) or negligible(half, value):
        return ""
    text = fixed(half / scale.factor, decimals)
    return text if float(text.replace(" ", "")) else f"{half / scale.factor:.1g}"


def fixed(number: float, decimals: int) -> str:
    """A number with so many decimals and thin groups; a dash for NaN."""
    if not math.isfinite(number):
        return NOTHING
    text = f"{number:,.{decimals}f}".replace(",", " ")
    return text.removeprefix("-") if float(text.replace(" ", "")) == 0.0 else text


def show_difference(value: float, unit: str, half_width: float | None = None) -> str:
    """A signed difference; of ratios in points: `+1.3 ± 0.4 points`."""
    if not math.isfinite(value):
        return NOTHING
    scale = scale_for(unit, value)
    if unit == "ratio":
        scale = Scale(0.01, "points")
    number = scale.number(abs(value), half_width)
    half = ""
    if half_width is not None and math.isfinite(half_width) and not negligible(half_width, value):
        half = f" ± {scale.number(half_width, half_width)}"
    rounded_away = bool(half) and float(number.replace(" ", "")) == 0.0
    sign = "" if rounded_away else "+" if value > 0 else "-" if value < 0 else "±"
    return f"{sign}{number}{half} {scale.symbol}".rstrip()


def negligible(half_width: float, value: float | None) -> bool:
    """Whether an interval is too narrow to show beside four digits."""
    return half_width <= 2e-5 * abs(value or 0.0)


def show_duration(seconds: float) -> str:
    """A time span for people: `2 h 5 min`, `3 min 20 s`, `12.3 s`."""
    if not math.isfinite(seconds):
        return NOTHING
    if seconds < 60.0:
        return f"{seconds:.3g} s"
    total = round(seconds)
    hours, minutes, rest = total // 3600, total % 3600 // 60, total % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def show_count(count: float) -> str:
    """A whole number with thin groups: 1 234 567."""
    return f"{count:,.0f}".replace(",", " ")


def _decimals(shown: float, half: float) -> int:
    """Digits after the point: three significant ones, fewer or more where the half-width says so."""
    size = abs(float(f"{shown:.2e}"))
    plain = 0 if size == 0.0 else max(0, 2 - math.floor(math.log10(size)))
    if 99.0 <= abs(shown) < 100.0:
        plain = 2  # 99.95 % is not 100 %
    plain = min(plain, 4)
    if not math.isfinite(half) or half <= 0.0:
        return plain
    exponent = math.floor(math.log10(half))
    leading = half / 10.0**exponent
    wanted = -exponent + (1 if leading < 2.95 else 0)
    return max(0, min(wanted, plain + 1))


def unbroken(text: str) -> str:
    """Prose in which numbers stay with their units: no-break spaces between them."""
    return _UNITS.sub("\u00a0", text)
