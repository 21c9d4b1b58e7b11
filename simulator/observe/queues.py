"""Metrics of queues and workers at edges, cores and balancers that are more than quotients of counters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulator.observe.values import carried_percentile
from simulator.observe.window import NAN, Values, Window, ratio

if TYPE_CHECKING:
    from simulator.observe.recorder import Recorder
    from simulator.world.world import World


def edges(recorder: Recorder, window: Window) -> Values:
    """How full edges were, how evenly, and percentiles of waits and sojourns."""
    world, result = recorder.world, Values()
    existed = np.array([world.existed(edge.name) for edge in world.edges])
    workers = [edge.workers * part if part else 0.0 for edge, part in zip(world.edges, existed.tolist(), strict=True)]
    in_system_s, busy_s = window.areas_s["edge.in_system"], window.areas_s["edge.busy"]
    rows = [("", in_system_s.sum() / existed.sum(), busy_s.sum(), np.array(workers).sum())]
    rows += [(f"[{edge.name}]", *row) for edge, *row in zip(world.edges, in_system_s, busy_s, workers, strict=True)]
    for label, present_s, served_s, hands in rows:
        result[f"edge.utilisation{label}"] = _utilisation(served_s, window, hands)
        result[f"edge.in_system.mean{label}"] = present_s / window.width_s
    for name, family in (("wait", recorder.waits), ("sojourn", recorder.sojourns)):
        for edge_name, histogram in family.items():
            suffix = f"[{edge_name}]" if edge_name else ""
            for q in (50, 95, 99):
                value = carried_percentile(histogram, q) if histogram.count else NAN
                result[f"edge.{name}.p{q}{suffix}"] = value
    there = existed > 0.0
    loads = window.counts["edge"]["arrivals"][there] / existed[there]
    result["edge.imbalance"] = ratio(loads.max(), loads.mean())
    return result


def cores(world: World, window: Window) -> Values:
    """How busy cores were."""
    busy_s, workers = window.areas_s["core.busy"], [core.policy.workers for core in world.cores]
    result = {"core.utilisation": _utilisation(busy_s.sum(), window, sum(workers))}
    for core, served_s, hands in zip(world.cores, busy_s, workers, strict=True):
        result[f"core.utilisation[{core.name}]"] = _utilisation(served_s, window, hands)
    return result


def balancers(world: World, window: Window) -> Values:
    """How busy balancers were."""
    busy_s, workers = window.areas_s["balancer.busy"], [balancer.workers for balancer in world.balancers]
    result = {"balancer.utilisation": _utilisation(busy_s.sum(), window, sum(workers))}
    for balancer, served_s, hands in zip(world.balancers, busy_s, workers, strict=True):
        result[f"balancer.utilisation[{balancer.name}]"] = _utilisation(served_s, window, hands)
    return result


def _utilisation(busy_s: float, window: Window, workers: float) -> float:
    return busy_s / window.width_s / workers if 0.0 < workers < math.inf else NAN
