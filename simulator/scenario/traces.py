"""The traces of a scenario taken together: whether they can be played, for how long, and what they say of reality.

May import: workloads, logs, units. Reads logs (each once, see `simulator.logs.reading`). Does not play them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.logs import OPERATIONS, Log, TraceError
from simulator.logs.measured import measured_of
from simulator.logs.model import moment
from simulator.logs.stray import long_text, stray, stretched
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.sizes import Found
from simulator.units import format_duration
from simulator.workloads.trace import Trace, common_origin_s

if TYPE_CHECKING:
    from simulator.scenario.spec import ScenarioSpec


def traces_of(scenario: ScenarioSpec) -> dict[str, Trace]:
    """The groups that play a log."""
    found = {name: group.workload for name, group in scenario.clients.items()}
    return {name: workload for name, workload in found.items() if isinstance(workload, Trace)}


def refuse_streams(scenario: ScenarioSpec, what: str) -> None:
    """Raise ScenarioError where a log comes through a pipe, which `what` could not read again."""
    for name, trace in traces_of(scenario).items():
        stream = trace.stream(scenario.base_dir)
        if stream is not None:
            shown = "stdin" if str(stream) == "-" else str(stream)
            problem = f"{what} needs a file, and {shown} can be read only once"
            path = f"clients.{name}.workload.file"
            raise ScenarioError([Issue(problem, "write the log to a file and name that", None, path)])


def brings_operations(trace: Trace, base_dir: Path) -> bool:
    """Whether the log decides what is asked for: a web log does, and a table that has a column for it."""
    try:
        return trace.load(base_dir).op is not None
    except TraceError:
        return False


def asked_for(scenario: ScenarioSpec) -> frozenset[str]:
    """Every operation that some client asks for; a workload of somebody's own that brings its clients may ask for any.

    Raises:
        TraceError: a log cannot be read.
    """
    asked: set[str] = set()
    for group in scenario.clients.values():
        if not group.from_trace:
            asked.update(name for name, share in group.operations.items() if share > 0)
        elif isinstance(group.workload, Trace):
            data = group.workload.load(scenario.base_dir)
            codes = () if data.op is None or data.plays_lookups else np.unique(data.op)
            asked.update([OPERATIONS[code] for code in codes] or ["lookup"])
        else:
            asked.update(OPERATIONS)
    return frozenset(asked)


def unreadable(scenario: ScenarioSpec) -> Found:
    """Each log that cannot be read, at its `file`."""
    for name, trace in traces_of(scenario).items():
        try:
            trace.load(scenario.base_dir)
        except TraceError as error:
            path = error.path
            shown = path.relative_to(scenario.base_dir) if path.is_relative_to(scenario.base_dir) else path
            place = f":{error.line}" if error.line is not None else ""
            what = f"{'stdin' if str(shown) == '-' else shown}{place}: {error.what}"
            yield ("clients", name, "workload", "file"), what, error.mend


def length_s(scenario: ScenarioSpec) -> float | None:
    """`duration: trace`: until a second of log time after the last line of all; None: no group plays a log.

    Raises:
        TraceError: a log cannot be read.
    """
    traces = traces_of(scenario)
    common_s = common_origin_s(traces.values(), scenario.base_dir)
    lengths = [trace.duration_s(trace.load(scenario.base_dir), common_s) for trace in traces.values()]
    return max(lengths, default=None)


def stretched_by_few(scenario: ScenarioSpec) -> Found:
    """Logs of which a few stray lines stretch the span (unless the time of t = 0 is written)."""
    for name, trace in traces_of(scenario).items():
        if trace.origin in ("common", "file"):
            found = _stray(trace.load(scenario.base_dir))
            if found is not None:
                yield ("clients", name, "workload", "file"), *found


def misplaced(scenario: ScenarioSpec) -> Found:
    """Logs of which a few stray lines stretch the span, or of which most lines lie outside the run."""
    traces = traces_of(scenario)
    if any(True for _ in unreadable(scenario)):
        return
    yield from stretched_by_few(scenario)
    common_s = common_origin_s(traces.values(), scenario.base_dir)
    stretched = [path for path, _, _ in stretched_by_few(scenario)]
    for name, trace in traces.items():
        log = trace.load(scenario.base_dir)
        path = ("clients", name, "workload", "file")
        if path in stretched:
            continue
        simulated_s = trace.times_s(log, common_s) / trace.time_scale
        outside = int(np.count_nonzero((simulated_s < 0) | (simulated_s >= scenario.duration)))
        if 2 * outside > len(simulated_s):
            yield path, *_outside(scenario, trace, log, common_s, outside)


def _stray(log: Log) -> tuple[str, str] | None:
    """None for a log without dates, too: its times count from a t = 0 that somebody chose."""
    places = stray(log.time_s)
    if log.first_s is None or not len(places):
        return None
    begins = moment(log.first_s + float(np.delete(log.time_s, places)[0])).replace(" ", "T")
    it = "it" if len(places) == 1 else "them"
    return f"{log.name}: {stretched(log, places)}", f"remove {it}, or set origin: {begins}Z and a duration"


def _outside(scenario: ScenarioSpec, trace: Trace, log: Log, common_s: float | None, outside: int) -> tuple[str, str]:
    times_s = trace.times_s(log, common_s)
    run_s = scenario.duration * trace.time_scale
    early = bool(np.count_nonzero(times_s < 0) > np.count_nonzero(times_s >= run_s))
    what = (
        f"{log.name}: {outside:,} of {len(times_s):,} requests lie outside the run, which plays "
        f"{long_text(run_s)} of the log ({log.dates()})"
    )
    needed_s = trace.duration_s(log, common_s)
    if early:
        return what, f"t = 0 is origin: {trace.origin}; set origin: common, file, or an earlier time"
    return what, f"set duration: trace ({format_duration(round(needed_s, 3))}), or a larger time_scale"


def measured(scenario: ScenarioSpec) -> Mapping[str, float]:
    """What the logs know of reality, by metric; the groups' names are added where there are several groups."""
    traces = traces_of(scenario)
    found: dict[str, float] = {}
    for name, trace in traces.items():
        alone = len(scenario.clients) == 1
        for metric, value in measured_of(trace.load(scenario.base_dir)).items():
            if alone:
                found[metric] = value
            elif metric != "edge.imbalance":
                found[f"{metric}[{name}]"] = value
    return found
