"""The metrics of balancers, from two snapshots: how much they got, how long it waited, how often they tried again.

May import: the world, counters. Changes nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulator.messages import Outcome
from simulator.metrics.labels import RETRY_CAUSES
from simulator.observe.counters import BALANCER_COLUMNS, Snapshot

if TYPE_CHECKING:
    from simulator.world.world import World

_B = {name: column for column, name in enumerate(BALANCER_COLUMNS)}


def balancer_metrics(world: World, first: Snapshot, last: Snapshot) -> dict[str, float]:
    """All of them, in total and by balancer."""
    width_s = last.t_s - first.t_s
    counts, causes = last.balancers - first.balancers, last.balancer_retries - first.balancer_retries
    busy_s = last.balancer_busy_s - first.balancer_busy_s
    result: dict[str, float] = {}
    rows = [("", list(range(len(world.balancers))))]
    rows += [(f"[{balancer.name}]", [number]) for number, balancer in enumerate(world.balancers)]
    for label, numbers in rows:
        row, workers = counts[numbers].sum(axis=0), sum(world.balancers[number].workers for number in numbers)
        firsts = row[_B["sent"]] - row[_B["retries"]]
        share = busy_s[numbers].sum() / width_s / workers if math.isfinite(workers) else math.nan
        result |= {
            f"balancer.requests.rate{label}": row[_B["arrivals"]] / width_s,
            f"balancer.wait.mean{label}": row[_B["wait_sum_s"]] / firsts if firsts > 0 else math.nan,
            f"balancer.retries.rate{label}": row[_B["retries"]] / width_s,
            f"balancer.utilisation{label}": share,
        }
    for cause in RETRY_CAUSES:
        result[f"balancer.retries.rate[{cause}]"] = causes[:, Outcome[cause.upper()]].sum() / width_s
    return result
