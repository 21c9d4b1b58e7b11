"""Web logs: the Common Log Format, and the Combined format, which begins with it.

A line whose Common Log Format part parses is one request of the client `host`; what follows (referrer, user
agent) is not looked at, so a line whose agent was cut off still counts. Format: `host ident user
[day/Mon/year:h:m:s zone] "request" status bytes` (NCSA httpd; Apache's mod_log_config documents it).

May import: the standard library, its siblings. Does not model: what was asked for; every request is a lookup.
"""

from __future__ import annotations

import re
from datetime import date
from math import isnan
from pathlib import Path

from simulator.workloads.trace_data import LONGEST_NAME, MOST_ROWS, Rows, TraceData, TraceError
from simulator.workloads.trace_files import LONGEST_LINE, lines, opened

MOST_SKIPPED_RATIO = 0.01
"""More unparsable lines than this share of all lines are an error."""
_HOPELESS = 1_000  # unparsable lines at the start of a file, without one good line
_DAYS_KEPT = 10_000

_COMMON = re.compile(
    rb"(\S+) \S+ \S+ "
    rb"\[(\d\d/[A-Za-z]{3}/\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] "
    rb'"[^"\\]*(?:\\.[^"\\]*)*" '
    rb"(?:\d{3}|-) (?:\d+|-)(?=\s|$)",
    re.DOTALL,
)
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_EPOCH = date(1970, 1, 1).toordinal()


def read_weblog(path: Path) -> TraceData:
    """Read a Common or Combined log, plain or gzip. Times are seconds after the earliest line.

    Raises:
        TraceError: the file cannot be read, holds no request, or has more than 1 % unparsable lines.
    """
    rows = Rows(path)
    names, add_t, add_client = rows.names, rows.t_s.append, rows.client.append
    days: dict[bytes, float] = {}
    match = _COMMON.match
    number = good = 0
    with opened(path) as stream:
        for number, raw in enumerate(lines(path, stream), 1):
            found = match(raw) if raw is not None else None
            if found is None:
                if raw is None or raw.strip(b"\r\n \t\xef\xbb\xbf"):
                    rows.skip(number, *_reason(raw))
                if not good and number >= _HOPELESS:
                    break
                continue
            host, day, hour, minute, second, sign, zone_h, zone_m = found.groups()
            time_s = days.get(day)
            if time_s is None:
                if len(days) > _DAYS_KEPT:
                    days.clear()
                time_s = days[day] = _day_s(day)
            h, m, s, zh, zm = int(hour), int(minute), int(second), int(zone_h), int(zone_m)
            if isnan(time_s) or h > 23 or m > 59 or s > 60 or zh > 23 or zm > 59:
                rows.skip(number, "no such time", raw)
                continue
            if len(host) > LONGEST_NAME:
                rows.skip(number, f"host of more than {LONGEST_NAME} characters", raw)
                continue
            zone_s = 3600 * zh + 60 * zm
            add_t(time_s + 3600 * h + 60 * m + s + (zone_s if sign == b"-" else -zone_s))
            add_client(names.setdefault(host, len(names)))
            good += 1
            if good > MOST_ROWS:
                raise rows.too_many()
    _accept(rows, good)
    rows.op.frombytes(bytes(good))  # all of them lookups
    return rows.finish(rebase=True)


def _day_s(text: bytes) -> float:
    """Seconds from 1970 to the start of `17/May/2015`; NaN if there is no such day."""
    number, month, year = text.split(b"/")
    try:
        day = date(int(year), _MONTHS.index(month.lower()) + 1, int(number))
    except ValueError:
        return float("nan")
    return 86_400.0 * (day.toordinal() - _EPOCH)


def _reason(raw: bytes | None) -> tuple[str, bytes | None]:
    if raw is None:
        return f"longer than {LONGEST_LINE // 1024} KiB", None
    return "not in Common Log Format", raw


def _accept(rows: Rows, good: int) -> None:
    """Refuse a log without requests, or with too many lines that are none."""
    total = good + rows.skipped
    first = rows.examples[0] if rows.examples else None
    expected = 'a line looks like: 192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 512'
    if good == 0:
        what = f"no request found ({first.reason}: {first.excerpt})" if first else "no request found"
        raise TraceError(rows.path, what, expected, first.line if first else None)
    if first is not None and rows.skipped > MOST_SKIPPED_RATIO * total:
        share = f"{rows.skipped:,} of {total:,} lines ({rows.skipped / total:.1%})"
        what = f"{share} cannot be parsed, more than 1 % (first: {first.reason}: {first.excerpt})"
        raise TraceError(rows.path, what, expected, first.line)
