"""What every format shares: how it is recognised, how it turns lines into rows, and how it says where a line broke.

May import: the model and fields of logs. Does not model: a format (see its siblings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from simulator.logs.model import BadLineError, Row, TraceError
from simulator.logs.sources import LONGEST_LINE

ClientKey = Literal["host", "forwarded", "user", "host+agent"]
Lines = Iterable[tuple[int, bytes | None]]
"""Numbered lines with their ends; None for one that is too long."""
Parsed = tuple[int, Row | BadLineError, bytes | str | None]
"""Number of the line, what it is, and its text (for an error)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a log is to be read."""

    columns: Mapping[str, str | int] = field(default_factory=dict)
    client_key: ClientKey = "host"
    time_unit: str = "auto"


class Reader:
    """Reads the lines of one file; made from its first lines by a `Format`."""

    title: str
    """What the file was taken for."""
    dated = True
    """Whether times are seconds from 1970 (known once a line was read)."""
    rebase = True
    """Whether the earliest line is time 0."""
    says_op = True
    """Whether operations are known."""
    web = True
    """Whether they are the methods of a web log."""
    exact = False
    """Whether the first bad line is an error."""
    expected: str
    """How a line looks, for an error."""

    def rows(self, lines: Lines) -> Iterator[Parsed]:
        """Each line that counts, in order: comments and blank lines do not."""
        parse = self.parse
        for number, raw in lines:
            if raw is None:
                yield number, BadLineError(f"longer than {LONGEST_LINE // 1024} KiB"), None
                continue
            text = raw.strip(b"\r\n \t\xef\xbb\xbf\0") if number == 1 else raw.rstrip(b"\r\n \t")
            if not text or self.is_comment(text):
                continue
            try:
                yield number, parse(text), raw
            except BadLineError as error:
                yield number, error, raw

    def is_comment(self, line: bytes) -> bool:
        """Whether a line says nothing of a request."""
        return line.startswith(b"#")

    def parse(self, line: bytes) -> Row:
        """One line without its end.

        Raises:
            BadLineError: it is no request.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override parse")


class Format:
    """A kind of log: a member of the registry."""

    name: ClassVar[str]
    """The value of `format:`."""
    title: ClassVar[str]
    """Its name in words."""

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader for the file that begins with these lines; None: it is not of this format.

        Raises:
            TraceError: it is of this format, and the options do not fit.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override reader")


def share_parsed(reader: Reader, head: Sequence[bytes]) -> float:
    """The share of the first lines that are requests to a reader (0 where there is none at all)."""
    good = all_ = 0
    for _, row, _ in reader.rows(enumerate(head, 1)):
        all_ += 1
        good += isinstance(row, Row)
    return good / all_ if all_ else 0.0


def no_such_key(path: Path, title: str, key: str, where: str) -> TraceError:
    """The error for a `client_key` that a format does not know."""
    return TraceError(
        path, f"client_key: {key} needs {where}, which {title} does not have", "choose another client_key"
    )


def client_of(
    key: ClientKey, host: bytes, forwarded: bytes | None = None, user: bytes | None = None, agent: bytes | None = None
) -> bytes:
    """The client of a line, by the key chosen; without a user or a proxy's word it is the host."""
    if key == "host":
        return host
    if key == "forwarded":
        return forwarded or host
    if key == "user":
        return host if not user or user == b"-" else user
    return (host + b" " + agent)[:255] if agent else host
