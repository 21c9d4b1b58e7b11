"""What single fields of a log mean: times, operations, sizes, cache statuses, clients behind a proxy.

May import: the standard library, the model. Does not model: where a field stands in a line (see formats).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from math import inf

from simulator.logs.model import OPERATIONS, BadLineError, excerpt

UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""Units of a time that is a number, and how many make a second."""
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_KEPT = 10_000  # texts whose meaning is remembered
_FIRST_DATE_S = 1e8  # numbers below are no dates: 1973 is the earliest
_LATEST_S = 253_402_300_800.0  # the year 10000
_CLF = re.compile(rb"(\d\d)/([A-Za-z]{3})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ([+-])(\d\d):?(\d\d))?")
_METHODS = frozenset(("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "PURGE"))
_READS = frozenset(("GET", "HEAD", "READ", "GETS", "LOOKUP"))
_WRITES = frozenset(("SET", "PUT", "WRITE", "ADD", "REPLACE", "CAS", "APPEND", "PREPEND", "INCR", "DECR", "UPDATE"))
LOOKUP, UPDATE = OPERATIONS.index("lookup"), OPERATIONS.index("update")
_CODES = {name: code for code, name in enumerate(OPERATIONS)}
_HITS = frozenset((
    "HIT", "STALE", "UPDATING", "REVALIDATED", "REFRESHHIT", "ORIGINSHIELDHIT", "TCP_HIT", "TCP_MEM_HIT",
))  # fmt: skip
_MISSES = frozenset(("MISS", "EXPIRED", "BYPASS", "DYNAMIC", "TCP_MISS", "TCP_EXPIRED_MISS"))


def clf_time(stamp: bytes, known: dict[bytes, float]) -> float:
    """Seconds from 1970 of `04/Mar/2026:09:30:07 +0000`; without a zone: UTC. `known` remembers.

    Raises:
        BadLineError: there is no such time.
    """
    found = known.get(stamp)
    if found is not None:
        return found
    match = _CLF.fullmatch(stamp)
    if match is None:
        raise BadLineError(f"no such time {excerpt(stamp)}")
    day, month, year, hour, minute, second, part, sign, zone_h, zone_m = match.groups()
    h, m, s, zh, zm = int(hour), int(minute), int(second), int(zone_h or 0), int(zone_m or 0)
    try:
        days = date(int(year), _MONTHS.index(month.lower()) + 1, int(day)).toordinal() - _EPOCH
    except ValueError:
        days = None
    if days is None or h > 23 or m > 59 or s > 60 or zh > 23 or zm > 59:
        raise BadLineError(f"no such time {excerpt(stamp)}")
    zone_s = 3600 * zh + 60 * zm
    time_s = 86_400.0 * days + 3600 * h + 60 * m + s + (zone_s if sign == b"-" else -zone_s)
    if part:
        time_s += int(part) / 10 ** len(part)
    if len(known) > _KEPT:
        known.clear()
    known[stamp] = time_s
    return time_s


def iso_time(text: str) -> float:
    """Seconds from 1970 of an ISO 8601 date and time; without a zone: UTC.

    Raises:
        BadLineError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadLineError(f"no such time {excerpt(text)}") from None


class TableClock:
    """Times of a column: numbers in one unit, which the first one shows, or dates."""

    def __init__(self, column: str, unit: str) -> None:
        """`unit`: s, ms, us, ns, or auto; `column` is the name, which may tell it (`ts_ms`)."""
        self.unit = "" if unit == "auto" else unit
        self._told = unit != "auto"
        self._hint = next((name for name in ("ms", "us", "ns") if re.search(rf"(?i)(?:[_.( ]{name}\)?)$", column)), "")
        self._dates: bool | None = None
        self.dated = False
        """Whether the times are from 1970 (false until one was read)."""
        self._known: dict[bytes, float] = {}
        self._each = 0.0
        self._latest = 0.0

    def seconds(self, value: object) -> float:
        """The time of one row.

        Raises:
            BadLineError: it is no time.
        """
        number = self._number(value)
        if number is not None and self._each and 0 <= number <= self._latest:
            return number / self._each
        if number is None:
            text = str(value).strip()
            if self._dates is False:
                raise BadLineError(f"is {excerpt(text)}, no number as in the rows before")
            raw = text.strip("[]").encode()
            try:
                time_s = clf_time(raw, self._known) if _CLF.fullmatch(raw) else iso_time(text)
            except BadLineError:
                raise BadLineError(f"is {excerpt(text)}, which is no time: write numbers, or dates as in ISO") from None
            self._dates = self.dated = True
            return time_s
        if self._dates:
            raise BadLineError(f"is {excerpt(str(value))}, no date as in the rows before")
        if not 0 <= number < inf:
            raise BadLineError(f"is {excerpt(str(value))}: write numbers, finite and not negative")
        if self._dates is None:
            self._choose_unit(number)
        time_s = number / UNITS[self.unit]
        if time_s > _LATEST_S:
            raise BadLineError(f"is {excerpt(str(value))}, which is after the year 9999")
        return time_s

    @staticmethod
    def _number(value: object) -> float | None:
        if isinstance(value, bool) or value is None:
            raise BadLineError(f"is {excerpt(str(value))}, which is no time")
        try:
            return float(value)  # type: ignore[arg-type]  # what is no number has no float
        except (TypeError, ValueError):
            if isinstance(value, (str, datetime)) and str(value).strip():
                return None
            raise BadLineError(f"is {excerpt(str(value))}, which is no time") from None
        except OverflowError:
            raise BadLineError(f"is {excerpt(str(value))}, which is no time") from None

    def _choose_unit(self, number: float) -> None:
        self._dates = False
        if not self.unit:
            epoch = next((name for name, each in UNITS.items() if _FIRST_DATE_S <= number / each < 1e11), "")
            self.unit = (epoch if number >= _FIRST_DATE_S and not self._too_small(number) else "") or self._hint or "s"
        self._each = UNITS[self.unit]
        self._latest = _LATEST_S * self._each
        self.dated = number / UNITS[self.unit] >= _FIRST_DATE_S

    def _too_small(self, number: float) -> bool:
        """Whether the unit in the column's name makes this no date: milliseconds from 0, after a day or so."""
        return bool(self._hint) and number / UNITS[self._hint] < _FIRST_DATE_S


def operation(value: object, known: dict[object, int]) -> int:
    """The code of an operation: one of the simulator's own, an HTTP method, or a cache's command.

    Raises:
        BadLineError: it is none of them.
    """
    code = known.get(value)
    if code is None:
        text = "" if value is None else str(value).strip()
        if not text:
            raise BadLineError("no op: every row needs a value")
        upper = text.upper()
        if text in _CODES:
            code = _CODES[text]
        elif upper in _READS:
            code = LOOKUP
        elif upper in _WRITES or upper in _METHODS:
            code = UPDATE
        else:
            mend = "GET, HEAD, get and read are lookups; other methods, set, put and write are updates"
            raise BadLineError(f"unknown operation {excerpt(text)}; one of {', '.join(OPERATIONS)}, or: {mend}")
        if len(known) < _KEPT:
            known[value] = code
    return code


def method(request: bytes | None, known: dict[object, int]) -> int:
    """The code of a request line's method; what is no method (`-`, a scanner's noise) is a lookup."""
    if not request:
        return LOOKUP
    word = request.split(b" ", 1)[0][:20]
    code = known.get(word)
    if code is None:
        code = UPDATE if word.decode("ascii", "replace") in _METHODS else LOOKUP
        if len(known) < _KEPT:
            known[word] = code
    return code


def cache_status(text: str) -> int | None:
    """1 for a hit, 0 for a miss, None for what is neither (an error, a redirect, `-`)."""
    word = text.strip().strip('"').upper()
    if word in _HITS:
        return 1
    if word in _MISSES:
        return 0
    return None


def number(text: str | bytes | float | None) -> float | None:
    """A number that is not negative, or None."""
    try:
        value = float(text)  # type: ignore[arg-type]  # None has no float
    except (TypeError, ValueError):
        return None
    return value if 0 <= value < inf else None


def status_code(text: str | bytes | float | None) -> int | None:
    """An HTTP status, or None."""
    value = number(text)
    return int(value) if value is not None and 100 <= value <= 999 else None


def last_number(text: str | bytes | None) -> float | None:
    """The sum of a list such as `0.012, 0.003` or `0.1 : 0.2` (NGINX writes one value for each server asked)."""
    if text is None:
        return None
    parts = re.split(r"[,:\s]+", text.decode("ascii", "replace") if isinstance(text, bytes) else text)
    found = [value for value in map(number, parts) if value is not None]
    return sum(found) if found else None


def without_port(address: bytes) -> bytes:
    """`192.0.2.7:4711` and `[2001:db8::9]:443` without the port."""
    if address.startswith(b"["):
        return address[1:].split(b"]", 1)[0]
    host, colon, port = address.rpartition(b":")
    return host if colon and port.isdigit() else address


def first_forwarded(text: bytes) -> bytes:
    """The client that X-Forwarded-For names: the first of the list; empty where there is none."""
    first = text.strip().strip(b'"').split(b",", 1)[0].strip()
    return b"" if first in (b"-", b"unknown") else first
