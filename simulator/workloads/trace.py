"""Replaying a log: request by request, with the sessions found in it.

A client's session opens at its first request and closes `inactivity_gap` after its last; a longer silence
splits it. The gap is measured in the log's time; only then everything is divided by `time_scale`. Nothing
is drawn (but the places of requests in their second, where that is asked for: the same in all replications), so seeds
and replications change only the world that the log meets.

May import: numpy, logs, units, its siblings. Does not model: sizes and operations that a log does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, GetJsonSchemaHandler, PlainSerializer, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from simulator.logs import OPERATIONS, Log, read_log
from simulator.logs.fields import iso_time
from simulator.logs.formats import format_names
from simulator.logs.formats.strings import is_string
from simulator.logs.formats.tables import ROLES
from simulator.logs.model import BadLineError, moment
from simulator.logs.sources import files_of, is_stream
from simulator.plugins.spec import Spec
from simulator.text.synonyms import meant
from simulator.units import Factor, PositiveDurationOrNever, QuantityError, Ratio, show
from simulator.workloads.base import FloatArray, IntArray, Source, SourceContext, WorkloadSpec, register
from simulator.workloads.profile import FLAT, AreaClock

_BLOCK = 4096
_OPENS, _CLOSES = 8, 16  # event codes: an operation 0..7, _OPENS more if a session opens with it; or _CLOSES
_TABLES = ("csv", "parquet", "jsonl")


def _files(value: object) -> str | tuple[str, ...]:
    names: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value]
    for name in names:
        if not isinstance(name, str) or not name:
            raise QuantityError(f"{show(name)} is not the name of a file", "write a path, a glob, a list of them, or -")
    if not names:
        raise QuantityError("no file is named", "write a path, a glob, a list of them, or -")
    return value if isinstance(value, str) else tuple(names)


def _format(value: object) -> str:
    names = format_names()
    if isinstance(value, str) and (value in names or is_string(value)):
        return value
    close = meant(value, names) if isinstance(value, str) else None
    listed = f"known are {', '.join(names)}, and strings of LogFormat or log_format"
    mend = f"did you mean {close}?" if close else listed
    raise QuantityError(f"unknown format {show(value)}", mend)


def _columns(value: object) -> dict[str, str | int]:
    form = "write {t: timestamp, client: user_id, op: method}"
    if not isinstance(value, Mapping):
        raise QuantityError(f"{show(value)} does not name columns", form)
    for role, name in value.items():
        if role not in ROLES:
            close = meant(str(role), list(ROLES))
            mend = f"did you mean {close}?" if close else f"known are {', '.join(ROLES)}"
            raise QuantityError(f"unknown role {show(role)} of a column", mend).inside(str(role))
        if (
            isinstance(name, bool)
            or not isinstance(name, (str, int))
            or name == ""
            or (isinstance(name, int) and name < 1)
        ):
            raise QuantityError(f"{show(name)} is not a column", "write its name, or its number from 1").inside(role)
    if value and not {"t", "client"} <= set(value):
        missing = "t" if "t" not in value else "client"
        raise QuantityError(f"columns do not say which is the {'time' if missing == 't' else missing}", form)
    return dict(value)


def _origin(value: object) -> str:
    if value in ("common", "file"):
        return str(value)
    try:
        iso_time(str(value))
    except BadLineError:
        mend = "write common, file, or a time such as 2026-03-04T09:30:00Z"
        raise QuantityError(f"{show(value)} is not where time begins", mend) from None
    return str(value)


_TEXT = {"type": "string"}
Files = Annotated[
    str | tuple[str, ...],
    PlainValidator(_files),
    PlainSerializer(lambda value: value if isinstance(value, str) else list(value)),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]


class _FormatSchema:
    """Names the formats that there are when the schema is asked for."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema, handler
        return {"anyOf": [{"enum": list(format_names())}, _TEXT]}


Format = Annotated[str, PlainValidator(_format), _FormatSchema()]
_COLUMN = {"anyOf": [_TEXT, {"type": "integer", "minimum": 1}]}
Columns = Annotated[
    dict[str, str | int],
    PlainValidator(_columns),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {role: {**_COLUMN, "description": ROLES[role]} for role in ROLES},
            "additionalProperties": False,
        }
    ),
]  # fmt: skip
Origin = Annotated[str, PlainValidator(_origin), WithJsonSchema(_TEXT)]


