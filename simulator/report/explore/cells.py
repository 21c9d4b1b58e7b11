"""What the page is told of a sweep: its settings, its metrics, and each cell with numbers, intervals and charts.

May import sweeps, results (to read the series of the cells' folders), series and formats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.errors import FolderError
from simulator.experiment.studies.design import short_names
from simulator.experiment.studies.sweep_index import quantity
from simulator.metrics.names import UnknownMetricError, parse_metric
from simulator.report.format import show, show_duration
from simulator.report.series import Floats, mean_series, shades, window_of
from simulator.report.watch.dots import packed

if TYPE_CHECKING:
    from simulator.experiment.studies.outcomes import CellOutcome
    from simulator.experiment.studies.sweep_result import SweepResult
    from simulator.results.result import Result

CHARTS: Final = (
    ("requests.rate", "Requests", "1/s"),
    ("failures.rate", "Failures", "1/s"),
    ("hit_ratio.l1", "L1 hit ratio", "ratio"),
    ("latency.p50", "Median latency", "s"),
    ("latency.p99", "p99 latency", "s"),
)
"""Series that are drawn over time: the mean over replications."""
MOST_CELLS_WITH_ALL: Final = 400
"""Beyond, the page has the metrics to look at first only."""
MOST_POINTS: Final = 120
MOST_VALUES: Final = 120_000
"""Of all series of all cells together; a sweep of more cells has fewer points each, or no charts over time."""
_LEAST_POINTS: Final = 20


def explored(result: SweepResult) -> dict[str, Any]:
    """Everything that the page shows, as plain values."""
    settings = [_setting(result, path) for path in result.paths]
    names = _metrics(result)
    points = min(MOST_POINTS, MOST_VALUES // max(1, len(result.outcomes) * len(CHARTS)))
    ordered = sorted(result.outcomes, key=lambda outcome: outcome.cell.number)
    return {
        "name": result.name, "question": result.question, "design": result.design, "status": result.status,
        "seed": result.seed, "replications": result.replications,
        "settings": settings,
        "metrics": [_metric(result, name) for name in names],
        "cells": [_cell(outcome, result, settings, names, points) for outcome in ordered],
        "charts": [{"name": name, "title": title, "unit": unit} for name, title, unit in CHARTS],
        "best": _best(result),
    }  # fmt: skip


def _setting(result: SweepResult, path: str) -> dict[str, Any]:
    """A setting with its values: numbers in order, choices as the design has them."""
    texts = list(dict.fromkeys(outcome.cell.values[path].text for outcome in result.outcomes))
    numbers = [quantity(text) for text in texts]
    numeric = len(texts) > 1 and all(number is not None and math.isfinite(number) for number in numbers)
    if numeric:
        texts.sort(key=lambda text: quantity(text) or 0.0)
    return {
        "path": path, "short": short_names(result.paths)[path], "numeric": numeric, "values": texts,
        "numbers": [quantity(text) for text in texts] if numeric else [],
    }  # fmt: skip


def _metrics(result: SweepResult) -> list[str]:
    """The metrics to look at first, then every other that a cell has."""
    others = {name for outcome in result.outcomes for name in outcome.estimates} - set(result.metrics)
    return [*result.metrics, *(sorted(others) if len(result.outcomes) <= MOST_CELLS_WITH_ALL else ())]


def _metric(result: SweepResult, name: str) -> dict[str, Any]:
    first = name in result.metrics
    try:
        known = parse_metric(name)
    except UnknownMetricError:  # of an extension
        return {"name": name, "about": "", "unit": "1", "better": "none", "first": first}
    return {"name": name, "about": known.metric.description, "unit": known.unit, "better": known.better, "first": first}


def _cell(
    outcome: CellOutcome, result: SweepResult, settings: Sequence[Mapping[str, Any]], names: Sequence[str], points: int
) -> dict[str, Any]:
    """A cell: where it is among the settings, its state, and of each metric its mean, interval and text."""
    return {
        "number": outcome.cell.number,
        "folder": outcome.cell.name,
        "at": [setting["values"].index(outcome.cell.values[setting["path"]].text) for setting in settings],
        "status": outcome.status,
        "replications": outcome.replications,
        "failures": list(outcome.failures)[:5],
        "verdicts": dict(outcome.verdicts),
        "numbers": [_number(outcome, name) for name in names],
        "series": _series(outcome, result, points),
    }


def _number(outcome: CellOutcome, name: str) -> list[Any] | None:
    found = outcome.estimates.get(name)
    if found is None or math.isnan(found):
        return None
    half = found.half_width
    text = show(found.mean, found.unit, half if math.isfinite(half) else None)
    return [found.mean, found.low, found.high, text]


def _best(result: SweepResult) -> list[dict[str, Any]]:
    """For each metric to look at first that has a better direction: its best cell, and how many are tied with it."""
    found = []
    for name in result.metrics:
        if parse_metric(name).better == "none":
            continue
        ranked = result.best(name)
        if ranked:
            tied = sum(one.tied is True for one in ranked)
            judged = len(ranked) > 1 and ranked[1].tied is not None
            found.append({"metric": name, "cell": ranked[0].outcome.cell.number, "tied": tied if judged else None})
    return found


def _series(outcome: CellOutcome, result: SweepResult, points: int) -> dict[str, Any] | None:
    """The cell's series, thinned to so many points, and when faults were on; None where there are none."""
    if points < _LEAST_POINTS or outcome.cell.number is None or not outcome.replications:
        return None
    try:
        whole = result[outcome.cell.number]
    except (FolderError, KeyError):
        return None
    if not whole.replications or not window_of(whole):
        return None
    return _thinned(whole, points)


def _thinned(whole: Result, points: int) -> dict[str, Any]:
    times, weight = mean_series(whole, "requests.rate")
    together = math.ceil(times.size / points)
    columns = {}
    for name, _, unit in CHARTS:
        _, values = mean_series(whole, name, times=times)
        columns[name] = packed(_merged(values, weight, together, unit), "f4")
    return {
        "step": window_of(whole) * together, "duration": whole.facts.duration_s, "warmup": whole.facts.warmup_s,
        "together": together, "faults": [list(span) for span in shades(whole)],
        "shown": show_duration(window_of(whole) * together), "columns": columns,
    }  # fmt: skip


def _merged(values: Floats, weight: Floats, together: int, unit: str) -> Floats:
    """Windows put together: rates as means, ratios by requests, latencies as the worst of them."""
    if together == 1:
        return values
    size = math.ceil(values.size / together) * together
    rows, by = np.full(size, np.nan), np.zeros(size)
    rows[: values.size] = values
    by[: weight.size] = np.nan_to_num(weight) if unit == "ratio" else 1.0
    by[np.isnan(rows)] = 0.0
    table, shares = np.nan_to_num(rows).reshape(-1, together), by.reshape(-1, together)
    total = shares.sum(axis=1)
    if unit == "s":
        worst: Floats = np.where(total > 0.0, table.max(axis=1), np.nan)
        return worst
    mean: Floats = np.divide((table * shares).sum(axis=1), total, out=np.full(total.size, np.nan), where=total > 0.0)
    return mean
