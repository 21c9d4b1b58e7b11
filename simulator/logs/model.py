"""A log in memory: what was asked, when and of whom, what the log knows of the answer, and the account of every line.

May import: numpy. Does not model: sessions and time scaling (see workloads.trace), file formats (see formats).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError

OPERATIONS = ("lookup", "read_lock", "acquire", "release", "update")
"""Operation names; a log holds their positions."""
MOST_ROWS = 50_000_000
"""Rows beyond this are refused: they would not fit the memory of an ordinary machine."""
MOST_CLIENTS = 5_000_000
LONGEST_NAME = 255
"""Longest client name, in characters (a host name has at most 253)."""
_EXAMPLES = 5
_BLOCK_ROWS = 65_536


class TraceError(InputError):
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
    """Collects a log, compactly: rows wait in a block, which becomes arrays; what no line says takes no room."""

    path: Path
    names: dict[str | bytes, int] = field(default_factory=dict)
    edges: dict[str | bytes, int] = field(default_factory=dict)
    skipped: int = 0
    examples: list[SkippedLine] = field(default_factory=list)
    out_of_order: int = 0
    lines_before: int = 0
    """Lines of the files before this one."""
    count: int = 0
    """Rows that are arrays."""
    _block: list[Row] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _columns: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    _last_s: float = float("-inf")

    def begin_file(self, path: Path, lines_before: int) -> None:
        """What follows comes from another file."""
        self.flush()
        self.path, self.lines_before, self._last_s = path, lines_before, float("-inf")

    def add(self, number: int, row: Row) -> None:
        """Take over one request.

        Raises:
            BadLineError: the client's name is empty or too long.
            TraceError: there are more rows or clients than a run can hold.
        """
        length = len(row[1])
        if not 0 < length <= LONGEST_NAME:
            raise BadLineError(
                f"client {excerpt(row[1])} is too long: more than {LONGEST_NAME} characters" if length else "no client"
            )
        self._block.append(row)
        self._numbers.append(number)
        if len(self._block) >= _BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Turn the rows that wait into arrays.

        Raises:
            TraceError: there are more rows or clients than a run can hold.
        """
        if not self._block:
            return
        block, before = self._block, self.count
        times, clients, ops, sizes, responses, statuses, caches, edges = zip(*block, strict=True)
        time_s = np.array(times, dtype=np.float64)
        self.out_of_order += int(np.count_nonzero(np.diff(time_s, prepend=self._last_s) < 0))
        self._last_s = float(time_s[-1])
        number = self.names.setdefault
        self._put("time_s", time_s, before)
        self._put("client", np.array([number(n, len(self.names)) for n in clients], dtype=np.int32), before)
        self._put("op", np.array(ops, dtype=np.int8), before)
        self._put("line", np.array(self._numbers, dtype=np.int64) + self.lines_before, before)
        for name, values in (("bytes", sizes), ("response_s", responses)):
            if values.count(None) < len(values):
                self._put(name, np.array(values, dtype=np.float64), before)
        for name, values, kind in (("status", statuses, np.int16), ("cache", caches, np.int8)):
            if values.count(None) < len(values):
                self._put(name, np.array([-1 if v is None else v for v in values], dtype=kind), before)
        if edges.count(None) < len(edges):
            place = self.edges.setdefault
            known = [e if e is not None and len(e) <= LONGEST_NAME else None for e in edges]
            codes = [-1 if e is None else place(e, len(self.edges)) for e in known]
            self._put("edge", np.array(codes, dtype=np.int32), before)
        self.count += len(block)
        self._block, self._numbers = [], []
        if self.count > MOST_ROWS:
            raise TraceError(self.path, f"more than {MOST_ROWS:,} rows", "split it, or sample it by client")
        if len(self.names) > MOST_CLIENTS or len(self.edges) > MOST_CLIENTS:
            raise TraceError(self.path, f"more than {MOST_CLIENTS:,} clients", "split it, or sample it by client")

    def _put(self, name: str, values: NDArray[Any], before: int) -> None:
        """Append to a column, after filling up the rows before that did not say."""
        column = self._columns.setdefault(name, [])
        self._fill(column, before, values.dtype)
        column.append(values)

    @staticmethod
    def _fill(column: list[NDArray[Any]], length: int, kind: np.dtype[Any]) -> None:
        missing = length - sum(map(len, column))
        if missing > 0:
            column.append(np.full(missing, np.nan if kind.kind == "f" else -1, dtype=kind))

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
        self.flush()
        whole: dict[str, Any] = {}
        for name, column in self._columns.items():
            self._fill(column, self.count, column[0].dtype)
            whole[name] = np.concatenate(column)
        order = np.argsort(whole["time_s"], kind="stable")
        for name, values in whole.items():
            whole[name] = values[order]
        first_s = float(whole["time_s"][0])
        if rebase:
            whole["time_s"] = whole["time_s"] - first_s
        present, first = np.unique(whole["client"], return_index=True)
        by_first = np.argsort(first)
        number = np.zeros(len(self.names), dtype=np.int32)
        number[present[by_first]] = np.arange(len(present), dtype=np.int32)
        known = list(self.names)
        whole["client"] = number[whole["client"]]
        if not says_op:
            del whole["op"]
        return Log(
            paths=tuple(paths),
            format=title,
            first_s=first_s if dated else None,
            names=tuple(_text(known[i]) for i in present[by_first].tolist()),
            lines=self.count + self.skipped,
            plays_lookups=web,
            **whole,
            edge_names=tuple(_text(name) for name in self.edges),
            skipped=self.skipped,
            examples=tuple(self.examples),
            out_of_order=self.out_of_order,
            digest=digest,
        )


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")
