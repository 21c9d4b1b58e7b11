"""Scenarios for theory: everything that theory leaves out is zero, unlimited, never or off.

May import: the scenario language and the run. Times in seconds, rates per second.
"""

from __future__ import annotations

import copy
import functools
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from simulator.observe.result import Replication
from simulator.run import run_replication
from simulator.scenario.schema import Scenario
from simulator.verification.case import Measure

Parts = Mapping[str, Any]
Reader = str | Callable[[Replication], float]
STEADY = {"length": "forever", "established": True}


def seconds(value: float) -> str:
    """A duration as scenarios write it."""
    return "never" if value == float("inf") else f"{value:.12g}s"


def per_second(value: float) -> str:
    """A rate as scenarios write it."""
    return f"{value:.12g}/s"


def ideal(duration_s: float, warmup_s: float, **parts: Parts | str | list[Any]) -> dict[str, Any]:
    """A scenario with one group of clients `c`, edges `edge`, one core, and nothing that takes time.

    `parts` are merged deeply into it, by section; `clients`, `edges` and `cores` name the keys of their one group.
    """
    scenario: dict[str, Any] = {
        "schema": 1,
        "name": "theory",
        "duration": seconds(duration_s),
        "warmup": seconds(warmup_s),
        "clients": {"c": {"count": 100, "session": dict(STEADY), "request_size": "0B", "response_size": "0B"}},
        "edges": {
            "edge": {
                "count": 1, "workers": "unlimited", "queue": "unlimited", "service_time": "0ms", "l1": {"ttl": "never"},
            }
        },
        "cores": {"core": {"workers": "unlimited", "service_time": "0ms", "l2": {"ttl": "never"}}},
        "storage": {"read": "0ms", "write": "0ms"},
        "sam": "off",
        "leases": "off",
        "routing": {"policy": "static", "weight": 100, "leave_to": "uniform"},
        "network": {"default": {"latency": "0ms"}},
        "record": {"window": seconds(max(duration_s / 20.0, 1.0))},
    }  # fmt: skip
    inner = {"clients": "c", "edges": "edge", "cores": "core"}
    for name, part in parts.items():
        place: dict[str, Any] = scenario
        key = name
        if name in inner:
            place, key = scenario[name], inner[name]
        place[key] = _merged(place.get(key), part)
    return scenario


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return copy.deepcopy(new)
    result = dict(old)
    for key, value in new.items():
        one_law = key not in ("l1", "l2", "session", "default")
        result[key] = copy.deepcopy(value) if one_law else _merged(result.get(key), value)
    return result


@functools.lru_cache(maxsize=8)
def _load(text: str) -> Scenario:
    return Scenario.from_dict(json.loads(text))


def play(scenario: Parts, replication: int, seed: int | None = None, trace: float | None = None) -> Replication:
    """Run one replication; a broken invariant is an error.

    The seed follows from the scenario unless given, so that no two cases share their draws.

    Raises:
        AssertionError: an invariant broke.
    """
    text = json.dumps(scenario)
    if seed is None:
        seed = zlib.crc32(text.encode())
    result = run_replication(_load(text), seed=seed, replication=replication, trace=trace)
    violations = result.invariants["violations"]
    if violations:
        raise AssertionError(f"an invariant broke: {violations[0]}")
    return result


def measured(scenario: Parts, readers: Mapping[str, Reader], seed: int | None = None) -> Measure:
    """Play a scenario and read values: by the name of a metric, or by a function of the replication."""

    def measure(replication: int) -> dict[str, float]:
        result = play(scenario, replication, seed)
        return {
            name: result.metrics[reader] if isinstance(reader, str) else float(reader(result))
            for name, reader in readers.items()
        }

    return measure
