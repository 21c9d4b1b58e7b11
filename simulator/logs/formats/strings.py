"""Logs in a format of one's own: an Apache LogFormat or an NGINX log_format string, as in the server's settings.

Directives: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats and
https://nginx.org/en/docs/http/ngx_http_log_module.html. Bytes that are no UTF-8 are kept as they are.

May import: the standard library, its siblings. Does not model: what a server was asked for beyond the method.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from simulator.logs.formats.base import Options, Reader
from simulator.logs.formats.patterns import QUOTED, PatternReader, Piece, Time, times
from simulator.logs.model import BadLineError, TraceError, excerpt

_NICKNAMES = {
    "common": '%h %l %u %t "%r" %>s %b',
    "combined": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
}
_APACHE = re.compile(r"%(?P<when>!?[\d,]*)(?P<which>[<>]?)(?:\{(?P<inside>[^}]*)\})?(?P<name>\^?[A-Za-z]{1,3}|%)")
_NGINX = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<name>\w+))")
_CLF_STAMP = rb"\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d\d\d\d)?"
_ISO_STAMP = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_LISTED = rb"[\d.]+(?:[,: ]+[\d.\-]+)*|-"
_COUNTED = rb"\d+(?:\.\d+)?"
_FIXED = {
    "time clf": _CLF_STAMP, "time iso": _ISO_STAMP, "time s": _COUNTED, "time ms": _COUNTED, "time us": _COUNTED,
    "status": rb"\d{3}|-", "size": rb"\d+|-", "response": _LISTED, "response ms": _LISTED, "response us": _LISTED,
}  # fmt: skip
_APACHE_ONE = {
    "h": "host", "a": "host", "u": "user", "r": "request", "m": "method", "s": "status", "b": "size", "B": "size",
    "O": "size",
}  # fmt: skip
_NGINX_ONE = {
    "remote_addr": "host", "binary_remote_addr": "host", "realip_remote_addr": "host", "remote_user": "user",
    "request": "request", "request_method": "method", "status": "status", "body_bytes_sent": "size",
    "bytes_sent": "size", "request_time": "response", "upstream_response_time": "response",
    "upstream_cache_status": "cache", "http_x_cache": "cache", "sent_http_x_cache": "cache",
    "upstream_addr": "edge", "hostname": "edge", "http_x_forwarded_for": "forwarded",
    "proxy_add_x_forwarded_for": "forwarded", "http_user_agent": "agent",
}  # fmt: skip
_NGINX_TIMES = {"time_local": "time clf", "time_iso8601": "time iso", "msec": "time s"}
_PREFERRED = {"response": "request_time", "size": "body_bytes_sent", "edge": "upstream_addr", "host": "remote_addr"}
_STRFTIME = {
    "Y": rb"\d{4}", "m": rb"\d\d", "d": rb"\d\d", "H": rb"\d\d", "M": rb"\d\d", "S": rb"\d\d", "z": rb"[+-]\d\d:?\d\d",
    "b": rb"[A-Za-z]{3}", "e": rb"[ \d]\d", "F": rb"\d{4}-\d\d-\d\d", "T": rb"\d\d:\d\d:\d\d",
}  # fmt: skip


def is_string(text: str) -> bool:
    """Whether a `format` is written in the language of Apache or NGINX, or is one of Apache's nicknames."""
    return "%" in text or "$" in text or text in _NICKNAMES


def string_reader(path: Path, text: str, options: Options) -> Reader:
    """A reader of lines in that format.

    Raises:
        TraceError: the string has no time, or a directive that is not known.
    """
    text = _unwrapped(_NICKNAMES.get(text, text))
    apache = "%" in text and not _NGINX.search(text)
    parts = _apache(path, text) if apache else _nginx(text)
    kinds = [kind for kind, _ in parts if kind.startswith("time ")]
    if not kinds:
        what = f"the format {excerpt(text)} has no time"
        raise TraceError(path, what, "add %t" if apache else "add [$time_local], $time_iso8601 or $msec")
    each = next((_EACH[kind] for kind, _ in parts if kind in _EACH), 1.0)
    title = f"{'Apache LogFormat' if apache else 'NGINX log_format'} {text if len(text) <= 60 else text[:57] + '...'}"
    return PatternReader(
        path, title, _pieces(parts), options, expected=f"the format is {text}", time=_time_of(kinds[0]),
        response_each=each,
    )  # fmt: skip


def _unwrapped(text: str) -> str:
    """The string inside a whole directive that was copied: `log_format main '...' '...';`, `LogFormat "..." name`."""
    words = text.strip()
    if words.startswith("log_format"):
        return "".join(re.findall(r"'([^']*)'", words)) or text
    if words.startswith("LogFormat"):
        found = re.search(r'"((?:[^"\\]|\\.)*)"', words)
        return found[1] if found is not None else text
    return text


_EACH = {"response us": 1e6, "response ms": 1e3, "response": 1.0}
Part = tuple[str, str]
"""A kind of field (`host`, `time clf`, `other`, ...) or `text`, and what was written."""


def _time_of(kind: str) -> Time:
    form = kind.removeprefix("time ")
    return times(form) if form in ("clf", "iso", "s", "ms", "us") else _strptime(form)


def _strptime(form: str) -> Time:
    def read(text: bytes) -> float:
        try:
            found = datetime.strptime(text.decode("ascii", "replace"), form)
        except ValueError:
            raise BadLineError(f"no such time {excerpt(text)}") from None
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()

    return read


