"""What the page of a run explores: arrays of its charts, faults, places and traced requests, ready for JSON.

May import figures, series and faults. Arrays are little-endian numbers in base64: times as doubles, curves as floats,
heatmaps as 16-bit shares of their highest value (65535: no value). Window starts are written once, however many charts
share them. A run of more windows than `MOST_POINTS` is thinned: windows near faults are kept, the others are means of
neighbours.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.observe.tracing import HOPS
from simulator.report.figures import VARIANTS, figures
from simulator.report.flows import edge_sites
from simulator.report.series import Floats, shaded, shades, window_of
from simulator.report.slow_requests import slow_requests
from simulator.report.svg import BLUE, GREEN, PINK, RED, SKY, time_unit
from simulator.report.written_faults import written_faults

if TYPE_CHECKING:
    from simulator.report.timecharts import TimeChart
    from simulator.results.result import Result

MOST_POINTS: Final = 4000
_MOST_CELLS: Final = 240_000  # of all heatmaps of one metric, variants included
_NEAR: Final = 60  # windows before and after a fault that are kept
_NO_VALUE: Final = 65535
_WAYS: Final = (
    ("tries that failed", RED), ("network", GREEN), ("queue at the edge", SKY), ("service at the edge", BLUE),
    ("core and storage", PINK),
)  # fmt: skip


def page_data(result: Result) -> dict[str, Any]:
    """Everything that the scripts of the page read; see static/report/state.js."""
    every = [result, *result.variants.values()]
    ends = result.facts.duration_s
    packer = _Packer(result, len(every))
    charts = {
        name: packer.chart([_chart_of(one, name) for one in (every if group != VARIANTS else every[:1])])
        for name, group in _over_time(every)
    }
    sites = edge_sites(result.facts.resolved)
    known = dict.fromkeys([*(name for one in every for name in _edges(one)), *sites])
    return {
        "end": max(ends, 1e-9),
        "warmup": result.facts.warmup_s,
        "window": window_of(result) or max(ends, 1e-9),
        "unit": list(time_unit(ends)),
        "replications": len(result.replications),
        "variants": ["as written", *result.variants],
        "edges": [{"name": name, "site": sites.get(name, "")} for name in known],
        "groups": _group_sites(result.facts.resolved),
        "faults": [
            {"name": fault.name, "begin": fault.begin_s, "end": min(fault.end_s, ends)}
            for fault in written_faults(result)
        ],
        "shades": [list(span) for span in shades(result)],
        "spans": [[begin, end, what.partition(" ")[2]] for begin, end, what in shaded(result)],
        "hops": [[key, *way] for key, way in zip(HOPS, _WAYS, strict=True)],
        "charts": charts,
        "times": packer.times,
        "traces": [slow_requests(one, len(every)) for one in every],
    }


def _over_time(results: Sequence[Result]) -> dict[tuple[str, str], None]:
    """Names and headings of the charts over time that any of them has."""
    return {(one.name, one.group): None for result in results for one in figures(result) if one.chart is not None}


def _chart_of(result: Result, name: str) -> TimeChart | None:
    return next((figure.chart for figure in figures(result) if figure.name == name), None)


def _edges(result: Result) -> list[str]:
    chart = _chart_of(result, "edge_load")
    return [line.name for line in chart.lines] if chart is not None else []


def _group_sites(resolved: Mapping[str, Any]) -> dict[str, str]:
    groups = resolved.get("clients")
    if not isinstance(groups, Mapping):
        return {}
    return {str(name): str(group.get("site") or "") for name, group in groups.items() if isinstance(group, Mapping)}


@dataclass
class _Packer:
    """Packs charts, and the window starts that they share."""

    result: Result
    results: int
    times: list[str] = field(default_factory=list)

    def chart(self, charts: Sequence[TimeChart | None]) -> dict[str, Any]:
        """One figure, of each result that has it."""
        first = next(chart for chart in charts if chart is not None)
        heat = first.kind == "heat"
        high = first.top or max((_highest(chart) for chart in charts if chart is not None), default=1.0) or 1.0
        packed = {
            "kind": first.kind, "title": first.title, "unit": first.unit, "log": first.log, "top": first.top,
            "band": list(first.band) if first.band is not None else None, "by": first.by,
            "of": [None if c is None else self._heat(c, high) if heat else self._curves(c) for c in charts],
        }  # fmt: skip
        return packed | ({"high": high} if heat else {})

    def _curves(self, chart: TimeChart) -> dict[str, Any]:
        stack = chart.kind == "stack"
        kept = [one for one in chart.lines if (np.nansum(one.values) > 0.0 if stack else np.isfinite(one.values).any())]
        times = np.unique(np.concatenate([line.times for line in kept])) if kept else np.empty(0)
        begins = thinned(times, self._spans(), MOST_POINTS)
        series = []
        for line in kept:
            row = np.full(times.size, np.nan)
            row[np.searchsorted(times, line.times)] = line.values
            packed = _packed(means(row, begins), "<f4")
            series.append({"name": line.name, "colour": line.colour, "dashed": line.dashed, "values": packed})
        return {"t": self._time(times[begins]), "series": series}

    def _heat(self, chart: TimeChart, high: float) -> dict[str, Any]:
        times = chart.lines[0].times
        most = max(200, min(MOST_POINTS, _MOST_CELLS // (len(chart.lines) * self.results)))
        begins = thinned(times, self._spans(), most)
        levels = np.array([means(line.values, begins) for line in chart.lines])
        shares = np.round(np.clip(np.nan_to_num(levels / high), 0.0, 1.0) * (_NO_VALUE - 1))
        shares[~np.isfinite(levels)] = _NO_VALUE
        names = [line.name for line in chart.lines]
        return {"t": self._time(times[begins]), "rows": names, "cells": _packed(shares, "<u2")}

    def _spans(self) -> list[tuple[float, float]]:
        near = _NEAR * window_of(self.result)
        return [(begin - near, end + near) for begin, end in shades(self.result)]

    def _time(self, times: Floats) -> int:
        packed = _packed(times, "<f8")
        if packed not in self.times:
            self.times.append(packed)
        return self.times.index(packed)


def thinned(times: Floats, spans: Sequence[tuple[float, float]], most: int) -> Any:
    """The indices at which windows that are drawn as one begin: about `most` of them.

    Windows in `spans` (s) stay as they are, as long as they take no more than half of the room.
    """
    if times.size <= most:
        return np.arange(times.size)
    near = np.zeros(times.size, dtype=bool)
    for begin, end in spans:
        near |= (times >= begin) & (times < end)
    if near.sum() > most // 2:
        near[:] = False
    step = -(-int((~near).sum()) // (most - int(near.sum())))
    begins = near.copy()
    begins[1:] |= near[:-1]  # what comes after a kept one begins anew
    place = 0
    for index in range(times.size):
        place = 0 if begins[index] else place + 1
        begins[index] |= place % step == 0
    begins[0] = True
    return np.flatnonzero(begins)


def means(values: Floats, begins: Any) -> Floats:
    """The mean of each stretch of values, of those that are known; NaN where none is."""
    if begins.size == values.size:
        return values
    if not values.size:
        return values
    known = np.isfinite(values)
    counts = np.add.reduceat(known.astype(float), begins)
    sums = np.add.reduceat(np.where(known, values, 0.0), begins)
    return np.divide(sums, counts, out=np.full(begins.size, np.nan), where=counts > 0.0)


def _highest(chart: TimeChart) -> float:
    found = [float(np.nanmax(line.values)) for line in chart.lines if np.isfinite(line.values).any()]
    return max(found, default=0.0)


def _packed(values: Floats, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")
