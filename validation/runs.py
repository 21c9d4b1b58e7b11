"""Play the real deployment once: in health, or with a fault."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from validation import figures
from validation.settings import Settings
from validation.system import NotHereError, System

RUNS = ("health", "killed", "slow", "deployment")
FAULT_AFTER = 6.0  # s into the window, and up to one period of the checks more
KILLED_FOR = 10.0  # s
SLOW_FOR = 8.0
SLOW_FACTOR = 10.0
PAUSE = 3.0  # s between an edge that is up again and the next one's end
BOOT = 0.2  # s about that a process needs; it is told to start so long before it shall be up
DOWN = 1.0

Action = tuple[float, Callable[[], None]]


@dataclass
class Happened:
    """What the one that struck knows, monotonic s from the start."""

    fault: float = 0.0
    downs: list[float] | None = None  # how long each edge was away


def plan(kind: str, system: System, phase: float, start: float, seen: Happened) -> list[Action]:
    """What to do when (s from the start of the run)."""
    at = system.settings.warmup + FAULT_AFTER + phase

    def kill(number: int = 1) -> None:
        gone = system.kill_edge(number) - start
        seen.fault = seen.fault or gone
        seen.downs = [*(seen.downs or []), -gone]

    def revive(number: int = 1) -> None:
        system.start_edge(number)
        assert seen.downs is not None
        seen.downs[-1] += time.monotonic() - start

    if kind == "killed":
        return [(at, kill), (at + KILLED_FOR - BOOT, revive)]
    if kind == "slow":
        seen.fault = at
        return [(at, lambda: system.slow_edge(1, SLOW_FACTOR)), (at + SLOW_FOR, lambda: system.slow_edge(1, 1))]
    actions: list[Action] = []
    if kind == "deployment":
        for number in range(1, system.settings.edges + 1):
            begins = at + (number - 1) * (DOWN + PAUSE)
            actions.append((begins, lambda number=number: kill(number)))  # type: ignore[misc]
            actions.append((begins + DOWN - BOOT, lambda number=number: revive(number)))  # type: ignore[misc]
    return actions


def play(kind: str, settings: Settings, seed: int) -> dict[str, float]:
    """Start, strike, count, end; the figures of the window by name.

    Raises:
        NotHereError: HAProxy or Redis is missing, or a process failed.
    """
    phase = random.Random(seed).uniform(0, settings.check_every)
    seen = Happened()
    with System(settings) as system:
        time.sleep(settings.check_every)  # the checks' first round
        start = time.monotonic() + 1.0
        out = Path(system.folder.name) / "requests"
        client = system.python("client", "client", port=system.port, start=start, seed=seed, out=str(out))
        counts: list[dict[str, int]] = []
        count: Action = (settings.warmup, lambda: counts.append(system.counts()))
        for at, act in sorted([count, *plan(kind, system, phase, start, seen)], key=lambda action: action[0]):
            time.sleep(max(0.0, start + at - time.monotonic()))
            act()
        time.sleep(max(0.0, start + settings.duration - time.monotonic()))
        counts.append(system.counts())
        if client.wait(settings.timeout + 30) != 0:
            raise NotHereError("the client failed: its own message is above")
        lines = [figures.Line(*json.loads(line)) for line in out.read_text(encoding="utf-8").splitlines()]
        log = [(at - start, line) for at, line in system.log]
    result = figures.of_requests(lines, settings) | figures.of_counts(counts[0], counts[1], settings)
    if kind in ("killed", "slow"):
        result |= figures.of_fault(lines, log, seen.fault, settings)
    if seen.downs:
        result["down"] = sum(seen.downs) / len(seen.downs)
    return result | {"phase": phase}
