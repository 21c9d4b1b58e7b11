"""What is played, in reality and in the scenarios alike; tests hold the two equal."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Settings:
    """A deployment and a load; times in s, rates per s.

    `service_mean`, `core_service` and the links are what the processes are told; what they achieve is measured apart.
    """

    sessions: int = 300
    rate: float = 1.0  # requests/s of each session
    timeout: float = 2.0  # of clients, that do not try again
    warmup: float = 16.0
    window: float = 30.0  # after the warm-up: what is counted
    edges: int = 4
    cores: int = 2
    service_mean: float = 0.006
    service_cv: float = 0.8
    core_service: float = 0.001
    client_link: float = 0.004  # one way, client to balancer
    core_link: float = 0.003  # one way, edge to core
    l1_ttl: float = 4.0
    l1_capacity: int = 1000
    l2_ttl: float = 15.0
    l2_capacity: int = 1000
    lease_length: float = 15.0
    renew_before: float = 5.5  # L - M is no multiple of the tick: jitter of a real tick moves no renewal to the next
    batch_every: float = 1.0
    check_every: float = 1.0
    fall: int = 3
    rise: int = 2
    retries: int = 3
    server_timeout: float = 5.0  # of the balancer

    @property
    def duration(self) -> float:
        """Of a run, warm-up included."""
        return self.warmup + self.window

    def told(self, **more: Any) -> str:
        """As JSON for a process, with what only that one needs."""
        return json.dumps({"settings": asdict(self), **more})


def heard(text: str) -> tuple[Settings, dict[str, Any]]:
    """What `told` said."""
    words = json.loads(text)
    return Settings(**words.pop("settings")), words


FULL = Settings()
# A quarter of a minute: shorter lives, so that caches are in their stride sooner
QUICK = replace(FULL, warmup=6.0, window=14.0, l1_ttl=2.0, l2_ttl=5.0, sessions=100)
