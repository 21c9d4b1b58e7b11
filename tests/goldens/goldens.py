"""Golden fingerprints and event counts of the bundled scenarios, shortened: what the same seed must give again.

python tests/goldens/goldens.py [--check] [FILE]

plays them and writes the golden file of this numpy version and platform; with `--check` it only says what differs (exit
1), and needs no pytest: so other Pythons are asked, and a compiled wheel. Random draws may differ between numpy's
versions and mathematical functions between platforms, so each pair has a file of its own; Python's version does not
matter. Run it after a change that moves numbers, and say in CHANGELOG.md why they moved. FILE is another file.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

import simulator.engine.clock
from simulator.run import run_replication
from simulator.scenario.bundled import bundled_names
from simulator.scenario.schema import Scenario

FOLDER = Path(__file__).parent
REPLICATIONS = 2
INTERPRETED = str(simulator.engine.clock.__file__).endswith(".py")
SHORTER: dict[str, list[str]] = {
    "conversations": ["duration=60s", "warmup=20s"],
    "core-failover": ["duration=30s", "warmup=10s", "faults.0.at=15.4s", "faults.0.for=10s"],
    "edge-failover": ["duration=30s", "warmup=10s", "faults.0.at=20.4s", "faults.0.for=10s"],
    "finding-freshness": ["duration=30s"],
    "finding-sick-edge": ["duration=40s", "warmup=20s"],
    "finding-weight": ["duration=30s"],
    "flash-crowd": ["duration=30s", "faults.0.at=20s", "faults.0.for=5s"],
    "lease-batching": ["duration=30s"],
    "lossy-links": ["duration=30s", "faults.0.at=20s", "faults.0.for=5s"],
    "metastable": ["duration=30s"],
    "quickstart": ["duration=30s", "warmup=10s", "faults.0.at=20s", "faults.0.for=8s"],
    "reference": ["duration=3s", "warmup=1s"],
    "scale": ["duration=6s", "warmup=2s"],
    "stickiness-models": [
        "duration=40s",
        "warmup=10s",
        "faults.0.at=15s",
        "faults.0.for=5s",
        "faults.1.at=22s",
        "faults.1.for=5s",
        "faults.2.at=30s",
        "faults.2.for=3s",
        "faults.3.at=35s",
    ],
    "trace-replay": ["duration=150min"],
    "what-you-run-today": ["duration=60s", "faults.1.at=35s", "faults.1.for=10s", "faults.2.at=46s"],
}
"""What is set to make them quick; a scenario that is not here is played as it is written."""


def key() -> str:
    """Where draws can differ: numpy's version (without its bug fixes), the platform."""
    version = ".".join(np.__version__.split(".")[:2])
    return f"numpy-{version}-{sys.platform}-{platform.machine()}".lower()


def path() -> Path:
    """The golden file of this numpy and platform; it need not exist."""
    return FOLDER / f"{key()}.json"


def played(name: str) -> list[dict[str, Any]]:
    """For each replication: requests, events, fingerprint."""
    scenario = Scenario.load(name, SHORTER.get(name, []))
    result = []
    for number in range(REPLICATIONS):
        one = run_replication(scenario, seed=scenario.seed, replication=number)
        result.append({
            "requests": one.totals["requests.simulated"], "events": one.n_events, "fingerprint": one.fingerprint[:16]
        })  # fmt: skip
    return result


def check(file: Path) -> int:
    """Print the scenarios that do not give the numbers of a file, or that there is none; how many."""
    if not file.exists():
        print(f"no goldens for {key()}")
        return 1
    expected = json.loads(file.read_text(encoding="utf-8"))
    wrong = [name for name in bundled_names() if played(name) != expected.get(name)]
    how = "interpreted" if INTERPRETED else "compiled"
    print(f"Python {platform.python_version()}, {key()}, {how}: {', '.join(wrong) or 'nothing'} differs")
    return len(wrong)


def write(file: Path) -> None:
    """Play all and write the numbers."""
    text = ",\n".join(f"  {json.dumps(name)}: {json.dumps(played(name))}" for name in bundled_names())
    file.write_text("{\n" + text + "\n}\n", encoding="utf-8")
    print(f"wrote {file.name}")
    for other in sorted(set(FOLDER.glob("*.json")) - {path()}):
        print(f"not touched: {other.name}; write it anew with its numpy, or remove it")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    checking = "--check" in arguments
    place = next((Path(text) for text in arguments if text != "--check"), path())
    if checking:
        sys.exit(min(1, check(place)))
    write(place)
