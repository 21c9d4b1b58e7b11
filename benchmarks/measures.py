"""What is measured: rates as ratios to yardsticks taken in turn with them, memory, start-up, and what features cost.

A second is one of processor time, which is wall time on a machine that does nothing else, and hardly moves on one that
does; whole processes are timed by the clock on the wall. Medians of rounds, yardstick and run in turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS, measure
from benchmarks.raw import heap_operations_per_s, simpy_events_per_s
from simulator import run
from simulator.observe.result import Replication
from simulator.results.folder import save
from simulator.run import run_replication
from simulator.scenario.schema import Scenario

BARE = {
    "sam": "off", "leases": "off", "routing.policy": "static", "routing.weight": 65,
    "network.default.loss": "0%", "network.default.bandwidth": "unlimited",
}  # fmt: skip
"""Without what no peer has; recorder, windows and invariants stay."""
LIKE_PEERS = {"clients.client.count": 500, "warmup": "1s"}
"""`reference` at the load of the peers' system: 500 clients, 2,000 requests a second."""
_IN_A_PROCESS = (
    "import sys; from simulator.run import run_replication; from simulator.scenario.schema import Scenario; "
    "r = run_replication(Scenario.load('reference', sys.argv[1:]), seed=1, replication=0); "
    "print(r.totals['requests.simulated'], r.peak_rss_bytes)"
)


def timed(scenario: Scenario, trace: float | None = None) -> tuple[Replication, float, float]:
    """(result, processor seconds from the first event to the last, the same with set-up and measuring)."""
    began, wall_began = time.process_time(), time.perf_counter()
    result = run_replication(scenario, seed=1, replication=0, trace=trace)
    whole_s = time.process_time() - began
    return result, result.wall_s * whole_s / (time.perf_counter() - wall_began), whole_s


def reference(duration_s: float, rounds: int) -> dict[str, float]:
    """The scenario `reference`, everything on, against raw heap operations and bare SimPy."""
    scenario = Scenario.load("reference", {"duration": f"{duration_s}s"})
    rows: list[tuple[float, ...]] = []
    events_per_request = 0.0
    for _ in range(rounds):
        heap = heap_operations_per_s()
        result, run_s, whole_s = timed(scenario)
        bare = simpy_events_per_s()
        heap = (heap + heap_operations_per_s()) / 2
        requests = result.totals["requests.simulated"]
        events_per_request = result.n_events / requests
        rate = requests / run_s
        rows.append((rate, heap, bare, rate / heap, requests / whole_s / heap, result.n_events / run_s / bare))
    names = (
        "requests_per_s", "heap_operations_per_s", "bare_simpy_events_per_s", "requests_per_heap_operation",
        "requests_per_heap_operation_with_set_up", "events_per_bare_simpy_event",
    )  # fmt: skip
    medians = (statistics.median(column) for column in zip(*rows, strict=True))
    return {**dict(zip(names, medians, strict=True)), "events_per_request": events_per_request}


def peers(duration_s: float, rounds: int, pythons: Sequence[str]) -> list[dict[str, Any]]:
    """Each peer on the three-hop system, in turn with this simulator (everything on, and without what no peer has).

    Requests per raw heap operation of the same process compare across Pythons; `times_everything_on` and
    `times_what_peers_do` say how many times those of the peer ours are.
    """
    loaded = Scenario.load("reference", {**LIKE_PEERS, "duration": f"{duration_s}s"})
    ours = {"stickysim, everything on": loaded, "stickysim, what peers do": loaded.with_overrides(BARE)}
    rows: dict[str, list[tuple[float, float]]] = {}
    notes: dict[str, dict[str, str]] = {}
    for _ in range(rounds):
        for name, scenario in ours.items():
            heap = heap_operations_per_s()
            result, run_s, _ = timed(scenario)
            heap = (heap + heap_operations_per_s()) / 2
            rate = result.totals["requests.simulated"] / run_s
            rows.setdefault(name, []).append((rate, rate / heap))
        for peer in PEERS:
            answer = measure(peer, duration_s, pythons)
            if answer is None:
                notes[peer.name] = {"skipped": f"not installed: {peer.install}"}
                continue
            rate = answer["requests"] / answer["cpu_s"]
            rows.setdefault(peer.name, []).append((rate, rate / answer["heap_per_s"]))
            notes[peer.name] = {"python": answer["python"], "does": peer.does, "leaves_out": peer.leaves_out}
    return _table(rows, notes)


