"""What sweeps cost: two processes against one, the overhead of a cell, and whether many cells cost more each.

    python benchmarks/sweep_scaling.py [--cells 5000]

Goals: two processes at least 1.8 times one; at most 20 ms of overhead a cell; no more a cell for 5,000 cells than for
500. The first says nothing about a machine that is busy with something else; overhead is processor time.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from simulator import Scenario, sweep
from simulator.run import run_replication

TINY = {
    "name": "tiny",
    "duration": "2s",
    "clients": {"c": {"count": 20, "workload": {"kind": "poisson", "rate": "2/s"}}},
    "edges": {"pop": {"count": 2, "l1": {"capacity": 10}}},
}
CAPACITY = "edges.pop.l1.capacity"


def timed(scenario: Scenario, values: dict[str, object], jobs: int) -> float:
    """Seconds of wall time of a sweep that is kept in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        result = sweep(scenario, values, jobs=jobs, path=Path(folder) / "out")
        elapsed = time.perf_counter() - begun
    if result.status != "complete":
        raise SystemExit(f"not complete: {result.failed[0].failures}")
    return elapsed


def scaling(values: Sequence[int] = range(5, 13)) -> dict[str, float]:
    """Cells of quickstart with one process and with two: wall seconds, and how many times faster two are."""
    real = Scenario.load("quickstart")
    cells: dict[str, object] = {"edges.pop.l1.ttl": [f"{n}s" for n in values]}
    one, two = timed(real, cells, 1), timed(real, cells, 2)
    return {"cells": len(values), "one_process_s": one, "two_processes_s": two, "times_faster": one / two}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=5000)
    cells = parser.parse_args().cells
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    took = scaling()
    one, two = took["one_process_s"], took["two_processes_s"]
    print(f"8 cells of quickstart: {one:.1f} s with one process, {two:.1f} s with two: {one / two:.2f} times")
    tiny = Scenario.from_dict(TINY)
    begun = time.process_time()
    for replication in range(20):
        run_replication(tiny, seed=1, replication=replication, progress=None, trace=None)
    alone = (time.process_time() - begun) / 20
    for count in (cells // 10, cells):
        begun = time.process_time()
        timed(tiny, {CAPACITY: list(range(1, count + 1))}, 1)
        each = (time.process_time() - begun) / count
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        overhead = (each - alone) * 1e3
        print(f"{count} tiny cells: {each * 1e3:.1f} ms each, {overhead:.1f} ms of it overhead; {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
