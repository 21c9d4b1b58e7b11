"""The table: measured beside simulated, with intervals, tolerances and whether they are met."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from scipy import stats

from validation.settings import FULL

PAGE = Path(__file__).resolve().parent.parent / "docs" / "validation.md"
BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"

# name: (title, factor for showing, decimals, tolerance: in shown units, or a share of the simulated one)
ROWS: dict[str, tuple[str, float, int, float, str]] = {
    "l1": ("L1 hits, %", 100, 1, 0.5, "abs"),
    "l2": ("L2 hits, %", 100, 1, 0.5, "abs"),
    "delayed": ("delayed hits, %", 100, 2, 0.5, "abs"),
    "misses_ttl_expired": ("misses/s: TTL expired", 1, 1, 0.02, "share"),
    "misses_migrated": ("misses/s: session moved", 1, 2, 0.15, "share"),
    "misses_node_restart": ("misses/s: edge restarted", 1, 2, 0.15, "share"),
    "core_lookups": ("core lookups/s", 1, 1, 0.02, "share"),
    "redis_reads": ("Redis reads/s", 1, 1, 0.02, "share"),
    "renewals": ("leases renewed/s", 1, 1, 0.02, "share"),
    "batches": ("renewal messages/s", 1, 2, 0.02, "share"),
    "p50": ("p50, ms", 1000, 1, 0.03, "share"),
    "p95": ("p95, ms", 1000, 1, 0.04, "share"),
    "p99": ("p99, ms", 1000, 1, 0.06, "share"),
    "failed": ("failed requests", 1, 1, 0.15, "share"),
    "moves": ("moves of sessions", 1, 1, 0.15, "share"),
    "detection": ("detection, s", 1, 2, 0.1, "law"),
    "recovery": ("hit ratio recovered after, s", 1, 1, 0.15, "share"),
}
HEALTHY_TIMES = ("p50", "p95", "p99")  # have no goal under faults


def mean(values: list[float]) -> float:
    """Of at least one."""
    return sum(values) / len(values)


def half_width(values: list[float]) -> float:
    """Half of the 95 % interval of the mean (Student's t); of one value there is none."""
    if len(values) < 2:
        return math.nan
    centre = mean(values)
    deviation = math.sqrt(sum((value - centre) ** 2 for value in values) / (len(values) - 1))
    return float(stats.t.ppf(0.975, len(values) - 1)) * deviation / math.sqrt(len(values))


def shown(values: list[float], factor: float, digits: int) -> str:
    """The mean, ± half of its interval."""
    wide = half_width(values)
    told = f"{mean(values) * factor:.{digits}f}"
    return told if math.isnan(wide) else f"{told} ± {wide * factor:.{digits}f}"


def verdict(name: str, kind: str, real: list[float], played: list[float]) -> str:
    """`met`, `noise` (apart by more, but by less than both intervals tell), `missed`; empty where there is no goal."""
    _, factor, _, tolerance, how = ROWS[name]
    if kind != "health" and name in HEALTHY_TIMES:
        return ""
    apart = abs(mean(real) - mean(played))
    if how == "law":  # a process that dies at a random time is found after fall - 1 to fall periods
        low, high = (FULL.fall - 1) * FULL.check_every, FULL.fall * FULL.check_every
        return "met" if all(low - tolerance <= value <= high + tolerance for value in real) else "missed"
    allowed = tolerance / factor if how == "abs" else tolerance * abs(mean(played))
    if apart <= allowed:
        return "met"
    widths = [0.0 if math.isnan(wide) else wide for wide in (half_width(real), half_width(played))]
    return "noise" if apart <= math.hypot(*widths) else "missed"


def goal(name: str, kind: str) -> str:
    """The tolerance in words."""
    _, _, _, tolerance, how = ROWS[name]
    if kind != "health" and name in HEALTHY_TIMES:
        return "none"
    return {"abs": f"± {tolerance:g} points", "law": f"all in (2, 3] ± {tolerance:g} s"}.get(
        how, f"± {100 * tolerance:g} %"
    )


def table(kind: str, real: list[dict[str, float]], played: list[dict[str, float]]) -> str:
    """One kind of run, in Markdown."""
    rows = [f"| {kind} | measured | simulated | goal | |", "|---|---|---|---|---|"]
    for name, (title, factor, digits, _, _) in ROWS.items():
        mine = [one[name] for one in real if name in one]
        theirs = [one[name] for one in played if name in one]
        if not mine or not theirs or max(*mine, *theirs) == 0:
            continue
        told = f"{shown(mine, factor, digits)} | {shown(theirs, factor, digits)}"
        rows.append(f"| {title} | {told} | {goal(name, kind)} | {verdict(name, kind, mine, theirs)} |")
    return "\n".join(rows)


def tables(told: dict[str, Any]) -> str:
    """Inputs, then a table for each kind of run."""
    first = told["inputs"][0]
    values = {name: mean([one[name] for one in told["inputs"]]) for name in first}
    lines = [
        "| input | measured apart |",
        "|---|---|",
        f"| service of an edge | {1000 * values['service_mean']:.2f} ms, cv {values['service_cv']:.2f} |",
        f"| service of a core | {1000 * values['core_service']:.2f} ms |",
        f"| link from client to balancer, one way | {1000 * values['client_link']:.2f} ms |",
        f"| link from edge to core, one way | {1000 * values['core_link']:.2f} ms |",
        f"| client, HAProxy, TCP and edge: there and back | {1000 * values['path_edge']:.2f} ms |",
        f"| edge, TCP and core: there and back | {1000 * values['path_core']:.2f} ms |",
        f"| a read of Redis | {1000 * values['path_redis']:.2f} ms |",
    ]
    count = len(next(iter(told["measured"].values())))
    words = ", ".join(f"{name} {value}" for name, value in told["machine"].items())
    load = f"{min(told['load'])} to {max(told['load'])}"
    head = f"{told['date']}; {count} real runs of each kind; {words}; load average at the start of runs {load}."
    parts = [head, "\n".join(lines)]
    parts += [table(kind, real, told["simulated"][kind]) for kind, real in told["measured"].items()]
    return "\n\n".join(parts)


def line(figures: dict[str, float]) -> str:
    """One real run, in a line."""
    return ", ".join(
        f"{name} {figures[name]:.4g}" for name in ("l1", "l2", "p50", "p99", "failed", "detection") if name in figures
    )


def rounded(value: Any) -> Any:
    """Six digits are enough to keep."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def splice(told: dict[str, Any]) -> None:
    """Renew the tables of docs/validation.md."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{tables(told)}\n{END}{tail}", encoding="utf-8")
