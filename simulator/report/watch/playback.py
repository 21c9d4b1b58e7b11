"""What the page is told of a run: everything that it plays, as plain values out of one replication of a result.

May import results, series, the scene, spans, captions and dots. Windows of long runs are put together so that the page
stays small; the page says so.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.metrics.events import SESSIONS_MOVED
from simulator.report.flows import phases
from simulator.report.series import labels_of, series, window_of
from simulator.report.watch.captions import beats_of
from simulator.report.watch.dots import dots_of, packed
from simulator.report.watch.homes import homes_of
from simulator.report.watch.scene import EDGE, Scene, scene_of
from simulator.report.watch.spans import spans_of
from simulator.units import QuantityError, parse_duration

if TYPE_CHECKING:
    from simulator.results.result import Result

MOST_WINDOWS: Final = 3_600
MOST_EDGE_VALUES: Final = 50_000
RATES: Final = (
    "requests.rate", "failures.rate", "goodput", "migrations.rate", "core.requests.rate", "storage.reads.rate",
    "renewal_batches.rate", "renewals.sent.rate", "health.believed.ratio", "stickiness.mean",
)  # fmt: skip
WORST: Final = ("latency.p50", "latency.p95", "latency.p99")
Floats = NDArray[np.float64]


class NothingToPlayError(InputError):
    """The result has no such replication, or no time series."""


@dataclass(frozen=True, slots=True)
class PlayedWindows:
    """`count` windows from 0 s, `step_s` long, each of `together` of the run's own (the last may be shorter)."""

    count: int
    step_s: float
    together: int


def one_replication(result: Result, number: int) -> Result:
    """The result with that replication alone (numbered from 0). Raises NothingToPlayError."""
    found = [r for r in result.replications if r.replication == number]
    if not found:
        have = ", ".join(str(r.replication) for r in result.replications) or "none"
        raise NothingToPlayError(f"there is no replication {number}: the folder has {have}")
    return replace(result, replications=found, variants={})


def playback(result: Result, *, variant: str = "", number: int = 0, rerun: str = "") -> dict[str, Any]:
    """Everything that the page plays; `rerun` is the command that gives a trace. Raises NothingToPlayError."""
    one = one_replication(result, number)
    replication, facts = one.replications[0], one.facts
    requests = replication.requests
    if requests is not None and not len(next(iter(requests.values()), ())):
        requests = None
    met = set(labels_of(one, "edge.load"))
    if requests is not None:
        met |= set(map(str, np.unique(np.asarray(requests["edge"], dtype=object).astype(str))))
    scene = scene_of(facts.resolved, met)
    windows = _windows(one, sum(node.role == EDGE for node in scene.nodes))
    later = [node.name for node in scene.nodes if node.later]
    homes = homes_of(facts.resolved, replication.seed, replication.replication)
    return {
        "name": facts.name, "variant": variant, "question": facts.question, "seed": replication.seed,
        "replication": number, "replications": len(result.replications),
        "duration": facts.duration_s, "warmup": facts.warmup_s, "rerun": rerun,
        "sites": [{"name": name, "lat": lat, "lon": lon} for name, (lat, lon) in scene.sites.items()],
        "nodes": [asdict(node) | {"workers": _workers(facts.resolved, node.role, node.group)} for node in scene.nodes],
        "windows": asdict(windows),
        "series": _overall(one, windows),
        "edges": _edges(one, scene, windows),
        "weights": _weights(one, windows),
        "spans": [asdict(span) | {"node": scene.places.get(span.target, -1)}
                  for span in spans_of(replication.events, facts.duration_s, later)],
        "beats": [asdict(beat) for beat in beats_of(one, scene)],
        "moves": _moves(replication.events, scene, facts.duration_s),
        "flows": _flows(one, scene),
        "leases": _lease_beat_s(facts.resolved),
        "homes": {scene.places[group]: [packed(ends, "f4") for ends in zip(*places, strict=True)]
                  for group, places in homes.items()},
        "trace": None if requests is None else dots_of(requests, scene, homes),
    }  # fmt: skip


