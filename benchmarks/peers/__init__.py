"""Other simulators on the same three-hop system, each in its own natural way of writing.

A peer is an optional import, never a dependency. It is measured in a process of its own, under this Python or another
one where it is installed, beside the raw heap operations of that very process: ratios of both hold across Pythons.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OTHER_PYTHONS = ("python3.11", "python3.12", "python3.13")
LONGEST_S = 600.0


@dataclass(frozen=True)
class Peer:
    """One simulator to compare with.

    Args:
        name: shown. module: in this package, with `play(duration_s)`. library: its import; install: how to get it.
        does: what it does of the three-hop system. leaves_out: what `reference` does and it does not.
    """

    name: str
    module: str
    library: str
    install: str
    does: str
    leaves_out: str


_REST = "loss, bandwidth, timeouts and retries, the affinity manager, leases, eviction, windows, checks"
PEERS = (
    Peer(
        "SimPy, a Resource a node", "simpy_resources", "simpy", "pip install simpy",
        "clients, lognormal links, edges and cores with workers and queues, L1 with TTL, L2, storage, latencies",
        _REST,
    ),
    Peer(
        "SimPy, a Store a hop", "simpy_stores", "simpy", "pip install simpy",
        "the same, a message a process and an inbox a node",
        _REST,
    ),
    Peer(
        "Ciw", "ciw_network", "ciw", "pip install ciw",
        "lognormal links as nodes without queues, edges and cores with workers and queues, a record a visit",
        f"sessions, caches (a miss is a coin of 20 %), stickiness, L2 and storage, {_REST}",
    ),
    Peer(
        "AsyncFlow", "asyncflow_graph", "asyncflow", "pip install asyncflow-sim (Python 3.12 or later)",
        "four links, edges with cores of a CPU and a queue, sampled series",
        f"sessions, caches (one of five endpoints misses), cores, storage (a wait of constant length), seeds, {_REST}",
    ),
    Peer(
        "happysim", "happysim_entities", "happysimulator", "pip install happysim (Python 3.13 or later)",
        "clients, lognormal links, edges and cores with workers and queues, L1 with TTL, L2, storage, latencies",
        _REST,
    ),
)  # fmt: skip


def has(python: str, library: str) -> bool:
    """Whether that interpreter can import the library."""
    probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({library!r}) is None)"
    try:
        return subprocess.run([python, "-c", probe], capture_output=True, timeout=60, check=False).returncode == 0
    except OSError:
        return False


def interpreter_of(peer: Peer, pythons: Sequence[str] = ()) -> str | None:
    """The first interpreter that has the peer: this one, those that were named, those on the path."""
    found = (shutil.which(name) for name in OTHER_PYTHONS)
    return next((p for p in (sys.executable, *pythons, *found) if p is not None and has(p, peer.library)), None)


def measure(peer: Peer, duration_s: float, pythons: Sequence[str] = ()) -> dict[str, Any] | None:
    """What a process that plays the peer says, or None where the peer is not installed.

    Returns:
        requests, cpu_s (of the run), heap_per_s (raw heap operations a second in that process), version, python.

    Raises:
        RuntimeError: the peer is there and does not work.
    """
    python = interpreter_of(peer, pythons)
    if python is None:
        return None
    command = [python, "-m", "benchmarks.peers", peer.module, str(duration_s)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=LONGEST_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{peer.name} does not work under {python}:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
