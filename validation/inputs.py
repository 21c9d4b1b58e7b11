"""What the scenarios are told, measured apart from every outcome: services, delays, and what the path itself costs.

Services and delays: an event loop sleeps what an edge, a core and the links sleep, with nothing else to do. The path:
the same system at a part of the rate, with all services and delays 0; medians of what L1, L2 and storage answered.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from validation import clock, figures
from validation.settings import Settings, heard
from validation.system import ROOT, NotHereError, System

SAMPLES = 400
PATH_SECONDS = 8.0


async def slept(wanted: list[float]) -> list[float]:
    """How long (s) each sleep took."""
    took = []
    for wish in wanted:
        begin = time.monotonic()
        await asyncio.sleep(wish)
        took.append(time.monotonic() - begin)
    return took


async def sleeps(settings: Settings) -> dict[str, float]:
    """Mean and coefficient of variation of services, means of the rest, s."""
    draw = random.Random(1)
    shape = settings.service_cv**-2
    wanted = [draw.gammavariate(shape, settings.service_mean / shape) for _ in range(SAMPLES)]
    # the sample's own chance is taken out: what lateness adds to the mean is what is measured
    late = statistics.fmean(await slept(wanted)) - statistics.fmean(wanted)
    few = SAMPLES // 4
    return {
        "service_mean": settings.service_mean + late,
        "service_cv": settings.service_cv * settings.service_mean / (settings.service_mean + late),
        "core_service": statistics.fmean(await slept([settings.core_service] * few)),
        "client_link": settings.client_link + late / 2,  # one of the two ways is slept
        "core_link": statistics.fmean(await slept([settings.core_link] * few)),
    }


def path(settings: Settings) -> dict[str, float]:
    """Medians (s): from client to edge and back, from edge to core and back, and a read of Redis."""
    still = replace(settings, service_mean=0.0, core_service=0.0, client_link=0.0, core_link=0.0)
    bare = replace(still, warmup=1.0, window=PATH_SECONDS - 1, l1_ttl=1.0, l2_ttl=2.0)
    with System(bare) as system:
        time.sleep(1)
        out = Path(system.folder.name) / "requests"
        start = time.monotonic() + 0.5
        client = system.python("client", "client", port=system.port, start=start, seed=1, out=str(out))
        if client.wait(PATH_SECONDS + 20) != 0:
            raise NotHereError("the client failed: its own message is above")
        lines = [figures.Line(*json.loads(line)) for line in out.read_text(encoding="utf-8").splitlines()]
    medians = {}
    for tier in ("l1", "l2", "storage"):
        medians[tier] = statistics.median(
            line.latency for line in lines if line.tier == tier and line.latency is not None
        )
    return {
        "path_edge": medians["l1"],
        "path_core": max(0.0, medians["l2"] - medians["l1"]),
        "path_redis": max(1e-6, medians["storage"] - medians["l2"]),
    }


def measure(settings: Settings) -> dict[str, float]:
    """All inputs, s."""
    command = [sys.executable, "-m", "validation.inputs", settings.told()]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    result: dict[str, float] = json.loads(told) | path(settings)
    return result


async def main() -> None:
    """Measure sleeps in a process of their own, as edges have."""
    settings, _ = heard(sys.argv[1])
    sys.stdout.write(json.dumps(await sleeps(settings)))


if __name__ == "__main__":
    clock.run(main())