@register
class Trace(WorkloadSpec):
    """`{kind: trace, file: access.log, inactivity_gap: 30min, time_scale: 60}`."""

    brings_clients: ClassVar[bool] = True

    kind: Literal["trace"]
    file: Files
    """Path, relative to the scenario (after --set: to the working directory); a glob or a list is read as one log, `-`
    is stdin; .gz .bz2 .xz .zst are read as they are."""
    format: Format = "auto"
    """auto: said in the account; clf (Common, Combined, with more before or behind), alb, cloudfront, haproxy, caddy,
    traefik, iis, jsonl, csv, parquet; or any Apache LogFormat or NGINX log_format string."""
    columns: Columns = Field(default_factory=dict)
    """Of a table or JSON: `{t: timestamp, client: user_id, op: method}`; dotted names for what is nested, numbers
    from 1 for a file without a header. Left out: t_s, client and (optionally) op."""
    client_key: Literal["host", "forwarded", "user", "host+agent"] = "host"
    """What tells clients of a web log apart."""
    origin: Origin = "common"
    """The log time of t = 0: common (the earliest line of all traces together), file (of this one), or a time."""
    bad_lines: Ratio = 0.01
    """A larger share of lines that cannot be read, and more than 10, is an error."""
    within_second: Literal["together", "spread"] = "together"
    """Where a log tells whole seconds: together as it says, or spread over the second."""
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    """Of a time that is a number; auto: as its size or the column's name says."""
    inactivity_gap: PositiveDurationOrNever = 1800.0
    """A silence of a client that is longer than this, in the log's time, ends its session."""
    time_scale: Factor = 1.0
    """How many seconds of the log pass in one simulated second."""

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> Trace:
        if self.columns and self.format not in ("auto", *_TABLES):
            error = QuantityError(f"columns are of tables and JSON, not of {show(self.format, 40)}", "remove columns")
            raise error.inside("columns")
        return self

    def load(self, base_dir: Path) -> Log:
        """The log; read once, as long as its files do not change.

        Raises:
            TraceError: the file is missing, broken, or of no known format.
        """
        return read_log(
            self.file if isinstance(self.file, str) else list(self.file), base_dir, format=self.format,
            columns=self.columns, client_key=self.client_key, bad_lines=self.bad_lines, time_unit=self.time_unit,
        )  # fmt: skip

    def paths(self, base_dir: Path) -> tuple[Path, ...]:
        """The files; raises TraceError where a glob matches none."""
        return files_of(self.file if isinstance(self.file, str) else list(self.file), base_dir)

    def stream(self, base_dir: Path) -> Path | None:
        """The file that can be read only once (stdin or a pipe), if there is one."""
        return next((path for path in self.paths(base_dir) if is_stream(path)), None)

    def times_s(self, data: Log, common_s: float | None) -> FloatArray:
        """Log time of each request since t = 0, seconds; negative before it. `common_s`: see `common_origin_s`."""
        if data.first_s is None or self.origin == "file":
            return data.time_s
        origin_s = iso_time(self.origin) if self.origin != "common" else common_s
        return data.time_s if origin_s is None else data.time_s + (data.first_s - origin_s)

    def duration_s(self, data: Log, common_s: float | None) -> float:
        """How long a run plays it all: to a second of log time after the last line, scaled."""
        return float(self.times_s(data, common_s)[-1] + 1.0) / self.time_scale

    def build(self, context: SourceContext) -> Source:
        """Read the log (relative to `context.base_dir`) and make its source."""
        return self.play(self.load(context.base_dir), context)

    def play(self, data: Log, context: SourceContext) -> Source:
        """Make the source of a log already read; client numbers are indices into `data.names`."""
        times_s = self.times_s(data, context.origin_s)
        if self.within_second == "spread" and data.whole_seconds:
            times_s = spread(times_s, data.client, context.scenario_rng("within second"))
        events = schedule(data, self.inactivity_gap, self.time_scale, times_s)
        source = TraceSource(context, *events)
        source.read = self.account(data, times_s, events[2][events[0] < context.end_s], context.end_s)
        return source

    def account(self, data: Log, times_s: FloatArray, codes: IntArray, end_s: float) -> dict[str, object]:
        """What became of every line; `codes` are of the events that are played."""
        simulated_s = times_s / self.time_scale
        before, late = int(np.count_nonzero(simulated_s < 0)), int(np.count_nonzero(simulated_s >= end_s))
        played = len(times_s) - before - late
        sessions = int(np.count_nonzero((codes >= _OPENS) & (codes < _CLOSES)))
        clients = len(np.unique(data.client[(simulated_s >= 0) & (simulated_s < end_s)]))
        beyond = [f"{n:,} {where}" for n, where in ((before, "before t = 0"), (late, "after the end of the run")) if n]
        summary = f"{data.summary()}; played: {played:,} requests of {clients:,} clients in {sessions:,} sessions"
        summary += f"; not played: {before + late:,}" + (f" ({', '.join(beyond)})" if beyond else "")
        return {
            "summary": summary, "format": data.format, "first": _shown(data, 0), "last": _shown(data, -1),
            "span_s": data.span_s, "lines": data.lines, "requests": len(times_s), "bad": data.skipped,
            "skipped": data.skipped,
            "out_of_order": data.out_of_order, "played": played, "not_played": before + late,
            "after_the_end": late, "clients": len(data.names), "sessions": sessions,
            **({"sha256": data.digest} if data.digest else {}),
        }  # fmt: skip


