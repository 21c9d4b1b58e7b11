"""What a quantity is: its units with their exact factors, and how text with a unit becomes an SI float.

Goes through exact decimal arithmetic, so that text and floats turn into each other without losing a bit.

May import: the standard library, simulator.text.printable. Does not know any scenario key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from simulator.errors import InputError
from simulator.text.printable import printable

NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"\s*({NUMBER})\s*(\S.*?)?\s*", re.DOTALL)
LONGEST_TEXT = 60
_ENDLESS = ("unlimited", "never", "forever")

KEY = "[key]"
"""At the end of a path: the key itself is meant, not its value."""


class QuantityError(InputError):
    """A value that is not what is wanted.

    Attributes:
        what: what is wrong.
        mend: how to mend it; may be empty.
        where: leads from the field to the offending value, where that lies further down.
    """

    def __init__(self, what: str, mend: str = "", where: tuple[str | int, ...] = ()) -> None:
        joint = " " if what.endswith("?") else ": "
        super().__init__(f"{what}{joint}{mend}" if mend else what)
        self.what = what
        self.mend = mend
        self.where = where

    @classmethod
    def of(cls, message: str) -> QuantityError:
        """Split `what: how to mend it` in two, where a family wrote both in one sentence."""
        for mark in (": did you mean ", ": write ", ": known are "):
            if mark in message:
                what, mend = message.split(mark, 1)
                return cls(what, mark.removeprefix(": ") + mend)
        return cls(message)

    def inside(self, *where: str | int) -> QuantityError:
        """The same fault, seen from the value that holds the offending one at `where`."""
        return QuantityError(self.what, self.mend, (*where, *self.where))


@dataclass(frozen=True)
class Dimension:
    """One kind of quantity: its units with their exact factors, and what people write for them by mistake."""

    name: str
    units: Mapping[str, Decimal]
    readings: tuple[str, str]
    """The two units that a bare number most likely meant."""
    mistakes: Mapping[str, str]
    """Unit as often mistyped -> unit that is meant."""
    endless: tuple[str, ...] = ()
    """Words for infinity, where this dimension has any."""

    def parse(self, value: object) -> float:
        """Turn text with a unit into an SI float >= 0; raises QuantityError for everything else."""
        if isinstance(value, bool) or value is None or isinstance(value, (list, dict)):
            raise QuantityError(f"{show(value)} is not a {self.name}", f"write for example {self._example()}")
        if isinstance(value, (int, float)):
            if not math.isfinite(value):
                raise QuantityError(f"{show(value)} is not a {self.name}", f"write for example {self._example()}")
            raise self._bare(number_text(value))
        text = str(value).strip()
        if text in self.endless:
            return math.inf
        if text in _ENDLESS:
            raise QuantityError(f"{show(text)} is not possible here", f"write for example {self._example()}")
        match = _QUANTITY.fullmatch(text) if len(text) <= LONGEST_TEXT else None
        if match is None:
            raise QuantityError(f"{show(text)} is not a {self.name}", f"write for example {self._example()}")
        number, unit = match.group(1), match.group(2)
        if unit is None:
            raise self._bare(number)
        if unit not in self.units:
            raise self._unknown_unit(text, number, unit)
        return self._scale(text, number, self.units[unit])

    def _scale(self, text: str, number: str, factor: Decimal) -> float:
        try:
            result = float(Decimal(number) * factor)
        except ArithmeticError:
            result = math.inf
        if math.isinf(result):
            raise QuantityError(f"{show(text)} is too large for a {self.name}")
        if result < 0:
            raise QuantityError(f"{show(text)} is negative", f"a {self.name} is zero or more")
        return abs(result)

    def _example(self) -> str:
        return f"20{self.readings[0]}"

    def _bare(self, number: str) -> QuantityError:
        first, second = (f"{number}{unit}" for unit in self.readings)
        return QuantityError(f"{number} what?", f"write {first} or {second}")

    def _unknown_unit(self, text: str, number: str, unit: str) -> QuantityError:
        meant = self.mistakes.get(unit) or self.mistakes.get(unit.lower())
        if meant is None:
            meant = next((known for known in self.units if known.lower() == unit.lower()), None)
        known = " ".join(unit for unit in self.units if unit not in ("µs", "μs", "kB"))
        what = f"{show(text)} has an unknown unit for a {self.name}"
        if meant is not None:
            return QuantityError(what, f"did you mean {number}{meant}?")
        return QuantityError(what, f"known units are {known}")

    def pattern(self) -> str:
        """A regular expression (ECMA flavour) of what `parse` accepts, for the JSON Schema."""
        units = "|".join(re.escape(unit).replace(r"\%", "%") for unit in self.units)
        number = NUMBER.replace("[+-]?(?:[0-9]+(", "[+]?(?:[0-9]+(", 1)
        words = "".join(f"|{word}" for word in self.endless)
        return rf"^\s*(?:{number}\s*(?:{units}){words})\s*$"


def _factors(**units: str) -> dict[str, Decimal]:
    return {name.replace("_per_", "/"): Decimal(factor) for name, factor in units.items()}


DURATION = Dimension(
    "duration",
    _factors(ns="1e-9", us="1e-6", ms="1e-3", s="1", min="60", h="3600", d="86400")
    | {"µs": Decimal("1e-6"), "μs": Decimal("1e-6")},
    ("ms", "s"),
    {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "min", "mins": "min", "minute": "min",
     "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
     "msec": "ms", "millis": "ms", "usec": "us", "micros": "us"},
)  # fmt: skip
DURATION_OR_NEVER = Dimension(DURATION.name, DURATION.units, DURATION.readings, DURATION.mistakes, endless=_ENDLESS)
RATE = Dimension(
    "rate",
    {"/s": Decimal(1), "/min": Decimal(1) / 60, "/h": Decimal(1) / 3600, "/d": Decimal(1) / 86400},
    ("/s", "/min"),
    {"s": "/s", "/sec": "/s", "/second": "/s", "rps": "/s", "req/s": "/s", "qps": "/s", "hz": "/s",
     "1/s": "/s", "/m": "/min", "/minute": "/min", "rpm": "/min", "min": "/min", "/hour": "/h", "/hr": "/h",
     "h": "/h"},
)  # fmt: skip
SIZE = Dimension(
    "size",
    _factors(B="1", KB="1e3", kB="1e3", KiB="1024", MB="1e6", MiB="1048576", GB="1e9", GiB="1073741824", TB="1e12"),
    ("B", "KiB"),
    {"byte": "B", "bytes": "B", "k": "KiB", "m": "MiB", "g": "GiB"},
)
BANDWIDTH = Dimension(
    "bandwidth",
    _factors(bit_per_s="1", kbit_per_s="1e3", Mbit_per_s="1e6", Gbit_per_s="1e9", Tbit_per_s="1e12"),
    ("Mbit/s", "Gbit/s"),
    {"bps": "bit/s", "kbps": "kbit/s", "Kbit/s": "kbit/s", "mbps": "Mbit/s", "gbps": "Gbit/s",
     "Mbit": "Mbit/s", "Gbit": "Gbit/s", "kbit": "kbit/s", "Mb/s": "Mbit/s", "Gb/s": "Gbit/s"},
    endless=_ENDLESS,
)  # fmt: skip
DISTANCE = Dimension(
    "distance",
    _factors(m="1", km="1e3"),
    ("km", "m"),
    {"metre": "m", "metres": "m", "meter": "m", "meters": "m", "kilometre": "km", "kilometres": "km"},
)


def show(value: object, limit: int = 40) -> str:
    """Render a value as it would look in a scenario, shortened, for an error message."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, (int, float)):
        return number_text(value)[:limit]
    text = printable(str(value))
    return f"'{text[: limit - 1]}…'" if len(text) > limit else f"'{text}'"


def number_text(value: float) -> str:
    """Shortest exact decimal text of a number: no exponent for everyday sizes, no trailing `.0`."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    return decimal_text(Decimal(repr(value)))


def decimal_text(value: Decimal) -> str:
    """Plain digits for everyday sizes, an exponent beyond."""
    if value == 0:
        return "0"
    value = value.normalize()
    if -12 <= value.adjusted() <= 15:
        return format(value, "f")
    return format(value, "e").replace("e+", "e")