def _table(rows: dict[str, list[tuple[float, float]]], notes: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = []
    for name in [*rows, *(name for name in notes if name not in rows)]:
        row: dict[str, Any] = {"name": name, **notes.get(name, {})}
        if name in rows:
            rate, ratio = (statistics.median(column) for column in zip(*rows[name], strict=True))
            row |= {"requests_per_s": rate, "requests_per_heap_operation": ratio}
            for ours in table[:2]:
                key = "times_everything_on" if "everything" in ours["name"] else "times_what_peers_do"
                row[key] = ours["requests_per_heap_operation"] / ratio
        table.append(row)
    return table


def cost(points: list[tuple[str, dict[str, object]]], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds a request, and an event, of variations of `reference`, relative to the first: medians of rounds in turn.

    A variation that hits less has more events a request: the second tells what size itself costs. `request_us` is
    processor time, microseconds.
    """
    scenarios = {name: Scenario.load("reference", overrides) for name, overrides in points}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in scenarios}
    for _ in range(rounds):
        for name, scenario in scenarios.items():
            result, run_s, _ = timed(scenario)
            seconds[name].append((run_s / result.totals["requests.simulated"], run_s / result.n_events))
    bases = next(iter(seconds.values()))
    return {
        name: {
            each: statistics.median(pair[i] / base[i] for pair, base in zip(values, bases, strict=True))
            for i, each in enumerate(("request", "event"))
        }
        | {"request_us": 1e6 * statistics.median(pair[0] for pair in values)}
        for name, values in seconds.items()
    }


def by_clients(counts: Sequence[int], requests: int, rounds: int) -> dict[str, dict[str, float]]:
    """The same requests a second, from ever more clients."""
    return cost(
        [
            (str(n), {
                "clients.client.count": n, "clients.client.workload.rate": f"{20000 / n}/s",
                "duration": f"{requests / 20000}s", "warmup": "1s",
            })
            for n in counts
        ], rounds,
    )  # fmt: skip


def by_edges(counts: Sequence[int], requests: int, rounds: int) -> dict[str, dict[str, float]]:
    """The same requests on more or fewer edges, relative to the first."""
    overrides = {"duration": f"{requests / 20000}s", "warmup": "1s"}
    return cost([(str(n), {**overrides, "edges.edge.count": n}) for n in counts], rounds)


def memory(overrides: Sequence[str]) -> dict[str, int]:
    """Requests, and peak memory of a process of its own that simulates them."""
    command = [sys.executable, "-c", _IN_A_PROCESS, *overrides]
    requests, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {"requests": int(requests), "peak_rss_bytes": int(peak)}


def start_up(rounds: int) -> dict[str, float]:
    """Median wall seconds of whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "python": ["-c", "pass"],
            "import": ["-c", "import simulator"],
            "help": ["-m", "simulator", "--help"],
            "quickstart": ["-m", "simulator", "-q", "run", "quickstart", "-o", f"{folder}/out", "--force"],
        }
        return {name: _process_s(arguments, rounds, folder) for name, arguments in commands.items()}


def _process_s(arguments: list[str], rounds: int, folder: str) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=folder)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def extras(duration_s: float, rounds: int) -> dict[str, float]:
    """What results and traces cost: share of a run, and times of a run without."""
    scenario = Scenario.load("reference", {"duration": f"{duration_s}s"})
    shares, without_report, traced = [], [], []
    for _ in range(rounds):
        began = time.process_time()
        result = run(scenario, jobs=1)
        run_s = time.process_time() - began
        with tempfile.TemporaryDirectory() as folder:
            seconds = []
            for name, report in (("data", False), ("all", True)):
                began = time.process_time()
                save(result, Path(folder) / name, report=report)
                seconds.append(time.process_time() - began)
        without_report.append(seconds[0] / run_s)
        shares.append(seconds[1] / run_s)
        traced.append(timed(scenario, trace=1.0)[1] / timed(scenario)[1])
    return {
        "writing_share_without_report": statistics.median(without_report),
        "writing_share": statistics.median(shares),
        "traced_times_plain": statistics.median(traced),
    }
