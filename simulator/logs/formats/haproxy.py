"""HAProxy's HTTP log (`option httplog`, `option httpslog`), with or without the prefix of syslog.

https://docs.haproxy.org/3.0/configuration.html#8.2.3. The time is that of the request, in ms, of the local clock of
the balancer (taken for UTC, as there is no zone); the response time is Tr, what the server took; the edge is the
server.

May import: the standard library, its siblings. Does not model: TCP logs, which hold no requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.logs.formats.base import LogFormat, Options, Reader, register, share_parsed
from simulator.logs.formats.patterns import PatternReader, Piece, times

_PIECES = (
    Piece(rb"(?:.{0,300}?(?<= )|)(?=[\w.:\-\[\]]{1,100}:\d+ \[)", "client:port and a time in brackets"),
    Piece(rb"\S+:\d+", "client:port", "host:port"),
    Piece(rb" \[", "a time in brackets"),
    Piece(rb"\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?", "a time such as 04/Mar/2026:09:30:07.269", "time"),
    Piece(rb"\] \S+ ", "the frontend"),
    Piece(rb"[^\s/]+/", "backend/server"),
    Piece(rb"\S+", "the server", "edge"),
    Piece(rb" -?\d+/-?\d+/-?\d+/", "the times TR/Tw/Tc/Tr/Ta"),
    Piece(rb"-?\d+", "Tr", "response"),
    Piece(rb"/\+?-?\d+ ", "Ta"),
    Piece(rb"\d{3}|-1", "the status", "status"),
    Piece(rb" \+?", "the bytes"),
    Piece(rb"\d+", "the bytes", "size"),
    Piece(rb" \S+ \S+ \S{2,4} ", "two cookies and the state at the end"),
    Piece(rb"[\d+]+/\d+/\d+/\d+/\+?\d+ \d+/\d+ ", "connections and queues"),
    Piece(rb"(?:\{[^}]*\} ){0,2}", "captured headers"),
    Piece(rb"(?:\S+ )??\"", "a quoted request"),
    Piece(rb'[^"]*(?:"(?!\s*$)[^"]*)*', "the request", "request"),
)  # fmt: skip
_EXPECTED = (
    'a line looks like: 192.0.2.7:4711 [04/Mar/2026:09:30:07.269] web pool/edge1 0/0/1/14/15 200 512 - - ---- '
    '1/1/0/0/0 0/0 "GET / HTTP/1.1"'
)  # fmt: skip


@register
class HaProxy(LogFormat):
    """The HTTP log."""

    name = "haproxy"
    title = "HAProxy HTTP log"

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader, if any of the first lines is of this format."""
        probe = _Reader(path, self.title, _PIECES, Options(), expected=_EXPECTED, time=times("clf"), response_each=1e3)
        if not share_parsed(probe, head):
            return None
        return _Reader(path, self.title, _PIECES, options, expected=_EXPECTED, time=times("clf"), response_each=1e3)


class _Reader(PatternReader):
    def is_comment(self, line: bytes) -> bool:
        """Lines of the balancer itself are no requests: a start, a stop, a server that goes down."""
        return super().is_comment(line) or (b"haproxy" in line[:200] and b" [" not in line)
