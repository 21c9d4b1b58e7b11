"""The same as scenarios: inputs as measured, faults at the phases of replications' own; figures by the same names."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd

import simulator
from validation.figures import CAUSES
from validation.runs import DOWN, FAULT_AFTER, PAUSE, SLOW_FACTOR
from validation.settings import Settings

SCENARIOS = Path(__file__).parent / "scenarios"
RATIOS = {"l1": "hit_ratio.l1", "delayed": "delayed_hit_ratio.l1", "misses": "miss_ratio.l1", "l2": "hit_ratio.l2"}
RATES = {
    "requests": "requests.rate",
    "core_lookups": "lookups.l2.rate",
    "redis_reads": "storage.reads.rate",
    "renewals": "renewals.rate",
    "batches": "renewal_batches.rate",
}
TIMES = {
    "p50": "latency.p50",
    "p95": "latency.p95",
    "p99": "latency.p99",
    "detection": "failover.detection.mean",
    "recovery": "failover.recovery.mean",
}


def overrides(settings: Settings, inputs: dict[str, float]) -> dict[str, object]:
    """Settings and measured inputs, as paths of the scenarios."""
    out = f"{inputs['client_link']}s"
    core = f"{inputs['core_link'] + inputs['path_core'] / 2}s"
    return {
        "duration": f"{settings.duration}s",
        "warmup": f"{settings.warmup}s",
        "clients.web.count": settings.sessions,
        "clients.web.workload.rate": f"{settings.rate}/s",
        "edges.edge.service_time": {"gamma": {"mean": f"{inputs['service_mean']}s", "cv": inputs["service_cv"]}},
        "edges.edge.l1.ttl": f"{settings.l1_ttl}s",
        "cores.core.service_time": f"{inputs['core_service']}s",
        "cores.core.l2.ttl": f"{settings.l2_ttl}s",
        "storage.read": f"{inputs['path_redis']}s",
        "network": {
            "links": [
                {"from": "web", "to": "lb-*", "latency": out},
                {"from": "lb-*", "to": "web", "latency": out},
                {"from": "edge-*", "to": "core-*", "latency": core},
                {"from": "core-*", "to": "edge-*", "latency": core},
            ],
            "default": {"latency": f"{inputs['path_edge'] / 2}s"},
        },
    }


def fault(kind: str, settings: Settings, inputs: dict[str, float], seed: int) -> dict[str, object]:
    """The fault of one replication, at a random phase of the checks."""
    at = settings.warmup + FAULT_AFTER + random.Random(seed).uniform(0, settings.check_every)
    named: dict[str, dict[str, object]] = {
        "killed": {"for": "10s", "crash": "edge-1", "connections": "reset"},
        "slow": {"for": "8s", "slow": "edge-1", "factor": SLOW_FACTOR},
        "deployment": {"rolling_restart": "edge-*", "down": f"{inputs.get('down', DOWN)}s", "pause": f"{PAUSE}s"},
    }
    return {"faults": [{"name": kind, "at": f"{at}s", **named[kind]}]} if kind in named else {}


def play(kind: str, settings: Settings, inputs: dict[str, float], replications: int) -> list[dict[str, float]]:
    """Figures of each replication."""
    scenario = simulator.Scenario.load(str(SCENARIOS / f"{kind}.yaml"))
    result = []
    for seed in range(1, replications + 1):
        changed = scenario.with_overrides(overrides(settings, inputs) | fault(kind, settings, inputs, seed))
        metrics = simulator.run(changed, seed=seed).metrics["mean"]
        result.append(figures(metrics, settings))
    return result


def figures(metrics: pd.Series, settings: Settings) -> dict[str, float]:
    """By the names of the real run's; what has no value is left out."""
    names = RATIOS | RATES | TIMES | {f"misses_{cause}": f"misses.l1.rate[{cause}]" for cause in CAUSES}
    issued = metrics["requests.rate"] * settings.window
    told = {mine: float(metrics.get(theirs, float("nan"))) for mine, theirs in names.items()}
    told["failed"] = float(metrics["failures.ratio"]) * issued
    told["moves"] = float(metrics["migrations.rate"]) * settings.window
    return {name: value for name, value in told.items() if value == value}  # noqa: PLR0124 (not a number)
