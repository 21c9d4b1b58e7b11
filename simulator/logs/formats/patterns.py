"""Lines that a regular expression takes apart, made of pieces, so that a bad line shows at which piece it broke.

May import: the standard library, fields, base. Does not model: any one format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.logs.fields import (
    cache_status,
    clf_time,
    first_forwarded,
    iso_time,
    last_number,
    method,
    number,
    status_code,
    without_port,
)
from simulator.logs.formats.base import Options, Reader, client_of, no_such_key
from simulator.logs.model import BadLineError, Row, excerpt

QUOTED = rb'[^"\\]*(?:\\.[^"\\]*)*'
"""What stands between quotes."""


class Piece(NamedTuple):
    """A part of a line: its expression (bytes), what it is in words, and the name of its group, or none."""

    pattern: bytes
    words: str
    name: str = ""


Time = Callable[[bytes], float]


def times(kind: str) -> Time:
    """How to read a time: `clf`, `iso`, or a number in `s`, `ms`, `us`."""
    if kind == "clf":
        known: dict[bytes, float] = {}
        return lambda text: clf_time(text, known)
    if kind == "iso":
        return lambda text: iso_time(text.decode("ascii", "replace"))
    each = {"s": 1.0, "ms": 1e3, "us": 1e6}[kind]

    def from_number(text: bytes) -> float:
        value = number(text)
        if value is None or value / each > 2.5e11:
            raise BadLineError(f"no such time {excerpt(text)}")
        return value / each

    return from_number


class PatternReader(Reader):
    """Reads lines by the names of groups.

    time, host (or host:port), forwarded, user, agent, request, method, status, size, response, cache, edge.
    """

    def __init__(
        self, path: Path, title: str, pieces: Sequence[Piece], options: Options, *, expected: str, time: Time,
        response_each: float = 1.0, tail: tuple[bytes, Sequence[str]] = (b"", ()),
    ) -> None:  # fmt: skip
        """Make the reader.

        Args:
            path: for errors.
            title: what the file was taken for.
            pieces: parts of a line, in order.
            options: how the client is to be told.
            expected: how a line looks, for an error.
            time: reads the group `time`.
            response_each: how many of the units of `response` make a second.
            tail: an expression for what may follow, and the names of its groups.
        """
        self.title, self.expected = title, expected
        self._pieces = pieces
        self._match = re.compile(b"".join(_group(p) for p in pieces) + tail[0], re.S).match
        self._prefixes: list[re.Pattern[bytes]] = []
        self._time, self._each, self._key = time, response_each, options.client_key
        names = [*(p.name for p in pieces if p.name), *tail[1]]
        self._at: Mapping[str, int] = {name: place for place, name in enumerate(names)}
        self._methods: dict[object, int] = {}
        self._caches: dict[bytes, int | None] = {}
        get = self._at.get
        self._i_time, self._i_status, self._i_size = self._at["time"], get("status", -1), get("size", -1)
        self._i_request, self._i_response = get("request", get("method", -1)), get("response", -1)
        self._i_cache, self._i_edge = get("cache", -1), get("edge", -1)
        self._i_host = get("host", get("host:port", -1))
        self._with_port = "host:port" in self._at
        self._i_forwarded, self._i_user, self._i_agent = get("forwarded", -1), get("user", -1), get("agent", -1)
        self.says_op = self._i_request >= 0
        self._check_key(path)

    def _check_key(self, path: Path) -> None:
        if self._i_host < 0 and self._key == "host":
            if self._i_forwarded < 0:
                raise no_such_key(path, self.title, "host", "the client's address (%h, $remote_addr)")
            self._key = "forwarded"
        wanted = {"forwarded": ("forwarded", "X-Forwarded-For"), "user": ("user", "the user's name"),
                  "host+agent": ("agent", "the user agent")}.get(self._key)  # fmt: skip
        if wanted is not None and wanted[0] not in self._at:
            raise no_such_key(path, self.title, self._key, wanted[1])

    def parse(self, line: bytes) -> Row:
        """One line."""
        match = self._match(line)
        if match is None:
            raise self._where(line)
        g = match.groups()
        host = g[self._i_host] if self._i_host >= 0 else b""
        if self._with_port:
            host = without_port(host)
        if self._key != "host":
            forwarded = first_forwarded(g[self._i_forwarded] or b"") if self._i_forwarded >= 0 else None
            user = g[self._i_user] if self._i_user >= 0 else None
            host = client_of(self._key, host, forwarded, user, g[self._i_agent] if self._i_agent >= 0 else None)
        i = self._i_response
        response = last_number(g[i]) if i >= 0 else None
        cache = self._cache(g[self._i_cache]) if self._i_cache >= 0 else None
        edge = g[self._i_edge] if self._i_edge >= 0 else None
        return Row(
            self._time(g[self._i_time]),
            host,
            method(g[self._i_request], self._methods) if self._i_request >= 0 else 0,
            number(g[self._i_size]) if self._i_size >= 0 else None,
            response / self._each if response is not None else None,
            status_code(g[self._i_status]) if self._i_status >= 0 else None,
            cache,
            None if edge in (None, b"-", b"") else edge,
        )

    def _cache(self, text: bytes | None) -> int | None:
        if text is None:
            return None
        if text not in self._caches:
            if len(self._caches) > 1000:
                self._caches.clear()
            self._caches[text] = cache_status(text.decode("ascii", "replace"))
        return self._caches[text]

    def _where(self, line: bytes) -> BadLineError:
        """The first piece at which a line broke."""
        if not self._prefixes:
            text = b""
            for piece in self._pieces:
                text += _group(piece)
                self._prefixes.append(re.compile(text, re.S))
        end = 0
        for piece, prefix in zip(self._pieces, self._prefixes, strict=True):
            match = prefix.match(line)
            if match is None:
                found = excerpt(line[end:], 30) if end < len(line) else "the end of the line"
                return BadLineError(f"expected {piece.words}, found {found}", end + 1)
            end = match.end()
        return BadLineError(f"expected the end of the line, found {excerpt(line[end:], 30)}", end + 1)


def _group(piece: Piece) -> bytes:
    return (b"(" if piece.name else b"(?:") + piece.pattern + b")"
