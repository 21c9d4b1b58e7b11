"""`python -m benchmarks [--quick] [--python EXE]... [--out FILE]`: how fast the simulator is, as ratios.

Every figure is taken in this process and run, or in one that it starts, in turn with its yardstick; nothing is
asserted: these numbers are for reading and for the record, tests guard the exact counts. Peers that are not installed
are left out; `--python` names interpreters (of virtual environments) where they are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import simulator.engine.clock
from benchmarks import measures, sweep_scaling
from benchmarks.counts import HITS, MISSES, bytes_per_session, events_per_request

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """What ran: processor, cores, versions; nothing that names the machine."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "compiled": not str(simulator.engine.clock.__file__).endswith(".py"),
    }


def parts(quick: bool, pythons: list[str]) -> dict[str, Callable[[], Any]]:
    """What is measured, by its name in the results."""
    rounds = 2 if quick else 3
    few = 1 if quick else 2
    clients = (1_000, 10_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000)
    edges = (8, 4, 100) if quick else (8, 4, 100, 1000)
    lasting = (5,) if quick else (5, 50, 500)
    result: dict[str, Callable[[], Any]] = {
        "reference": lambda: measures.reference(4 if quick else 10, rounds),
        "events_per_request": lambda: {"l1_hit": events_per_request(HITS), "l2_answer": events_per_request(MISSES)},
        "bytes_per_session": bytes_per_session,
        "peers": lambda: measures.peers(5 if quick else 10, few, pythons),
        "cost_by_clients": lambda: measures.by_clients(clients, 40_000 if quick else 100_000, few),
        "cost_by_edges": lambda: measures.by_edges(edges, 40_000 if quick else 100_000, few),
        "memory": lambda: [measures.memory([f"duration={s}s"]) for s in lasting],
        "start_up_s": lambda: measures.start_up(few),
        "extras": lambda: measures.extras(4 if quick else 20, few),
    }
    if not quick:
        result["million_sessions"] = lambda: measures.memory(
            ["duration=20s", "clients.client.count=1000000", "clients.client.workload.rate=0.02/s"]
        )
        result["sweep"] = sweep_scaling.scaling
    return result


def main() -> None:
    """Measure, print, and keep the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute's version; kept only with --out")
    parser.add_argument("--python", action="append", default=[], metavar="EXE", help="another Python, that has peers")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to keep the figures")
    parser.add_argument(
        "--only", action="append", default=[], metavar="PART", help="measure only these parts; others stay in --out"
    )
    chosen = parser.parse_args()
    today = datetime.now(UTC).date().isoformat()
    figures: dict[str, Any] = {"date": today, "quick": chosen.quick, "machine": machine()}
    if chosen.only and chosen.out is not None and chosen.out.exists():
        figures = json.loads(chosen.out.read_text(encoding="utf-8")) | figures
    for name, take in parts(chosen.quick, chosen.python).items():
        if chosen.only and name not in chosen.only:
            continue
        figures[name] = take()
        print(f"{name}: {json.dumps(figures[name], indent=2)}", flush=True)
    out: Path | None = chosen.out
    if out is None and not chosen.quick and not chosen.only:
        out = RESULTS / f"{today}.json"
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        print(f"kept in {out.name}; python docs/figures/make_benchmarks.py draws it")


if __name__ == "__main__":
    main()
