"""`python -m benchmarks [--quick] [--json FILE]`: ratios of the simulator's speed to the machine's own.

Every figure is taken in this process and run, several times in turn with its yardstick; medians are printed. Nothing
is asserted: these numbers are for reading and for the record, tests guard the exact counts.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.raw import heap_operations_per_s, plain_simpy_requests_per_s, simpy_events_per_s
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

_MEMORY = (
    "import sys; from simulator.run import run_replication; from simulator.scenario.schema import Scenario; "
    "s = Scenario.load('reference', [f'duration={sys.argv[1]}s', f'clients.client.count={sys.argv[2]}', "
    "f'clients.client.workload.rate={sys.argv[3]}/s']); "
    "r = run_replication(s, seed=1, replication=0); print(r.totals['requests.simulated'], r.peak_rss_bytes)"
)


def speed(duration: str, rounds: int) -> dict[str, float]:
    """The `reference` scenario against raw heap operations, bare SimPy, and the same system in plain SimPy."""
    scenario = Scenario.load("reference", [f"duration={duration}"])
    ratios: list[float] = []
    rates: list[float] = []
    simpy_ratios: list[float] = []
    plain_ratios: list[float] = []
    events = 0.0
    for _ in range(rounds):
        heap = heap_operations_per_s()
        result = run_replication(scenario, seed=1, replication=0)
        rate = result.totals["requests.simulated"] / result.wall_s
        rates.append(rate)
        ratios.append(rate / heap)
        events = result.n_events / result.totals["requests.simulated"]
        simpy_ratios.append(result.n_events / result.wall_s / simpy_events_per_s())
        plain_ratios.append(rate / plain_simpy_requests_per_s())
    return {
        "requests_per_s": statistics.median(rates),
        "requests_per_heap_operation": statistics.median(ratios),
        "events_per_request": events,
        "events_per_bare_simpy_event": statistics.median(simpy_ratios),
        "times_plain_simpy": statistics.median(plain_ratios),
    }


def sizes(points: list[tuple[str, list[str]]]) -> dict[str, float]:
    """Requests a second of variations of `reference`, relative to the first."""
    rates = {}
    for name, overrides in points:
        result = run_replication(Scenario.load("reference", overrides), seed=1, replication=0)
        rates[name] = result.totals["requests.simulated"] / result.wall_s
    first = next(iter(rates.values()))
    return {name: first / rate for name, rate in rates.items()}


def memory(duration_s: float, clients: int, rate_per_s: float) -> dict[str, int]:
    """Peak memory of a process that simulates so many requests."""
    command = [sys.executable, "-c", _MEMORY, str(duration_s), str(clients), str(rate_per_s)]
    requests, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {"requests": int(requests), "peak_rss_bytes": int(peak)}


def start_up_s() -> float:
    """Median wall time of `simulator --help`."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "simulator", "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    """Measure, print, and keep as JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the reference scenario and start-up")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE")
    chosen = parser.parse_args()
    figures: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "reference": speed("4s" if chosen.quick else "10s", 3 if chosen.quick else 5),
        "help_s": start_up_s(),
    }
    if not chosen.quick:
        figures["cost_by_clients"] = sizes(
            [
                (
                    f"{n:.0e}",
                    [f"clients.client.count={n}", f"clients.client.workload.rate={20000 / n}/s", "duration=10s"],
                )
                for n in (1_000, 10_000, 100_000, 1_000_000)
            ]
        )
        figures["cost_by_edges"] = sizes(
            [(str(n), [f"edges.edge.count={n}", "duration=10s"]) for n in (8, 4, 100, 1000)]
        )
        figures["memory"] = [memory(10, 5000, 2), memory(100, 5000, 2), memory(1000, 5000, 2)]
        figures["million_sessions"] = memory(4, 1_000_000, 0.02)
    print(json.dumps(figures, indent=2))
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:  # noqa: PTH123 (one line beats an import)
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
