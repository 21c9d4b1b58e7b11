"""`python -m benchmarks.peers MODULE SECONDS`: play one peer in this process and print what it took, as JSON."""

from __future__ import annotations

import importlib
import json
import platform
import statistics
import sys

from benchmarks.raw import heap_operations_per_s


def main(module: str, duration_s: float) -> None:
    """Play between two measurements of the heap."""
    play = importlib.import_module(f"benchmarks.peers.{module}").play
    before = heap_operations_per_s()
    requests, cpu_s = play(duration_s)
    heap_per_s = statistics.fmean((before, heap_operations_per_s()))
    answer = {
        "requests": requests, "cpu_s": cpu_s, "heap_per_s": heap_per_s, "python": platform.python_version()
    }  # fmt: skip
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
