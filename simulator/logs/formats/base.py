"""What every format shares: how it is recognised, how it turns lines into rows, and how it says where a line broke.

May import: the model and fields of logs. Does not model: a format (see its siblings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Literal

from simulator.logs.model import BadLineError, Row, TraceError
from simulator.logs.sources import LONGEST_LINE
from simulator.plugins.family import Family

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
    """Reads the lines of one file; made from its first lines by a `LogFormat`."""

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


class LogFormat:
    """A kind of log. It overrides `parse`, or `reader` where a line alone does not say what it means."""

    name: ClassVar[str]
    """The value of `format:`."""
    title: ClassVar[str]
    """Its name in words."""
    expected: ClassVar[str] = "every line is a request of that format"
    """How a line looks, for an error."""
    last_resort: ClassVar[bool] = False
    """Whether `auto` takes it only for what looks right, and like nothing that could be written as a format."""

    def reader(self, path: Path, head: Sequence[bytes], options: Options) -> Reader | None:
        """A reader for the file that begins with these lines; None: it is not of this format.

        Raises:
            TraceError: it is of this format, and the options do not fit.
        """
        del path
        reader = _LineReader(self, options)
        return reader if share_parsed(reader, head) else None

    def parse(self, line: bytes, options: Options) -> Row:
        """The request of one line, without its end.

        Raises:
            BadLineError: it is no request.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override parse")

    def is_comment(self, line: bytes) -> bool:
        """Whether a line says nothing of a request."""
        return line.startswith(b"#")

    def looks_right(self, head: Sequence[bytes]) -> bool:  # noqa: ARG002 (formats that fit much may say no)
        """Whether these first lines are probably of this format, if they are at all."""
        return True


class _LineReader(Reader):
    """Reads line by line what a format parses."""

    def __init__(self, form: LogFormat, options: Options) -> None:
        self._form, self._options = form, options
        self.title, self.expected = form.title, form.expected
        self.is_comment = form.is_comment  # type: ignore[method-assign]

    def parse(self, line: bytes) -> Row:
        """One line, by its format."""
        return self._form.parse(line, self._options)


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


def _reads(name: str, form: type[LogFormat]) -> None:
    if name in RESERVED:
        raise ValueError(f"log format {name!r} is taken: it means something else")
    if not isinstance(getattr(form, "title", None), str):
        raise TypeError(f'log format {name!r} needs `title = "its name in words"`')
    if form.reader is LogFormat.reader and form.parse is LogFormat.parse:
        raise TypeError(f"log format {name!r} needs the method parse(line, options)")


RESERVED: Final = ("auto", "parquet")
"""Values of `format` that are no member: by the first lines; and tables that are read by columns, not by lines."""
FAMILY: Final[Family[LogFormat]] = Family(
    "log format", "Log formats", group="simulator.logs", base=LogFormat, base_path="simulator.logs.LogFormat",
    key="name", about="title", package="simulator.logs.formats", check=_reads,
    built_in=("w3c", "alb", "haproxy", "clf", "json_lines", "tables"),
)  # fmt: skip
"""All formats of text. A user's own are tried first by `auto`, then the built-in ones in this order."""
register = FAMILY.add
