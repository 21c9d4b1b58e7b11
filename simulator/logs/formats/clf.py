"""Common and Combined Log Format (NCSA httpd, Apache, NGINX), with or without `%v:%p` in front or fields behind.

A line whose Common part parses is one request; what follows is looked at for the referrer and the user agent and, as
far as the first lines show what stands there, for a response time, a cache status, an edge and X-Forwarded-For.
Traefik's own log is of this kind (its duration ends with `ms`).

May import: the standard library, its siblings. Does not model: what was asked for beyond the method.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.logs.fields import cache_status, number
from simulator.logs.formats.base import LogFormat, Options, Reader, register, share_parsed
from simulator.logs.formats.patterns import QUOTED, PatternReader, Piece, times

_SAMPLE = 200
_MOST_EDGES = 64  # different values of a field that is taken for the name of an edge
_TOKEN = re.compile(rb'"(' + QUOTED + rb')"|(\[[^\]]*\])|(\S+)', re.S)
_ANY = rb'(?:"' + QUOTED + rb'"|\[[^\]]*\]|\S+)'
_ADDRESS = re.compile(rb"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]+)(?:,.*)?")
_NAME = re.compile(rb"[A-Za-z][\w.\-]*(?::\d{1,5})?|\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}|https?://[\w.\-\[\]:]+/?")
_EXPECTED = 'a line looks like: 192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 512'
_STAMP = rb"\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d\d\d\d"
_WORDS = {
    "response": "response time", "response ms": "response time", "cache": "cache status", "edge": "edge",
    "forwarded": "X-Forwarded-For",
}  # fmt: skip
_COMMON = (
    Piece(rb"\S+", "the client's host", "host"),
    Piece(rb" (?=\S+ |-)", "a space, ident and user"),
    Piece(rb'\S+ (?=\S+ \[)|- (?=[^\["]{1,200}? \[)', "ident, user and a time in brackets"),
    Piece(rb'\S+|[^\["]{1,200}?', "the user", "user"),
    Piece(rb" \[", "a time in brackets"),
    Piece(_STAMP, "a time such as 17/May/2015:10:05:03 +0000", "time"),
    Piece(rb'\] "', 'a quoted request such as "GET / HTTP/1.1"'),
    Piece(QUOTED, "the request", "request"),
    Piece(rb'" ', 'the closing quote of the request and a space'),
    Piece(rb"\d{3}|-", "a status of three digits", "status"),
    Piece(rb" ", "a space and the size"),
    Piece(rb"\d+|-", "the size in bytes", "size"),
    Piece(rb"(?=\s|$)", "a space or the end of the line"),
)  # fmt: skip
_VHOST = (Piece(rb"\S+ (?!- )", "the virtual host (%v:%p) and the client's host"), *_COMMON)


@register
class Clf(LogFormat):
    """Common, Combined, either with more."""

    name = "clf"
    title = "Common Log Format"

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader for the variety that most of the first lines are of."""
        plain = Options()
        best: tuple[float, bool] = (0.0, False)
        for vhost in (False, True):
            pieces = _VHOST if vhost else _COMMON
            probe = PatternReader(path, "", pieces, plain, expected=_EXPECTED, time=times("clf"))
            share = share_parsed(probe, head)
            if share > best[0]:
                best = (share, vhost)
        if not best[0]:
            return None
        return _reader(path, head, options, vhost=best[1])


def common(path: Path, options: Options) -> Reader:
    """A reader of the Common part alone: says of any line where it breaks."""
    return PatternReader(path, Clf.title, _COMMON, options, expected=_EXPECTED, time=times("clf"))


def _reader(path: Path, head: Sequence[bytes], options: Options, *, vhost: bool) -> Reader:
    pieces = _VHOST if vhost else _COMMON
    tails = _tails(pieces, head)
    combined = 2 * sum(len(tail) >= 2 and tail[0][0] and tail[1][0] for tail in tails) > len(tails)
    roles = _roles(tails, first=2 if combined else 0)
    title = "Combined Log Format" if combined else Clf.title
    if vhost:
        title += " with the virtual host in front"
    told = [_WORDS[role] for role, _ in roles.values()]
    if told:
        title += f" with more fields ({', '.join(told)})"
    elif max(map(len, tails), default=0) > (2 if combined else 0):
        title += " with more fields (not used)"
    if combined:
        roles[1] = ("agent", True)
    in_ms = any(role == "response ms" for role, _ in roles.values())
    return PatternReader(
        path, title, pieces, options, expected=_EXPECTED, time=times("clf"), response_each=1e3 if in_ms else 1.0,
        tail=_tail(roles),
    )  # fmt: skip


def _tail(roles: Mapping[int, tuple[str, bool]]) -> tuple[bytes, list[str]]:
    """The expression of the fields behind the Common part; each may be missing, as in a line that was cut off."""
    pattern = b""
    for place in range(max(roles, default=-1), -1, -1):
        role, quoted = roles.get(place, ("", False))
        field = _ANY if not role else b'"(' + QUOTED + b')"' if quoted else rb"(\d+)ms" if " ms" in role else rb"(\S+)"
        pattern = rb"(?:\s+" + field + pattern + rb")?"
    return pattern, [roles[place][0].split()[0] for place in sorted(roles)]


def _tails(pieces: Sequence[Piece], head: Sequence[bytes]) -> list[list[tuple[bool, bytes]]]:
    """(quoted, text) of each field behind the Common part, of the first lines."""
    match = re.compile(b"".join(b"(?:" + p.pattern + b")" for p in pieces), re.S).match
    found = []
    for line in head[:_SAMPLE]:
        text = line.strip(b"\r\n \t\xef\xbb\xbf")
        common_part = match(text)
        if common_part is not None:
            rest = text[common_part.end() :]
            found.append([(m[1] is not None, m[1] if m[1] is not None else m[0]) for m in _TOKEN.finditer(rest)])
    return found


def _roles(tails: Sequence[Sequence[tuple[bool, bytes]]], first: int) -> dict[int, tuple[str, bool]]:
    """What stands at each place from `first` on, where the first lines leave no doubt; and whether in quotes."""
    roles: dict[int, tuple[str, bool]] = {}
    for place in range(first, max(map(len, tails), default=0)):
        values = [tail[place] for tail in tails if len(tail) > place]
        quoted = all(q for q, _ in values)
        texts = [text for _, text in values if text not in (b"-", b"")]
        role = _role(texts, quoted)
        if role and all(role.split()[0] != known.split()[0] for known, _ in roles.values()):
            roles[place] = (role, quoted)
    return roles


def _role(texts: Sequence[bytes], quoted: bool) -> str:
    """What a column of values is; empty where it could be anything (a whole number may be anything)."""
    if not texts:
        return ""
    if all(cache_status(text.decode("ascii", "replace")) is not None for text in texts):
        return "cache"
    if all(b"." in text and number(text) is not None for text in texts):
        return "response"
    if not quoted and all(text.endswith(b"ms") and text[:-2].isdigit() for text in texts):
        return "response ms"
    if all(_ADDRESS.fullmatch(text) for text in texts):
        return "forwarded"
    few = len(set(texts)) <= min(_MOST_EDGES, max(2, len(texts) // 4))
    return "edge" if few and all(_NAME.fullmatch(text) for text in texts) else ""
