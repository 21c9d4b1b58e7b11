"""A result made by hand: 100 windows of a second, one crash at 40 s for 20 s, numbers that sentences must repeat."""

from __future__ import annotations

from typing import Any

from simulator.metrics.events import DETECTED, FAULT_BEGIN, FAULT_END, RECOVERED, SESSIONS_MOVED, TAKEOVER
from simulator.observe.histogram import Histogram
from simulator.observe.result import Replication
from simulator.results.facts import Facts
from simulator.results.result import Result

BEGIN_S, END_S, LENGTH_S = 40, 60, 100

CRASH: list[dict[str, Any]] = [
    {"t_s": 40.0, "kind": FAULT_BEGIN, "target": "pop-1", "detail": {"fault": "crash"}},
    {"t_s": 42.5, "kind": DETECTED, "target": "pop-1", "detail": {"after_s": 2.5}},
    {
        "t_s": 42.6,
        "kind": SESSIONS_MOVED,
        "target": "pop-1",
        "detail": {"sessions": 30, "to": {"pop-2": 20, "pop-3": 10}},
    },
    {"t_s": 51.0, "kind": RECOVERED, "target": "pop-1", "detail": {"after_s": 11.0}},
    {"t_s": 60.0, "kind": FAULT_END, "target": "pop-1", "detail": {"fault": "crash"}},
]
CORE: list[dict[str, Any]] = [
    {"t_s": 40.0, "kind": FAULT_BEGIN, "target": "core-1", "detail": {"fault": "crash"}},
    {"t_s": 43.0, "kind": DETECTED, "target": "core-1", "detail": {"after_s": 3.0}},
    {"t_s": 46.0, "kind": TAKEOVER, "target": "core-1", "detail": {"after_s": 6.0}},
    {"t_s": 60.0, "kind": FAULT_END, "target": "core-1", "detail": {"fault": "crash"}},
]


def value_at(metric: str, t: int, label: str = "") -> float:
    """The hand-made series: calm, and different from 40 to 60 s."""
    down = BEGIN_S <= t < END_S
    wiggle = 1.0 + 0.01 * (-1) ** t
    calm, ill = {
        "requests.rate": (100.0, 100.0), "failures.rate": (0.0, 5.0 if t < 44 else 0.0), "goodput": (100.0, 95.0),
        "hit_ratio.l1": (0.8, 0.6 if t == 45 else 0.7), "hits.l1.rate": (80.0, 65.0),
        "delayed.l1.rate": (1.0, 2.0), "misses.l1.rate": (9.0, 16.0), "core.requests.rate": (20.0, 35.0),
        "latency.p50": (0.02, 0.025), "latency.p95": (0.05, 0.09),
        "latency.p99": (0.1, 0.9 if t == 41 else 0.5),
        "edge.load": (33.0, 0.0 if label == "pop-1" else 50.0),
        "edge.in_system": (0.5, 0.0 if label == "pop-1" else 4.0),
        "moves.rate": (3.0, 6.0), "served.rate": (30.0, 20.0), "stickiness.mean": (63.0, 60.0),
        "stickiness.p05": (50.0, 40.0), "stickiness.p50": (65.0, 65.0), "stickiness.p95": (65.0, 65.0),
        "stickiness.sessions": (30.0, 30.0), "renewals.sent.rate": (20.0, 20.0), "renewal_batches.rate": (2.0, 2.0),
        "latency.hop.mean": (0.004, 0.012),
    }[metric]  # fmt: skip
    return (ill if down else calm) * (wiggle if metric not in ("failures.rate", "moves.rate", "served.rate") else 1.0)


def replication(number: int = 0, events: list[dict[str, Any]] | None = None) -> Replication:
    events = CRASH if events is None else events
    rows: list[tuple[float, str, str, float]] = []
    edges = ("pop-1", "pop-2", "pop-3")
    labelled = {
        "": ("requests.rate", "failures.rate", "goodput", "hit_ratio.l1", "hits.l1.rate", "delayed.l1.rate",
             "core.requests.rate", "latency.p50", "latency.p95", "latency.p99", "stickiness.mean", "stickiness.p05",
             "stickiness.p50", "stickiness.p95", "renewals.sent.rate", "renewal_batches.rate"),
    }  # fmt: skip
    for t in range(LENGTH_S):
        rows += [(float(t), metric, "", value_at(metric, t)) for metric in labelled[""]]
        rows += [(float(t), "misses.l1.rate", cause, value_at("misses.l1.rate", t)) for cause in ("migrated", "cold")]
        rows += [(float(t), m, edge, value_at(m, t, edge)) for m in ("edge.load", "edge.in_system") for edge in edges]
        rows += [(float(t), "stickiness.sessions", w, value_at("stickiness.sessions", t)) for w in ("50", "65")]
        rows += [(float(t), "latency.hop.mean", "edge_queue", value_at("latency.hop.mean", t))]
    for t in (10, 40, 60):
        rows += [
            (float(t), "moves.rate", f"{a}>{b}", value_at("moves.rate", t)) for a in edges for b in edges if a != b
        ]
        rows += [(float(t), "served.rate", f"europe>{edge}", value_at("served.rate", t)) for edge in edges]
    columns = dict(zip(("t_s", "metric", "label", "value"), map(list, zip(*rows, strict=True)), strict=True))
    latency = Histogram([0.001 * k for k in range(1, 1001)])
    metrics = {
        "latency.mean": latency.mean, "latency.p99": 0.99, "hit_ratio.l1": 0.78, "failures.ratio": 0.002,
        "latency.hop.mean[client_link]": 0.4, "latency.hop.mean[edge_queue]": 0.1,
        "renewal_messages_saved_ratio": 0.9, **{f"edge.load[{edge}]": 30.0 for edge in edges},
    }  # fmt: skip
    histograms = {
        "latency": latency, "latency[l1]": latency, "latency[l2]": Histogram([0.5, 0.6, 0.7]),
        "latency.failed": Histogram([0.8] * 20), "latency[europe]": latency, "latency[asia]": latency,
    }  # fmt: skip
    totals = {"requests": 9000, "ok": 8980, "failed": 20, "requests.simulated": 10000}
    return Replication(
        number, 1, metrics, histograms, totals, columns, [dict(e) for e in events], None,
        {"checked": 3, "violations": []}, 1.0, 1000, 0, f"{number:064d}",
    )  # fmt: skip


def result(
    events: list[dict[str, Any]] | None = None, *, count: int = 1, name: str = "edge-crash", question: str = "Why?",
    resolved: dict[str, Any] | None = None, variants: dict[str, Result] | None = None,
) -> Result:  # fmt: skip
    scenario = resolved if resolved is not None else {
        "sites": {"frankfurt": {"lat": 50.1, "lon": 8.7}, "tokyo": {"lat": 35.7, "lon": 139.7}},
        "clients": {"europe": {"site": "frankfurt"}, "asia": {"site": "tokyo"}},
        "edges": {"pop": {"count": 3, "site": "frankfurt"}}, "cores": {"core": {"site": "frankfurt"}},
        "routing": {"policy": "adaptive"},
    }  # fmt: skip
    facts = Facts(
        name=name, question=question, duration_s=float(LENGTH_S), warmup_s=10.0, replications=count,
        resolved=scenario, scenario_hash="ab" * 32, source=f"name: {name}\n", expect=("hit_ratio.l1 >= 70%",),
    )  # fmt: skip
    return Result(facts, [replication(k, events) for k in range(count)], variants or {})
