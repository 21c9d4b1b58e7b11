"""`python -m benchmarks.pair OLD NEW`: how many times as fast is one commit as another?

Builds both as compiled wheels outside the tree, and plays the same scenario file with each in turn, by the public
command alone, so that commits of any layout compare. Each round plays each commit twice, at full length and shortened:
the difference is what the simulation costs, without start-up, set-up and reports. Seconds are of processor time, and
ratios are within a round, so that a machine that is slower for a while slows both.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.builds import ROOT, Build, BuildError, build
from simulator import Scenario
from simulator.errors import SimulatorError
from simulator.statistics.intervals import mean_interval

SHORTENED = 8
"""The short version measures an eighth of what the whole one measures."""


class PlayError(Exception):
    """A commit that cannot play the scenario: says which, and the end of what it said."""


@dataclass(frozen=True)
class Play:
    """One play: processor seconds of the whole process, requests and events simulated, fingerprints."""

    cpu_s: float
    requests: float
    events: int
    fingerprints: tuple[str, ...]


@dataclass(frozen=True)
class Round:
    """The same scenario with one build, whole and shortened, one right after the other."""

    whole: Play
    short: Play

    @property
    def request_us(self) -> float:
        """Processor microseconds that one more request costs: of simulating, without what a run costs once."""
        return 1e6 * (self.whole.cpu_s - self.short.cpu_s) / (self.whole.requests - self.short.requests)


def play(build: Build, scenario: Path, overrides: Sequence[str]) -> Play:
    """Play a scenario file as written, in one process of its own.

    Raises:
        PlayError: the commit refuses the scenario or breaks.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-play-") as folder:
        result = Path(folder) / "result"
        options = ["-q", "--no-variants", "-j", "1", "-o", str(result)]
        for override in overrides:
            options += ["--set", override]
        before = _children_s()
        done = subprocess.run(
            [sys.executable, "-m", "simulator", "run", str(scenario), *options],
            cwd=folder, env=build.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        cpu_s = _children_s() - before
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise PlayError(f"{build.name} cannot play {scenario.name}:\n{said}")
        manifest = json.loads((result / "manifest.json").read_text(encoding="utf-8"))
    replications = manifest["replications"]
    requests = sum(each["totals"]["requests.simulated"] for each in replications)
    return Play(cpu_s, requests, sum(each["events"] for each in replications), tuple(manifest["fingerprints"]))


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def rounds_of(
    builds: Sequence[Build], count: int, play_one: Callable[[Build], Round], say: Callable[[str], None]
) -> list[list[Round]]:
    """As many rounds of each build, interleaved; who goes first alternates. Same order as `builds`."""
    rounds: list[list[Round]] = [[] for _ in builds]
    for n in range(count):
        order = range(len(builds)) if n % 2 == 0 else reversed(range(len(builds)))
        for i in order:
            rounds[i].append(play_one(builds[i]))
        say(f"round {n + 1} of {count}: " + ", ".join(f"{each[-1].request_us:.2f} us" for each in rounds))
    return rounds


def times(old: Sequence[float], new: Sequence[float]) -> str:
    """How many times the first the second is, from pairs: the geometric mean of the ratios, and its 95 % t-interval."""
    each = mean_interval([math.log(a / b) for a, b in zip(old, new, strict=True)])
    if each.n < 2:
        return f"{math.exp(each.mean):.2f}"
    return f"{math.exp(each.mean):.2f} ({math.exp(each.low):.2f} to {math.exp(each.high):.2f})"


def spread(values: Sequence[float]) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def table(builds: Sequence[Build], rounds: Sequence[Sequence[Round]]) -> str:
    """What was measured, as text: a line per build, their ratios, and whether both simulated the same."""
    request_us = [[each.request_us for each in of_one] for of_one in rounds]
    whole_s = [[each.whole.cpu_s for each in of_one] for of_one in rounds]
    row = "{:<16}{:>26}{:>14}{:>26}".format
    lines = [row("", "us a request", "requests/s", "s, whole process")]
    for each, us, s in zip(builds, request_us, whole_s, strict=True):
        lines.append(row(each.name[:15], spread(us), f"{1e6 / statistics.median(us):,.0f}", spread(s)))
    lines.append(row("times as fast", times(*request_us), "", times(*whole_s)))
    fingerprints = [{(each.whole.fingerprints, each.short.fingerprints) for each in of_one} for of_one in rounds]
    same = fingerprints[0] == fingerprints[1] and len(fingerprints[0]) == 1
    lines.append(f"fingerprints: {'the same' if same else 'they differ, so ratios compare different work'}")
    wholes = [of_one[0].whole for of_one in rounds]
    simulated = dict.fromkeys(f"{whole.requests:,.0f} requests, {whole.events:,} events" for whole in wholes)
    lines.append(f"simulated: {'; '.join(simulated)}")
    return "\n".join(lines)


def short_of(scenario: Path, overrides: Sequence[str]) -> str:
    """The duration of the shortened version: the warm-up, and an eighth of what is measured after it.

    Raises:
        ScenarioError: the scenario is wrong.
        PlayError: it cannot be shortened so much, as by a fault that would begin after the end.
    """
    loaded = Scenario.load(scenario, list(overrides))
    warmup_s = loaded.warmup if isinstance(loaded.warmup, float) else 0.0
    short = f"{warmup_s + (loaded.duration - warmup_s) / SHORTENED}s"
    try:
        loaded.with_overrides({"duration": short})
    except SimulatorError as error:
        raise PlayError(f"{error}\n{scenario.name} cannot be as short as {short}: name a --short DURATION") from None
    return short


def main() -> None:
    """Build, play in turn, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pair", description=__doc__)
    parser.add_argument("old", help="a commit, as git names them")
    parser.add_argument("new", help="another (of what is not committed: $(git stash create))")
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "reference.yaml", metavar="FILE")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="as for simulator run")
    parser.add_argument("--short", metavar="DURATION", help="of the shortened version (default: an eighth)")
    parser.add_argument("-n", "--rounds", type=int, default=7)
    parser.add_argument("--interpreted", action="store_true", help="plain Python, not compiled")
    parser.add_argument("--builds", type=Path, metavar="DIR", help="keep builds here, and use those that are here")
    chosen = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-builds-") as scratch:
            print(_compared(chosen, chosen.builds or Path(scratch)))
    except (BuildError, PlayError, SimulatorError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None


def _compared(chosen: argparse.Namespace, folder: Path) -> str:
    scenario, short = chosen.scenario.resolve(), chosen.short or short_of(chosen.scenario, chosen.set)
    load, compiled = os.getloadavg()[0], not chosen.interpreted
    builds = [build(name, folder.resolve(), compiled=compiled) for name in (chosen.old, chosen.new)]
    print(
        f"{scenario.name}, {'compiled' if compiled else 'interpreted'}, {chosen.rounds} rounds, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} at the start"
    )

    def one(build: Build) -> Round:
        return Round(play(build, scenario, chosen.set), play(build, scenario, [*chosen.set, f"duration={short}"]))

    return table(builds, rounds_of(builds, chosen.rounds, one, lambda line: print(line, file=sys.stderr)))


if __name__ == "__main__":
    main()