def _apache(path: Path, text: str) -> list[Part]:
    parts: list[Part] = []
    text = text.replace('\\"', '"').replace("\\t", "\t")
    end = 0
    for match in _APACHE.finditer(text):
        parts.append(("text", text[end : match.start()]))
        end = match.end()
        name, inside = match["name"], match["inside"]
        if name == "%":
            parts.append(("text", "%"))
        else:
            kind, end = _apache_kind(path, name, inside, end)
            parts.append((kind, match[0]))
    parts.append(("text", text[end:]))
    parts = [piece for part in parts for piece in _bracketed(part)]
    if "%" in "".join(written for kind, written in parts if kind == "text" and written != "%"):
        raise TraceError(
            path, f"the format {excerpt(text)} has a % without a directive", "write %% for a per cent sign"
        )
    return parts


def _bracketed(part: Part) -> list[Part]:
    """`%t` writes its brackets itself."""
    if part[0] != "time clf bracketed":
        return [part]
    return [("text", "["), ("time clf", part[1]), ("text", "]")]


def _apache_kind(path: Path, name: str, inside: str | None, end: int) -> tuple[str, int]:
    """The kind of a directive; and where it ends: `%hello` is `%h` and text."""
    for length in (2,) if name.startswith("^") and len(name) == 2 else (3, 2) if name.startswith("^") else (1,):
        if length < len(name):
            end -= len(name) - length
            name = name[:length]
            break
    if name == "t":
        return f"time {_apache_time(path, inside)}", end
    if name == "D":
        return "response us", end
    if name == "T":
        return {"ms": "response ms", "us": "response us"}.get(inside or "s", "response"), end
    if name == "i":
        known = {"x-forwarded-for": "forwarded", "user-agent": "agent"}
        return known.get((inside or "").lower(), "other"), end
    if name == "o":
        return ("cache" if (inside or "").lower() in ("x-cache", "x-cache-status") else "other"), end
    return _APACHE_ONE.get(name, "other"), end


def _apache_time(path: Path, inside: str | None) -> str:
    form = (inside or "").removeprefix("begin:").removeprefix("end:")
    if not form:
        return "clf bracketed"
    units = {"sec": "s", "msec": "ms", "usec": "us"}
    if form in units:
        return units[form]
    if "frac" in form or not set(re.findall(r"%(.)", form)) <= set(_STRFTIME):
        mend = "use %t, %{sec}t, %{msec}t, %{usec}t, or one of %Y %m %d %H %M %S %z %b %e %F %T"
        raise TraceError(path, f"the time %{{{inside}}}t cannot be read", mend)
    return form.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S").replace("%e", "%d")


def _nginx(text: str) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for match in _NGINX.finditer(text):
        parts.append(("text", text[end : match.start()]))
        end = match.end()
        name = match["braced"] or match["name"]
        parts.append((_NGINX_TIMES.get(name) or _NGINX_ONE.get(name, "other"), f"${name}"))
    parts.append(("text", text[end:]))
    for kind, wanted in _PREFERRED.items():
        if (kind, f"${wanted}") in parts:  # of two sizes or times the one that is the client's
            parts = [("other", w) if k == kind and w != f"${wanted}" else (k, w) for k, w in parts]
    return parts


def _pieces(parts: Sequence[Part]) -> list[Piece]:
    """Pieces of the expression; a kind that comes twice counts where it stands first."""
    pieces: list[Piece] = []
    seen: set[str] = set()
    quoted = False
    for place, (kind, written) in enumerate(parts):
        if kind == "text":
            quoted ^= written.count('"') % 2 == 1
            if written:
                pattern = re.sub(rb"(?:\\ )+", rb" +", re.escape(written.encode()))
                pieces.append(Piece(pattern, f"{written!r}"))
            continue
        name = kind.split()[0]
        after = next((w for k, w in parts[place + 1 :] if k != "text" or w), "")
        pattern = _pattern(kind, quoted, after if parts[place + 1][0] == "text" else " ")
        first = name != "other" and name not in seen
        seen.add(name)
        pieces.append(Piece(pattern if first else b"(?:" + pattern + b")", f"{_WORDS.get(name, 'a field')} ({written})",
                            name if first else ""))  # fmt: skip
    return pieces


_WORDS = {
    "host": "the client's host", "user": "the user", "time": "a time", "request": "a request", "method": "a method",
    "status": "a status of three digits", "size": "a size in bytes", "response": "a response time",
    "cache": "a cache status", "edge": "an edge", "forwarded": "X-Forwarded-For", "agent": "the user agent",
}  # fmt: skip


def _pattern(kind: str, quoted: bool, after: str) -> bytes:
    """What a field may hold: up to the text that follows it, unless its kind says more."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind.startswith("time "):
        form = re.escape(kind.removeprefix("time ").encode()).replace(rb"\%", b"%")
        return re.sub(rb"%([A-Za-z])", lambda m: _STRFTIME[m[1].decode()], form)
    if quoted:
        return QUOTED
    if not after or after[:1].isspace():
        return rb"[^\s,]+(?:, *[^\s,]+)*" if kind in ("forwarded", "edge") else rb"\S+"
    return rb"[^" + re.escape(after[:1].encode()) + rb"]*"
