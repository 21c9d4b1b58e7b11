"""Worlds that are watched by health checks, and what happened in them."""

from __future__ import annotations

from typing import Any

from simulator.observe.result import Replication
from simulator.scenario.schema import Scenario
from tests.worlds import FREE, Play, merged, played

WATCHED: dict[str, Any] = {
    "name": "watched", "edges": {"e": {"count": 4}}, "routing": {"policy": "random"},
    "health": {"active": {"period": "2s", "timeout": "1s", "fall": 3, "rise": 2}},
}  # fmt: skip
"""Free of all that takes time, but for active checks."""


def watched(**change: Any) -> dict[str, Any]:
    """That world, changed."""
    return merged(merged(FREE, WATCHED), change)


def play(**change: Any) -> Play:
    """The same, to be taken step by step."""
    return Play(Scenario.from_dict(watched(**change)))


def events(result: Replication, kind: str) -> list[tuple[float, str]]:
    """When, and of which edge, events of a kind were noted."""
    return [(event["t_s"], event["target"]) for event in result.events if event["kind"] == kind]


def series_of(result: Replication, metric: str) -> dict[float, float]:
    """A time series: start of the window -> value."""
    rows = zip(*(result.timeseries[name] for name in ("t_s", "metric", "label", "value")), strict=True)
    return {t_s: value for t_s, name, label, value in rows if (name, label) == (metric, "")}


__all__ = ["events", "merged", "play", "played", "series_of", "watched"]
