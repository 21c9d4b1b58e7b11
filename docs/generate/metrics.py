"""The reference of metrics, from the catalogue."""

from __future__ import annotations

from generate.tables import code, sentence, table
from simulator.metrics.catalogue import CATALOGUE, SERIES
from simulator.metrics.labels import FAILURE_CAUSES, MISS_CAUSES

UNITS = {"s": "s", "ratio": "ratio, 0 to 1", "1/s": "1/s", "B": "B", "B/s": "B/s", "1": "none"}


def metrics() -> str:
    """Every metric: unit, better direction, labels, meaning."""
    return table(
        ("metric", "meaning", "unit", "better", "also by"),
        (
            (
                code("within[D]" if metric.name == "within" else metric.name),
                sentence(metric.description),
                UNITS[metric.unit],
                "neither" if metric.better == "none" else metric.better,
                ", ".join(metric.labels) or "nothing",
            )
            for metric in CATALOGUE.values()
        ),
        "metrics",
    )


def series() -> str:
    """What only time series have."""
    return table(
        ("time series", "meaning", "unit", "by"),
        (
            (code(entry.name), sentence(entry.description), UNITS[entry.unit], ", ".join(entry.labels) or "nothing")
            for entry in SERIES.values()
        ),
        "metrics",
    )


def causes() -> str:
    """The causes of misses and of failures."""
    misses, failures = (", ".join(map(code, names)) for names in (MISS_CAUSES, FAILURE_CAUSES))
    return f"- Of a miss: {misses}.\n- Of a failed request: {failures}.\n"