def _windows(one: Result, edges: int) -> PlayedWindows:
    times, _ = series(one, "requests.rate")
    if not times.size:
        raise NothingToPlayError("the result has no time series: nothing was finished")
    width = window_of(one) or one.facts.duration_s
    most = max(2, min(MOST_WINDOWS, MOST_EDGE_VALUES // max(1, edges)))
    together = math.ceil(times.size / most)
    return PlayedWindows(math.ceil(times.size / together), width * together, together)


def _overall(one: Result, windows: PlayedWindows) -> dict[str, str]:
    """Packed series of all: rates and ratios are means of the windows put together, latencies their worst."""
    weight = _column(one, "requests.rate", "")
    found = {}
    for name in (*RATES, *WORST, "hit_ratio.l1", "hit_ratio.l2"):
        column = _column(one, name, "")
        if np.isfinite(column).any():
            by = weight if name.startswith("hit_ratio") else None
            found[name] = packed(_merged(column, windows, by, worst=name in WORST), "f4")
    return found


def _edges(one: Result, scene: Scene, windows: PlayedWindows) -> dict[str, Any]:
    """For each edge that has series: its node, and packed load (1/s), in_system and hit ratio."""
    rows = []
    for name in labels_of(one, "edge.load"):
        load = _column(one, "edge.load", name)
        row: dict[str, Any] = {"node": scene.places[name], "load": packed(_merged(load, windows), "f4")}
        row["in_system"] = packed(_merged(_column(one, "edge.in_system", name), windows), "f4")
        row["hits"] = packed(_merged(_column(one, "hit_ratio.l1", name), windows, load), "f4")
        rows.append(row)
    peak = max(
        (float(np.nanmax(_column(one, "edge.in_system", n))) for n in labels_of(one, "edge.in_system")), default=0.0
    )
    return {"rows": rows, "peak": peak}


def _weights(one: Result, windows: PlayedWindows) -> dict[str, Any]:
    """How many sessions had which weight: its levels, and a packed row per level."""
    levels = sorted(labels_of(one, "stickiness.sessions"), key=float)
    rows = [
        packed(_merged(np.nan_to_num(_column(one, "stickiness.sessions", level)), windows), "f4") for level in levels
    ]
    return {"levels": [float(level) for level in levels], "rows": rows}


def _column(one: Result, metric: str, label: str) -> Floats:
    """A series at every window of the run, NaN where it has no value."""
    every, _ = series(one, "requests.rate")
    times, values = series(one, metric, label)
    full = np.full(every.size, np.nan)
    if times.size:
        full[np.searchsorted(every, times)] = values[0]
    return full


def _merged(column: Floats, windows: PlayedWindows, weight: Floats | None = None, *, worst: bool = False) -> Floats:
    """A value for each window put together: the mean of those there are, weighted, or the largest."""
    if windows.together == 1:
        return column
    padded = np.full(windows.count * windows.together, np.nan)
    padded[: column.size] = column
    shares = np.ones_like(padded)
    if weight is not None:
        shares[: weight.size] = np.nan_to_num(weight)
    shares[np.isnan(padded)] = 0.0
    rows, of = np.nan_to_num(padded).reshape(windows.count, -1), shares.reshape(windows.count, -1)
    if worst:
        top: Floats = np.where(of.sum(axis=1) > 0.0, rows.max(axis=1), np.nan)
        return top
    total = of.sum(axis=1)
    mean: Floats = np.divide((rows * of).sum(axis=1), total, out=np.full(windows.count, np.nan), where=total > 0.0)
    return mean


def _moves(events: list[dict[str, Any]], scene: Scene, duration_s: float) -> list[dict[str, Any]]:
    """The moves of many sessions at once: when, from which node, to which nodes how many."""
    found = []
    for event in events:
        if event["kind"] == SESSIONS_MOVED and event["t_s"] < duration_s:
            to = (event.get("detail") or {}).get("to") or {}
            pairs = [[scene.places.get(str(edge), -1), int(count)] for edge, count in to.items()]
            found.append({"t_s": event["t_s"], "node": scene.places.get(str(event["target"]), -1), "to": pairs})
    return found


def _flows(one: Result, scene: Scene) -> list[dict[str, Any]]:
    """Who was served where, by phases: rates (1/s) between nodes."""
    found = []
    for phase in phases(one, "served.rate"):
        rates: dict[tuple[int, int], float] = {}
        for (source, target), rate in phase.rates.items():
            key = scene.places.get(source, -1), scene.places.get(target, -1)
            if -1 not in key:
                rates[key] = rates.get(key, 0.0) + rate
        found.append(
            {"begin": phase.begin_s, "end": phase.end_s, "rates": [[a, b, rate] for (a, b), rate in rates.items()]}
        )
    return found


def _lease_beat_s(resolved: Any) -> dict[str, Any]:
    """How often leases are renewed in batches, and whether all edges do so at the same instants."""
    leases = resolved.get("leases")
    if not isinstance(leases, dict):
        return {"every": 0.0, "common": False}
    try:
        every_s = parse_duration(str(leases.get("batch_every")))
    except QuantityError:
        every_s = 0.0
    return {"every": every_s, "common": leases.get("phase") == "common"}


def _workers(resolved: Any, role: str, group: str) -> int:
    """Workers of a node of that group; 0 for unlimited, or where it has none."""
    spec = (resolved.get(f"{role}s") or {}).get(group) if role in ("edge", "core") else None
    workers = spec.get("workers") if isinstance(spec, dict) else 0
    return workers if isinstance(workers, int) else 0
