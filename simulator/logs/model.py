"""A log in memory: what was asked, when and of whom, what the log knows of the answer, and the account of every line.

May import: numpy. Does not model: sessions and time scaling (see workloads.trace), file formats (see formats).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

OPERATIONS = ("lookup", "read_lock", "acquire", "release", "update")
"""Operation names; a log holds their positions."""
MOST_ROWS = 50_000_000
"""Rows beyond this are refused: they would not fit the memory of an ordinary machine."""
MOST_CLIENTS = 5_000_000
LONGEST_NAME = 255
"""Longest client name, in characters (a host name has at most 253)."""
_EXAMPLES = 5


class TraceError(ValueError):
    """A log that cannot be used. The message is complete: file, line, what is wrong, how to mend it."""

    def __init__(self, path: Path, what: str, mend: str, line: int | None = None) -> None:
        name = "stdin" if str(path) == "-" else str(path)
        where = f"{name}:{line}" if line is not None else name
        super().__init__(f"{where}: {what}; {mend}")
        self.path = path
        self.line = line
        self.what = what
        self.mend = mend


class BadLineError(ValueError):
    """A line that is no request of its format: why, and at which column (from 1; 0: the line as a whole)."""

    def __init__(self, reason: str, column: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


class Row(NamedTuple):
    """One request; None where the line does not say."""

    time_s: float
    client: str | bytes
    op: int = 0
    size: float | None = None
    response_s: float | None = None
    status: int | None = None
    cache: int | None = None
    """1: a hit, 0: a miss."""
    edge: str | bytes | None = None


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that was left out."""

    line: int
    reason: str
    excerpt: str
    column: int = 0

    def __str__(self) -> str:
        place = f", column {self.column}" if self.column else ""
        return f"line {self.line}{place}: {self.reason}: {self.excerpt}"


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Requests in time order (equal times in file order); all arrays have shape (requests,)."""

    paths: tuple[Path, ...]
    format: str
    """What it was taken for."""
    time_s: NDArray[np.float64]
    """Seconds: a log with dates begins at 0, a table of seconds after the start where it says."""
    first_s: float | None
    """Seconds from 1970 (UTC) to time 0; None: the log has no dates."""
    client: NDArray[np.int32]
    """Index into `names`; clients are numbered by their first request."""
    names: tuple[str, ...]
    line: NDArray[np.int64]
    """Number of the line, from 1, counted on over several files."""
    lines: int
    """Lines (rows) read, without empty ones, comments and a header: requests + skipped."""
    op: NDArray[np.int8] | None = None
    """Index into `OPERATIONS`; None: the log does not say."""
    plays_lookups: bool = False
    """Whether `op` is only what a web server was asked for, and a run plays lookups."""
    bytes: NDArray[np.float64] | None = None
    """Size of the answer, NaN where the line does not say."""
    response_s: NDArray[np.float64] | None = None
    """What the server took to answer, NaN where the line does not say."""
    status: NDArray[np.int16] | None = None
    """HTTP status, -1 where the line does not say."""
    cache: NDArray[np.int8] | None = None
    """1: a hit, 0: a miss, -1 where the line does not say."""
    edge: NDArray[np.int32] | None = None
    """Index into `edge_names`, -1 where the line does not say."""
    edge_names: tuple[str, ...] = ()
    skipped: int = 0
    """Lines that could not be parsed."""
    examples: tuple[SkippedLine, ...] = ()
    """The first few of them."""
    out_of_order: int = 0
    """Lines that came earlier in time than the line before."""
    digest: str = ""
    """sha256 (hex) of the bytes of a stream, which cannot be read again; empty for files."""

    @property
    def span_s(self) -> float:
        """Time from the first request to the last."""
        return float(self.time_s[-1] - self.time_s[0]) if len(self.time_s) else 0.0

    @property
    def whole_seconds(self) -> bool:
        """Whether it tells whole seconds only."""
        exact = self.time_s if self.first_s is None else self.time_s + self.first_s
        return bool(np.all(exact == np.floor(exact)))

    @property
    def name(self) -> str:
        """The name of the file, or of the first and how many more."""
        first = "stdin" if str(self.paths[0]) == "-" else self.paths[0].name
        if self.digest and first != "stdin":
            first = f"pipe {self.paths[0]}"
        return first if len(self.paths) == 1 else f"{first} and {len(self.paths) - 1} more"

    def dates(self) -> str:
        """The span with its dates, or in seconds where the log has none."""
        if self.first_s is None:
            return f"{self.time_s[0]:g} s to {self.time_s[-1]:g} s"
        last = moment(self.first_s + float(self.time_s[-1]))
        first = moment(self.first_s)
        return f"{first} to {last.removeprefix(first[:11]) if first[:10] == last[:10] else last} UTC"

    def summary(self) -> str:
        """One sentence that accounts for every line that was read."""
        text = f"{self.name}: {self.format}, {self.dates()}; {self.lines:,} lines read, {self.skipped:,} bad"
        if self.examples:
            text += f" ({self.examples[0]})"
        order = " (sorted)" if self.out_of_order else ""
        return f"{text}, {self.out_of_order:,} out of order{order}; {len(self.names):,} clients"

    def part(self, from_s: float, until_s: float) -> Log:
        """The requests with `from_s` <= time < `until_s`; times and names are kept."""
        low, high = np.searchsorted(self.time_s, [from_s, until_s])
        cut = slice(int(low), int(high))
        arrays: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[cut]
            for name in ("time_s", "client", "line", "op", "bytes", "response_s", "status", "cache", "edge")
        }
        return replace(self, **arrays, lines=int(high - low), skipped=0, examples=(), out_of_order=0)


def moment(epoch_s: float) -> str:
    """A time as `2026-03-04 09:30:07`, in UTC."""
    try:
        return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{epoch_s:.0f} s after 1970"


def excerpt(raw: bytes | str, limit: int = 60) -> str:
    """The start of a line, printable."""
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    text = text.rstrip("\r\n")
    shown = text if len(text) <= limit else text[:limit] + "..."
    return repr(shown)


@dataclass(slots=True)
class Rows:
    """Collects a log row by row, compactly: a column that no line has filled yet takes no room."""

    path: Path
    time_s: array[float] = field(default_factory=lambda: array("d"))
    client: array[int] = field(default_factory=lambda: array("i"))
    op: array[int] = field(default_factory=lambda: array("b"))
    line: array[int] = field(default_factory=lambda: array("q"))
    names: dict[str | bytes, int] = field(default_factory=dict)
    edges: dict[str | bytes, int] = field(default_factory=dict)
    more: dict[str, array[Any]] = field(default_factory=dict)
    """Size, response_s, status, cache and edge, where lines say."""
    skipped: int = 0
    examples: list[SkippedLine] = field(default_factory=list)
    out_of_order: int = 0
    lines_before: int = 0
    """Lines of the files before this one."""
    _last_s: float = float("-inf")

    def begin_file(self, path: Path, lines_before: int) -> None:
        """What follows comes from another file."""
        self.path, self.lines_before, self._last_s = path, lines_before, float("-inf")

    def add(self, number: int, row: Row) -> None:
        """Take over one request.

        Raises:
            BadLineError: the client's name is empty or too long.
            TraceError: there are more rows or clients than a run can hold.
        """
        name = row.client
        if not 0 < len(name) <= LONGEST_NAME:
            raise BadLineError(
                "no client" if not name else f"client {excerpt(name)} is too long: more than {LONGEST_NAME} characters"
            )
        time_s = row.time_s
        self.client.append(self.names.setdefault(name, len(self.names)))
        self.time_s.append(time_s)
        self.op.append(row.op)
        self.line.append(self.lines_before + number)
        if time_s < self._last_s:
            self.out_of_order += 1
        self._last_s = time_s
        if row.size is not None:
            self._put("bytes", "d", row.size)
        if row.response_s is not None:
            self._put("response_s", "d", row.response_s)
        if row.status is not None:
            self._put("status", "h", row.status)
        if row.cache is not None:
            self._put("cache", "b", row.cache)
        if row.edge is not None and len(row.edge) <= LONGEST_NAME:
            self._put("edge", "i", self.edges.setdefault(row.edge, len(self.edges)))
        if len(self.time_s) > MOST_ROWS:
            raise TraceError(self.path, f"more than {MOST_ROWS:,} rows", "split it, or sample it by client")
        if len(self.names) > MOST_CLIENTS or len(self.edges) > MOST_CLIENTS:
            raise TraceError(self.path, f"more than {MOST_CLIENTS:,} clients", "split it, or sample it by client")

    def _put(self, name: str, code: str, value: float) -> None:
        """Set a column of the last row; rows before it that did not say are filled up."""
        column = self.more.get(name)
        if column is None:
            column = self.more[name] = array(code)
        self._fill(column, len(self.time_s) - 1)
        column.append(value)

    @staticmethod
    def _fill(column: array[Any], length: int) -> None:
        missing = length - len(column)
        if missing > 0:
            column.extend(array(column.typecode, [float("nan") if column.typecode == "d" else -1]) * missing)

    def skip(self, number: int, error: BadLineError, raw: bytes | str | None) -> None:
        """Count a line out; the first few are kept as examples."""
        self.skipped += 1
        if len(self.examples) < _EXAMPLES:
            shown = excerpt(raw) if raw is not None else "..."
            self.examples.append(SkippedLine(number, error.reason, shown, error.column))

    def finish(
        self, paths: Sequence[Path], title: str, *, dated: bool, rebase: bool, says_op: bool, web: bool, digest: str
    ) -> Log:
        """Sort by time (stable), number the clients by their first request.

        Args:
            paths: where it was read.
            title: what it was taken for.
            dated: whether times are seconds from 1970.
            rebase: shift times so that the earliest is 0.
            says_op: whether operations are known.
            web: whether they are only the methods of a web log.
            digest: of the bytes of a stream.
        """
        time_s = np.frombuffer(self.time_s, dtype=np.float64)
        order = np.argsort(time_s, kind="stable")
        time_s = time_s[order]
        first_s = float(time_s[0])
        client = np.frombuffer(self.client, dtype=np.int32)[order]
        present, first = np.unique(client, return_index=True)
        by_first = np.argsort(first)
        number = np.zeros(len(self.names), dtype=np.int32)
        number[present[by_first]] = np.arange(len(present), dtype=np.int32)
        known = list(self.names)
        more: dict[str, Any] = {}
        for name, column in self.more.items():
            self._fill(column, len(time_s))
            more[name] = np.asarray(np.frombuffer(column, dtype=column.typecode))[order]
        return Log(
            paths=tuple(paths),
            format=title,
            time_s=time_s - first_s if rebase else time_s,
            first_s=first_s if dated else None,
            client=number[client],
            names=tuple(_text(known[i]) for i in present[by_first].tolist()),
            line=np.frombuffer(self.line, dtype=np.int64)[order],
            lines=len(time_s) + self.skipped,
            op=np.frombuffer(self.op, dtype=np.int8)[order] if says_op else None,
            plays_lookups=web,
            **more,
            edge_names=tuple(_text(name) for name in self.edges),
            skipped=self.skipped,
            examples=tuple(self.examples),
            out_of_order=self.out_of_order,
            digest=digest,
        )


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")
