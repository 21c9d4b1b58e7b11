"""Small worlds for tests of the model, and ways to look into them while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.messages import Outcome
from simulator.observe.result import Replication
from simulator.run import _Run, run_replication
from simulator.scenario.schema import Scenario
from simulator.world.world import World

OK = int(Outcome.OK)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings merge deeply; anything else replaces."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


BASE: dict[str, Any] = {
    "name": "small",
    "duration": "20s",
    "clients": {
        "people": {"count": 4, "workload": {"kind": "poisson", "rate": "5/s"}, "session": {"established": True}}
    },
    "edges": {"pop": {"count": 2, "service_time": "1ms", "l1": {"ttl": "never"}}},
    "cores": {"core": {"count": 1, "service_time": "1ms"}},
    "storage": {"read": "2ms", "write": "3ms"},
    "network": {"default": {"latency": "5ms"}},
}


def small(**change: Any) -> Scenario:
    """The small scenario, changed."""
    return Scenario.from_dict(merged(BASE, change))


class Play:
    """A run that is taken step by step; `world` can be looked at and touched in between."""

    def __init__(self, scenario: Scenario, seed: int = 1) -> None:
        self.run = _Run(scenario, seed, 0, None, None)
        self.world: World = self.run.world
        self.run._begin()

    def until(self, time_s: float) -> World:
        """Run up to a time, checking the invariants there too."""
        self.world.kernel.run(until=time_s)
        self.run.invariants.check()
        return self.world

    def at(self, time_s: float, look: Callable[[World], Any]) -> Any:
        """What there is to see just before a time."""
        return look(self.until(time_s))

    def ask(self, client: int = 0, operation: int = 0, group: int = 0) -> None:
        """A request of a client, now."""
        agents = self.world.groups[group]
        session = agents.clients[client].session
        assert session is not None
        agents.issue(agents.clients[client], session, operation)


QUIET: dict[str, Any] = {"clients": {"people": {"workload": {"rate": "0.000001/s"}}}, "leases": {"idle_after": "never"}}
"""Nothing arrives but what the test asks for."""

FREE: dict[str, Any] = {
    "duration": "60s",
    "clients": {
        "u": {
            "count": 100, "workload": {"kind": "poisson", "rate": "1/s"},
            "session": {"length": "forever", "established": True},
        }
    },
    "edges": {"e": {"count": 3, "workers": "unlimited", "service_time": "0ms", "l1": {"ttl": "never"}}},
    "cores": {"core": {"count": 1, "workers": "unlimited", "service_time": "0ms"}},
    "storage": {"read": "0ms", "write": "0ms"}, "leases": "off", "sam": "off", "routing": {"policy": "nearest"},
    "network": {"default": {"latency": "0ms"}},
}  # fmt: skip
"""No latency, no service time, nothing else on: what is expected follows from definitions alone."""


def played(scenario: Mapping[str, Any], seed: int = 1, replication: int = 0) -> Replication:
    """One replication; a violated invariant, rows that do not add up included, fails the test."""
    result = run_replication(Scenario.from_dict(dict(scenario)), seed=seed, replication=replication)
    assert result.invariants["violations"] == []
    return result


__all__ = ["BASE", "FREE", "OK", "QUIET", "Play", "merged", "played", "run_replication", "small"]
