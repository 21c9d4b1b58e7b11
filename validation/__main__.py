"""`python -m validation [--quick] [--runs N] [--only NAME]... [--out FILE] [--write]`: reality beside the simulator.

Plays a real deployment on loopback and the same as scenarios, prints the table, and keeps it as JSON. Needs haproxy and
redis-server. Times are worth reading only where nothing else runs; raise the priority with `nice -n -15` as root.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from validation import compare, inputs, runs, simulated
from validation.settings import FULL, QUICK
from validation.system import NotHereError, program

KEPT = Path(__file__).parent / "results" / "latest.json"
MOST_RUNS = 20  # of each kind: a run is a minute of the machine


def whole(text: str) -> int:
    """A number of runs."""
    number = int(text)
    if not 1 <= number <= MOST_RUNS:
        raise argparse.ArgumentTypeError(f"{number} is not in 1..{MOST_RUNS}")
    return number


def machine() -> dict[str, Any]:
    """What ran; nothing that names the machine."""
    versions = {}
    for name, flag in (("haproxy", "-v"), ("redis-server", "--version")):
        told = subprocess.run([program(name), flag], capture_output=True, text=True, check=False).stdout
        versions[name] = next((word for word in told.replace("v=", "").split() if word[:1].isdigit()), "?")
    return {"cores": os.cpu_count(), "python": platform.python_version(), **versions}


def measured(names: list[str], rounds: int, quick: bool) -> dict[str, Any]:
    """All real runs, in turn, with the inputs measured before each round."""
    settings = QUICK if quick else FULL
    told: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat(), "quick": quick, "machine": machine()}
    told |= {"inputs": [], "load": [], "measured": {name: [] for name in names}}
    for number in range(1, rounds + 1):
        told["inputs"].append(inputs.measure(settings))
        for name in names:
            told["load"].append(round(os.getloadavg()[0], 1))
            told["measured"][name].append(runs.play(name, settings, seed=number))
            print(f"{name} {number}/{rounds}: {compare.line(told['measured'][name][-1])}", flush=True)
    return told


def simulate(told: dict[str, Any], replications: int) -> None:
    """Add what scenarios say with the same inputs."""
    settings = QUICK if told["quick"] else FULL
    values = {name: compare.mean([one[name] for one in told["inputs"]]) for name in told["inputs"][0]}
    told["simulated"] = {}
    for name, played in told["measured"].items():
        downs = [one["down"] for one in played if "down" in one]
        own = values | ({"down": compare.mean(downs)} if downs else {})
        told["simulated"][name] = simulated.play(name, settings, own, replications)


def again(path: Path) -> dict[str, Any]:
    """Measured figures that were kept."""
    told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or not {"inputs", "measured", "load", "machine", "quick", "date"} <= told.keys():
        raise ValueError(f"{path}: not what --out keeps: name a file that `python -m validation --out FILE` wrote")
    return told


def main() -> int:
    """Measure, simulate, compare; 2 where something is missing."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small and short, for hit ratios and accounting: not times"
    )
    parser.add_argument("--runs", type=whole, default=3, metavar="N", help="real runs of each kind (3)")
    parser.add_argument("--replications", type=whole, default=12, metavar="N", help="of each scenario (12)")
    parser.add_argument("--only", action="append", choices=runs.RUNS, metavar="NAME", help=", ".join(runs.RUNS))
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to keep the figures")
    parser.add_argument("--again", type=Path, metavar="FILE", help="measured figures kept before: only simulate")
    parser.add_argument("--write", action="store_true", help=f"keep in {KEPT.name}, and renew docs/validation.md")
    chosen = parser.parse_args()
    if chosen.write and (chosen.quick or chosen.only):
        parser.error("--write is for full runs of all kinds: leave --quick and --only out")
    try:
        if chosen.again is not None:
            told = again(chosen.again)
        else:
            told = measured(chosen.only or list(runs.RUNS), chosen.runs, chosen.quick)
            keep(told, chosen.out)
        simulate(told, chosen.replications)
    except (NotHereError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"validation: {error}", file=sys.stderr)
        return 2
    print(compare.tables(told))
    keep(told, chosen.out)
    if chosen.write:
        keep(told, KEPT)
        compare.splice(told)
    return 0


def keep(told: dict[str, Any], out: Path | None) -> None:
    """As JSON, where asked for."""
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(compare.rounded(told), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