def _shown(data: Log, place: int) -> str | float:
    time_s = float(data.time_s[place])
    return time_s if data.first_s is None else f"{moment(data.first_s + time_s).replace(' ', 'T')}Z"


def common_origin_s(workloads: Iterable[Spec], base_dir: Path) -> float | None:
    """The earliest line of all traces that share their clock, seconds from 1970; None: none has dates.

    Raises:
        TraceError: one of them cannot be read.
    """
    sharing = [one for one in workloads if isinstance(one, Trace) and one.origin == "common"]
    found = [first_s for one in sharing if (first_s := one.load(base_dir).first_s) is not None]
    return min(found, default=None)


def spread(times_s: FloatArray, client: np.ndarray[Any, Any], rng: np.random.Generator) -> FloatArray:
    """Times with each request at a uniform place in its second; the lines of a client keep their order."""
    places = rng.random(len(times_s))
    second = np.floor(times_s)
    in_order = np.lexsort((np.arange(len(times_s)), second, client))
    by_place = np.lexsort((places, second, client))
    sorted_places = np.empty(len(times_s))
    sorted_places[in_order] = places[by_place]
    return np.asarray(times_s + sorted_places, dtype=np.float64)


def schedule(
    data: Log, gap_s: float, time_scale: float, times_s: FloatArray | None = None
) -> tuple[FloatArray, IntArray, IntArray]:
    """Requests and session ends in order: simulated time (s), client, code; each of shape (events,).

    `times_s` is the log time of each request since t = 0 (left out: that of the log); what is before it is left out.
    """
    at_s = data.time_s if times_s is None else times_s
    since = np.flatnonzero(at_s >= 0)
    at_s, who = at_s[since], data.client[since]
    op = np.zeros(len(at_s), dtype=np.int64)
    if data.op is not None and not data.plays_lookups:
        op = data.op.astype(np.int64)[since]
    order = np.lexsort((at_s, who))  # by client, within a client by time
    client, t_s = who[order], at_s[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(client) != 0) | (np.diff(t_s) > gap_s)
    last = np.append(first[1:], True)[: len(order)]
    code = op
    code[order[first]] += _OPENS
    closes_s = t_s[last] + gap_s
    ends = np.isfinite(closes_s)
    times = np.concatenate((closes_s[ends], at_s)) / time_scale
    clients = np.concatenate((client[last][ends], who)).astype(np.int64)
    codes = np.concatenate((np.full(int(ends.sum()), _CLOSES), code))
    by_time = np.argsort(times, kind="stable")
    return times[by_time], clients[by_time], codes[by_time]


def count_sessions(data: Log, gap_s: float) -> int:
    """How many sessions the log splits into."""
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
