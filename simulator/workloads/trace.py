"""Replaying a trace: a web log or a table of requests, request by request, with the sessions found in it.

A client's session opens at its first request and closes `inactivity_gap` after its last; a longer silence
splits it. The gap is measured in the trace's time; only then everything is divided by `time_scale`. Nothing
is drawn, so seeds and replications change only the world that the trace meets.

May import: numpy, units, its siblings. Does not model: sizes and operations that a log does not tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from simulator.units import Factor, PositiveDurationOrNever
from simulator.workloads.base import FloatArray, IntArray, Source, SourceContext, WorkloadSpec
from simulator.workloads.profile import FLAT, AreaClock
from simulator.workloads.tables import read_csv, read_parquet
from simulator.workloads.trace_data import OPERATIONS, TraceData
from simulator.workloads.weblog import read_weblog

_BLOCK = 4096
_OPENS, _CLOSES = 4, 8  # event codes: an operation 0..3, _OPENS more if a session opens with it; or _CLOSES
_READERS = {"clf": read_weblog, "csv": read_csv, "parquet": read_parquet}


class Trace(WorkloadSpec):
    """`{kind: trace, file, format: clf|csv|parquet, inactivity_gap: 30min, time_scale: 60}`."""

    brings_clients: ClassVar[bool] = True

    kind: Literal["trace"]
    file: str = Field(min_length=1)
    """Path of the trace, relative to the scenario; .gz is read as it is (clf, csv)."""
    format: Literal["clf", "csv", "parquet"]
    """clf: Common or Combined log; csv, parquet: columns t_s, client and (optionally) op."""
    inactivity_gap: PositiveDurationOrNever = 1800.0
    """A silence of a client that is longer than this, in the trace's time, ends its session."""
    time_scale: Factor = 1.0
    """How many seconds of the trace pass in one simulated second."""

    def load(self, base_dir: Path) -> TraceData:
        """Read the trace; nothing is cached.

        Raises:
            TraceError: the file is missing, broken, or not in that format.
        """
        return _READERS[self.format](base_dir / self.file)

    def build(self, context: SourceContext) -> Source:
        """Read the trace (relative to `context.base_dir`) and make its source."""
        return self.play(self.load(context.base_dir), context)

    def play(self, data: TraceData, context: SourceContext) -> Source:
        """Make the source of a trace already read; client numbers are indices into `data.names`."""
        source = TraceSource(context, *schedule(data, self.inactivity_gap, self.time_scale))
        late = len(data.t_s) - int(np.searchsorted(data.t_s / self.time_scale, context.end_s))
        source.read = {
            "summary": data.summary(late), "lines": data.lines, "requests": len(data.t_s), "skipped": data.skipped,
            "out_of_order": data.out_of_order, "after_the_end": late,
        }  # fmt: skip
        return source


def schedule(data: TraceData, gap_s: float, time_scale: float) -> tuple[FloatArray, IntArray, IntArray]:
    """Requests and session ends in order: simulated time (s), client, code; each of shape (events,)."""
    order = np.argsort(data.client, kind="stable")  # by client, within a client by time
    client, t_s = data.client[order], data.t_s[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(client) != 0) | (np.diff(t_s) > gap_s)
    last = np.append(first[1:], True)
    code = data.op.astype(np.int64)
    code[order[first]] += _OPENS
    closes_s = t_s[last] + gap_s
    ends = np.isfinite(closes_s)
    times = np.concatenate((closes_s[ends], data.t_s)) / time_scale
    clients = np.concatenate((client[last][ends], data.client)).astype(np.int64)
    codes = np.concatenate((np.full(int(ends.sum()), _CLOSES), code))
    by_time = np.argsort(times, kind="stable")
    return times[by_time], clients[by_time], codes[by_time]


def count_sessions(data: TraceData, gap_s: float) -> int:
    """How many sessions the trace splits into."""
    _, _, codes = schedule(data, gap_s, 1.0)
    return int(np.count_nonzero((codes >= _OPENS) & (codes < _CLOSES)))


class TraceSource(Source):
    """Plays events in order; one is pending. A factor (a flash crowd) plays the trace that much faster."""

    __slots__ = (
        "_at", "_call_at", "_clients", "_clock", "_close_session", "_codes", "_context", "_due_s", "_emit_op",
        "_end_s", "_events", "_from", "_open_session", "_times", "read",
    )  # fmt: skip

    def __init__(self, context: SourceContext, times: FloatArray, clients: IntArray, codes: IntArray) -> None:
        """Make the source from the arrays of `schedule`."""
        self._context = context
        self._call_at, self._end_s = context.kernel.call_at, context.end_s
        self._emit_op, self._open_session = context.emit_op, context.open_session
        self._close_session = context.close_session
        self._events = (times, clients, codes)
        self._clock = AreaClock(FLAT)
        self._from = 0  # first event of the block laid out
        self._at = 0  # index inside the block
        self._times: list[float] = []
        self._clients: list[int] = []
        self._codes: list[int] = []
        self._due_s = -1.0
        self.read: dict[str, object] = {}

    def account(self) -> dict[str, object]:
        """What became of every line of the trace."""
        return self.read

    def begin(self) -> None:
        """Arm the first event."""
        self._lay_out(0)

    def set_factor(self, factor: float) -> None:
        """Play on at `factor` times the speed (0: stand still)."""
        self._clock.set_factor(self._context.kernel.now, factor)
        if self._times:
            self._lay_out(self._from + self._at)

    def _lay_out(self, start: int) -> None:
        """Turn the block that begins with event `start` into lists and arm that event."""
        self._from, self._at = start, 0
        times, clients, codes = self._events
        block = slice(start, start + _BLOCK)
        self._times = self._clock.times(times[block], self._context.kernel.now).tolist()
        self._clients, self._codes = clients[block].tolist(), codes[block].tolist()
        self._arm()

    def _arm(self) -> None:
        if self._times:
            due_s = self._due_s = self._times[self._at]
            if due_s < self._end_s:
                self._call_at(due_s, self._play, due_s)

    def _play(self, due_s: float) -> None:
        if due_s != self._due_s:
            return  # an event from before a change of factor
        k = self._at
        client, code = self._clients[k], self._codes[k]
        if k + 1 < len(self._times):
            self._at = k + 1
            self._arm()
        else:
            self._due_s = -1.0
            self._lay_out(self._from + k + 1)
        if code == _CLOSES:
            self._close_session(client)
            return
        if code >= _OPENS:
            self._open_session(client)
            code -= _OPENS
        self._emit_op(client, OPERATIONS[code])
