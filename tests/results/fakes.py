"""A stand-in for scenario and model: quick, seeded, and able to fail on demand, as results see them."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.errors import SafetyError
from simulator.metrics.events import DETECTED, FAULT_BEGIN, FAULT_END, RECOVERED, SESSIONS_MOVED
from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication
from simulator.observe.values import histogram_metrics

PLAY = "tests.results.fakes:play"


@dataclass(frozen=True)
class FakeRecord:
    window: float = 1.0
    trace: float | None = None


@dataclass(frozen=True)
class FakeScenario:
    """What results read of a scenario. `behaviour`: replication number -> die | raise | slow."""

    name: str = "edge-crash"
    question: str = "Does adaptive stickiness beat nearest through a crash?"
    description: str = ""
    duration: float = 60.0
    warmup: float | str = 10.0
    seed: int = 42
    replications: int = 3
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    record: FakeRecord = FakeRecord()
    expect: tuple[str, ...] = ()
    measured: dict[str, float] = field(default_factory=dict)
    latency_median: float = 0.02
    hit_ratio: float = 0.7
    clients: dict[str, Any] = field(default_factory=dict)
    behaviour: dict[int, str] = field(default_factory=dict)
    mark: str = ""

    @property
    def tree(self) -> SimpleNamespace:
        source = SimpleNamespace(lines=("schema: 1", f"name: {self.name}", ""), is_file=True)
        return SimpleNamespace(mark=SimpleNamespace(source=source))

    def with_overrides(self, changes: dict[str, Any]) -> FakeScenario:
        if "warmup" in changes:
            changes = {**changes, "warmup": float(changes["warmup"].removesuffix("s"))}
        return replace(self, **changes)

    def variant(self, name: str) -> FakeScenario:
        return replace(self, variants={}, **self.variants[name])

    def resolved(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "name": self.name,
            "duration": f"{self.duration:g}s",
            "hit_ratio": self.hit_ratio,
        }

    def code(self) -> dict[str, bytes]:
        return {}

    def content_hash(self) -> str:
        key = (self.name, self.seed, self.replications, self.hit_ratio, self.latency_median)
        return hashlib.sha256(repr(key).encode()).hexdigest()


def play(scenario, *, seed, replication, progress, trace) -> Replication:
    """One replication: numbers whose means are known, drawn from (seed, replication) alone."""
    behaviour = scenario.behaviour.get(replication, "")
    if scenario.mark:
        with Path(scenario.mark).open("a") as file:
            file.write(f"{replication} {os.getpid()}\n")
    if behaviour == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "raise":
        raise RuntimeError("the tape is torn")
    if behaviour == "invariant":
        raise SafetyError("cache size 11 > capacity 10 at 3.2 s")
    if behaviour == "interrupt":
        raise KeyboardInterrupt
    if behaviour == "slow":
        for step in range(600):
            time.sleep(0.1)
            if progress is not None:
                progress(step * 0.1, step * 100)
    if progress is not None:
        progress(scenario.duration / 2, 500)
    rng = np.random.default_rng([seed, replication])
    return _replication(scenario, seed, replication, rng, trace)


def _replication(scenario, seed, replication, rng, trace) -> Replication:
    n, failed = 2000, int(rng.integers(4, 12))
    latency = Histogram(scenario.latency_median * rng.lognormal(0.0, 0.6, n - failed))
    common = rng.normal(0.0, 0.01)
    l1 = scenario.hit_ratio + common + rng.normal(0.0, 0.001)
    metrics = {
        "hit_ratio.l1": l1, "hit_ratio.l1[pop-1]": l1 + 0.01, "hit_ratio.l2": 0.9,
        "delayed_hit_ratio.l1": 0.01,
        "misses.l1.rate": 12.0, "misses.l1.rate[migrated]": 9.0, "misses.l1.rate[ttl_expired]": 3.0,
        **histogram_metrics("latency", latency),
        "availability": 1 - failed / n, "failures.ratio": failed / n, "failures.ratio[timeout]": failed / n,
        "failures.faults.ratio": 0.1,
        "attempts.per_request": 1.01, "requests.rate": n / 50.0, "goodput": (n - failed) / 50.0,
        "core.requests.rate": 40.0 * (1 - l1), "core.utilisation": 0.31, "edge.utilisation": 0.62,
        "edge.wait.p95": 0.004, "edge.imbalance": 1.3, "storage.reads.rate": 1.2, "storage.writes.rate": 0.4,
        "stickiness.mean": 71.0 + rng.normal(), "stickiness.p05": 55.0, "stickiness.p95": 75.0,
        "left_ratio": 0.29, "crossed_site_ratio": 0.11, "stay_length.mean": 3.4,
        "renewals.rate": 50.0, "renewal_batches.rate": 1.0, "renewal_batch.size.mean": 50.0,
        "renewal_messages_saved_ratio": 0.98, "lease.lapses.rate": 0.0,
        "failover.detection.mean": 2.5, "failover.detection.max": 2.9,
        "failover.recovery.mean": math.nan if replication == 1 else 8.0,
    }  # fmt: skip
    series: dict[str, list[Any]] = {"t_s": [], "metric": [], "label": [], "value": []}
    for t in range(60):
        down = 20 <= t < 30
        for metric, label, value in (
            ("requests.rate", "", 40.0), ("failures.rate", "", 4.0 if down else 0.0),
            ("hit_ratio.l1", "", l1 - 0.3 * down), ("latency.p50", "", 0.02), ("latency.p95", "", 0.05),
            ("latency.p99", "", 0.09), ("stickiness.mean", "", 70.0),
            ("edge.load", "pop-1", 0.0 if down else 20.0),
            ("edge.load", "pop-<2>", 20.0), ("misses.l1.rate", "migrated", 9.0 + 5 * down),
            ("misses.l1.rate", "ttl_expired", 3.0),
        ):  # fmt: skip
            for column, cell in zip(series.values(), (float(t), metric, label, value), strict=True):
                column.append(cell)
    events = [
        {"t_s": 20.0, "kind": FAULT_BEGIN, "target": "pop-1", "detail": {"fault": "crash"}},
        {"t_s": 22.4, "kind": DETECTED, "target": "pop-1", "detail": {"after_s": 2.4}},
        {"t_s": 22.4, "kind": SESSIONS_MOVED, "target": "pop-1", "detail": {"sessions": 231}},
        {"t_s": 28.1, "kind": RECOVERED, "target": "pop-1", "detail": {"after_s": 8.1}},
        {"t_s": 30.0, "kind": FAULT_END, "target": "pop-1", "detail": {"fault": "crash"}},
    ]
    requests = None if trace is None else {"t_s": [0.1, 0.2], "client": ["a-1", "a-2"], "ok": [True, False]}
    digest = hashlib.sha256(repr((sorted(metrics.items()), seed, replication)).encode()).hexdigest()
    totals = {"requests": n, "requests[europe]": n, "ok": n - failed, "failed": failed}
    return Replication(
        replication, seed, metrics, {"latency": latency, "latency[europe]": latency},
        {**totals, "requests.simulated": n + 400},
        series, events, requests, {"checked": 17, "violations": []}, 0.05, 9000, 80_000_000, digest,
    )  # fmt: skip
