"""A trace in memory: who sent what when, and the account of every line that was read.

May import: numpy. Does not model: sessions and time scaling (see trace), file formats (see weblog, tables).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from simulator.workloads.base import FloatArray

OPERATIONS = ("lookup", "read_lock", "acquire", "release")
"""Operation names; a trace holds their positions."""
MOST_ROWS = 50_000_000
"""Rows beyond this are refused: they would not fit the memory of an ordinary machine."""
LONGEST_NAME = 255
"""Longest client name, in characters (a host name has at most 253)."""
_EXAMPLES = 5


class TraceError(ValueError):
    """A trace that cannot be used. The message is complete: file, line, what is wrong, how to mend it."""

    def __init__(self, path: Path, what: str, mend: str, line: int | None = None) -> None:
        where = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {what}; {mend}")
        self.path = path
        self.line = line
        self.what = what
        self.mend = mend


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that was left out."""

    line: int
    reason: str
    excerpt: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}: {self.excerpt}"


@dataclass(frozen=True, slots=True, eq=False)
class TraceData:
    """Requests in time order (equal times in file order); all arrays have shape (requests,)."""

    path: Path
    t_s: FloatArray
    """Seconds in the trace's own time: a log begins at 0, a table where it says."""
    client: np.ndarray[tuple[int], np.dtype[np.int32]]
    """Index into `names`; clients are numbered by their first request."""
    op: np.ndarray[tuple[int], np.dtype[np.int8]]
    """Index into `OPERATIONS`."""
    names: tuple[str, ...]
    lines: int
    """Lines (rows) read, without empty ones and a header: requests + skipped."""
    skipped: int
    """Lines that could not be parsed."""
    examples: tuple[SkippedLine, ...] = ()
    """The first few of them."""
    out_of_order: int = 0
    """Lines that came earlier in time than the line before."""

    @property
    def span_s(self) -> float:
        """Time of the last request."""
        return float(self.t_s[-1]) if len(self.t_s) else 0.0

    def summary(self, after_the_end: int = 0) -> str:
        """One sentence that accounts for every line; so many requests come too late to be played."""
        text = f"{self.path.name}: {len(self.t_s):,} requests of {len(self.names):,} clients"
        text += f" from {self.lines:,} lines"
        if self.out_of_order:
            text += f", {self.out_of_order:,} out of time order (sorted)"
        if self.skipped:
            text += f", {self.skipped:,} skipped ({self.examples[0]})"
        if after_the_end:
            text += f"; {after_the_end:,} of them come after the end of the run"
        return text


def excerpt(raw: bytes | str, limit: int = 60) -> str:
    """The start of a line, printable."""
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    text = text.rstrip("\r\n")
    shown = text if len(text) <= limit else text[:limit] + "..."
    return repr(shown)


@dataclass(slots=True)
class Rows:
    """Collects a trace line by line, compactly."""

    path: Path
    t_s: array[float] = field(default_factory=lambda: array("d"))
    client: array[int] = field(default_factory=lambda: array("i"))
    op: array[int] = field(default_factory=lambda: array("b"))
    names: dict[str | bytes, int] = field(default_factory=dict)
    """Name -> provisional index."""
    skipped: int = 0
    examples: list[SkippedLine] = field(default_factory=list)

    def skip(self, line: int, reason: str, raw: bytes | None) -> None:
        """Count a line out; the first few are kept as examples."""
        self.skipped += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(SkippedLine(line, reason, excerpt(raw) if raw is not None else "..."))

    def too_many(self) -> TraceError:
        """The error for a trace beyond `MOST_ROWS`."""
        return TraceError(self.path, f"more than {MOST_ROWS:,} rows", "split it, or sample it by client")

    def finish(self, *, rebase: bool) -> TraceData:
        """Sort by time (stable), number the clients by their first request.

        Args:
            rebase: shift times so that the earliest is 0.
        """
        t_s = np.frombuffer(self.t_s, dtype=np.float64)
        client = np.frombuffer(self.client, dtype=np.int32)
        op = np.frombuffer(self.op, dtype=np.int8)
        out_of_order = int(np.count_nonzero(np.diff(t_s) < 0))
        order = np.argsort(t_s, kind="stable")
        t_s, client, op = t_s[order], client[order], op[order]
        if rebase:
            t_s = t_s - t_s[0]
        present, first = np.unique(client, return_index=True)
        by_first = np.argsort(first)
        number = np.zeros(len(self.names), dtype=np.int32)
        number[present[by_first]] = np.arange(len(present), dtype=np.int32)
        known = list(self.names)
        names = tuple(_text(known[i]) for i in present[by_first].tolist())
        return TraceData(
            path=self.path,
            t_s=t_s,
            client=number[client],
            op=op,
            names=names,
            lines=len(t_s) + self.skipped,
            skipped=self.skipped,
            examples=tuple(self.examples),
            out_of_order=out_of_order,
        )


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")
