"""Which format a log is of, told by its first lines; and, where it is of none, the line that would make it one.

May import: the formats. Does not model: how lines are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from simulator.logs.formats import format_names, formats
from simulator.logs.formats.base import FAMILY, Options, Reader, share_parsed
from simulator.logs.formats.clf import common
from simulator.logs.formats.parquet import ParquetReader, is_parquet
from simulator.logs.formats.strings import is_string, string_reader
from simulator.logs.model import BadLineError, TraceError, excerpt
from simulator.text.synonyms import meant

HEAD_LINES = 200
"""So many first lines are looked at."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s"\[]+')
_METHOD = re.compile(r'"[A-Z]{3,10} \S+(?: HTTP/[\d.]+)?"$')


def reader_for(path: Path, head: Sequence[bytes], form: str, options: Options) -> Reader:
    """The reader of a file of text that begins with `head`.

    Raises:
        TraceError: it is not of the format asked for, or, with `auto`, of none that is known.
    """
    if is_string(form):
        reader = string_reader(path, form, options)
        if not share_parsed(reader, head):
            raise _first_bad(path, head, reader, f"no line is of the format {excerpt(form, 80)}")
        return reader
    if form == "auto":
        found = _auto(path, head, options)
        if found is None:
            raise _unknown(path, head)
        return found
    if form not in FAMILY:
        close = meant(form, format_names())
        mend = f"did you mean {close}?" if close else f"known are {', '.join(format_names())}"
        raise TraceError(path, f"unknown format {form!r}", mend)
    chosen = FAMILY[form]()
    reader_or_none = chosen.reader(path, head, options)
    if reader_or_none is not None:
        return reader_or_none
    other = _other_name(path, head)
    if other:
        raise TraceError(path, f"is not {chosen.title}: it looks like {other[1]}", f"set format: {other[0]}", 1)
    if form == "clf":
        raise _first_bad(path, head, common(path, Options()), "no request found")
    number, line = next(((k, text) for k, text in enumerate(head, 1) if text.strip()), (1, b""))
    raise TraceError(
        path, f"no request found: {excerpt(line)} is not {chosen.title}", "set format to what it is", number
    )


def binary_reader(path: Path, form: str, options: Options) -> Reader | None:
    """The reader of a file that is no text; None: it is text.

    Raises:
        TraceError: it is not of the format asked for.
    """
    if form == "parquet" or (form == "auto" and is_parquet(path)):
        return ParquetReader(path, options)
    return None


def _auto(path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
    for one in formats():
        if one.last_resort and not options.columns and (_suggestion(head) or not one.looks_right(head)):
            continue
        found = one.reader(path, head, options)
        if found is not None:
            return found
    return None


def _other_name(path: Path, head: Sequence[bytes]) -> tuple[str, str] | None:
    """The name and title of the format that a file looks like."""
    for one in formats():
        try:
            found = None if one.last_resort and not one.looks_right(head) else one.reader(path, head, Options())
        except TraceError:  # its columns are not named yet
            return one.name, one.title
        if found is not None:
            return one.name, found.title
    return None


def _first_bad(path: Path, head: Sequence[bytes], reader: Reader, what: str) -> TraceError:
    for number, row, raw in reader.rows(enumerate(head, 1)):
        if isinstance(row, BadLineError):
            place = f" at column {row.column}" if row.column else ""
            shown = excerpt(raw) if raw is not None else "..."
            mend = _suggestion(head) or reader.expected
            return TraceError(path, f"{what} ({row.reason}{place}: {shown})", mend, number)
    return TraceError(path, what, reader.expected)


def _unknown(path: Path, head: Sequence[bytes]) -> TraceError:
    return _first_bad(path, head, common(path, Options()), "is of no format that is known; no request found")


def _suggestion(head: Sequence[bytes]) -> str:
    """The `format` that fits the first line of fields, where it has a time and an address."""
    line = next((text for text in head if text.strip() and not text.startswith(b"#")), b"")
    text = line.decode("utf-8", "replace").rstrip("\r\n")[:2000]
    pattern, end, used = "", 0, set[str]()
    for match in _TOKEN.finditer(text):
        pattern += text[end : match.start()] + _directive(match[0], used)
        end = match.end()
    if not {"$remote_addr", "time"} <= {
        "time" if name.startswith("$time") or name == "$msec" else name for name in used
    }:
        return ""
    return f"if its fields are these, set format: '{pattern}'"


def _directive(token: str, used: set[str]) -> str:
    """The NGINX variable that a field probably is."""
    bare = token.strip('"[]')
    quote = token[0] if token[0] in '"[' else ""
    close = {"[": "]", '"': '"', "": ""}[quote]
    guesses = (
        (r"\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?", "$time_iso8601"),
        (r"\d\d/[A-Za-z]{3}/\d{4}:[\d:.]+(?: [+-]\d{4})?", "$time_local"),
        (r"\d{10}\.\d{1,6}", "$msec"),
        (r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F]*", "$remote_addr"),
        (r"(?:HIT|MISS|EXPIRED|STALE|UPDATING|REVALIDATED|BYPASS)", "$upstream_cache_status"),
        (r"[1-5]\d\d", "$status"),
        (r"\d+\.\d+", "$request_time"),
        (r"\d+", "$body_bytes_sent"),
        (r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]+)(?:, .*)", "$http_x_forwarded_for"),
    )
    if _METHOD.match(token):
        used.add("$request")
        return '"$request"'
    for expression, name in guesses:
        if name not in used and re.fullmatch(expression, bare):
            used.add(name)
            return f"{quote}{name}{close}"
    name = f"$field{len(used) + 1}"
    used.add(name)
    return f"{quote}{name}{close}"
