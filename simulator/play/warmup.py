"""`warmup: auto`: where the start of a run stops mattering, by MSER-5 on a pilot replication.

May import stats and the runner. The pilot is replication 0 with nothing cut off; the L1 hit ratio and the
median latency are looked at window by window, up to the first fault (a crash is no warm-up), and the later
cut counts. All variants and replications then use the same warm-up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.metrics.events import FAULT_BEGIN
from simulator.observe.result import Replication
from simulator.play.job import resolve
from simulator.play.signals import interruptible
from simulator.statistics.intervals import mser5

if TYPE_CHECKING:
    from simulator.scenario.schema import Scenario

WATCHED: Final = ("hit_ratio.l1", "latency.p50")


def with_found_warmup(scenario: Scenario, function: str) -> Scenario:
    """The scenario with a number in place of `auto`; plays the pilot. Others are returned as they are."""
    if not isinstance(scenario.warmup, str):
        return scenario
    with interruptible():
        pilot = resolve(function)(
            scenario.with_overrides({"warmup": "0s"}),
            seed=scenario.seed, replication=0, progress=None, trace=None,
        )  # fmt: skip
    return scenario.with_overrides({"warmup": f"{found_warmup_s(pilot, scenario.record.window):g}s"})


def found_warmup_s(pilot: Replication, window_s: float) -> float:
    """Seconds to cut, from the pilot's series of windows of `window_s`; 0 where nothing was measured."""
    first_fault_s = min((e["t_s"] for e in pilot.events if e["kind"] == FAULT_BEGIN), default=math.inf)
    cuts = [0]
    for watched in WATCHED:
        columns = zip(*(pilot.timeseries[name] for name in ("t_s", "metric", "label", "value")), strict=True)
        rows = [(t, v) for t, metric, label, v in columns if metric == watched and not label]
        values = np.array([v for t, v in sorted(rows) if t < first_fault_s], dtype=np.float64)
        known = np.isfinite(values)
        if known.any():
            cuts.append(mser5(np.where(known, values, np.median(values[known]))))
    return max(cuts) * window_s
